#!python
"""Lists the addresses that a user's mail is forwarded to."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EGetForwardList")
