#!python
"""Replaces a user's password, names and features."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EEditUser")
