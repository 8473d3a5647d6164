#!python
"""Resumes a suspended user."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EResumeUser")
