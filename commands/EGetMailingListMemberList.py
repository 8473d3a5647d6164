#!python
"""Lists the addresses of a mailing list's members."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EGetMailingListMemberList")
