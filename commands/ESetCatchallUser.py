#!python
"""Sets where mail to unknown names of a domain goes."""

from mailaddon.command import main

if __name__ == "__main__":
    main("ESetCatchallUser")
