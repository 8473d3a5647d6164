"""What the kit drives: programs of an add-on, this SDK's programs on a backend, or a backend in this process.

A target of your own is a subclass of `Target` with a method `run`.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import sysconfig
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from ..command import printed
from ..errors import InternalError, MailAddonError, NotConfigured, NotSupported
from ..operations import find
from ..registrations import Registration, split_parameters
from ..service import Service
from ..values import shown
from .answer import PATIENCE, Answer

if TYPE_CHECKING:
    from .mail import MailFlow

#: How many calls at a time make long lists long.
AT_ONCE = 4


class Target(ABC):
    """Something that answers the guide's commands; several threads may call it at once.

    Attributes:
        name: what a report calls it.
        mail: a folder for mail, an absolute path; the kit gives it as MailBoxDirectory.
        watched: folders in which the target keeps what it writes, to be searched for passwords and leftovers.
        prelude: shell lines that set up what the lines of a transcript need.
        size: how many items a long list has.
        mail_flow: the mail server behind it, as its users see it; None if nobody says where it is.
    """

    size = 10_000
    mail_flow: "MailFlow | None" = None

    def __init__(self, name: str, mail: Path, watched: Sequence[Path] = (), prelude: Sequence[str] = ()) -> None:
        self.name = name
        self.mail = mail
        self.watched = tuple(watched)
        self.prelude = tuple(prelude)

    @abstractmethod
    def run(self, command: str, *arguments: str, timeout: float = PATIENCE) -> Answer:
        """Call a command and wait for its answer."""

    def many(self, calls: Sequence[Sequence[str]]) -> list[Answer]:
        """Call many commands one after the other or at once, as fast as the target can."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda call: self.run(*call), calls))

    def start(self, command: str, *arguments: str) -> "subprocess.Popen[bytes] | None":
        """Start a command as a process in a session of its own, to be killed; None where calls are no processes."""
        del command, arguments
        return None

    def lacking(self, command: str) -> str:
        """Why a command cannot be called at all; "" if it can."""
        del command
        return ""

    def shell(self, command: str, *arguments: str) -> str:
        """The call as a line for a shell."""
        return shlex.join([command, *arguments])

    @property
    def processes(self) -> bool:
        """Whether each call is a process of its own."""
        return type(self).start is not Target.start


class Programs(Target):
    """Any programs, one per command.

    Args:
        name: for reports.
        mail: see `Target`.
        environment: variables for the programs, beside this process's own.
        watched: see `Target`.
        prelude: see `Target`.
    """

    def __init__(
        self,
        name: str,
        mail: Path,
        *,
        environment: Mapping[str, str] | None = None,
        watched: Sequence[Path] = (),
        prelude: Sequence[str] = (),
    ) -> None:
        super().__init__(name, mail, watched, prelude)
        self._environment = {**os.environ, **(environment or {})}

    def line(self, command: str) -> list[str]:
        """What is started for a command, without its arguments.

        Raises:
            NotSupported: there is no such program.
        """
        raise NotImplementedError(command)

    def lacking(self, command: str) -> str:
        """Why there is no program; "" if there is one."""
        try:
            self.line(command)
        except NotSupported as error:
            return str(error)
        return ""

    def shell(self, command: str, *arguments: str) -> str:
        """The call as a line for a shell."""
        return shlex.join([*self.line(command), *arguments])

    def start(self, command: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command in a session of its own.

        Raises:
            NotSupported: there is no such program.
            NotConfigured: the system cannot start it.
        """
        words = [*self.line(command), *arguments]
        try:
            return subprocess.Popen(  # noqa: S603 - the add-on's own programs
                [word.encode("utf-8", "surrogateescape") for word in words],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise NotConfigured(f"{words[0]} cannot be started: {error.strerror}") from None

    def run(self, command: str, *arguments: str, timeout: float = PATIENCE) -> Answer:
        """Call a command; one that does not end in time is killed with its children."""
        process = self.start(command, *arguments)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            kill(process)
            stdout, stderr = process.communicate()
            return Answer(command, arguments, None, stdout, stderr)
        return Answer(command, arguments, process.returncode, stdout, stderr)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and its children, which are a session of their own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:  # they have ended
        pass


class AddonPrograms(Programs):
    """An add-on's programs, called as a panel calls them: interpreter, its parameters, program, arguments.

    Args:
        addon: as RegisterMailAddon has registered it, or as it would; not one for 3.X.
        mail: see `Target`.
        environment: see `Programs`.
        watched: further folders.
    """

    def __init__(
        self,
        addon: Registration,
        mail: Path,
        *,
        environment: Mapping[str, str] | None = None,
        watched: Sequence[Path] = (),
    ) -> None:
        exports = [f"export {shlex.join([f'{name}={value}'])}" for name, value in (environment or {}).items()]
        folder = Path(addon.directory)
        super().__init__(addon.name, mail, environment=environment, watched=[folder, mail, *watched], prelude=exports)
        self._started = (
            [addon.interpreter, *split_parameters(addon.interpreter_parameters)] if addon.interpreter else []
        )
        ending = f".{addon.extension}" if addon.extension else ""
        try:
            present = {file.name.lower(): str(file) for file in sorted(folder.iterdir()) if file.is_file()}
        except OSError as error:
            raise NotConfigured(f"the folder {shown(str(folder))} cannot be read: {error.strerror}") from None
        self._folder = folder
        self._ending = ending
        self._present = present

    def line(self, command: str) -> list[str]:
        """What is started for a command; the program may have any of its names, in any case."""
        for name in find(command).names:
            program = self._present.get(f"{name}{self._ending}".lower())
            if program:
                return [*self._started, program]
        raise NotSupported(f"there is no {command}{self._ending} in {self._folder}")


class BackendPrograms(Programs):
    """This SDK's programs on one of its backends.

    Args:
        backend: its name, or VENDOR/SERVER/VERSION of a registered add-on.
        home: the home; the kit works in it as in any other.
        mail: see `Target`.
        watched: further folders.
        prelude: see `Target`.
    """

    def __init__(
        self, backend: str, home: Path, mail: Path, *, watched: Sequence[Path] = (), prelude: Sequence[str] = ()
    ) -> None:
        environment = {"MAILADDON_HOME": str(home), "MAILADDON_BACKEND": backend}
        super().__init__(
            f"backend {backend}", mail, environment=environment, watched=[home, mail, *watched], prelude=prelude
        )
        folders = [os.path.dirname(os.path.abspath(sys.argv[0])), sysconfig.get_path("scripts")]
        known = [folder for folder in folders if os.path.exists(os.path.join(folder, "EAddDomain"))]
        if not known:
            raise NotConfigured(f"the programs of this SDK are in none of {', '.join(folders)}; install it with pip")
        self._folder = known[0]

    def many(self, calls: Sequence[Sequence[str]]) -> list[Answer]:
        """Call many commands, with `mailaddon batch`."""
        lines = [json.dumps({"command": call[0], "arguments": call[1:]}) for call in calls]
        done = subprocess.run(  # noqa: S603 - this SDK's own program
            [os.path.join(self._folder, "mailaddon"), "batch", "--group", "100"],
            input="\n".join(lines).encode(),
            env=self._environment,
            capture_output=True,
            check=False,
        )
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        words = [b"" if one["ok"] else str(one["error"]["message"]).encode() for one in answers]
        words += [done.stderr or b"mailaddon batch did not answer"] * (len(calls) - len(answers))
        return [
            Answer(call[0], tuple(call[1:]), 1 if said else 0, b"", said)
            for call, said in zip(calls, words, strict=True)
        ]

    def line(self, command: str) -> list[str]:
        """The installed program."""
        return [os.path.join(self._folder, find(command).executables[0])]


class InProcess(Target):
    """A backend in this process, called through the service as any front door calls it.

    Args:
        service: open; its backend answers.
        mail: see `Target`.
        watched: see `Target`.
    """

    def __init__(self, service: Service, mail: Path, watched: Sequence[Path] = ()) -> None:
        super().__init__(f"backend {service.backend.name}", mail, watched)
        self._service = service

    def lacking(self, command: str) -> str:
        """Why the backend has nothing behind a command; "" if it has, or if the service succeeds without it."""
        operation = find(command)
        return "" if operation.placeholder else self._service.backend.lacking(operation.hook)

    def run(self, command: str, *arguments: str, timeout: float = PATIENCE) -> Answer:
        """Call a command in this thread; nothing can end it, so the time is not measured."""
        del timeout
        operation = find(command)
        try:
            text = printed(operation, self._service.run(operation, arguments))
        except MailAddonError as error:
            refusal = error
        except Exception as error:  # noqa: BLE001 - a defect of the backend, which a program would log
            refusal = InternalError(f"{type(error).__name__}: {error}")
        else:
            return Answer(command, arguments, 0, text.encode())
        return Answer(command, arguments, 1, b"", f"{command}: {refusal} [{refusal.code}]\n".encode())
