#!python
"""Takes the mail server from its old to its new address and host name."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EChangeNetworkSettings")
