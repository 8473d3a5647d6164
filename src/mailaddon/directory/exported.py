"""What settings.json of an export may say: read with the same rules as a command's arguments, into plain values."""

from .. import values
from ..errors import InvalidArgument, InvalidExport
from .names import DOMAIN_FEATURES, USER_FEATURES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Fields:
    """One JSON object, read field by field; every refusal says where it stands.

    Raises:
        InvalidExport: from every method, when the field is missing or is not what it should be.
    """

    def __init__(self, found: "Any", where: str) -> None:
        if not isinstance(found, dict):
            raise InvalidExport(f"{where} is not an object")
        self._found = found
        self._where = where

    def has(self, name: str) -> bool:
        """Whether the field is there; parts that were not exported are not."""
        return name in self._found

    def _get(self, name: str, kind: type) -> "Any":
        value = self._found.get(name)
        if type(value) is not kind:
            raise InvalidExport(f"{self._where}.{name} is missing or is no {kind.__name__}")
        return value

    def text(self, name: str, parse: "Callable[[str], str]") -> str:
        """A text that a command's parameter would accept."""
        return _parsed(parse, self._get(name, str), f"{self._where}.{name}")

    def texts(self, name: str, parse: "Callable[[str], str]") -> list[str]:
        """A list of such texts."""
        return [_parsed(parse, item, f"{self._where}.{name}") for item in self._get(name, list)]

    def flag(self, name: str) -> bool:
        """True or false."""
        return bool(self._get(name, bool))

    def number(self, name: str) -> int:
        """A whole number."""
        return int(self._get(name, int))

    def objects(self, name: str) -> "list[Fields]":
        """A list of objects."""
        return [Fields(item, f"{self._where}.{name}") for item in self._get(name, list)]

    def object(self, name: str) -> "Fields":
        """An object."""
        return Fields(self._get(name, dict), f"{self._where}.{name}")

    def optional(self, name: str) -> "Fields | None":
        """An object, or null."""
        return None if self._found.get(name) is None else self.object(name)


def _parsed(parse: "Callable[[str], str]", text: object, where: str) -> str:
    if not isinstance(text, str):
        raise InvalidExport(f"{where} is not a text")
    try:
        text.encode()
        return parse(text)
    except UnicodeEncodeError:
        raise InvalidExport(f"{where} is not valid Unicode") from None
    except InvalidArgument as error:
        raise InvalidExport(f"{where}: {error.message}") from None


def password_hash(text: str) -> str:
    """A stored password: `{SCHEME}hash`.

    Raises:
        InvalidArgument: it is anything else; the message does not repeat it.
    """
    scheme, brace, hash_ = text[1:].partition("}")
    if not (text.startswith("{") and brace and scheme and hash_ and text.isascii() and text.isprintable()):
        raise InvalidArgument("it is not a password hash such as {ARGON2ID}…")
    return text


def domain_values(found: Fields) -> "dict[str, Any]":
    """A domain's own values, checked."""
    features = found.object("features")
    return {
        "name": found.text("name", values.domain_name),
        "ip_address": found.text("ip_address", values.ip_address),
        "ip_based": found.flag("ip_based"),
        "max_mailboxes": values.mailbox_limit(str(found.number("max_mailboxes"))),
        "suspended": found.flag("suspended"),
        "owner": found.text("owner", values.local_part),
        "catch_all": found.text("catch_all", values.optional_address),
        "features": {feature: features.flag(feature) for feature in DOMAIN_FEATURES},
        "aliases": found.texts("aliases", values.domain_name) if found.has("aliases") else [],
        "distribution": _lists(found, "distribution_lists"),
        "mailing": _lists(found, "mailing_lists"),
        "spam_filters": _filters(found),
    }


def _lists(found: Fields, name: str) -> "list[tuple[str, list[tuple[str, str | None]]]]":
    if not found.has(name):
        return []
    return [
        (
            entry.text("name", values.local_part),
            [
                (
                    member.text("address", values.address),
                    member.text("name", values.name) if member.has("name") else None,
                )
                for member in entry.objects("members")
            ],
        )
        for entry in found.objects(name)
    ]


def _filters(found: Fields) -> list[tuple[str, str]]:
    if not found.has("spam_filters"):
        return []
    return [
        (entry.text("type", values.filter_type), entry.text("address", values.filter_address))
        for entry in found.objects("spam_filters")
    ]


def user_values(found: Fields) -> "dict[str, Any]":
    """A user's values, checked. `aliases`, `forwards` and `autoresponder` are empty where they were not exported."""
    features = found.object("features")
    responder = found.optional("autoresponder")
    return {
        "name": found.text("name", values.local_part),
        "password": found.text("password", password_hash),
        "names": tuple(found.text(part, values.name) for part in ("first_name", "middle_name", "last_name")),
        "suspended": found.flag("suspended"),
        "features": {feature: features.flag(feature) for feature in USER_FEATURES if features.has(feature)},
        "aliases": found.texts("aliases", values.local_part) if found.has("aliases") else [],
        "forwards": found.texts("forwards", values.address) if found.has("forwards") else [],
        "keep_copy": found.flag("keep_copy") if found.has("keep_copy") else True,
        "autoresponder": responder
        and (responder.text("subject", values.subject), responder.text("message", values.message)),
    }
