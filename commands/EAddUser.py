#!python
"""Adds a user with a mailbox."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EAddUser")
