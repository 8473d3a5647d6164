#!python
"""Prints a user's autoresponder: the subject on the first line, then the text."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EGetAutoResponder")
