"""Where a message to an address goes, and why: the model's answer as the tree that the contract asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..records import Resolution

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model import Domain, Model, User


def resolve(model: Model, address: str) -> Resolution:
    """The way of a message to an address."""
    return _Way(model).to(address)


class _Way:
    """Follows a message; what was followed once is named, not followed again."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._on_the_way: list[str] = []
        self._shown: set[str] = set()

    def to(self, address: str) -> Resolution:
        part, _, place = address.rpartition("@")
        primary = self._model.hosted(place)
        if not primary:
            return Resolution(address=address, action="outside", reason=f"{place} is not hosted here")
        found = self._model.domains[primary]
        if place != primary:
            off = "" if found.flags["domain_aliases"] else f", but domain aliases are disabled for domain {primary}"
            targets = () if off else (self.to(f"{part}@{primary}"),)
            reason = f"{place} is an alias of domain {primary}{off}"
            return Resolution(address=address, action="domain-alias", reason=reason, targets=targets)
        _primary, part = self._model.located(address)
        if part in found.users:
            return self._user(address, found, f"{part}@{primary}", found.users[part])
        return self._name(address, found, primary, part)

    def _name(self, address: str, found: Domain, primary: str, part: str) -> Resolution:
        kind = next((kind for kind, lists in found.lists.items() if part in lists), "")
        feature = f"{kind}_lists" if kind else "user_aliases"
        if not part and not found.catch_all:
            return _end(address, "refused", f"domain {primary} has no such name and no catch-all")
        if part and not found.flags[feature]:
            named = feature.replace("_", " ")
            return _end(address, "refused", f"it exists, but {named} are disabled for domain {primary}")
        if found.suspended:
            return _end(address, "deferred", f"domain {primary} is suspended; mail waits until it is resumed")
        if not part:
            reason = f"domain {primary} has no such name; its catch-all takes it"
            return self._through(f"*@{primary}", address, "catch-all", reason, [found.catch_all])
        return self._known(address, found, f"{part}@{primary}", kind)

    def _known(self, address: str, found: Domain, own: str, kind: str) -> Resolution:
        part, _, primary = own.rpartition("@")
        members = found.lists[kind][part] if kind else {}
        if kind == "mailing":
            return _end(address, "mailing-list", f"a mailing list of {len(members)}")
        if kind:
            return self._through(own, address, "list", f"a distribution list of {len(members)}", members)
        owner = f"{found.alias_owner(part)}@{primary}"
        return self._through(own, address, "alias", f"an alias of user {owner}", [owner])

    def _user(self, address: str, found: Domain, own: str, user: User) -> Resolution:
        if found.suspended or user.suspended:
            return _end(address, "deferred", f"user {own} or its domain is suspended; mail waits until it is resumed")
        if not user.forwards or not (found.flags["forwards"] and user.flags["forwards"]):
            off = "; its forwards are disabled" if user.forwards else ""
            return _end(address, "mailbox", f"the mailbox of user {own}{off}")
        keeps = self._model.keep_copy
        reason = f"user {own} forwards and keeps {'a' if keeps else 'no'} copy"
        forward = self._through(own, address, "forward", reason, user.forwards)
        if keeps and forward.targets:
            return forward.replace(targets=(_end(own, "mailbox", f"the mailbox of user {own}"), *forward.targets))
        return forward

    def _through(self, key: str, address: str, action: str, reason: str, targets: Iterable[str]) -> Resolution:
        if key in self._on_the_way:
            return _end(address, "loop", "the message has been here already")
        if key in self._shown:
            return _end(address, action, f"{reason}; shown above")
        self._shown.add(key)
        self._on_the_way.append(key)
        followed = tuple(self.to(target) for target in sorted(targets))
        self._on_the_way.pop()
        return Resolution(address=address, action=action, reason=reason, targets=followed)


def _end(address: str, action: str, reason: str) -> Resolution:
    return Resolution(address=address, action=action, reason=reason)
