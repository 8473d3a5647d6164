"""The calls of a migration, made: stage after stage, each call once, and what fails kept for the end."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from typing import Any, TypeVar

from ..errors import AddonFailed, AlreadyExists, ForwardLoop, MailAddonError, NotFound
from .inventory import Side, in_turn
from .journal import Journal
from .passwords import Passwords
from .planning import Step

Item = TypeVar("Item")
Result = TypeVar("Result")
#: Gets the number of a stage and of its calls; what it gives is called after each call, as long as its context lasts.
Progress = Callable[[int, int], Any]
#: Pauses (seconds) before a call is made again that may succeed later.
_PAUSES = (1, 4, 15)
#: What lists what an adding command adds, how many arguments it gets of those, and which one then is in the list; None:
#: that it is answered is enough.
_LISTED = {
    "EAddDomain": ("EGetDomainAliasList", 1, None),
    "EAddDomainAlias": ("EGetDomainAliasList", 1, 1),
    "EAddUser": ("EGetUserAliasList", 2, None),
    "EAddUserAlias": ("EGetUserAliasList", 2, 2),
    "EAddForward": ("EGetForwardList", 2, 2),
    "EAddDistributionList": ("EGetDistributionListList", 1, 1),
    "EAddDistributionListMember": ("EGetDistributionListMemberList", 2, 2),
    "EAddMailingList": ("EGetMailingListList", 1, 1),
    "EAddMailingListMember": ("EGetMailingListMemberList", 2, 3),
    "EAddSpamFilter": ("EGetSpamFilterList", 1, 1),
}


@contextmanager
def threads(jobs: int) -> Iterator[Callable[[Callable[[Item], Result], Iterable[Item]], list[Result]]]:
    """How to do something with many items, so many at a time."""
    if jobs == 1:
        yield in_turn
        return
    with ThreadPoolExecutor(jobs) as pool:
        try:
            yield lambda function, items: list(pool.map(function, items))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


class Failure:
    """A call that was refused, or not tried because of one that was.

    Attributes:
        step: the call.
        error: why; None if it was not tried.
    """

    def __init__(self, step: Step, error: MailAddonError | None) -> None:
        self.step = step
        self.error = error


class Runner:
    """Makes the calls.

    Args:
        target: where.
        journal: what is done already, and what is done now.
        passwords: for the users that are added.
        jobs: how many calls are made at a time.
        progress: see `Progress`.
    """

    def __init__(self, target: Side, journal: Journal, passwords: Passwords, jobs: int, progress: Progress) -> None:
        self._target = target
        self._journal = journal
        self._passwords = passwords
        self._jobs = jobs
        self._progress = progress
        self._resumed = frozenset(journal.domains)
        self._failed: set[str] = set()  # what does not exist because its call has failed

    def run(self, steps: Sequence[Step]) -> list[Failure]:
        """Make all calls that are not made yet, which come by stage; what failed.

        Raises:
            StorageFailed: the journal or the file of new passwords cannot be written.
        """
        failures: list[Failure] = []
        with threads(self._jobs) as each:
            for stage, group in groupby(steps, key=lambda step: step.stage):
                failures += self._stage(stage, list(group), each)
        return failures

    def _stage(self, stage: int, steps: list[Step], each: Callable[..., Any]) -> list[Failure]:
        failures = []
        with self._progress(stage, len(steps)) as advance:

            def made(step: Step) -> MailAddonError | None:
                error = self._made(step)
                if not isinstance(error, ForwardLoop):
                    advance(1)
                return error

            waiting = []
            for step in steps:
                if step.key in self._journal.done:
                    advance(1)
                elif step.needs in self._failed:
                    self._failed.add(step.makes)
                    failures.append(Failure(step, None))
                    advance(1)
                else:
                    waiting.append(step)
            while waiting:
                outcomes = list(zip(waiting, each(made, waiting), strict=True))
                # A circle of forwards may be one only as long as the forward that leads out of it is missing.
                again = [step for step, error in outcomes if isinstance(error, ForwardLoop)]
                stuck = len(again) == len(waiting)
                failures += [
                    Failure(step, error)
                    for step, error in outcomes
                    if error is not None and (stuck or not isinstance(error, ForwardLoop))
                ]
                waiting = [] if stuck else again
            self._failed |= {failure.step.makes for failure in failures} - {""}
        return failures

    def _made(self, step: Step) -> MailAddonError | None:
        """Make a call, once more if it may succeed later; why it failed."""
        password = self._passwords.of(step.password_of) if step.password_of else ""
        again = step.arguments[0] in self._resumed
        for pause in (*_PAUSES, None):
            try:
                self._target.ask(step.command, *step.texts(password))
            except MailAddonError as error:
                if error.retryable and pause is not None:
                    time.sleep(pause)
                    again = True
                    continue
                if not again or not self._is_there(step, error):
                    return error
            break
        self._journal.finish(step.key)
        return None

    def _is_there(self, step: Step, error: MailAddonError) -> bool:
        """Whether a call is refused because it had been made, before a kill or by an attempt that was given up."""
        if step.command == "ESetAutoResponder":
            return self._replies_so(step)
        if step.command not in _LISTED:
            return False
        command, count, position = _LISTED[step.command]
        if not self._target.has(command):
            return isinstance(error, AlreadyExists)
        try:
            listed = self._target.ask(command, *step.arguments[:count])
        except (NotFound, AddonFailed):
            return False
        return position is None or step.arguments[position] in listed

    def _replies_so(self, step: Step) -> bool:
        """Whether a user has the autoresponder that is refused now, as its feature is off already."""
        if not self._target.has("EGetAutoResponder"):
            return False
        domain, user, subject, message = step.arguments
        try:
            found = self._target.ask("EGetAutoResponder", domain, user)
        except (NotFound, AddonFailed):
            return False
        return found is not None and (found.subject, found.message) == (subject, message)
