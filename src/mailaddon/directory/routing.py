"""Where mail goes: catch-alls, circles of forwards, and the answer to "where would a message to this address go?"."""

from ..errors import ForwardLoop, NotFound
from ..records import Change, Resolution
from .names import Domain, User, find_domain, find_user, get_domain, names_of, owner_of_name, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .store import Transaction

_FOUND = """
    SELECT a.id, a.domain_id, a.local_part, a.kind, a.user_id
    FROM domain_name AS n JOIN address AS a ON a.domain_id = n.domain_id
    WHERE n.name = ? AND a.local_part = ?
"""


def _address(tx: "Transaction", local_part: str, host: str) -> "tuple[int, int, str, str, int | None] | None":
    """What is hosted at an address: id, domain's id, local part, kind, alias's user. `u1+anything` is `u1`."""
    row = tx.one(_FOUND, host, local_part)
    if row is None and "+" in local_part:
        row = tx.one(_FOUND, host, local_part.partition("+")[0])
    return row


_DEEPEST = 50  # aliases, forwards and lists on the way of one message


def user_at(tx: "Transaction", local_part: str, host: str) -> int | None:
    """The id of the user that mail to an address is for, by name or alias, or None."""
    row = _address(tx, local_part, host)
    if row is None:
        return None
    return {"user": row[0], "alias": row[4]}.get(row[3])


# Circles


def check_no_loop(tx: "Transaction", user_id: int) -> None:
    """Make sure that mail to a user does not come back to it without anybody on the way keeping a copy.

    Raises:
        ForwardLoop: it does.
    """
    waiting = [user_id]
    seen = set()
    while waiting:
        current = waiting.pop()
        row = tx.one("SELECT keep_copy FROM user WHERE id = ?", current)
        if row is None or row[0]:
            continue
        for local_part, host in tx.all("SELECT local_part, domain FROM forward WHERE user_id = ?", current):
            target = user_at(tx, local_part, host)
            if target == user_id:
                raise ForwardLoop(
                    f"mail would run in a circle through {local_part}@{host}, and nobody would keep a copy"
                )
            if target is not None and target not in seen:
                seen.add(target)
                waiting.append(target)


def check_forwards_to_domain(tx: "Transaction", name: str) -> None:
    """Make sure that a domain name that is hosted from now on closes no circle of forwards.

    Raises:
        ForwardLoop: it does, or a user would forward to itself.
    """
    for user_id, local_part in tx.all("SELECT user_id, local_part FROM forward WHERE domain = ?", name):
        if user_at(tx, local_part, name) == user_id:
            raise ForwardLoop(f"a user forwards to {local_part}@{name}, which would be itself")
        check_no_loop(tx, user_id)


# Catch-alls and memberships


def set_catch_all(tx: "Transaction", domain_name: str, address: str) -> Change:
    """Set where mail to unknown local parts goes; "" clears it.

    Raises:
        NotFound: there is no such domain, or the target is in a hosted domain and does not exist.
    """
    domain = get_domain(tx, domain_name)
    local_part, host = split(address) if address else (None, None)
    if address and not target_exists(tx, address):
        raise NotFound(f"{address} does not exist", parameter="CatchallUserEmailAddress")
    tx.run(
        "UPDATE domain SET catch_all_local_part = ?, catch_all_domain = ?, changed = ? WHERE id = ?",
        local_part,
        host,
        tx.now,
        domain.id,
    )
    return Change(before={"catch_all": domain.catch_all}, after={"catch_all": address})


def target_exists(tx: "Transaction", address: str) -> bool:
    """Whether an address exists, as far as one can know: it is outside, or hosted and there."""
    local_part, host = split(address)
    return not tx.one("SELECT 1 FROM domain_name WHERE name = ?", host) or _address(tx, local_part, host) is not None


def catch_all(tx: "Transaction", domain_name: str) -> str:
    """Where mail to unknown local parts goes, or "".

    Raises:
        NotFound: there is no such domain.
    """
    return get_domain(tx, domain_name).catch_all


def leave_lists(tx: "Transaction", domain: Domain, local_parts: list[str]) -> None:
    """Remove addresses of a domain, under all of its names and with any extension, from every list."""
    for host, *local_part in _names_under(tx, domain, local_parts):
        tx.run("DELETE FROM list_member WHERE domain = ? AND local_part >= ? AND local_part < ?", host, *local_part)


def clear_catch_alls(tx: "Transaction", domain: Domain, local_parts: list[str]) -> None:
    """Clear every catch-all whose target is one of these addresses, under any name and with any extension."""
    for host, *local_part in _names_under(tx, domain, local_parts):
        tx.run(
            "UPDATE domain SET catch_all_domain = NULL, catch_all_local_part = NULL"
            " WHERE catch_all_domain = ? AND catch_all_local_part >= ? AND catch_all_local_part < ?",
            host,
            *local_part,
        )


def _names_under(tx: "Transaction", domain: Domain, local_parts: list[str]) -> "Iterator[tuple[str, str, str]]":
    """For each address its domain's names, and where its local part, and those with an extension, begin and end."""
    for host in names_of(tx, domain):
        for local_part in local_parts:
            yield host, local_part, local_part + "\1"  # PostgreSQL knows no \0
            yield host, local_part + "+", local_part + ","  # the comma comes after the plus


# Where would a message go?


def resolve(tx: "Transaction", address: str) -> Resolution:
    """The way of a message to an address, as a tree."""
    return _Resolver(tx).resolve(address)


class _Resolver:
    """Follows a message; what was followed once is named, not followed again, nor is a chain without an end."""

    def __init__(self, tx: "Transaction") -> None:
        self._tx = tx
        self._on_the_way: list[int] = []
        self._shown: set[int] = set()

    def resolve(self, address: str) -> Resolution:
        local_part, host = split(address)
        domain = find_domain(self._tx, host)
        if domain is None:
            return self._by_another_name(address, local_part, host)
        found = _address(self._tx, local_part, host)
        if found is None:
            return self._unknown(address, domain)
        return self._known(address, domain, found[0], found[2], found[3], found[4])

    def _by_another_name(self, address: str, local_part: str, host: str) -> Resolution:
        name = owner_of_name(self._tx, host)
        if not name:
            return Resolution(address=address, action="outside", reason=f"{host} is not hosted here")
        domain = get_domain(self._tx, name)
        return Resolution(
            address=address,
            action="domain-alias",
            reason=f"{host} is an alias of domain {name}" + _off(domain, "domain_aliases"),
            targets=(self.resolve(f"{local_part}@{name}"),) if domain.domain_aliases else (),
        )

    def _unknown(self, address: str, domain: Domain) -> Resolution:
        if not domain.catch_all:
            return Resolution(
                address=address, action="refused", reason=f"domain {domain.name} has no such name and no catch-all"
            )
        if domain.suspended:
            return _deferred(address, f"domain {domain.name} is suspended")
        return self._through(
            -domain.id,
            address,
            "catch-all",
            f"domain {domain.name} has no such name; its catch-all takes it",
            [domain.catch_all],
        )

    def _known(
        self, address: str, domain: Domain, address_id: int, local_part: str, kind: str, user_id: int | None
    ) -> Resolution:
        if kind == "user":
            user = find_user(self._tx, domain, local_part)
            assert user is not None
            return self._user(address, domain, user)
        feature = {"alias": "user_aliases", "distribution": "distribution_lists", "mailing": "mailing_lists"}[kind]
        if not getattr(domain, feature):
            return Resolution(address=address, action="refused", reason=f"it exists{_off(domain, feature)}")
        if domain.suspended:
            return _deferred(address, f"domain {domain.name} is suspended")
        if kind == "alias":
            (name,) = self._tx.column("SELECT local_part FROM address WHERE id = ?", user_id)
            target = f"{name}@{domain.name}"
            return self._through(address_id, address, "alias", f"an alias of user {target}", [target])
        members = self._tx.column("SELECT local_part || '@' || domain FROM list_member WHERE list_id = ?", address_id)
        if kind == "mailing":
            return Resolution(
                address=address,
                action="mailing-list",
                reason=f"a mailing list of {len(members)}; its manager sends it on",
            )
        reason = f"a distribution list of {len(members)}"
        return self._through(address_id, address, "list", reason, sorted(members))

    def _user(self, address: str, domain: Domain, user: User) -> Resolution:
        name = f"{user.name}@{domain.name}"
        if domain.suspended or user.suspended:
            return _deferred(
                address, f"domain {domain.name} is suspended" if domain.suspended else f"user {name} is suspended"
            )
        targets = self._tx.column("SELECT local_part || '@' || domain FROM forward WHERE user_id = ?", user.id)
        mailbox = Resolution(address=name, action="mailbox", reason=f"the mailbox of user {name}")
        if not targets:
            return mailbox.replace(address=address)
        if not domain.forwards:
            return mailbox.replace(address=address, reason=f"{mailbox.reason}; it forwards{_off(domain, 'forwards')}")
        if not user.forwards:
            return mailbox.replace(address=address, reason=f"{mailbox.reason}; its forwards are disabled")
        copy = "keeps a copy" if user.keep_copy else "keeps no copy"
        forward = self._through(user.id, address, "forward", f"user {name} forwards and {copy}", sorted(targets))
        if user.keep_copy and forward.action == "forward" and forward.targets:
            return forward.replace(targets=(mailbox, *forward.targets))
        return forward

    def _through(self, key: int, address: str, action: str, reason: str, targets: list[str]) -> Resolution:
        if key in self._on_the_way:
            return Resolution(address=address, action="loop", reason="the message has been here already")
        if key in self._shown:
            return Resolution(address=address, action=action, reason=f"{reason}; shown above")
        if len(self._on_the_way) == _DEEPEST:
            return Resolution(address=address, action=action, reason=f"{reason}; not followed any further")
        self._shown.add(key)
        self._on_the_way.append(key)
        followed = tuple([self.resolve(target) for target in targets])
        self._on_the_way.pop()
        return Resolution(address=address, action=action, reason=reason, targets=followed)


def _deferred(address: str, reason: str) -> Resolution:
    return Resolution(address=address, action="deferred", reason=f"{reason}; mail waits until it is resumed")


def _off(domain: Domain, feature: str) -> str:
    return (
        "" if getattr(domain, feature) else f", but {feature.replace('_', ' ')} are disabled for domain {domain.name}"
    )
