#!python
"""Changes the limit and the features of a mail domain."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EEditDomain")
