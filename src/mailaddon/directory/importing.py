"""Imports: a sealed export into a domain or user that exists meanwhile, or as a new one.

EPreImport… plays the whole import and takes it back. EPostImport… copies the mail beside its place first, checking
every file against the seal; the directory's change and the moves that put the mail in place (see `folders`) are then
one transaction.

What exists is kept: a user keeps aliases, forwards and messages that the export does not have. What both have becomes
as in the export, passwords included. Repeating an import adds nothing.
"""

import os

from ..errors import AlreadyExists, Conflict, InvalidArgument, InvalidExport
from ..records import DomainTransfer, NewDomain
from ..values import Secret
from . import archive, domains, lists, routing, storage, trees, users
from .exported import Fields, domain_values, user_values
from .exporting import check_request, parts_of, place_of
from .journal import Journal
from .names import (
    KINDS,
    Domain,
    User,
    domain_by_id,
    find_domain,
    find_user,
    get_domain,
    get_user,
    kind_of,
    owner_of_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..records import UserTransfer
    from .folders import Folders
    from .store import Directory, Transaction

_STAGING = ".mailaddon-staging-"


def verify(directory: "Directory", request: "DomainTransfer | UserTransfer") -> None:
    """EPreImport…: make sure that the import would succeed now; nothing is changed.

    Raises:
        NotFound, InvalidExport: there is no export, or it cannot be used.
        NotFound, Conflict, AlreadyExists, LimitReached, ForwardLoop: it does not fit what exists.
    """
    export, settings = _opened(request)
    try:
        export.check_all()
    except OSError as error:
        raise storage.refused("read", export.folder, error) from None
    with directory.write(dry_run=True) as tx:
        _apply(tx, request, settings)


def apply(directory: "Directory", request: "DomainTransfer | UserTransfer", mail: "Folders") -> None:
    """EPostImport…: import.

    Args:
        directory: where to.
        request: what.
        mail: puts the mail in its place.

    Raises:
        As `verify`, and StorageFailed when the mail cannot be put in place; then nothing is imported.
    """
    export, settings = _opened(request)
    journal = Journal(directory.home, shared=directory.database.shared, reclaim=directory.reclaim)
    try:
        staging = _stage(journal, export, request.mailbox_directory)
    except BaseException:
        journal.undo()
        raise
    with directory.write(journal=journal) as tx:
        domain, new = _apply(tx, request, settings)
        if journal.made_above(request.mailbox_directory):
            tx.run("UPDATE domain SET made_directory = 1 WHERE id = ?", domain.id)
        mail.install(journal, staging, domain.storage, new)


def _opened(request: "DomainTransfer | UserTransfer") -> "tuple[archive.Export, dict[str, Any]]":
    """The export that a request means, and its settings, checked."""
    place = place_of(request)
    kind = "domain" if isinstance(request, DomainTransfer) else "user"
    try:
        export = archive.Export(place.sealed(), kind, place.name)
        found = Fields(export.settings(), archive.SETTINGS)
        settings: dict[str, Any] = {"users": [user_values(user) for user in found.objects("users")]}
        if isinstance(request, DomainTransfer):
            settings["domain"] = domain_values(found.object("domain"))
    except InvalidArgument as error:
        raise InvalidExport(f"{archive.SETTINGS}: {error.message}") from None
    except OSError as error:
        raise storage.refused("read", place.final, error) from None
    _check_names(request, settings, export)
    return export, settings


def _check_names(request: "DomainTransfer | UserTransfer", settings: "dict[str, Any]", export: archive.Export) -> None:
    names = [user["name"] for user in settings["users"]]
    wanted = [request.domain] if isinstance(request, DomainTransfer) else [request.user]
    found = [settings["domain"]["name"]] if isinstance(request, DomainTransfer) else names
    if found != wanted or len(set(names)) != len(names):
        raise InvalidExport(f"{archive.SETTINGS} does not have the names that the seal says")
    for name in export.sums:
        parts = name.split("/")
        if parts[0] == archive.MAIL and (len(parts) < 3 or parts[1] not in names):  # noqa: PLR2004 - mail/<user>/<file>
            raise InvalidExport(f"{export.folder}: {name!r} belongs to no user of the export")


# Mail


def _stage(journal: Journal, export: archive.Export, mailbox_directory: str) -> str:
    """Copy the mail beside its place, on the same file system, checking each file; the folder."""
    staging = os.path.join(mailbox_directory, _STAGING + journal.token)
    journal.make_folder(mailbox_directory, mailbox_directory + "/")
    journal.purge_at_end(staging)
    try:
        storage.make(staging, staging)
        mail = os.path.join(export.folder, archive.MAIL)
        for folder in trees.folders(mail):
            storage.make(os.path.join(staging, folder), staging)
        for name in export.sums:
            if name.startswith(f"{archive.MAIL}/"):
                _stage_file(export, name, os.path.join(staging, name.removeprefix(f"{archive.MAIL}/")))
    except OSError as error:
        raise storage.refused("copied", staging, error) from None
    return staging


def _stage_file(export: archive.Export, name: str, target: str) -> None:
    def copy(source_folder: int, file_name: str) -> str:
        return storage.within(target, lambda folder, _name: trees.copy_file(source_folder, folder, file_name))

    export.check(name, storage.within(os.path.join(export.folder, name), copy))


# The directory


def _apply(
    tx: "Transaction", request: "DomainTransfer | UserTransfer", settings: "dict[str, Any]"
) -> tuple[Domain, set[str]]:
    """The directory's side of an import; the domain, and the names of the users that are new."""
    parts = set(parts_of(request))
    if not isinstance(request, DomainTransfer):
        domain = check_request(tx, request)
        return domain, _apply_users(tx, domain, settings["users"], parts)
    found = settings["domain"]
    present = find_domain(tx, request.domain)
    domain = _insert_domain(tx, request, settings) if present is None else check_request(tx, request)
    new = _apply_users(tx, domain, settings["users"], parts)
    if present is None:
        owner = get_user(tx, domain, request.owner)
        tx.run("UPDATE domain SET owner_id = ? WHERE id = ?", owner.id, domain.id)
    _apply_parts(tx, domain, found, parts)
    if not found["catch_all"] or routing.target_exists(tx, found["catch_all"]):  # its list may have been left out
        routing.set_catch_all(tx, domain.name, found["catch_all"])
    return get_domain(tx, domain.name), new


def _insert_domain(tx: "Transaction", request: DomainTransfer, settings: "dict[str, Any]") -> Domain:
    found = settings["domain"]
    if request.owner not in {user["name"] for user in settings["users"]}:
        raise InvalidArgument(f"{request.owner} is not a user of the export", parameter="MailDomainOwner")
    domain = domains.insert_domain(
        tx,
        NewDomain(
            domain=request.domain,
            ip_address=found["ip_address"],
            mailbox_directory=request.mailbox_directory,
            max_mailboxes=found["max_mailboxes"],
            owner=request.owner,
            owner_password=Secret(),  # the export has its hash
            ip_based=found["ip_based"],
            **found["features"],
        ),
    )
    tx.run("UPDATE domain SET suspended = ? WHERE id = ?", int(found["suspended"]), domain.id)
    return domain


def _apply_users(tx: "Transaction", domain: Domain, found: "list[dict[str, Any]]", parts: set[str]) -> set[str]:
    """Users first, then what can point from one to another."""
    new = {user["name"] for user in found if _apply_user(tx, domain, user, parts)}
    for user in found:
        row = get_user(tx, domain, user["name"])
        if "user_aliases" in parts:
            _apply_aliases(tx, domain, row, user["aliases"])
        if "forwards" in parts:
            for address in user["forwards"]:
                users.insert_forward(tx, domain, row, address, keep_copy=user["keep_copy"])
        if "autoresponders" in parts and user["autoresponder"]:
            users.replace_autoresponder(tx, row, *user["autoresponder"])
    return new


def _apply_user(tx: "Transaction", domain: Domain, found: "dict[str, Any]", parts: set[str]) -> bool:
    """Add or change one user; whether it is new."""
    features = {feature: flag for feature, flag in found["features"].items() if feature in parts}
    name = found["name"]
    present = find_user(tx, domain, name)
    if present is None:
        users.check_new(tx, domain_by_id(tx, domain.id), name)
        on = tuple(features.get(feature, True) for feature in ("forwards", "autoresponders", "web_access"))
        users.insert_user(tx, domain, name, found["password"], found["names"], on)
        present = get_user(tx, domain, name)
        added = True
    else:
        added = False
    after: dict[str, object] = dict(zip(("first_name", "middle_name", "last_name"), found["names"], strict=True))
    after |= {feature: int(flag) for feature, flag in features.items()}
    after |= {"password": found["password"], "suspended": int(found["suspended"])}
    users.update(tx, present, after)
    return added


def _apply_aliases(tx: "Transaction", domain: Domain, user: User, aliases: list[str]) -> None:
    present = set(users.aliases(tx, domain.name, user.name))
    for alias in aliases:
        if alias not in present:
            kind = kind_of(tx, domain, alias)
            if kind:
                raise AlreadyExists(f"{alias}@{domain.name} already exists as another {KINDS[kind]}")
            users.insert_alias(tx, domain, user, alias)


def _apply_parts(tx: "Transaction", domain: Domain, found: "dict[str, Any]", parts: set[str]) -> None:
    if "domain_aliases" in parts:
        for alias in found["aliases"]:
            if owner_of_name(tx, alias) != domain.name or alias == domain.name:
                domains.check_name_free(tx, alias)
                domains.insert_alias(tx, domain, alias)
    for feature, kind in (("distribution_lists", lists.DISTRIBUTION), ("mailing_lists", lists.MAILING)):
        if feature in parts:
            for name, members in found[kind]:
                _apply_list(tx, domain, kind, name, members)
    if "spam_filters" in parts:
        for filter_type, address in found["spam_filters"]:
            tx.insert_new("spam_filter", domain_id=domain.id, address=address, type=filter_type)


def _apply_list(
    tx: "Transaction", domain: Domain, kind: str, name: str, members: "list[tuple[str, str | None]]"
) -> None:
    present = kind_of(tx, domain, name)
    if present not in {"", kind}:
        raise Conflict(f"{name}@{domain.name} already exists as a {KINDS[present]}")
    list_id = lists.list_id(tx, kind, domain, name) if present else lists.insert(tx, kind, domain, name)
    for address, display_name in members:
        lists.insert_member(tx, kind, list_id, address, (display_name or "") if kind == lists.MAILING else None)
