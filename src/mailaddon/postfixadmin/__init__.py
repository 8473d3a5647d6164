"""`mailaddon import-postfixadmin`: moves the domains of a PostfixAdmin database to the mail server that is driven here.

`source` reads the database, `mapping` says what becomes of one domain, `routes` of its aliases, `passwords` of a stored
password. `moving` writes what came out as an export (docs/export-format.md) and has EPostImportDomain take it, so it
works with every backend that takes exports. docs/moving-from-postfixadmin.md says what becomes of what.
"""
