#!python
"""Adds a member to a distribution list."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EAddDistributionListMember")
