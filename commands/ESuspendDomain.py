#!python
"""Suspends a mail domain: nobody can log in, and mail is deferred."""

from mailaddon.command import main

if __name__ == "__main__":
    main("ESuspendDomain")
