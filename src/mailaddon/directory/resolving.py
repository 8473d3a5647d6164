"""The answer to "where would a message to this address go?"."""

from ..records import Resolution
from .names import Domain, User, find_domain, find_user, get_domain, owner_of_name, split
from .routing import hosted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .store import Transaction

_DEEPEST = 50  # aliases, forwards and lists on the way of one message


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
        found = hosted(self._tx, local_part, host)
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
