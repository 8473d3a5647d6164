#!python
"""Adds a member to a mailing list."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EAddMailingListMember")
