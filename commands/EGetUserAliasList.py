#!python
"""Lists the other names of a user."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EGetUserAliasList")
