"""`mailaddon`, the umbrella command: everything beside the guide's programs.

Each subcommand is a module of its own, loaded when it is asked for. Whatever is printed as JSON is one object with
`"version": 1`; the module of a subcommand documents its shape. A field may be added later; none changes its meaning or
goes without another version.
"""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run `mailaddon` as this process: exit 0, 1 for a refusal, or 2 for a call that is not understood."""
    try:
        from ._application import application
    except ImportError as error:
        sys.stderr.write(
            f"mailaddon: {error}; `{sys.executable} -m pip install mail-addon-sdk` mends an installation\n"
        )
        sys.exit(1)
    sys.exit(application.main(prog_name="mailaddon"))
