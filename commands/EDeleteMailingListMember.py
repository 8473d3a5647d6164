#!python
"""Deletes a member from a mailing list."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EDeleteMailingListMember")
