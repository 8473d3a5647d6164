"""Faults on demand: what a fake backend does at a call instead of working, so that one can see what its callers do."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from .._record import Record
from ..errors import ERRORS, MailAddonError, NotConfigured, VendorError

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

KINDS = ("fail", "delay", "hang", "die")
ANY = "*"


class Fault(Record):
    """Something that goes wrong at a call.

    Attributes:
        kind: `fail` (it is refused with `code`), `delay` (it takes `seconds` longer), `hang` (it does not end, before
            the process does or the fault is released), `die` (the process ends at once, as by kill -9).
        hook: the hook that is struck, `*` for any.
        call: the first call that is struck, counted from 1 among the calls of that hook, of all hooks for `*`.
        times: how many calls from then on; 0 for all.
        after: whether the hook has done its work before; what is lost then is only the answer.
        code: of a failure, one of the error list's or a vendor's.
        message: of a failure.
        seconds: of a delay.
    """

    kind: str
    hook: str = ANY
    call: int = 1
    times: int = 1
    after: bool = False
    code: str = "unavailable"
    message: str = "a fault that was asked for"
    seconds: float = 1.0

    def strikes(self, calls: Mapping[str, int], hook: str) -> bool:
        """Whether it strikes a call of a hook.

        Args:
            calls: how many calls there have been, this one included: of the hook, and of any under `*`.
            hook: the hook.
        """
        if self.hook not in {ANY, hook}:
            return False
        number = calls[self.hook]
        return number >= self.call and (not self.times or number < self.call + self.times)

    def strike(self, released: threading.Event) -> None:
        """Do what it says.

        Args:
            released: what a hanging call waits for.

        Raises:
            MailAddonError: it is a failure, or a hanging call that was released.
        """
        if self.kind == "delay":
            released.wait(self.seconds)
            return
        if self.kind == "die":
            die()
        if self.kind == "hang":
            released.wait()
        raise self._error()

    def _error(self) -> MailAddonError:
        known = ERRORS.get(self.code)
        return known(self.message) if known else VendorError(self.code, self.message)


def die() -> None:
    """End this process at once: nothing is flushed, closed or undone."""
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)  # Windows has no such signal


def fault_of(table: Any, where: str) -> Fault:
    """The fault that a table of the settings describes.

    Args:
        table: names and values of `Fault`'s attributes.
        where: the table's name, for a refusal.

    Raises:
        NotConfigured: it describes none.
    """
    if not isinstance(table, dict):
        raise NotConfigured(f"{where} is {table!r}; a table such as {{ kind = 'fail', hook = 'add_user' }} is needed")
    known = Fault(kind="").as_dict()
    for name, value in table.items():
        wanted = type(known.get(name))
        if name not in known or not isinstance(value, (wanted, int) if wanted is float else wanted):
            raise NotConfigured(f"{where}: {name} = {value!r} does not fit; a fault has {', '.join(known)}")
    return checked(Fault(**{"kind": "", **table}), where)


def checked(fault: Fault, where: str) -> Fault:
    """The fault, if it can strike.

    Raises:
        NotConfigured: its kind, its code or a number is none.
    """
    if fault.kind not in KINDS:
        raise NotConfigured(f"{where}: kind is {fault.kind!r}; one of {', '.join(KINDS)} is needed")
    if fault.code not in ERRORS and not fault.code.startswith("x-"):
        raise NotConfigured(
            f"{where}: code is {fault.code!r}; one of the error list's, or x-<vendor>-<name>, is needed"
        )
    if fault.call < 1 or fault.times < 0 or fault.seconds < 0:
        raise NotConfigured(f"{where}: call counts from 1, times and seconds are not negative")
    return fault
