"""What a bundle is to be: its names, and the plugins that are frozen in."""

import json
import os
import re
from dataclasses import asdict, dataclass

from .. import __version__
from ..errors import InvalidArgument

NAME = "mailaddon"
#: The earliest time that every archive format can hold, 1980-01-02: what is frozen has no time of its own.
EARLIEST = 315619200
#: The latest time that a Windows program's header can hold, in 2106.
LATEST = 0xFFFFFFFF
_DIGITS = re.compile(r"[0-9]{1,10}")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}")
_LONGEST = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Options:
    """A bundle.

    Attributes:
        name: its own name and its folder's.
        version: its own version.
        vendor: who makes it; "" for this project.
        extension: what every program's name ends with, ".exe" or "".
        backend: the default of the setting `backend` in it; "" for this project's.
        plugins: the distributions whose backends are frozen in.
    """

    name: str = NAME
    version: str = __version__
    vendor: str = ""
    extension: str = ".exe" if os.name == "nt" else ""
    backend: str = ""
    plugins: tuple[str, ...] = ()

    @property
    def own(self) -> bool:
        """Whether it is this project's bundle and no vendor's."""
        return self.name == NAME and not (self.vendor or self.plugins)

    @property
    def title(self) -> str:
        """How it names itself: `acme-mail 2.1, Acme Inc.`."""
        return f"{self.name} {self.version}" + (f", {self.vendor}" if self.vendor else "")

    @property
    def facts(self) -> dict[str, str]:
        """What its programs have to know of it; empty for what is as in an installation."""
        found = {"title": "" if self.own else self.title, "backend": self.backend}
        return {name: value for name, value in found.items() if value}

    def to_json(self) -> str:
        """All of it as a text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Options":
        """What `to_json` wrote."""
        given = json.loads(text)
        return cls(**{**given, "plugins": tuple(given["plugins"])})


def checked(options: Options, system: str = os.name) -> Options:
    """Options that a bundle can be made of.

    Args:
        options: as asked for.
        system: `os.name` of the machine that it is for, which is the one that it is made on.

    Raises:
        InvalidArgument: one of them does not fit.
    """
    if not _NAME.fullmatch(options.name):
        raise InvalidArgument(
            f"{options.name!r} is no name of a folder; up to 64 letters, digits, '.', '_' and '-' are",
            parameter="--name",
        )
    for option, text in (("--version", options.version), ("--vendor", options.vendor)):
        if not text.isprintable() or len(text) > _LONGEST:
            raise InvalidArgument(
                f"{text!r} does not fit; one line of up to {_LONGEST} characters does", parameter=option
            )
    if not options.version:
        raise InvalidArgument("a bundle has a version, 1.0 for example", parameter="--version")
    if options.extension and not _EXTENSION.fullmatch(options.extension):
        raise InvalidArgument(
            f"{options.extension!r} is no extension; 'exe' and '.exe' are, '' is none", parameter="--extension"
        )
    if system == "nt" and options.extension.lower() != ".exe":
        raise InvalidArgument(f"{options.extension!r}: Windows starts programs by .exe", parameter="--extension")
    return options


def moment(environment: "os._Environ[str] | dict[str, str]" = os.environ) -> int:
    """The time (s since 1970) that a bundle says it was made at, `SOURCE_DATE_EPOCH` or a fixed one.

    Raises:
        InvalidArgument: it is no time.
    """
    given = environment.get("SOURCE_DATE_EPOCH", "")
    if not given:
        return EARLIEST
    if not (_DIGITS.fullmatch(given) and EARLIEST <= int(given) <= LATEST):
        raise InvalidArgument(
            f"SOURCE_DATE_EPOCH is {given!r}; seconds since 1970 are needed, {EARLIEST} (1980) to {LATEST} (2106)"
        )
    return int(given)
