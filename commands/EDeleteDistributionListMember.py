#!python
"""Deletes a member from a distribution list."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EDeleteDistributionListMember")
