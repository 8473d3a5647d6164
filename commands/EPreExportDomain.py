#!python
"""Begins an export: writes a first full copy of a domain's settings and mail."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EPreExportDomain")
