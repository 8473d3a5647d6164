"""A program: compiles the modules that it reads of as JSON from standard input, `[[source, file, name, optimize], …]`.

It prints the names of those that are no Python of this version, as a JSON array; some packages have such. It imports
nothing of this project, and nothing beside what it needs.
"""

import importlib.util
import json
import marshal
import os
import sys

#: PEP 552: compiled from a source that is not looked for.
_HEADER = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)


def compiled(source: str, name: str, optimize: int) -> bytes:
    """The content of a .pyc file; the path in it is the name and not the source's, which is another on each machine.

    Raises:
        SyntaxError, ValueError: it is no Python.
    """
    with open(source, "rb") as file:
        code = compile(file.read(), f"{name}.py", "exec", dont_inherit=True, optimize=optimize)
    return _HEADER + marshal.dumps(code)


def main() -> None:
    """Do what standard input says."""
    refused = []
    for source, path, name, optimize in json.load(sys.stdin):
        try:
            content = compiled(source, name, optimize)
        except (SyntaxError, ValueError):
            refused.append(name)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
    sys.stdout.write(json.dumps(refused))


if __name__ == "__main__":
    main()
