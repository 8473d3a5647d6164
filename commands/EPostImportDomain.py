#!python
"""Imports an exported mail domain, into an existing domain or as a new one."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EPostImportDomain")
