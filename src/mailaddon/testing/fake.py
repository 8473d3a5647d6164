"""A backend without a mail server: every hook of the contract, answered by the reference model.

It is for tests of what calls a backend, and for the first day of a backend of one's own, which inherits from it and
replaces its hooks one after another. It is simple rather than quick, and moves no mail.
"""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from typing import TYPE_CHECKING, Any

from .. import records
from .._contract import CONTRACT, Context, hookimpl
from ..errors import ERRORS, NotConfigured
from ..operations import COMMANDS
from .arguments import Refused
from .faults import ANY, Fault, checked, fault_of
from .model import Model, User
from .resolving import resolve
from .stores import FileStore, MemoryStore, Store
from .transfers import export, import_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..hookspecs import Backend
    from ..operations.model import Operation
else:
    Backend = object

#: The file in the home, where the options name none.
FILE = "fake.sqlite3"
_SCHEME = "SSHA512"


class FakeBackend(Backend):
    """The reference model as a backend.

    Made without a context, it keeps everything in memory. Made by the SDK, as
    `MAILADDON_BACKEND=mailaddon.testing:FakeBackend` has it made, it keeps it in a file that all processes share:
    `store` in its options, or `fake.sqlite3` in the home. The option `faults` is a list of tables, each with the
    attributes of a `Fault`.

    Attributes:
        calls: the hooks that were called in this process and what they got, in order.
        faults: what goes wrong, and when. May be changed at any time.
        store: where the model is; `with backend.store.changing() as model` changes it past the hooks.

    Args:
        context: what the SDK tells a backend, or None.
        faults: as the attribute.
        keep_copy: without a context: whether a forwarding user keeps a copy.
        webmail: without a context: the URL of the web interface; `{domain}` stands for the domain.

    Raises:
        NotConfigured: an option does not fit.
    """

    contract = CONTRACT

    def __init__(
        self,
        context: Context | None = None,
        *,
        faults: Iterable[Fault] = (),
        keep_copy: bool = True,
        webmail: str = "",
    ) -> None:
        self.calls: list[tuple[str, records.Record]] = []
        self.faults = [checked(fault, f"fault {number}") for number, fault in enumerate(faults, 1)]
        self._released = threading.Event()
        self.store: Store
        if context is None:
            self.store = MemoryStore(Model(keep_copy=keep_copy, webmail=webmail))
        else:
            settings = context.settings
            model = Model(keep_copy=settings["forwards.keep_copy"], webmail=settings["webmail.url"])
            self.store = FileStore(self._path(context), model)
            self.faults += self._configured(context)

    def _path(self, context: Context) -> str:
        path = context.options.get("store", os.path.join(context.home, FILE))
        if not (isinstance(path, str) and os.path.isabs(path)):
            raise NotConfigured(f"store in [backends.{context.name}] is {path!r}; an absolute path is needed")
        return path

    def _configured(self, context: Context) -> list[Fault]:
        tables = context.options.get("faults", [])
        if not isinstance(tables, list):
            raise NotConfigured(f"faults in [backends.{context.name}] is {tables!r}; a list of tables is needed")
        return [
            fault_of(table, f"faults[{number}] in [backends.{context.name}]") for number, table in enumerate(tables)
        ]

    def release(self) -> None:
        """End the calls that hang or are delayed, and let none hang any more."""
        self._released.set()

    # Calls

    def call(self, hook: str, request: records.Record, work: Callable[[], Any]) -> Any:
        """Do a hook's work, with what was asked to go wrong.

        A backend that inherits from this one may do its own hooks' work through it, so that faults strike them too.

        Raises:
            MailAddonError: the work or a fault refuses.
        """
        self.calls.append((hook, request))
        striking = self._striking(hook)
        for fault in striking:
            if not fault.after:
                fault.strike(self._released)
        try:
            result = work()
        except Refused as refused:
            raise ERRORS[refused.code](refused.reason or refused.code) from None
        for fault in striking:
            if fault.after:
                fault.strike(self._released)
        return result

    def _striking(self, hook: str) -> list[Fault]:
        if not self.faults:
            return []
        calls = {hook: self.store.count(hook), ANY: self.store.count(ANY)}
        return [fault for fault in self.faults if fault.strikes(calls, hook)]

    def _reading(self, hook: str, request: records.Record, work: Callable[[Model], Any]) -> Any:
        def with_model() -> Any:
            with self.store.reading() as model:
                return work(model)

        return self.call(hook, request, with_model)

    def _changing(self, hook: str, request: records.Record, work: Callable[[Model], Any]) -> Any:
        def with_model() -> Any:
            with self.store.changing() as model:
                return work(model)

        return self.call(hook, request, with_model)

    def _command(self, operation: Operation, request: records.Record) -> Any:
        """Run a command of the guide on the model."""
        arguments = _arguments(operation, request)
        run = self._changing if operation.changes else self._reading
        result = run(operation.hook, request, lambda model: model.perform(operation.command, arguments))
        if operation.output == "autoresponder":
            subject, newline, message = result.partition("\n")
            return records.AutoResponder(subject=subject, message=message) if newline else None
        if operation.output == "lines":
            return sorted(result)
        return result.rstrip("\n") if operation.output == "text" else None

    # What the panel moves domains with

    @hookimpl
    def pre_export_domain(self, request: records.DomainTransfer) -> None:
        """Write a first copy."""
        self._reading("pre_export_domain", request, lambda model: export(model, request, sealed=False))

    @hookimpl
    def post_export_domain(self, request: records.DomainTransfer) -> None:
        """Write the sealed copy."""
        self._reading("post_export_domain", request, lambda model: export(model, request, sealed=True))

    @hookimpl
    def pre_import_domain(self, request: records.DomainTransfer) -> None:
        """Look whether the import would succeed."""
        self._reading("pre_import_domain", request, lambda model: import_(model, request, rehearsal=True))

    @hookimpl
    def post_import_domain(self, request: records.DomainTransfer) -> None:
        """Import, all or nothing."""
        self._changing("post_import_domain", request, lambda model: import_(model, request, rehearsal=False))

    @hookimpl
    def pre_export_user(self, request: records.UserTransfer) -> None:
        """Write a first copy."""
        self._reading("pre_export_user", request, lambda model: export(model, request, sealed=False))

    @hookimpl
    def post_export_user(self, request: records.UserTransfer) -> None:
        """Write the sealed copy."""
        self._reading("post_export_user", request, lambda model: export(model, request, sealed=True))

    @hookimpl
    def pre_import_user(self, request: records.UserTransfer) -> None:
        """Look whether the import would succeed."""
        self._reading("pre_import_user", request, lambda model: import_(model, request, rehearsal=True))

    @hookimpl
    def post_import_user(self, request: records.UserTransfer) -> None:
        """Import, all or nothing."""
        self._changing("post_import_user", request, lambda model: import_(model, request, rehearsal=False))

    # What there is

    @hookimpl
    def resolve_address(self, request: records.EmailAddress) -> records.Resolution:
        """Where a message would go, as a tree."""
        found: records.Resolution = self._reading(
            "resolve_address", request, lambda model: resolve(model, request.address)
        )
        return found

    @hookimpl
    def get_domain(self, request: records.DomainRef) -> records.DomainInfo:
        """All that a domain has."""
        found: records.DomainInfo = self._reading(
            "get_domain", request, lambda model: domain_info(model, request.domain)
        )
        return found

    @hookimpl
    def list_domains(self, request: records.Server) -> list[str]:
        """The names of all domains."""
        return sorted(self._reading("list_domains", request, lambda model: model.domains))

    @hookimpl
    def list_users(self, request: records.DomainRef) -> list[str]:
        """The users of a domain."""
        return sorted(self._reading("list_users", request, lambda model: model.domain(request.domain).users))

    @hookimpl
    def get_mailing_list(self, request: records.ListRef) -> records.MailingListInfo:
        """A mailing list's members with their names."""
        domain, name = request.domain, request.name
        found = self._reading("get_mailing_list", request, lambda model: dict(model.members("mailing", domain, name)))
        members = [
            records.MailingListMember(domain=domain, name=name, address=address, display_name=shown)
            for address, shown in sorted(found.items())
        ]
        return records.MailingListInfo(domain=domain, name=name, members=members)

    @hookimpl
    def get_password_hash(self, request: records.UserRef) -> str:
        """The hash of a user's password."""
        domain, user = request.domain, request.user
        return str(self._reading("get_password_hash", request, lambda model: model.user(domain, user)[1].password))

    @hookimpl
    def list_password_schemes(self, request: records.Server) -> list[str]:  # noqa: ARG002 - nothing to ask for
        """None: no hash is accepted in place of a password."""
        return []

    @hookimpl
    def check(self) -> list[records.Problem]:
        """Whether the store can be used; a refusal says why not."""
        with self.store.reading():
            return []


def _command_hook(operation: Operation) -> Callable[[FakeBackend, Any], Any]:
    def hook(self: FakeBackend, request: Any) -> Any:
        return self._command(operation, request)

    hook.__name__ = operation.hook
    hook.__doc__ = f"{operation.command}. {operation.summary}"
    return hookimpl(hook)


# The other commands differ in nothing but their row of the table. Their signatures are those of `Backend`.
for _operation in COMMANDS:
    if _operation.hook not in vars(FakeBackend):
        setattr(FakeBackend, _operation.hook, _command_hook(_operation))


def _arguments(operation: Operation, request: records.Record) -> list[Any]:
    """A command's arguments in the guide's order, as the model takes them: passwords as hashes."""
    given = [getattr(request, parameter.field) for parameter in operation.longer or operation.parameters]
    if None in given:  # the longer form's flag was not given
        given = [getattr(request, parameter.field) for parameter in operation.parameters]
    return [hashed(value) if isinstance(value, records.Secret) and value else value for value in given]


def domain_info(model: Model, primary: str) -> records.DomainInfo:
    """All that a domain has.

    Raises:
        Refused: there is no such domain.
    """
    found = model.domain(primary)
    return records.DomainInfo(
        id=found.number,
        domain=primary,
        aliases=sorted(found.aliases),
        ip_address=found.ip,
        ip_based=found.ip_based,
        mailbox_directory=found.place.removesuffix(f"/{primary}"),
        owner=found.owner,
        catch_all=found.catch_all,
        max_mailboxes=found.limit,
        mailboxes=len(found.users),
        suspended=found.suspended,
        features=records.DomainFeatures(**found.flags),
        users=[_user_info(model, part, user) for part, user in sorted(found.users.items())],
        lists=[
            records.ListInfo(id=found.list_numbers[name], name=name, kind=kind, members=len(members))
            for name, kind, members in sorted(
                (name, kind, members) for kind, lists in found.lists.items() for name, members in lists.items()
            )
        ],
        spam_filters=sorted({blocked for _kind, blocked in found.filters}),
    )


def _user_info(model: Model, part: str, user: User) -> records.UserInfo:
    first, middle, last = user.names
    return records.UserInfo(
        id=user.number,
        user=part,
        suspended=user.suspended,
        first_name=first,
        middle_name=middle,
        last_name=last,
        features=records.UserFeatures(**user.flags),
        aliases=sorted(user.aliases),
        forwards=sorted(user.forwards),
        keep_copy=model.keep_copy,
        autoresponder=user.autoresponder is not None,
    )


def hashed(password: str) -> str:
    """A password as `{SSHA512}` of its octets and a salt: quick, as tests want it, and not for a real server."""
    salt = os.urandom(8)
    digest = hashlib.sha512(password.encode() + salt).digest()
    return f"{{{_SCHEME}}}{base64.b64encode(digest + salt).decode()}"


def verifies(password: str, hash_: str) -> bool:
    """Whether a hash of `hashed` is that of a password."""
    octets = base64.b64decode(hash_.removeprefix(f"{{{_SCHEME}}}"))
    return hashlib.sha512(password.encode() + octets[64:]).digest() == octets[:64]
