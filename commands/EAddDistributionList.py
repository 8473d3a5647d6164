#!python
"""Adds a distribution list: each message goes to all members."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EAddDistributionList")
