#!python
"""Ends an export: brings the copy up to date and seals it."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EPostExportDomain")
