#!python
"""Forwards a user's mail to another address."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EAddForward")
