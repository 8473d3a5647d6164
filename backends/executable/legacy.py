"""An add-on for 3.X: the old parameters, the old lines, and what cannot be said to it.

Of the updated commands it gets the old parameters. What only a new parameter says is compared with what every 3.X
add-on does: if that is the same, nothing is left to say; if it cannot be had, the call is refused before anything is
started; and what mail does not depend on is done without, and the change event says so.

EDeleteDomainAlias and EDeleteSpamFilter need what 10.3.1 does not say, or would delete what it does not mean. So the
add-on's own list is read first. Between the two programs somebody else may change something; a 3.X add-on offers
nothing against that.
"""

from __future__ import annotations

from mailaddon import InvalidArgument, NotFound, NotSupported, operations, records
from mailaddon.values import filter_type_of, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from mailaddon.operations.model import Operation

    from .calling import Addon

#: The fields of the 3.X parameters that have another name in 10.3.1, or that it does not have.
_OLD_NAMES = {"SpamFilterType": "type", "SpamFilter": "address", "bAllow": "allow"}


class Unsaid(records.Record):
    """A parameter that a 3.X add-on does not have.

    Attributes:
        same: the values that say what every 3.X add-on does.
        reported: the values that make no difference to mail; the change event names them.
        reason: why any other value is refused, or nothing is.
    """

    same: tuple[str, ...]
    reported: tuple[str, ...] = ()
    reason: str


_ALWAYS_ON = Unsaid(same=("1",), reason="a 3.X add-on cannot switch it off")
_LISTS = Unsaid(same=("0",), reported=("1",), reason="a 3.X add-on has no such lists, and their commands are refused")
#: By the field of the request.
UNSAID = {
    "ip_based": Unsaid(
        same=(), reported=("0", "1"), reason="it gets the IP address; mail knows nothing else of a site"
    ),
    "mailing_lists": _LISTS,
    "distribution_lists": _LISTS,
    "domain_aliases": _ALWAYS_ON,
    "spam_filters": _ALWAYS_ON,
    "user_aliases": _ALWAYS_ON,
    "forwards": _ALWAYS_ON,
    "autoresponders": _ALWAYS_ON,
    "web_access": _ALWAYS_ON,
}
#: Where more is done than to leave parameters out: by the hook.
SPECIAL = {
    "edit_user": (
        'Password `""` is refused, unless the option `empty_password_keeps` says that the add-on keeps the present one.'
    ),
    "delete_domain_alias": "The alias has to be in what EGetDomainAliasList prints for the domain.",
    "add_spam_filter": "`bAllow` is the option `allow_flag`.",
    "delete_spam_filter": (
        "Each filter with the address that EGetSpamFilterList prints is deleted, with the type and the flag from there."
    ),
}


def perform(addon: Addon, operation: Operation, request: Any) -> Any:
    """Run a command of a 3.X add-on.

    Raises:
        NotSupported: the request says what no 3.X add-on can do.
        MailAddonError: as `Addon.call`.
    """
    if operation.hook == "delete_domain_alias":
        return _delete_domain_alias(addon, operation, request)
    if operation.hook == "delete_spam_filter":
        return _delete_spam_filter(addon, operation, request)
    if operation.hook == "edit_user" and not request.password and not addon.options.empty_password_keeps:
        raise NotSupported(
            'whether "" keeps the present password, as in 10.3.1, is not known of a 3.X add-on; give a password, or set'
            " empty_password_keeps in [backends.executable]",
            parameter="Password",
        )
    left = _left_unsaid(operation, request)
    arguments = _arguments(operation, request, {"allow": addon.options.allow_flag})
    result = addon.call(operation, arguments, request, read=reader(addon, operation, request))
    return records.Change(after={"not_told": left}) if left else result


def _left_unsaid(operation: Operation, request: Any) -> dict[str, str]:
    """The parameters that are done without, by name.

    Raises:
        NotSupported: one of them asks for what a 3.X add-on cannot do.
    """
    left = {}
    for parameter in operation.longer or operation.parameters:
        value = getattr(request, parameter.field)
        unsaid = UNSAID.get(parameter.field)
        if unsaid is None or value is None:
            continue
        text = parameter.kind.write(value)
        if text in unsaid.reported:
            left[parameter.name] = text
        elif text not in unsaid.same:
            raise NotSupported(f"{text} cannot be had: {unsaid.reason}", parameter=parameter.name)
    return left


def _arguments(operation: Operation, request: Any, known: Mapping[str, str]) -> list[str]:
    """The old parameters, from the request and from what is known besides."""
    parameters = {parameter.name: parameter for parameter in operation.parameters}
    arguments = []
    for name in operation.legacy_parameters or ():
        field = parameters[name].field if name in parameters else _OLD_NAMES[name]
        write = parameters[name].kind.write if name in parameters else str
        arguments.append(known[field] if field in known else write(getattr(request, field)))
    return arguments


def _delete_domain_alias(addon: Addon, operation: Operation, request: records.DomainAlias) -> Any:
    """By the alias alone, so only if it is this domain's."""
    listing = operations.find("EGetDomainAliasList")
    domain = records.DomainRef(domain=request.domain)
    if request.alias not in addon.call(listing, listing.arguments(domain), domain):
        raise NotFound(f"{request.alias} is not an alias of domain {request.domain}")
    return addon.call(operation, _arguments(operation, request, {}), request)


def _delete_spam_filter(addon: Addon, operation: Operation, request: records.SpamFilterRef) -> None:
    """One filter after another, each with the type and the flag that the add-on's own list shows."""
    listing = operations.find("EGetSpamFilterList")
    domain = records.DomainRef(domain=request.domain)
    found: list[dict[str, str]] = []
    read = reader(addon, listing, domain, found.append)
    addon.call(listing, _arguments(listing, domain, {}), domain, read=read)
    same = [one for one in found if one["item"] == request.address]
    if not same:
        raise NotFound(f"domain {request.domain} has no spam filter {request.address}")
    usual = {"type": filter_type_of(request.address), "allow": addon.options.allow_flag}
    for one in same:
        addon.call(operation, _arguments(operation, request, usual | one), request)


def reader(
    addon: Addon, operation: Operation, request: Any, note: Callable[[dict[str, str]], None] | None = None
) -> Callable[[str], str | None] | None:
    """How a line of an old list is read; None, if it is the item alone.

    Args:
        addon: whose options have the pattern.
        operation: the list's command.
        request: whose user and domain the pattern may name.
        note: gets the groups of each line that has been read.
    """
    pattern = addon.options.pattern(operation)
    if not pattern or operation.item is None:
        return None
    import re

    asked = {name: getattr(request, name, "") for name in ("user", "domain")}
    for name, value in asked.items():
        pattern = pattern.replace(f"{{{name}}}", re.escape(value))
    compiled = re.compile(pattern, re.IGNORECASE)
    parse: Callable[[str], str] = operation.item.parse

    def read(line: str) -> str | None:
        match = compiled.fullmatch(line)
        if match is None:
            raise InvalidArgument(
                f"{shown(line)} does not fit; patterns.{operation.command} in [backends.executable] says how it is read"
            )
        groups = {name: text for name, text in match.groupdict().items() if text is not None}
        if groups.get("user", asked["user"]).lower() != asked["user"]:
            return None
        item = parse(groups["item"])
        if note is not None:
            note({**groups, "item": item})
        return item

    return read
