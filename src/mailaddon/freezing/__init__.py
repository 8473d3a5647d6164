"""`mailaddon freeze`: a folder of programs that needs no Python, for this project or for a vendor's own bundle.

`recipe` runs inside PyInstaller, started by `build.spec` or by `mailaddon freeze`; the other modules are what it is
made of, and import nothing of PyInstaller. `start` is what runs first in a frozen program.
"""
