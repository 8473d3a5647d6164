"""What a case has in its hands: commands, expectations, scratch domains, and a transcript of all that it did."""

import binascii
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import NamedTuple

from ..errors import MailAddonError
from ..operations import find
from .answer import PATIENCE, Answer
from .targets import Target

FLAGS = ("1",) * 8
USER_FLAGS = ("1",) * 3
OWNER = "admin"
_MOST_SHOWN = 2000


class Broken(Exception):
    """What has to hold does not hold; the text says what was seen, and what would be right."""


class Lacking(Exception):
    """The target does not have what a case needs; the text is the reason."""


class Line(NamedTuple):
    """A line of a transcript: the call for a shell, and what came of it."""

    shell: str
    answer: Answer | None

    def text(self) -> str:
        """As lines that a shell can run; what came of it is in comments."""
        if self.answer is None:
            return self.shell
        status = "did not end in time" if self.answer.status is None else f"exit {self.answer.status}"
        said = [_shown(one) for one in (self.answer.stdout, self.answer.stderr)]
        comments = [f"#   {one}" for text in said for one in text.splitlines()]
        return "\n".join([self.shell, f"# {status}", *comments])


def _shown(octets: bytes) -> str:
    text = octets.decode("utf-8", "backslashreplace")
    shown = "".join(letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in text)
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]} … ({len(text)} characters)"


class Kit:
    """The commands of a target, for one case.

    Args:
        target: what is driven.
        name: the case's name, which scratch domains are named after.
        seed: another one gives other names and other choices.

    Attributes:
        random: seeded.
        transcript: all calls, in the order in which they ended.
        password: one that no other run has.
    """

    def __init__(self, target: Target, name: str = "", seed: int = 0) -> None:
        self.target = target
        self.seed = seed
        self.random = Random(f"{seed}/{name}")  # noqa: S311 - nothing is kept secret with it
        self.transcript: list[Line] = []
        self._prefix = f"k{seed % 0x1000000:x}-{binascii.crc32(name.encode()):08x}"
        self.password = f"p4ss-{self._prefix}-{self.random.randrange(1 << 32):08x}"
        self._data = target.mail.parent / f"data-{self._prefix}"
        self._domains: list[str] = []
        self._users: dict[str, list[str]] = {}

    # Calls

    def run(self, command: str, *arguments: str, timeout: float = PATIENCE) -> Answer:
        """Call a command, whatever comes of it.

        Raises:
            Broken: the status is neither 0 nor 1.
            Lacking: the target does not have the command.
        """
        answer = self.answer(command, *arguments, timeout=timeout)
        if answer.lacks:
            raise Lacking(f"{command}: {answer.words}")
        if answer.status is None:
            raise Broken(f"{command} did not end within {timeout:g} seconds")
        if answer.status not in {0, 1}:
            raise Broken(f"{command} ended with {answer.status}; 0 and 1 are the only statuses")
        return answer

    def answer(self, command: str, *arguments: str, timeout: float = PATIENCE) -> Answer:
        """Call a command, and note it; nothing is expected of it."""
        if reason := self.target.lacking(command):
            raise Lacking(f"{command}: {reason}")
        answer = self.target.run(command, *arguments, timeout=timeout)
        self.transcript.append(Line(self.target.shell(command, *arguments), answer))
        return answer

    def note(self, shell: str) -> None:
        """Write a line of shell, or a comment, into the transcript."""
        self.transcript.append(Line(shell, None))

    def ok(self, command: str, *arguments: str, timeout: float = PATIENCE) -> str:
        """Call a command that has to succeed; what it printed.

        Raises:
            Broken: it fails, or prints something that is no result.
        """
        answer = self.run(command, *arguments, timeout=timeout)
        if answer.status != 0:
            raise Broken(f"{_called(command, arguments)} has to succeed, and was refused: {answer.words or 'no word'}")
        if find(command).output == "none" and answer.stdout:
            raise Broken(f"{command} prints nothing when it succeeds; this was printed: {_shown(answer.stdout)}")
        return answer.output

    def refused(self, command: str, *arguments: str, why: str = "") -> Answer:
        """Call a command that has to be refused: status 1, nothing on standard output, a word about why.

        Args:
            command: its name.
            arguments: its arguments.
            why: what is wrong with it, for the report.

        Raises:
            Broken: it succeeds, prints something, or does not say why.
        """
        answer = self.run(command, *arguments)
        reason = f" ({why})" if why else ""
        if answer.status == 0:
            raise Broken(f"{_called(command, arguments)} has to be refused{reason}, and succeeded")
        if answer.stdout:
            raise Broken(
                f"{command} was refused{reason}; then standard output stays empty, and the reason goes to standard"
                f" error. Printed: {_shown(answer.stdout)}"
            )
        if not answer.stderr.strip():
            raise Broken(f"{command} was refused{reason} without a word on standard error")
        return answer

    def lines(self, command: str, *arguments: str) -> list[str]:
        """The items that a list command printed, one per line.

        Raises:
            Broken: it fails, or does not print a list.
        """
        text = self.ok(command, *arguments)
        if text and not text.endswith("\n"):
            raise Broken(f"the list of {command} does not end with a line end; it may have been cut off")
        found = text.splitlines()
        if any(not line or line != line.strip() for line in found):
            raise Broken(f"{command} prints one item per line and nothing else, not even space: {found!r}")
        return found

    def listed(self, expected: Sequence[str], command: str, *arguments: str) -> None:
        """Expect a list to have these items, and no item twice, in whatever order.

        Raises:
            Broken: it has others.
        """
        found = self.lines(command, *arguments)
        if sorted(found) != sorted(expected):
            missing = sorted(set(expected) - set(found))
            more = sorted(set(found) - set(expected))
            twice = sorted({one for one in found if found.count(one) > 1}) if len(found) < _MOST_SHOWN else []
            parts = [("missing", missing), ("not expected", more), ("printed twice", twice)]
            said = "; ".join(f"{what}: {', '.join(some[:10])}" for what, some in parts if some)
            raise Broken(f"{_called(command, arguments)} lists {len(found)} items, {len(expected)} are right; {said}")

    def sorted(self, expected: Sequence[str], command: str, *arguments: str) -> None:
        """Expect a list to have these items, sorted.

        Raises:
            Broken: it has others, or another order.
        """
        self.listed(expected, command, *arguments)
        found = self.lines(command, *arguments)
        if found != sorted(expected):
            raise Broken(f"{command} lists in this order: {', '.join(found)}; sorted would be right")

    def at_once(self, calls: Sequence[Sequence[str]], processes: int = 40) -> list[Answer]:
        """Make many calls at the same time; what came of each, in the order of the calls."""
        with ThreadPoolExecutor(min(processes, max(1, len(calls)))) as pool:
            return list(pool.map(lambda call: self.run(*call), calls))

    def fail(self, text: str) -> None:
        """Say that something does not hold.

        Raises:
            Broken: always.
        """
        raise Broken(text)

    # Scratch

    def name(self, number: int = 0) -> str:
        """A domain name that no other case has."""
        return f"{self._prefix}-{number}.example"

    def new_name(self) -> str:
        """A domain name that has not been given yet; the domain is deleted when the case is over."""
        self._domains.append(self.name(len(self._domains)))
        return self._domains[-1]

    def adopt(self, name: str) -> None:
        """Have a domain deleted too when the case is over, before those that it is in."""
        self._domains.append(name)

    def domain_arguments(self, name: str, *, limit: str = "-1", flags: Sequence[str] = FLAGS) -> list[str]:
        """Arguments for EAddDomain."""
        return [name, "192.0.2.10", str(self.target.mail), limit, OWNER, self.password, "0", *flags]

    def user_arguments(self, domain: str, user: str, *, flags: Sequence[str] = USER_FLAGS) -> list[str]:
        """Arguments for EAddUser."""
        return [domain, user, self.password, "Ann", "", "Lee", *flags]

    def domain(self, *users: str, limit: str = "-1", flags: Sequence[str] = FLAGS) -> str:
        """Add a scratch domain, owned by `admin`, with users; its name."""
        name = self.new_name()
        self.ok("EAddDomain", *self.domain_arguments(name, limit=limit, flags=flags))
        self._users[name] = [OWNER]
        for user in users:
            self.user(name, user)
        return name

    def user(self, domain: str, user: str, *, flags: Sequence[str] = USER_FLAGS) -> str:
        """Add a user; its address."""
        self.ok("EAddUser", *self.user_arguments(domain, user, flags=flags))
        self._users.setdefault(domain, []).append(user)
        return f"{user}@{domain}"

    def location(self) -> str:
        """A folder for exported data that no other case has; it is removed when the case is over."""
        return str(self._data)

    def can(self, command: str) -> bool:
        """Whether the target has a command, as far as that is known without calling it."""
        return not self.target.lacking(command)

    # What there is

    def domain_exists(self, name: str) -> bool:
        """Whether there is a domain of this name."""
        return self._answers(("EGetDomainAliasList", "EGetCatchallUser", "EGetSpamFilterList"), name)

    def user_exists(self, domain: str, user: str) -> bool:
        """Whether there is a user of this name."""
        return self._answers(("EGetForwardList", "EGetUserAliasList", "EGetAutoResponder"), domain, user)

    def _answers(self, commands: Sequence[str], *arguments: str) -> bool:
        for command in commands:
            if self.can(command):
                answer = self.answer(command, *arguments)
                if not answer.lacks:
                    return answer.status == 0
        raise Lacking(f"none of {', '.join(commands)} is there, and nothing else tells what exists")

    def state(self, domain: str, commands: Sequence[str], users: Sequence[str] = ()) -> Mapping[str, object]:
        """What list commands print about a domain and its users: what a refusal must not change."""
        found: dict[str, object] = {}
        for command in commands:
            if not self.can(command):
                continue
            kind = find(command).request
            known = users or self._users.get(domain, [OWNER])
            for user in {"UserRef": known, "ListRef": ["team"]}.get(kind, [""]):
                answer = self.answer(command, domain, *filter(None, [user]))
                if not answer.lacks:
                    found[shlex.join([command, domain, *filter(None, [user])])] = (answer.status, answer.stdout)
        return found

    @contextmanager
    def unchanged(self, domain: str, commands: Sequence[str], users: Sequence[str] = ()) -> Iterator[None]:
        """Expect that what these list commands print is afterwards as it was before.

        Raises:
            Broken: it is not.
        """
        before = self.state(domain, commands, users)
        yield
        after = self.state(domain, commands, users)
        for call, value in before.items():
            if after.get(call) != value:
                raise Broken(f"a refusal changes nothing; {call} answered {value} before it, {after.get(call)} after")

    def clean(self) -> None:
        """Delete the scratch domains that are still there; nothing is expected of it."""
        for name in reversed(self._domains):
            try:
                self.target.run("EDeleteDomain", name)
            except MailAddonError:
                return
        self._domains.clear()
        shutil.rmtree(self._data, ignore_errors=True)  # it may belong to the mail server's user


def _called(command: str, arguments: Sequence[str]) -> str:
    text = shlex.join([command, *arguments])
    return text if len(text) <= _MOST_SHOWN // 10 else f"{text[: _MOST_SHOWN // 10]} …"
