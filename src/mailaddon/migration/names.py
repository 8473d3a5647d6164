r"""A file of domains and users: what no command lists, and whatever else a source does not tell.

Each line is one of these; blank lines and lines that begin with `#` do not count.

    xyz.com
    u1@xyz.com
    {"domain": "xyz.com", "ip_address": "192.0.2.10", "users": {"u1": {"first_name": "Ann"}}}

An object has the fields of `DomainState`, any of them left out. `mailaddon inventory` writes such lines.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from .. import values
from ..errors import InvalidArgument, MailAddonError, NotConfigured
from ..records import DomainFeatures, UserFeatures
from .inventory import DomainState

Check = Callable[[Any], Any]


def read(path: str) -> dict[str, DomainState]:
    """The domains in a file, by name; lines about the same domain are put together.

    Raises:
        NotConfigured: the file cannot be read.
        InvalidArgument: a line is none; the error names it.
    """
    found: dict[str, DomainState] = {}
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    _take(line.decode("utf-8").strip(), found)
                except UnicodeDecodeError:
                    raise InvalidArgument(f"{path}, line {number}: it is not UTF-8") from None
                except InvalidArgument as error:
                    raise InvalidArgument(f"{path}, line {number}: {error}") from None
    except OSError as error:
        raise NotConfigured(f"{path} cannot be read: {error.strerror}") from None
    return found


def _take(line: str, found: dict[str, DomainState]) -> None:
    if not line or line.startswith("#"):
        return
    if line.startswith("{"):
        new = _domain(_object(line))
    else:
        user, at, domain = line.rpartition("@")
        new = {"domain": values.domain_name(domain), "users": {values.local_part(user): {}} if at else {}}
    known = found.setdefault(new["domain"], {"domain": new["domain"]})
    users = {**known.get("users", {})}
    for user, state in new.get("users", {}).items():
        users[user] = {**users.get(user, {}), **state}
    known.update(new)
    known["users"] = users


def _object(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"it is not JSON: {error}") from None
    if not isinstance(found, dict) or "domain" not in found:
        raise InvalidArgument('it is no object with a "domain"')
    return found


def written(state: DomainState) -> str:
    """A domain as a line."""
    return json.dumps(state, ensure_ascii=False) + "\n"


# What a field may be


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidArgument("a text is needed")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidArgument("true or false is needed")
    return value


def _limit(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgument("a whole number is needed")
    return values.mailbox_limit(str(value))


def _of_text(parse: Callable[[str], str]) -> Check:
    return lambda value: parse(_text(value))


def _nullable(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _list(check: Check) -> Check:
    def checked(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise InvalidArgument("a list is needed")
        return sorted({check(one) for one in value})

    return checked


def _map(key: Callable[[str], str], check: Check) -> Check:
    def checked(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise InvalidArgument("an object is needed")
        return {_named(name, key, name): _named(name, check, one) for name, one in value.items()}

    return checked


def _fields(checks: Mapping[str, Check]) -> Check:
    def checked(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise InvalidArgument("an object is needed")
        for name in value:
            if name not in checks:
                raise InvalidArgument(f"{values.shown(name)} is not a field; known: {', '.join(checks)}")
        return {name: _named(name, checks[name], one) for name, one in value.items()}

    return checked


def _named(name: str, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except MailAddonError as error:
        raise InvalidArgument(f"{name}: {error}") from None


def _reply(value: Any) -> dict[str, str]:
    reply: dict[str, str] = _fields({"subject": _of_text(values.subject), "message": _of_text(values.message)})(value)
    if len(reply) != 2:  # noqa: PLR2004 - a subject and a message
        raise InvalidArgument("a subject and a message are needed")
    return reply


_NAME = _of_text(values.local_part)
_ADDRESS = _of_text(values.address)
_PERSON = _of_text(values.name)
_USER: dict[str, Check] = {
    "password": _of_text(values.password),
    "password_hash": _of_text(values.password),
    "first_name": _PERSON,
    "middle_name": _PERSON,
    "last_name": _PERSON,
    "features": _fields(dict.fromkeys(UserFeatures._fields, _flag)),
    "suspended": _flag,
    "keep_copy": _flag,
    "aliases": _list(_NAME),
    "forwards": _list(_ADDRESS),
    "autoresponder": _nullable(_reply),
}
_DOMAIN: dict[str, Check] = {
    "domain": _of_text(values.domain_name),
    "ip_address": _of_text(values.ip_address),
    "ip_based": _flag,
    "mailbox_directory": _of_text(values.absolute_path),
    "max_mailboxes": _limit,
    "owner": _NAME,
    "features": _fields(dict.fromkeys(DomainFeatures._fields, _flag)),
    "suspended": _flag,
    "catch_all": _of_text(values.optional_address),
    "aliases": _list(_of_text(values.domain_name)),
    "users": _map(values.local_part, _fields(_USER)),
    "distribution_lists": _map(values.local_part, _list(_ADDRESS)),
    "mailing_lists": _map(values.local_part, _map(values.address, _nullable(_PERSON))),
    "spam_filters": _list(_of_text(values.filter_address)),
}


def _domain(content: Mapping[str, Any]) -> DomainState:
    found: DomainState = _fields(_DOMAIN)(content)
    return found
