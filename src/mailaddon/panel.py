"""What a panel that is written in Python calls add-ons with.

    from mailaddon import Panel

    with Panel() as panel:
        panel.add_user(domain="xyz.com", user="u1", password="s3cret", first_name="Ann")
        for address in panel.get_forward_list(domain="xyz.com", user="u1"):
            print(address)

`docs/calling-add-ons.md` has a whole example.
"""

from __future__ import annotations

import os

from . import registrations as _registrations
from ._arguments import operation_named, parsed, positional, texts, validated
from ._panel.domains import DomainMethods
from ._panel.lists import ListMethods
from ._panel.records import Event, Probed
from ._panel.server import ServerMethods
from ._panel.users import UserMethods
from .errors import MailAddonError
from .home import check_owner, locate
from .operations import OPERATIONS
from .service import Service
from .values import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Self

    from ._events import Events
    from .operations.model import Operation
    from .registrations import Registration

__all__ = ["Event", "Panel", "Probed"]

_BY_HOOK = {operation.hook: operation for operation in OPERATIONS}


class Panel(DomainMethods, ListMethods, UserMethods, ServerMethods):
    """Calls a mail add-on: each command is a method, with arguments by name, and `call` takes them as a command line.

    One object may be kept for as long as the panel runs and used by any number of threads at once. The settings are
    read when it is made. Which add-on is in force is looked up for each call.

    Args:
        backend: as the setting `backend`: "executable" for the registered add-on in force, a registered add-on's
            VENDOR/SERVER/VERSION, or any other backend; "" for the one that the settings name.
        home: the folder of all state; "" for `MAILADDON_HOME` or the platform's place.

    Raises:
        NotConfigured: the home cannot be made, or a setting is unfit, or root calls in somebody else's home.
        BackendUnusable: the backend cannot be loaded.
    """

    def __init__(self, backend: str = "executable", home: str = "") -> None:
        home = os.path.abspath(home) if home else locate()
        check_owner(home)
        self._service = Service.open(home, backend)
        self._closed = False

    @property
    def home(self) -> str:
        """The folder of all state."""
        return self._service.home

    def close(self) -> None:
        """Give back what the backend holds for this thread; what it holds for another one goes with that thread.

        Iterations over events end. The panel cannot be used any more.
        """
        self._closed = True
        self._service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def call(self, command: str, *arguments: str) -> Any:
        """Run a command with positional arguments, as on a command line.

        Returns:
            None, a sorted list of texts, a text, or a record, as the operation's `output` says.

        Raises:
            UsageError: the command is unknown, or the number of arguments is wrong.
            InvalidArgument: an argument is not what its parameter accepts.
            MailAddonError: the add-on refused, could not be called, or broke the contract. Nothing else is raised but
                `ValueError` for a closed panel; a defect is logged and raised as `InternalError`.
        """
        operation = operation_named(command)
        return self._run(operation, parsed(operation, arguments, self.home))

    def _perform(self, hook: str, **values: object) -> Any:
        operation = _BY_HOOK[hook]
        return self._run(operation, validated(operation, positional(operation, texts(operation, values)), self.home))

    def _run(self, operation: Operation, fields: dict[str, Any]) -> Any:
        self._check_open()
        try:
            return self._service.call(operation, fields)
        except MailAddonError:
            raise
        except Exception as error:  # noqa: BLE001 - what it was is in the log, and only there: it may have a password in it
            from .command import logged

            secrets = [value for value in fields.values() if isinstance(value, Secret)]
            refusal = logged(f"Panel.{operation.hook}", error, secrets, self.home)
        raise refusal

    def lacking(self, command: str) -> str:
        """Why the add-on in force has nothing behind a command; "" if it has.

        Raises:
            UsageError: the command is unknown.
            MailAddonError: it could not be found out.
        """
        self._check_open()
        return self._service.backend.lacking(operation_named(command).hook)

    def supports(self, command: str) -> bool:
        """Whether the add-on in force has something behind a command.

        Raises:
            UsageError, MailAddonError: as `lacking`.
        """
        return not self.lacking(command)

    def registrations(self) -> list[Registration]:
        """The registered add-ons, in the order of their names; `active` says which one is called.

        Raises:
            StorageFailed, UpgradeNeeded: they cannot be read.
        """
        return _registrations.load(self.home)

    def addon(self) -> Registration | None:
        """The registered add-on that is called; None if the backend is one that calls none.

        Raises:
            MailAddonError: there is none that could be called.
        """
        return self._service.backend.addon()

    def use(self, name: str) -> Registration:
        """Make a registered add-on the active one, for everybody who calls add-ons in this home.

        A panel that was made for one add-on goes on calling that.

        Args:
            name: VENDOR/SERVER/VERSION, in any case.

        Raises:
            NotFound: it is not registered.
            StorageFailed, UpgradeNeeded, Unavailable: the registrations cannot be changed.
        """
        return _registrations.activate(self.home, name)

    def probe(self, domain: str = "", user: str = "", seconds: int = 30) -> Iterator[Probed]:
        """Find out which of the add-on's programs are there, can be started, and answer. Nothing is changed by it.

        A program that changes something is never started. One that prints something is asked about a domain that
        cannot exist, unless a domain is given.

        Args:
            domain: what to ask about.
            user: a user of the domain.
            seconds: how long a program may take, if the options do not say less.

        Raises:
            UsageError, InvalidArgument: domain and user are unfit.
            MailAddonError: no add-on can be called.
        """
        from ._probing import probe

        self._check_open()
        return probe(self._service, domain, user, seconds)

    def events(
        self,
        *,
        from_start: bool = False,
        last: int = 0,
        follow: bool = True,
        domain: str = "",
        operations: Sequence[str] = (),
    ) -> Events:
        """The change events of this home, as an iterator that waits for further ones until the panel is closed.

        Args:
            from_start: begin with the oldest event in the file.
            last: begin with so many events that are in the file already.
            follow: whether to wait for further ones; if not, all that are there are given, or the last of them.
            domain: only what concerns this domain.
            operations: only these commands.

        Raises:
            InvalidArgument: the domain is none.
            UsageError: an operation is unknown.
            StorageFailed: the file cannot be read; also while iterating.
        """
        from ._events import Chosen, Events

        self._check_open()
        return Events(
            self.home,
            from_start=from_start,
            last=last,
            follow=follow,
            chosen=Chosen(domain, operations),
            stopped=lambda: self._closed,
        )

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError("the panel is closed")
