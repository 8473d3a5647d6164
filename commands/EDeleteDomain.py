#!python
"""Deletes a mail domain with its users, aliases, lists, filters and mail."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EDeleteDomain")
