"""Runs again what `MAILADDON_TRACE` has recorded, on a backend of one's own, and says what comes out otherwise.

    from mailaddon.replay import replay

    def test_the_customers_report():
        assert replay("tests/report.jsonl", backend="acme_mail:AcmeBackend").differences == []

Calls are run one by one, in the order of the file. In place of each password stands a generated one, the same for the
same; paths are below a scratch folder. What a transaction has not committed is passed over.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from .. import registrations
from .._record import Record
from ..errors import InvalidArgument, NotFound
from ..home import TRACE, check_owner, locate
from ..service import Service
from ..settings import FILE
from .comparing import Difference, compared, outcome
from .reading import Broken, Recorded, Trace
from .standing_in import StandIns

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Broken", "Difference", "Recorded", "Report", "Trace", "replay"]


class Report(Record):
    """What came of a replay.

    Attributes:
        backend: whose hooks were called.
        calls: how many calls were run.
        skipped: how many were part of a transaction that was not committed.
        differences: what came out otherwise, in the file's order, and lines that cannot be read.
        complete: whether the whole file was run, or all up to the line that was asked for.
    """

    backend: str
    calls: int
    skipped: int
    differences: list[Difference]
    complete: bool

    @property
    def same(self) -> bool:
        """Whether everything came out as it was recorded."""
        return not self.differences


def replay(
    path: str,
    backend: str = "",
    *,
    home: str = "",
    settings: str = "",
    keep_going: bool = False,
    until: int = 0,
    same_paths: bool = False,
    advance: Callable[[int], None] = lambda _octets: None,
) -> Report:
    """Run a trace's calls again.

    Args:
        path: the trace.
        backend: as the setting `backend`; "" for the one that the settings name.
        home: where to run them; "" for a scratch home that is removed afterwards.
        settings: a `mailaddon.toml` for the scratch home; "" for the defaults.
        keep_going: whether to go on after a difference, and past a line that cannot be read.
        until: the number of the last line to run; 0 for all.
        same_paths: whether paths are used as they were recorded; if not, they are below a scratch folder.
        advance: is told of the octets of each line that is done.

    Raises:
        InvalidArgument: a line cannot be read; the message says which.
        NotFound: there is no such file.
        MailAddonError: the backend cannot be loaded.
    """
    trace = Trace(path)
    _check_apart(path)
    with ExitStack() as stack:
        folder = os.path.realpath(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailaddon-replay-")))
        if home:
            check_owner(home)
        else:
            home = _scratch_home(folder, settings, of_add_ons=backend == "executable" or "/" in backend)
        service = stack.enter_context(Service.open(home, backend))
        stand_ins = StandIns("" if same_paths else os.path.join(folder, "files"))
        return _run(trace, service, stand_ins, advance, until, keep_going=keep_going)


def _run(
    trace: Trace,
    service: Service,
    stand_ins: StandIns,
    advance: Callable[[int], None],
    until: int,
    *,
    keep_going: bool,
) -> Report:
    calls = skipped = 0
    differences: list[Difference] = []
    complete = True
    for found in trace.calls(until):
        difference = None
        if isinstance(found, Broken):
            if not keep_going:
                raise InvalidArgument(f"line {found.line} of {trace.path} is no line of a trace: {found.reason}")
            difference = Difference(line=found.line, reason=found.reason)
        elif found.undone:
            skipped += 1
        else:
            calls += 1
            difference = compared(found, outcome(service, found, stand_ins))
        advance(found.octets)
        if difference is not None:
            differences.append(difference)
            if not keep_going:
                complete = False
                break
    return Report(
        backend=service.backend.name, calls=calls, skipped=skipped, differences=differences, complete=complete
    )


def _check_apart(path: str) -> None:
    """Make sure that the replay is not recorded into what it reads.

    Raises:
        InvalidArgument: it would be.
    """
    tracing = os.environ.get(TRACE)
    if tracing and os.path.exists(tracing) and os.path.samefile(tracing, path):
        raise InvalidArgument(f"{TRACE} names the same file, {path}; name another one, or unset it")


def _scratch_home(folder: str, settings: str, *, of_add_ons: bool) -> str:
    """An empty home; of add-ons, one with the registrations of the present home."""
    home = os.path.join(folder, "home")
    os.mkdir(home, 0o700)
    if settings:
        try:
            shutil.copyfile(settings, os.path.join(home, FILE))
        except OSError as error:
            raise NotFound(f"the settings {settings} cannot be read: {error.strerror}") from None
    registered = os.path.join(locate(), registrations.FILE) if of_add_ons else ""
    if registered and os.path.exists(registered):
        shutil.copyfile(registered, os.path.join(home, registrations.FILE))
    return home


def summary(report: Report) -> dict[str, Any]:
    """The JSON form of a report."""
    return {
        "ok": report.same,
        "backend": report.backend,
        "calls": report.calls,
        "skipped": report.skipped,
        "complete": report.complete,
        "differences": [difference.as_json() for difference in report.differences],
    }
