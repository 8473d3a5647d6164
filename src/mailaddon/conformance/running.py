"""Runs cases on a target, several at a time where that does no harm."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from ..errors import MailAddonError
from .case import MANDATORY, Case
from .kit import Broken, Kit, Lacking, Line
from .targets import Target

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Result(NamedTuple):
    """What came of a case.

    Attributes:
        case: which one.
        outcome: `passed`, `failed` or `skipped`.
        reason: why it failed or was skipped, else "".
        transcript: the calls.
        seconds: how long it took.
        seed: with which it ran.
    """

    case: Case
    outcome: str
    reason: str
    transcript: tuple[Line, ...]
    seconds: float
    seed: int


def run_case(case: Case, target: Target, seed: int = 0) -> Result:
    """Run one case and clean up after it."""
    begun = time.monotonic()
    kit = Kit(target, case.name, seed)
    outcome, reason = _tried(case, target, kit)
    seen = tuple(kit.transcript)
    kit.clean()
    return Result(case, outcome, reason, seen, time.monotonic() - begun, seed)


def _tried(case: Case, target: Target, kit: Kit) -> tuple[str, str]:
    if case.processes and not target.processes:
        return SKIPPED, "each call has to be a process of its own, and here it is none"
    try:
        for command in case.needs:
            if reason := target.lacking(command):
                raise Lacking(f"{command}: {reason}")  # noqa: TRY301 - one place says what lacking means
        case.run(kit)
    except Lacking as error:
        return (FAILED if case.group == MANDATORY else SKIPPED), str(error)
    except Broken as error:
        return FAILED, str(error)
    except MailAddonError as error:
        return FAILED, f"{error} [{error.code}]"
    return PASSED, ""


def run_cases(
    cases: Sequence[Case],
    target: Target,
    *,
    seed: int = 0,
    repeat: int = 1,
    jobs: int = 2,
    done: Callable[[Result], None] = lambda _result: None,
) -> list[Result]:
    """Run cases; the results are in the order of the cases, those of the repetitions one after the other.

    Args:
        cases: which.
        target: what is driven.
        seed: of the first round; each further one has the next.
        repeat: how many rounds.
        jobs: how many cases at a time.
        done: called with each result as it comes, from any thread.
    """
    found: dict[tuple[int, str], Result] = {}

    def one(case: Case, number: int) -> None:
        result = run_case(case, target, seed + number)
        found[number, case.name] = result
        done(result)

    for number in range(repeat):
        with ThreadPoolExecutor(jobs) as pool:
            together = [case for case in cases if not case.alone]
            list(pool.map(lambda case, number=number: one(case, number), together))
        for case in cases:
            if case.alone:
                one(case, number)
    return [found[number, case.name] for number in range(repeat) for case in cases]
