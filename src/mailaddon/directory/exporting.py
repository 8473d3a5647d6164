"""Exports: a first full copy, then the same brought up to date and sealed.

Both steps can be repeated, and killed at any instant: an export gets its final name only when it is complete, and until
then an earlier one stays in its place.
"""

import os
import time

from ..errors import Conflict, Unavailable
from ..records import DomainTransfer
from . import archive, storage, trees
from .names import DOMAIN_FEATURES, USER_FEATURES, Domain, User, check_here, get_domain, get_user, names_of, users_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..records import UserTransfer
    from .folders import Folders
    from .store import Directory, Transaction

_TRIES = 5


def begin(directory: "Directory", request: "DomainTransfer | UserTransfer", mail: "Folders") -> None:
    """EPreExport…: write a first full copy.

    Args:
        directory: where from.
        request: what.
        mail: copies the mail.

    Raises:
        NotFound, Conflict: the domain or the user does not exist, or is not as the request says.
        StorageFailed, Unavailable: the copy cannot be written.
    """
    _write(directory, request, mail, sealed=False)


def finish(directory: "Directory", request: "DomainTransfer | UserTransfer", mail: "Folders") -> None:
    """EPostExport…: bring the copy up to date, whether there is one or not, and seal it.

    Args:
        directory: where from.
        request: what.
        mail: copies the mail.

    Raises:
        NotFound, Conflict, StorageFailed, Unavailable: as `begin`.
    """
    _write(directory, request, mail, sealed=True)


def place_of(request: "DomainTransfer | UserTransfer") -> archive.Place:
    """Where the export that a request means is."""
    name = request.domain if isinstance(request, DomainTransfer) else f"{request.user}@{request.domain}"
    return archive.Place(request.location, name)


def parts_of(request: "DomainTransfer | UserTransfer") -> list[str]:
    """The parts that a request's flags ask for."""
    features = DOMAIN_FEATURES if isinstance(request, DomainTransfer) else (*USER_FEATURES, "user_aliases")
    return [feature for feature in features if getattr(request, feature, True)]


def _write(directory: "Directory", request: "DomainTransfer | UserTransfer", mail: "Folders", *, sealed: bool) -> None:
    place = place_of(request)
    with directory.read() as tx:
        folder = check_request(tx, request).storage
    if f"{request.location}/".startswith(f"{folder}/"):
        raise Conflict(f"{request.location} is inside the mail to be exported", parameter="ExportImportDataLocation")
    try:
        lock = place.begin()
        try:
            settings = _copy(directory, request, mail, place.partial)
            if sealed:
                archive.seal(place.partial, _description(request, place, settings))
                place.finish()
        finally:
            os.close(lock)
    except OSError as error:
        raise storage.refused("written", place.partial, error) from None


def check_request(tx: "Transaction", request: "DomainTransfer | UserTransfer") -> Domain:
    """Make sure that a domain is as a request says; the domain.

    Raises:
        NotFound: there is no such domain.
        Conflict: its mail is elsewhere, or somebody else owns it.
    """
    domain = get_domain(tx, request.domain)
    check_here(tx, domain)
    if domain.mailbox_directory != request.mailbox_directory:
        raise Conflict(
            f"domain {domain.name} keeps its mail in {domain.mailbox_directory}, not in {request.mailbox_directory}",
            parameter="MailBoxDirectory",
        )
    if isinstance(request, DomainTransfer):
        (owner,) = tx.column("SELECT local_part FROM address WHERE id = ?", domain.owner_id)
        if owner != request.owner:
            raise Conflict(
                f"domain {domain.name} is owned by {owner}, not by {request.owner}", parameter="MailDomainOwner"
            )
    return domain


def _copy(
    directory: "Directory", request: "DomainTransfer | UserTransfer", mail: "Folders", target: str
) -> "dict[str, Any]":
    """Copy settings and mail as they are at one time; the settings."""
    storage.purge(os.path.join(target, archive.SEAL))
    storage.purge(os.path.join(target, archive.SUMS))
    for _try in range(_TRIES):
        with directory.read() as tx:
            settings, homes = _settings(tx, request)
        folder = os.path.join(target, archive.MAIL)
        storage.make(folder, target)
        for name, home in homes.items():
            mail.copy(f"{name}@{request.domain}", home, os.path.join(folder, name))
        for name in trees.names(folder) - set(homes):
            storage.purge(os.path.join(folder, name))
        archive.write_settings(target, settings)
        with directory.read() as tx:
            if _settings(tx, request)[0] == settings:
                return settings
    raise Unavailable(f"{request.domain} keeps changing while it is exported; try again")


def _settings(tx: "Transaction", request: "DomainTransfer | UserTransfer") -> "tuple[dict[str, Any], dict[str, str]]":
    """What settings.json says, and where each exported user's mail is."""
    parts = parts_of(request)
    domain = check_request(tx, request)
    if isinstance(request, DomainTransfer):
        users = users_of(tx, domain)
        settings = {"domain": _domain(tx, domain, parts), "users": [_user(tx, domain, user, parts) for user in users]}
    else:
        users = [get_user(tx, domain, request.user)]
        settings = {"users": [_user(tx, domain, users[0], parts)]}
    return settings, {user.name: os.path.join(domain.storage, user.name) for user in users}


def _domain(tx: "Transaction", domain: Domain, parts: list[str]) -> "dict[str, Any]":
    (owner,) = tx.column("SELECT local_part FROM address WHERE id = ?", domain.owner_id)
    found: dict[str, Any] = {
        "name": domain.name,
        "ip_address": domain.ip_address,
        "ip_based": bool(domain.ip_based),
        "max_mailboxes": domain.max_mailboxes,
        "suspended": bool(domain.suspended),
        "owner": owner,
        "catch_all": domain.catch_all,
        "features": {feature: bool(getattr(domain, feature)) for feature in DOMAIN_FEATURES},
    }
    if "domain_aliases" in parts:
        found["aliases"] = names_of(tx, domain)[1:]
    for feature, kind in (("distribution_lists", "distribution"), ("mailing_lists", "mailing")):
        if feature in parts:
            found[feature] = _lists(tx, domain, kind)
    if "spam_filters" in parts:
        rows = tx.all("SELECT type, address FROM spam_filter WHERE domain_id = ? ORDER BY address, type", domain.id)
        found["spam_filters"] = [{"type": row[0], "address": row[1]} for row in rows]
    return found


def _lists(tx: "Transaction", domain: Domain, kind: str) -> "list[dict[str, Any]]":
    rows = tx.all(
        "SELECT id, local_part FROM address WHERE domain_id = ? AND kind = ? ORDER BY local_part", domain.id, kind
    )
    return [{"name": name, "members": _members(tx, list_id)} for list_id, name in rows]


def _members(tx: "Transaction", list_id: int) -> "list[dict[str, str]]":
    rows = tx.all(
        "SELECT local_part || '@' || domain, display_name FROM list_member WHERE list_id = ? ORDER BY 1", list_id
    )
    return [{"address": address} | ({} if name is None else {"name": name}) for address, name in rows]


def _user(tx: "Transaction", domain: Domain, user: User, parts: list[str]) -> "dict[str, Any]":
    found: dict[str, Any] = {
        "name": user.name,
        "password": user.password,
        "first_name": user.first_name,
        "middle_name": user.middle_name,
        "last_name": user.last_name,
        "suspended": bool(user.suspended),
        "features": {feature: bool(getattr(user, feature)) for feature in USER_FEATURES if feature in parts},
    }
    if "user_aliases" in parts:
        found["aliases"] = tx.column(
            "SELECT local_part FROM address WHERE domain_id = ? AND user_id = ? ORDER BY local_part", domain.id, user.id
        )
    if "forwards" in parts:
        found["keep_copy"] = bool(user.keep_copy)
        found["forwards"] = tx.column(
            "SELECT local_part || '@' || domain FROM forward WHERE user_id = ? ORDER BY 1", user.id
        )
    if "autoresponders" in parts:
        row = tx.one("SELECT subject, message FROM autoresponder WHERE user_id = ?", user.id)
        found["autoresponder"] = {"subject": row[0], "message": row[1]} if row else None
    return found


def _description(
    request: "DomainTransfer | UserTransfer", place: archive.Place, settings: "dict[str, Any]"
) -> "dict[str, Any]":
    domain = settings.get("domain", {})
    users = settings["users"]
    return {
        "kind": "domain" if isinstance(request, DomainTransfer) else "user",
        "name": place.name,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "parts": parts_of(request),
        "counts": {
            "users": len(users),
            "user_aliases": sum(len(user.get("aliases", ())) for user in users),
            "forwards": sum(len(user.get("forwards", ())) for user in users),
            "autoresponders": sum(user.get("autoresponder") is not None for user in users),
            "domain_aliases": len(domain.get("aliases", ())),
            "distribution_lists": len(domain.get("distribution_lists", ())),
            "mailing_lists": len(domain.get("mailing_lists", ())),
            "spam_filters": len(domain.get("spam_filters", ())),
            "files": sum(1 for _file in trees.files(os.path.join(place.partial, archive.MAIL))),
        },
    }
