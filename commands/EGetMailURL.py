#!python
"""Prints the URL of the web interface for a mail domain."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EGetMailURL")
