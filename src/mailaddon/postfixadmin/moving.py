"""One domain after the other: written as an export, checked or taken by the backend, and removed again."""

import os
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

# The export format is the way in, and these modules are what reads and writes it. No directory is opened here.
from ..directory import archive, storage, trees
from ..errors import InvalidArgument, MailAddonError, NotFound, NotSupported, StorageFailed
from ..operations import find
from ..records import DomainInfo
from ..service import Service
from .mapping import FEATURES, Mapper, Plan
from .report import Report

_ALL_ON = ("1",) * len(FEATURES)


class Place(NamedTuple):
    """Where mail comes from, where it is written for the import, and where the domains keep it.

    Attributes:
        mail_root: what the column `maildir` is relative to; "" to move no mail.
        exports: the folder that exports are written to.
        mailbox_directory: of the domains.
        keep: whether an export stays when it was taken.
    """

    mail_root: str
    exports: str
    mailbox_directory: str
    keep: bool


class Moved(NamedTuple):
    """What became of a domain.

    Attributes:
        domain: its name.
        state: `imported`, `checked` (by a dry run), `skipped` or `refused`.
        reason: why it was refused; else "".
        counts: how much of everything there is, as in the seal of an export.
    """

    domain: str
    state: str
    reason: str
    counts: dict[str, int]


class Mover:
    """Moves domains.

    Args:
        service: what is driven.
        mapper: says what becomes of a domain.
        report: takes what cannot be moved.
        place: folders.
        dry_run: change nothing; the backend only checks what would be imported.
        new_only: skip domains that exist here.
    """

    def __init__(
        self, service: Service, mapper: Mapper, report: Report, place: Place, *, dry_run: bool, new_only: bool
    ) -> None:
        self._service = service
        self._mapper = mapper
        self._report = report
        self._place = place
        self._dry_run = dry_run
        self._new_only = new_only
        for hook in ("pre_import_domain", "post_import_domain"):
            if not service.backend.supports(hook):
                raise NotSupported(f"the backend {service.backend.name} imports no domains")

    def move(self, domains: list[str]) -> Iterator[Moved]:
        """Move domains one after the other, each in one transaction; a refused one does not stop the others."""
        for domain in domains:
            try:
                moved = self._move(domain)
            except MailAddonError as error:
                self._report.left_out(domain, "domain", domain, f"it is refused: {error}")
                moved = Moved(domain, "refused", str(error), {})
            yield moved

    def _move(self, domain: str) -> Moved:
        present = self._present(domain)
        if present and self._new_only:
            return Moved(domain, "skipped", "", {})
        plan = self._mapper.plan(domain, present.owner if present else "")
        mailbox_directory = present.mailbox_directory if present else self._place.mailbox_directory
        place = archive.Place(self._place.exports, domain)
        try:
            counts = self._write(place, plan)
        except OSError as error:
            raise storage.refused("written", place.partial, error) from None
        command = "EPreImportDomain" if self._dry_run else "EPostImportDomain"
        arguments = [domain, mailbox_directory, self._place.exports, plan.owner, *_ALL_ON]
        try:
            self._service.run(find(command), arguments)
        finally:
            if not self._place.keep:
                _remove(place)
        if not self._dry_run:
            self._check_catch_all(plan)
        return Moved(domain, "checked" if self._dry_run else "imported", "", counts)

    def _present(self, domain: str) -> DomainInfo | None:
        """The domain as it exists here already, if the backend says such things."""
        if not self._service.backend.supports("get_domain"):
            return None
        try:
            found: DomainInfo = self._service.run(find("show"), [domain])
        except NotFound:
            return None
        return found

    def _check_catch_all(self, plan: Plan) -> None:
        """An import leaves a catch-all out whose target it does not find."""
        wanted = plan.settings["domain"]["catch_all"]
        if wanted and self._service.backend.supports("get_catchall_user"):
            found = self._service.run(find("EGetCatchallUser"), [plan.name])
            if found != [wanted]:
                reason = f"its target {wanted} does not exist here"
                self._report.left_out(plan.name, "alias", f"@{plan.name}", reason)

    # The export

    def _write(self, place: archive.Place, plan: Plan) -> dict[str, int]:
        storage.make(place.location, place.location)
        lock = place.begin()
        try:
            mail = os.path.join(place.partial, archive.MAIL)
            storage.make(mail, place.partial)
            for user in plan.settings["users"]:
                if not self._dry_run:
                    self._copy(plan, user["name"], os.path.join(mail, user["name"], storage.MAILDIR))
                else:
                    self._maildir(plan, user["name"])
            archive.write_settings(place.partial, plan.settings)
            counts = _counts(plan.settings, sum(1 for _file in trees.files(mail)))
            created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            description = {"kind": "domain", "name": plan.name, "created": created, "parts": list(FEATURES)}
            archive.seal(place.partial, {**description, "counts": counts})
            place.finish()
        finally:
            os.close(lock)
        return counts

    def _copy(self, plan: Plan, user: str, target: str) -> None:
        source = self._maildir(plan, user)
        if source:
            storage.make(target, self._place.exports)
            trees.mirror(source, target)

    def _maildir(self, plan: Plan, user: str) -> str:
        """Where a user's mail is, or ""."""
        if not self._place.mail_root or user not in plan.maildirs:
            return ""
        address = f"{user}@{plan.name}"
        relative = plan.maildirs[user].strip("/")
        parts = relative.split("/")
        if not relative or ".." in parts:
            self._report.left_out(plan.name, "mailbox", address, f"its maildir {relative!r} is no place below a folder")
            return ""
        for path in (relative, os.path.join(relative, storage.MAILDIR)):
            found = os.path.join(self._place.mail_root, path)
            if os.path.isdir(os.path.join(found, "cur")):
                return found
        self._report.note(plan.name, "mailbox", address, f"no mail: {relative} is no maildir")
        return ""


def _remove(place: archive.Place) -> None:
    try:
        storage.purge(place.final)
    except OSError as error:
        raise StorageFailed(f"{place.final} cannot be removed: {error.strerror}") from None


def _counts(settings: dict[str, Any], files: int) -> dict[str, int]:
    domain, users = settings["domain"], settings["users"]
    return {
        "users": len(users),
        "user_aliases": sum(len(user["aliases"]) for user in users),
        "forwards": sum(len(user["forwards"]) for user in users),
        "autoresponders": sum(user["autoresponder"] is not None for user in users),
        "domain_aliases": len(domain["aliases"]),
        "distribution_lists": len(domain["distribution_lists"]),
        "mailing_lists": 0,
        "spam_filters": 0,
        "files": files,
    }


def chosen(mapper: Mapper, domains: tuple[str, ...]) -> list[str]:
    """The domains to move: all, or those that were named.

    Raises:
        InvalidArgument: one of them cannot be moved.
    """
    for domain in domains:
        name = domain.lower()
        if name in mapper.aliases:
            raise InvalidArgument(f"{name} is an alias domain; it comes with {mapper.aliases[name]}")
        if name not in mapper.domains:
            raise InvalidArgument(f"{name} is no domain there that can be moved")
    return [domain.lower() for domain in domains] or mapper.domains
