#!python
"""Lists the members of a distribution list."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EGetDistributionListMemberList")
