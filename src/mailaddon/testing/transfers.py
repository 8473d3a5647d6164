"""Exports and imports of a model: one JSON file per domain or user, sealed by its second step.

    <ExportImportDataLocation>/xyz.com.fake-export.json          sealed
    <ExportImportDataLocation>/xyz.com.fake-export.partial       begun
    <ExportImportDataLocation>/u1@xyz.com.fake-export.json       a user's

The file has the format's name and version, the parts, counts, the content, and the SHA-256 of the content. There is no
mail in it, as a model has none.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from ..errors import InvalidExport, NotFound, StorageFailed
from ..home import replace_file
from ..records import DomainTransfer
from .arguments import refuse_if
from .model import DOMAIN_FLAGS, USER_FLAGS, Domain, Model, User
from .state import domain_of, domain_state, fill, model_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..records import UserTransfer

    Request = DomainTransfer | UserTransfer

FORMAT = "mailaddon-fake-export"
VERSION = 1
_FINAL = ".fake-export.json"
_BEGUN = ".fake-export.partial"
_LISTS = {"distribution_lists": "distribution", "mailing_lists": "mailing"}


def export(model: Model, request: Request, *, sealed: bool) -> None:
    """Write what a request asks for: the first copy, or the sealed one in place of it.

    Raises:
        Refused: what is asked for does not exist, or is not as the request says.
        StorageFailed: the file cannot be written.
    """
    found = _as_requested(model, request)
    location = request.location
    refuse_if(f"{location}/".startswith(f"{found.place}/"), "conflict", f"{location} is inside the mail to be exported")
    content = domain_state(found)
    if not isinstance(request, DomainTransfer):
        refuse_if(request.user not in found.users, "not-found", f"user {request.user}@{request.domain} does not exist")
        content["users"] = {request.user: content["users"][request.user]}
    parts = sorted(_parts(request))
    counts = {"users": len(content["users"])}
    written = {"format": FORMAT, "version": VERSION, "parts": parts, "counts": counts, "content": content}
    path = _path(request, _FINAL if sealed else _BEGUN)
    try:
        os.makedirs(location, exist_ok=True)
        replace_file(path, json.dumps({**written, "sha256": _checksum(content)}).encode())
        if sealed and os.path.exists(_path(request, _BEGUN)):
            os.unlink(_path(request, _BEGUN))
    except OSError as error:
        raise StorageFailed(
            f"{path} cannot be written: {error.strerror}", parameter="ExportImportDataLocation"
        ) from None


def import_(model: Model, request: Request, *, rehearsal: bool) -> None:
    """Apply a sealed export, all of it or nothing.

    Args:
        model: where to.
        request: what.
        rehearsal: only see whether it would succeed.

    Raises:
        NotFound, InvalidExport, StorageFailed: there is no export, or it cannot be used.
        Refused: it does not fit what exists.
    """
    exported = _read(request)
    parts = _parts(request) & set(exported["parts"])
    present = model_state(model)
    tried = Model(keep_copy=model.keep_copy, webmail=model.webmail)
    fill(tried, json.loads(json.dumps(present)))
    _apply(tried, request, domain_of(exported["content"]), parts)
    if not rehearsal:
        fill(model, model_state(tried))


def _parts(request: Request) -> set[str]:
    flags = DOMAIN_FLAGS if isinstance(request, DomainTransfer) else (*USER_FLAGS, "user_aliases")
    return {flag for flag in flags if getattr(request, flag, True)}


def _path(request: Request, suffix: str) -> str:
    name = request.domain if isinstance(request, DomainTransfer) else f"{request.user}@{request.domain}"
    return os.path.join(request.location, name + suffix)


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _as_requested(model: Model, request: Request) -> Domain:
    found = model.domain(request.domain)
    wanted = f"{request.mailbox_directory}/{request.domain}"
    refuse_if(found.place != wanted, "conflict", f"domain {request.domain} keeps its mail in {found.place}")
    owner = getattr(request, "owner", found.owner)
    refuse_if(found.owner != owner, "conflict", f"domain {request.domain} is owned by {found.owner}")
    return found


def _read(request: Request) -> dict[str, Any]:
    path = _path(request, _FINAL)
    try:
        with open(path, "rb") as file:
            octets = file.read()
    except FileNotFoundError:
        if os.path.exists(_path(request, _BEGUN)):
            raise InvalidExport(f"{path} is missing: the export was begun and not sealed") from None
        raise NotFound(f"there is no {path}", parameter="ExportImportDataLocation") from None
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}", parameter="ExportImportDataLocation") from None
    try:
        exported: dict[str, Any] = json.loads(octets)
        sound = (exported["format"], exported["version"]) == (FORMAT, VERSION)
        sound = sound and exported["sha256"] == _checksum(exported["content"])
    except (ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        raise InvalidExport(f"{path} is damaged, or is of another format than {FORMAT} {VERSION}")
    return exported


# Applying


def _apply(model: Model, request: Request, found: Domain, parts: set[str]) -> None:
    if isinstance(request, DomainTransfer) and request.domain not in model.domains:
        domain = _made(model, request, found)
    else:
        domain = _as_requested(model, request)
    for part, user in found.users.items():
        _user(model, request.domain, domain, part, user, parts)
    for part, user in found.users.items():
        _names_of(model, request.domain, part, user, parts)
    if isinstance(request, DomainTransfer):
        _domain(model, request.domain, found, parts)


def _made(model: Model, request: DomainTransfer, found: Domain) -> Domain:
    owner = request.owner
    refuse_if(owner not in found.users, "invalid-argument", f"{owner} is not a user of the export")
    flags = [found.flags[flag] for flag in DOMAIN_FLAGS]
    model.add_domain(
        request.domain, found.ip, request.mailbox_directory, found.limit, owner, "", found.ip_based, *flags
    )
    model.domains[request.domain].suspended = found.suspended
    return model.domains[request.domain]


def _user(model: Model, primary: str, domain: Domain, part: str, user: User, parts: set[str]) -> None:
    """A user becomes as in the export, but for the features that were left out."""
    present = domain.users.get(part)
    first, middle, last = user.names
    had = present.flags if present else dict.fromkeys(USER_FLAGS, True)
    flags = [user.flags[flag] if flag in parts else had[flag] for flag in USER_FLAGS]
    if present is None:
        model.add_user(primary, part, user.password, first, middle, last, *flags)
    else:
        model.edit_user(primary, part, user.password, first, middle, last, *flags)
    domain.users[part].suspended = user.suspended


def _names_of(model: Model, primary: str, part: str, user: User, parts: set[str]) -> None:
    """What points from one user to others; a feature that is off keeps nothing out."""
    domain = model.domains[primary]
    present = domain.users[part]
    if "user_aliases" in parts:
        for alias in sorted(user.aliases - present.aliases):
            refuse_if(domain.taken(alias), "already-exists", f"{alias}@{primary} already exists")
            model.close(present.aliases, alias)
    if "forwards" in parts:
        for target in sorted(user.forwards - present.forwards):
            model.close(present.forwards, target)
    if "autoresponders" in parts and user.autoresponder:
        present.autoresponder = user.autoresponder


def _domain(model: Model, primary: str, found: Domain, parts: set[str]) -> None:
    domain = model.domains[primary]
    if "domain_aliases" in parts:
        for alias in sorted(found.aliases - domain.aliases):
            refuse_if(model.hosted(alias), "already-exists", f"domain {alias} already exists")
            model.close(domain.aliases, alias)
    for feature, kind in _LISTS.items():
        for name, members in found.lists[kind].items() if feature in parts else ():
            if name not in domain.lists[kind]:
                refuse_if(domain.taken(name), "conflict", f"{name}@{primary} already exists as something else")
                domain.lists[kind][name] = {}
                domain.list_numbers[name] = model.number()
            domain.lists[kind][name] |= members
    if "spam_filters" in parts:
        domain.filters |= found.filters
    if model.exists(found.catch_all):
        domain.catch_all = found.catch_all
