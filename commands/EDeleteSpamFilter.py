#!python
"""Deletes every spam filter of a domain with this address, whatever its type."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EDeleteSpamFilter")
