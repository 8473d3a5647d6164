#!python
"""Lists the distribution lists of a mail domain."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EGetDistributionList")
