#!python
"""Registers a mail add-on with the panel."""

from mailaddon.register import main

if __name__ == "__main__":
    main()
