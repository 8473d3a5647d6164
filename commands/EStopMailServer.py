#!python
"""Stops the mail services."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EStopMailServer")
