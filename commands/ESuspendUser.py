#!python
"""Suspends a user: no login, and mail is deferred."""

from mailaddon.command import main

if __name__ == "__main__":
    main("ESuspendUser")
