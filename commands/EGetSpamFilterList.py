#!python
"""Lists the addresses of a domain's spam filters of all types."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EGetSpamFilterList")
