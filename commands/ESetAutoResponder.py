#!python
"""Sets the reply that a user's mailbox sends, in place of an earlier one."""

from mailaddon.command import main

if __name__ == "__main__":
    main("ESetAutoResponder")
