"""`mailaddon migrate` and `mailaddon inventory`: domains with their settings from one backend to another.

Everything goes through the operations: what one side tells is done at the other. What no command of the guide lists,
domains and users, comes from a backend's own listing hooks or from a file of names.

- `inventory` reads what a domain has; `names` reads and writes the same as a file.
- `passwords` finds a password for each user that is added.
- `planning` turns an inventory into calls, `running` makes them, `journal` remembers which are made.
- `comparing` says how both sides differ.
"""
