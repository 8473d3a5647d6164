#!python
"""Imports an exported user, into an existing user or as a new one."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EPostImportUser")
