#!python
"""Verifies exported data before an import; changes nothing."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EPreImportDomain")
