#!python
"""Adds another name for a mail domain."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EAddDomainAlias")
