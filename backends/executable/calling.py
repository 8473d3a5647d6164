"""One call of one program of an add-on: found, started, waited for, and what came of it."""

import os

from mailaddon import BadResult, Unavailable

from . import answers, programs, running

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from mailaddon.operations.model import Operation
    from mailaddon.records import Record
    from mailaddon.registrations import Registration

    from .options import Options
    from .running import Ended


class Addon:
    """A registered add-on, as it is called.

    Attributes:
        registration: what RegisterMailAddon was given.
        options: the table `[backends.executable]`.
    """

    __slots__ = ("_home", "options", "registration")

    def __init__(self, home: str, options: "Options") -> None:
        self._home = home
        self.options = options
        self.registration: Registration = programs.in_force(home, options.addon)

    def call(
        self,
        operation: "Operation",
        arguments: "Sequence[str]",
        request: "Record",
        *,
        read: "Callable[[str], str | None] | None" = None,
    ) -> "Any":
        """Run the program of a command.

        Args:
            operation: the command.
            arguments: what stands on its command line.
            request: whose passwords are masked in what the program says.
            read: a line of a list to its item, or to None for a line to be left out; as the table says, if None.

        Returns:
            What the hook returns.

        Raises:
            MailAddonError: the program cannot be run, or failed, or printed something else than its result.
        """
        environment = programs.environment(self._home, self.options.environment)
        started = programs.command_line(self.registration, operation, os.fsdecode(environment[b"PATH"]))
        result = self._collector(operation, read)
        seconds = self.options.seconds(operation)
        try:
            ended = running.run(
                [*started, *arguments],
                environment,
                seconds,
                take=result.feed if result else None,
                most=answers.MOST_OCTETS.get(operation.output),
            )
        except OSError as error:
            raise programs.not_started([*started, *arguments], error) from None
        self._check(operation, ended, os.path.basename(started[-1]), request, seconds)
        return result.end() if result else None

    def _collector(self, operation: "Operation", read: "Callable[[str], str | None] | None") -> "Any":
        options = self.options
        if operation.output == "none":
            return None
        if operation.output == "lines":
            return answers.Lines(read or answers.items(operation), options.code_page, options.is_banner)
        reading = answers.one_line if operation.output == "text" else answers.autoresponder
        return answers.Whole(reading, options.code_page, options.is_banner)

    def _check(self, operation: "Operation", ended: "Ended", program: str, request: "Record", seconds: int) -> None:
        """Refuse what did not end well.

        Raises:
            MailAddonError: it did not.
        """
        secrets, code_page = list(request.as_dict().values()), self.options.code_page
        if ended.status == 0 and not ended.late and not ended.too_much:
            streams = [ended.errors] if operation.output != "none" else [ended.output, ended.errors]
            error = answers.complaint(operation, streams, secrets, code_page, self.options.is_error)
            if error:
                raise BadResult(f"{program} ended with 0, which means that it succeeded, but said: {error}")
            return
        words = answers.words_of(ended, secrets, code_page)
        if ended.too_much:
            most = answers.MOST_OCTETS[operation.output]
            raise BadResult(f"{program} printed more than {most} octets and was ended; it began: {words}")
        if ended.late:
            said = f"; it said: {words}" if words else ""
            raise Unavailable(f"{program} did not end within {seconds} seconds, so it was ended{said}")
        raise answers.failed(operation, program, ended.status, words)
