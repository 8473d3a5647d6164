#!python
"""Deletes a distribution list and its members' entries."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EDeleteDistributionList")
