"""The version resource of a Windows program: what the Explorer shows of it."""

import re

from .options import Options

_NUMBERS = 4
_LARGEST = 0xFFFF


def resource(program: str, purpose: str, options: Options) -> str:
    """The resource of a program, as the text that PyInstaller reads.

    Args:
        program: its name, without an extension.
        purpose: what it does, one sentence.
        options: the bundle.
    """
    numbers = version_numbers(options.version)
    strings = {
        "CompanyName": options.vendor,
        "FileDescription": purpose,
        "FileVersion": options.version,
        "InternalName": program,
        "OriginalFilename": f"{program}{options.extension}",
        "ProductName": options.name,
        "ProductVersion": options.version,
    }
    rows = "".join(f"        StringStruct({name!r}, {text!r}),\n" for name, text in strings.items() if text)
    return (
        "VSVersionInfo(\n"
        f"  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0x0, OS=0x40004, fileType=0x1,\n"
        "    subtype=0x0, date=(0, 0)),\n"
        f"  kids=[\n    StringFileInfo([\n      StringTable('040904B0', [\n{rows}      ])\n    ]),\n"
        "    VarFileInfo([VarStruct('Translation', [1033, 1200])])\n  ]\n)\n"
    )


def version_numbers(version: str) -> tuple[int, ...]:
    """Four numbers of 16 bits, which is all that Windows compares: `2.1rc1` is (2, 1, 0, 0)."""
    release = re.match(r"v?(?:\d+!)?(\d+(?:\.\d+)*)", version)
    numbers = [min(int(part), _LARGEST) for part in release[1].split(".")][:_NUMBERS] if release else []
    return tuple(numbers + [0] * (_NUMBERS - len(numbers)))
