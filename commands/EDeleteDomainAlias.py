#!python
"""Deletes another name of a mail domain."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EDeleteDomainAlias")
