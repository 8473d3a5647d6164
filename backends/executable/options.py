"""What `[backends.executable]` may say: the list that is checked, and that the documentation is written from."""

from mailaddon import NotConfigured
from mailaddon.operations import COMMANDS
from mailaddon.operations.model import DOMAIN, LOCAL_PART, Operation
from mailaddon.values import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_TABLE = "[backends.executable]"
#: The commands of 3.X that 10.3.1 has deleted and that list what no command lists any more, by our own hook.
DELETED = {
    "list_domains": Operation(
        "EGetDomainList", "list_domains", "Server", "server", (), "", output="lines", item=DOMAIN
    ),
    "list_users": Operation(
        "EGetUserList", "list_users", "DomainRef", "domain", (), "", output="lines", item=LOCAL_PART
    ),
}
_TYPES: "dict[type, str]" = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}
#: What cscript prints before anything else, unless it is called with //nologo.
_BANNER = ["Microsoft (R) Windows Script Host", "Copyright (C) Microsoft"]
_ERRORS = ["error:", "error "]
#: What separates the fields of an old line.
_GAP = r"[\s,;|]+"
_ITEM_AND_USER = rf"(?:{{user}}(?:@{{domain}})?{_GAP})?(?P<item>[^\s,;|]+)(?:{_GAP}{{user}}(?:@{{domain}})?)?"
_TYPE_OR_FLAG = r"(?:EMAIL|IP|DOMAIN|[01])"
#: How a line of a 3.X add-on is read where 3.X printed more than the item: the fields in any order.
PATTERNS = {
    "EGetUserAliasList": _ITEM_AND_USER,
    "EGetForwardList": _ITEM_AND_USER,
    "EGetSpamFilterList": (
        r"(?=(?:.*[\s,;|])?(?P<type>EMAIL|IP|DOMAIN)(?:[\s,;|]|$)|)(?=(?:.*[\s,;|])?(?P<allow>[01])(?:[\s,;|]|$)|)"
        rf"(?:{_TYPE_OR_FLAG}{_GAP})*(?P<item>[^\s,;|]+)(?:{_GAP}{_TYPE_OR_FLAG})*"
    ),
}
#: name -> default, and what it is.
OPTIONS: "dict[str, tuple[Any, str]]" = {
    "addon": ("", "The registered add-on to call, `VENDOR/SERVER/VERSION` in any case. Empty: the active one."),
    "timeout": (300, "How many seconds a program may run."),
    "transfer_timeout": (3600, "The same for the eight commands of export and import, which copy mail."),
    "timeouts": ({}, "The same for single commands: `EDeleteDomain = 1200`."),
    "environment": ({}, "Variables that the programs get beside those named below, or in their place."),
    "code_page": ("cp1252", "How output is read that is neither UTF-8 nor UTF-16 with a byte order mark."),
    "banner": (_BANNER, "Lines that begin like one of these, before a result, are no part of it."),
    "errors": (
        _ERRORS,
        (
            "A line that begins like one of these, in any case, says that a program has failed although its exit status"
            " is 0: on standard error, and on standard output where it has nothing to print. `[]`: the exit"
            " status alone counts."
        ),
    ),
    "allow_flag": ("0", "What a 3.X add-on gets as `bAllow` with EAddSpamFilter, where every filter blocks."),
    "empty_password_keeps": (
        False,
        'Whether a 3.X add-on keeps the present password if EEditUser gives it as `""`. If not, that is refused.',
    ),
    "listings": (
        {},
        (
            "The arguments of the add-on's EGetDomainList and EGetUserList, two commands that 10.3.1 has deleted:"
            ' `EGetUserList = ["{domain}"]`. Their form is not public, so they are called only if they stand here; an'
            " add-on's domains and users can then be listed. `patterns` says how a line is read."
        ),
    ),
    "password_schemes": (
        [],
        (
            "The schemes of hashes, `ARGON2ID` for example, that the add-on takes as `{SCHEME}hash` in place of a"
            " password. `mailaddon migrate` gives it such hashes."
        ),
    ),
    "patterns": (
        {},
        (
            "How a line of a 3.X add-on's list is read: for each command a regular expression for the whole line, in"
            " any case, with a group `item`, and `type` and `allow` for EGetSpamFilterList. `{user}` and `{domain}`"
            " stand for the request's own. Lines whose group `user` is somebody else are left out."
        ),
    ),
}


class Options:
    """The table, checked.

    Attributes:
        addon: the add-on's name, or "".
        environment: further variables.
        code_page: for output that says nothing about itself.
        password_schemes: of hashes that the add-on takes in place of a password.
        listings: the arguments of the deleted commands that may be called, by command.
        allow_flag: `bAllow` of a filter that blocks.
        empty_password_keeps: whether a 3.X add-on takes "" for the present password.
    """

    def __init__(self, given: "Mapping[str, Any]") -> None:
        for name in given:
            if name not in OPTIONS:
                raise NotConfigured(f"{_TABLE}: {name!r} is not an option; known: {', '.join(OPTIONS)}")
        found = {name: _typed(name, given.get(name, default), default) for name, (default, _) in OPTIONS.items()}
        self.addon: str = found["addon"]
        self.environment = _variables(found["environment"])
        self.code_page = _known_code_page(found["code_page"])
        self.allow_flag: str = found["allow_flag"]
        self.empty_password_keeps: bool = found["empty_password_keeps"]
        self._banner = _texts("banner", found["banner"])
        self._errors = tuple(text.lower() for text in _texts("errors", found["errors"]))
        self._timeout = _seconds("timeout", found["timeout"])
        self._transfer_timeout = _seconds("transfer_timeout", found["transfer_timeout"])
        self._timeouts = {
            _command(name): _seconds(f"timeouts.{name}", _typed(f"timeouts.{name}", value, 0))
            for name, value in found["timeouts"].items()
        }
        self.password_schemes = _texts("password_schemes", found["password_schemes"])
        self.listings = {_listing(name): _arguments(name, value) for name, value in found["listings"].items()}
        given_patterns = {_command(name): _pattern(name, value) for name, value in found["patterns"].items()}
        self._patterns = PATTERNS | given_patterns

    def seconds(self, operation: "Operation") -> int:
        """How long a program of this command may run."""
        usual = self._transfer_timeout if operation.request.endswith("Transfer") else self._timeout
        return self._timeouts.get(operation.command, usual)

    def is_banner(self, line: str) -> bool:
        """Whether a line before a result is no part of it."""
        return line.startswith(self._banner)

    def is_error(self, line: str) -> bool:
        """Whether a line says that the program has failed."""
        return line.lower().startswith(self._errors)

    def pattern(self, operation: "Operation") -> str:
        """How a 3.X add-on's line is read; "" for the item alone."""
        return self._patterns.get(operation.command, "")


def _typed(name: str, value: "Any", like: "Any") -> "Any":
    if type(value) is not type(like):
        raise NotConfigured(f"{_TABLE}: {name} is {value!r}; {_TYPES[type(like)]} is needed")
    return value


def _variables(given: "Mapping[str, Any]") -> dict[str, str]:
    for name, value in given.items():
        if not name or "=" in name or "\0" in f"{name}{_typed(f'environment.{name}', value, '')}":
            raise NotConfigured(f"{_TABLE}: {shown(name)} cannot be a variable of an environment")
    return dict(given)


def _texts(name: str, values: "list[Any]") -> tuple[str, ...]:
    return tuple(_typed(name, value, "") for value in values)


def _seconds(name: str, value: int) -> int:
    if value < 1:
        raise NotConfigured(f"{_TABLE}: {name} is {value}; at least 1 second is needed")
    return value


def _listing(name: str) -> str:
    for operation in DELETED.values():
        if name.lower() == operation.command.lower():
            return operation.command
    known = ", ".join(operation.command for operation in DELETED.values())
    raise NotConfigured(f"{_TABLE}: listings has {shown(name)}; known: {known}")


def _arguments(name: str, value: "Any") -> tuple[str, ...]:
    return _texts(f"listings.{name}", _typed(f"listings.{name}", value, []))


def _command(name: str) -> str:
    for operation in (*COMMANDS, *DELETED.values()):
        if name.lower() == operation.command.lower():
            return operation.command
    raise NotConfigured(f"{_TABLE}: {shown(name)} is not a command; `mailaddon commands` lists them all")


def _pattern(name: str, text: "Any") -> str:
    import re

    try:
        compiled = re.compile(_typed(f"patterns.{name}", text, "").replace("{user}", "u").replace("{domain}", "d"))
    except re.error as error:
        raise NotConfigured(f"{_TABLE}: patterns.{name} is {shown(text)}, no regular expression: {error}") from None
    if "item" not in compiled.groupindex:
        raise NotConfigured(f"{_TABLE}: patterns.{name} is {shown(text)}; it needs a group (?P<item>…)")
    return str(text)


def _known_code_page(name: str) -> str:
    try:
        if name != OPTIONS["code_page"][0]:
            "".encode(name)
    except LookupError:
        raise NotConfigured(f"{_TABLE}: code_page is {shown(name)}, which Python has no codec for") from None
    return name
