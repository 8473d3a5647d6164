#!python
"""Deletes a user with aliases, forwards, autoresponder and mail."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EDeleteUser")
