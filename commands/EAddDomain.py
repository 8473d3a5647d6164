#!python
"""Adds a mail domain with its owner, and makes the owner the catch-all."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EAddDomain")
