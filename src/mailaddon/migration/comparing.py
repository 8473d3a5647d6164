"""How both sides of a migration differ. What one of them does not tell is not compared, and that is said too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .inventory import DomainState, UserState


class Difference(Record):
    """One thing that is not the same at both sides.

    Attributes:
        subject: what it belongs to: a domain, or a user's or list's address.
        field: the field of the state.
        source: what the source has; None if it is only at the target.
        target: what the target has; None if it is missing there.
    """

    subject: str
    field: str
    source: Any = None
    target: Any = None

    def __str__(self) -> str:
        """The difference as a line."""
        what = self.field.replace("_", " ")
        if self.field == "password_hash":
            return f"{self.subject}: the password's hash is another one"
        if self.target is None:
            return f"{self.subject}: {what} {self.source!r} is missing at the target"
        if self.source is None:
            return f"{self.subject}: {what} {self.target!r} is at the target only"
        return f"{self.subject}: {what} is {self.source!r} at the source, {self.target!r} at the target"


class Comparison:
    """Compares domains.

    Attributes:
        differences: all that were found.
        untold: what could not be compared, because a side does not tell it: `user: first name`.
    """

    def __init__(self) -> None:
        self.differences: list[Difference] = []
        self.untold: set[str] = set()

    def domain(self, source: DomainState, target: DomainState | None) -> None:
        """Compare a domain; None if the target does not have it."""
        name = source["domain"]
        if target is None:
            self.differences.append(Difference(subject=name, field="domain", source=name))
            return
        self._values("domain", name, source, target, _DOMAIN_VALUES)
        self._features("domain", name, source, target)
        for field, one in (("aliases", "alias"), ("spam_filters", "spam_filter")):
            self._sets("domain", name, source, target, field, one)
        self._maps(name, source, target, "users", "user", self._user)
        self._maps(name, source, target, "distribution_lists", "distribution_list", self._members)
        self._maps(name, source, target, "mailing_lists", "mailing_list", self._named_members)

    def _both(self, kind: str, source: Mapping[str, Any], target: Mapping[str, Any], field: str) -> bool:
        if field in source and field in target:
            return True
        self.untold.add(f"{kind}: {field.replace('_', ' ')}")
        return False

    def _values(
        self, kind: str, subject: str, source: Mapping[str, Any], target: Mapping[str, Any], fields: Sequence[str]
    ) -> None:
        for field in fields:
            if self._both(kind, source, target, field) and source[field] != target[field]:
                found = Difference(
                    subject=subject, field=field, source=_value(source[field]), target=_value(target[field])
                )
                self.differences.append(found)

    def _features(self, kind: str, subject: str, source: Mapping[str, Any], target: Mapping[str, Any]) -> None:
        if self._both(kind, source, target, "features"):
            for name, flag in source["features"].items():
                there = target["features"].get(name, flag)
                if there != flag:
                    self.differences.append(
                        Difference(subject=subject, field=f"feature {name}", source=_value(flag), target=_value(there))
                    )

    def _sets(
        self, kind: str, subject: str, source: Mapping[str, Any], target: Mapping[str, Any], field: str, one: str
    ) -> None:
        if self._both(kind, source, target, field):
            self._only(subject, one, source[field], target[field])

    def _only(self, subject: str, field: str, source: Sequence[str], target: Sequence[str]) -> None:
        for item in sorted({*source} ^ {*target}):
            side = {"source": item} if item in source else {"target": item}
            self.differences.append(Difference(subject=subject, field=field, **side))

    def _maps(self, domain: str, source: DomainState, target: DomainState, field: str, one: str, compare: Any) -> None:
        if self._both("domain", source, target, field):
            here, there = source[field], target[field]  # type: ignore[literal-required] # a field that has a mapping
            self._only(domain, one, here, there)
            for name in here:
                if name in there:
                    compare(f"{name}@{domain}", here[name], there[name])

    def _user(self, address: str, source: UserState, target: UserState) -> None:
        self._values("user", address, source, target, _USER_VALUES)
        if source.get("forwards"):
            self._values("user", address, source, target, ("keep_copy",))
        if "password_hash" in source:
            self._values("user", address, source, target, ("password_hash",))
        self._features("user", address, source, target)
        for field, one in (("aliases", "alias"), ("forwards", "forward")):
            self._sets("user", address, source, target, field, one)

    def _members(self, address: str, source: list[str], target: list[str]) -> None:
        self._only(address, "member", source, target)

    def _named_members(self, address: str, source: dict[str, str | None], target: dict[str, str | None]) -> None:
        self._only(address, "member", list(source), list(target))
        for member, name in source.items():
            there = target.get(member, name)
            if name is None or there is None:
                self.untold.add("mailing list: members' names")
            elif name != there:
                found = Difference(subject=address, field=f"name of {member}", source=name, target=there)
                self.differences.append(found)


_DOMAIN_VALUES = (
    "ip_address",
    "ip_based",
    "mailbox_directory",
    "max_mailboxes",
    "owner",
    "catch_all",
    "suspended",
)
_USER_VALUES = ("first_name", "middle_name", "last_name", "suspended", "autoresponder")


def _value(value: Any) -> Any:
    """A value as a line shows it: no autoresponder, for example, is nothing, not missing."""
    return "none" if value is None else value


def summary(state: DomainState) -> Iterator[tuple[str, str, int]]:
    """How many of everything a domain has: what one is called, what several are, and the number."""
    users = state.get("users", {}).values()
    yield "user", "users", len(users)
    yield "user alias", "user aliases", sum(len(user.get("aliases", ())) for user in users)
    yield "forward", "forwards", sum(len(user.get("forwards", ())) for user in users)
    yield "autoresponder", "autoresponders", sum(1 for user in users if user.get("autoresponder"))
    yield "domain alias", "domain aliases", len(state.get("aliases", ()))
    lists = (*state.get("distribution_lists", {}).values(), *state.get("mailing_lists", {}).values())
    yield "list", "lists", len(lists)
    yield "list member", "list members", sum(map(len, lists))
    yield "spam filter", "spam filters", len(state.get("spam_filters", ()))
