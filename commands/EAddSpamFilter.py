#!python
"""Blocks mail to a domain from an address, a domain or a host."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EAddSpamFilter")
