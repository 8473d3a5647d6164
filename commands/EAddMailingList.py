#!python
"""Adds a mailing list: members can leave, and replies go to the list."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EAddMailingList")
