"""`mailaddon new`: a package of one's own for a backend, which works from the first minute.

`names` checks what the package and its parts are called, `writing` fills in the templates, which are files here.
"""
