#!python
"""Deletes a forward of a user."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EDeleteForward")
