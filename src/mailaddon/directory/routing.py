"""Where mail goes: catch-alls, and circles of forwards. `resolving` says where a message would go."""

from ..errors import ForwardLoop, NotFound
from .names import Domain, get_domain, names_of, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..records import Change
    from .store import Transaction

_FOUND = """
    SELECT a.id, a.domain_id, a.local_part, a.kind, a.user_id
    FROM domain_name AS n JOIN address AS a ON a.domain_id = n.domain_id
    WHERE n.name = ? AND a.local_part = ?
"""


def hosted(tx: "Transaction", local_part: str, host: str) -> "tuple[int, int, str, str, int | None] | None":
    """What is hosted at an address: id, domain's id, local part, kind, alias's user. `u1+anything` is `u1`."""
    row = tx.one(_FOUND, host, local_part)
    if row is None and "+" in local_part:
        row = tx.one(_FOUND, host, local_part.partition("+")[0])
    return row


def user_at(tx: "Transaction", local_part: str, host: str) -> int | None:
    """The id of the user that mail to an address is for, by name or alias, or None."""
    row = hosted(tx, local_part, host)
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


def set_catch_all(tx: "Transaction", domain_name: str, address: str) -> "Change":
    """Set where mail to unknown local parts goes; "" clears it.

    Raises:
        NotFound: there is no such domain, or the target is in a hosted domain and does not exist.
    """
    from ..records import Change

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
    return not tx.one("SELECT 1 FROM domain_name WHERE name = ?", host) or hosted(tx, local_part, host) is not None


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
