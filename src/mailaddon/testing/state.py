"""A model as plain data, and back: what a store keeps, and what an export holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .model import DOMAIN_FLAGS, USER_FLAGS, Domain, Model, User

if TYPE_CHECKING:
    from collections.abc import Mapping

State = dict[str, Any]


def model_state(model: Model) -> State:
    """Everything that a model knows: texts, numbers, truth values, lists and mappings."""
    return {
        "server": model.server,
        "last_number": model.last_number,
        "domains": {primary: domain_state(found) for primary, found in model.domains.items()},
    }


def fill(model: Model, state: Mapping[str, Any]) -> None:
    """Give a model everything that a state says, in place of what it knew."""
    model.server = tuple(state["server"]) if state["server"] else None
    model.last_number = state["last_number"]
    model.domains = {primary: domain_of(found) for primary, found in state["domains"].items()}


def domain_state(found: Domain) -> State:
    """Everything that a domain has."""
    return {
        "number": found.number,
        "place": found.place,
        "ip": found.ip,
        "limit": found.limit,
        "ip_based": found.ip_based,
        "flags": dict(found.flags),
        "owner": found.owner,
        "catch_all": found.catch_all,
        "suspended": found.suspended,
        "aliases": sorted(found.aliases),
        "users": {part: user_state(user) for part, user in sorted(found.users.items())},
        "lists": {kind: {name: dict(one) for name, one in lists.items()} for kind, lists in found.lists.items()},
        "list_numbers": dict(found.list_numbers),
        "filters": sorted(map(list, found.filters)),
    }


def domain_of(state: Mapping[str, Any]) -> Domain:
    """The domain that a state describes."""
    flags = [state["flags"][flag] for flag in DOMAIN_FLAGS]
    found = Domain(
        state["number"], state["place"], state["ip"], state["limit"], ip_based=state["ip_based"], flags=flags
    )
    found.owner = state["owner"]
    found.catch_all = state["catch_all"]
    found.suspended = state["suspended"]
    found.aliases = set(state["aliases"])
    found.users = {part: user_of(user) for part, user in state["users"].items()}
    found.lists = {kind: {name: dict(one) for name, one in lists.items()} for kind, lists in state["lists"].items()}
    found.list_numbers = dict(state["list_numbers"])
    found.filters = {(kind, blocked) for kind, blocked in state["filters"]}
    return found


def user_state(user: User) -> State:
    """Everything that a user has."""
    return {
        "number": user.number,
        "password": user.password,
        "names": list(user.names),
        "flags": dict(user.flags),
        "suspended": user.suspended,
        "aliases": sorted(user.aliases),
        "forwards": sorted(user.forwards),
        "autoresponder": list(user.autoresponder) if user.autoresponder else None,
    }


def user_of(state: Mapping[str, Any]) -> User:
    """The user that a state describes."""
    user = User(state["number"], state["password"], state["names"], [state["flags"][flag] for flag in USER_FLAGS])
    user.suspended = state["suspended"]
    user.aliases = set(state["aliases"])
    user.forwards = set(state["forwards"])
    if state["autoresponder"]:
        subject, message = state["autoresponder"]
        user.autoresponder = (subject, message)
    return user
