#!python
"""Deletes a user's autoresponder."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EDeleteAutoResponder")
