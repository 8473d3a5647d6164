#!python
"""Resumes a suspended mail domain."""

from mailaddon.command import main

if __name__ == "__main__":
    main("EResumeDomain")
