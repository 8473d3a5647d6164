#!python
"""Adds another name for a user."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EAddUserAlias")
