"""`mailaddon resolve` and `mailaddon show`: where mail goes, and what a domain has, as trees.

JSON: `{"version": 1, "resolution": …}` with the fields of the record `Resolution` (`targets` are resolutions again),
and `{"version": 1, "domain": …}` with the fields of the record `DomainInfo`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import click

from .._arguments import validated
from ..command import decoded
from ..operations import find
from ..records import DomainFeatures, DomainInfo, MailingListInfo, Record, Resolution, UserFeatures, UserInfo
from ..service import Service
from ._output import Branch, json_option, paint, plain, tree, write, write_json

_COLOURS = {"refused": "red", "loop": "red", "deferred": "yellow", "mailbox": "green", "outside": "green"}


@click.command()
@click.argument("address")
@json_option
def resolve(address: str, *, as_json: bool) -> None:
    """Say where a message to ADDRESS would go, and why."""
    resolution = _looked_up("resolve", address)
    if as_json:
        write_json({"resolution": plain(resolution)})
    else:
        write(resolution_text(resolution))


@click.command()
@click.argument("domain")
@json_option
def show(domain: str, *, as_json: bool) -> None:
    """Show all that DOMAIN has: users, aliases, lists, filters, limits, what is suspended or disabled."""
    info = _looked_up("show", domain)
    if as_json:
        write_json({"domain": plain(info)})
    else:
        write(domain_text(info))


def _looked_up(command: str, argument: str) -> Any:
    operation = find(command)
    fields = validated(operation, decoded(operation, [argument]))
    with Service.open() as service:
        return service.call(operation, fields)


def resolution_text(resolution: Resolution) -> str:
    """The tree of a resolution, as `mailaddon resolve` prints it."""
    return tree(_resolution(resolution))


def _resolution(resolution: Resolution) -> Branch:
    action = paint(resolution.action, _COLOURS.get(resolution.action, "cyan"))
    reason = f": {resolution.reason}" if resolution.reason else ""
    return f"{resolution.address}  {action}{reason}", [_resolution(target) for target in resolution.targets]


def mailing_list_text(info: MailingListInfo) -> str:
    """A mailing list's members, one per line: the address, and behind two spaces the name."""
    return "".join(f"{one.address}  {one.display_name}".rstrip() + "\n" for one in info.members)


def domain_text(info: DomainInfo) -> str:
    """The tree of a domain, as `mailaddon show` prints it."""
    off = set(_off(info.features, DomainFeatures))
    limit = "no limit" if info.max_mailboxes < 0 else str(info.max_mailboxes)
    site = "IP-based" if info.ip_based else "name-based"
    lists = [
        _leaf(f"{one.name}  {one.kind}, {_counted(one.members, 'member')}", _list_off(one.kind, off))
        for one in info.lists
    ]
    branches = [
        (f"{site} on {info.ip_address}", ()),
        (f"mail in {info.mailbox_directory}", ()),
        (f"owner {info.owner}", ()),
        (f"catch-all {info.catch_all or 'none: mail to unknown names is refused'}", ()),
        (f"mailboxes {info.mailboxes}/{limit}{paint(' full', 'yellow') if _full(info) else ''}", ()),
        *([(paint(f"disabled: {', '.join(sorted(off))}", "yellow"), ())] if off else []),
        _section("domain aliases", [(alias, ()) for alias in info.aliases], "domain aliases" in off),
        _section("users", [_user(user, info.owner, off) for user in info.users]),
        _section("lists", lists),
        _section("spam filters", [(address, ()) for address in info.spam_filters], "spam filters" in off),
    ]
    return tree((info.domain + _marks(["suspended"] * info.suspended), branches))


def _user(user: UserInfo, owner: str, domain_off: set[str]) -> Branch:
    name = " ".join(part for part in (user.first_name, user.middle_name, user.last_name) if part)
    own = _off(user.features, UserFeatures)
    off = {*own, *domain_off}
    marks = ["owner"] * (user.user == owner) + ["suspended"] * user.suspended
    marks += [f"disabled: {', '.join(own)}"] if own else []
    copy = "" if user.keep_copy else ", no copy kept"
    branches = [
        *[_leaf(f"alias {alias}", "user aliases" in off) for alias in user.aliases],
        *[_leaf(f"forward to {address}{copy}", "forwards" in off) for address in user.forwards],
        *([_leaf("autoresponder", "autoresponders" in off)] if user.autoresponder else []),
    ]
    return f"{user.user}{f'  {name}' if name else ''}{_marks(marks)}", branches


def _off(features: Record, kind: type[Record]) -> list[str]:
    """The features that are switched off, in words."""
    return [name.replace("_", " ") for name in kind._fields if not getattr(features, name)]


def _list_off(kind: str, off: set[str]) -> bool:
    return f"{kind} lists" in off


def _full(info: DomainInfo) -> bool:
    return 0 <= info.max_mailboxes <= info.mailboxes


def _section(title: str, branches: Sequence[Branch], off: bool = False) -> Branch:  # noqa: FBT001, FBT002 - reads well
    return f"{title}: {len(branches) or 'none'}{_marks(['disabled'] * off)}", branches


def _leaf(text: str, off: bool) -> Branch:  # noqa: FBT001 - reads well
    return f"{text}{_marks(['disabled'] * off)}", ()


def _marks(marks: Iterable[str]) -> str:
    return "".join(f" [{paint(mark, 'cyan' if mark == 'owner' else 'yellow')}]" for mark in marks)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
