"""What `mailaddon migrate` prints: line by line as it goes on, or one JSON object at the end."""

from collections.abc import Iterable, Sequence

from ..cli._output import failure, paint, write, write_json
from ..values import MASK
from .comparing import Comparison, summary
from .journal import Journal
from .moving import Migration, Plan
from .running import Failure


class Report:
    """The output of one call.

    Args:
        as_json: whether one object is printed, at the end.
        show_steps: whether each call of the plan is shown.
    """

    def __init__(self, *, as_json: bool, show_steps: bool) -> None:
        self._json = as_json
        self._show_steps = show_steps

    def _say(self, text: str) -> None:
        if not self._json:
            write(f"{text}\n")

    def _lines(self, title: str, lines: Iterable[str], colour: str) -> None:
        for number, line in enumerate(lines):
            if number == 0:
                self._say(title)
            self._say(paint(f"  {line}", colour))

    def plan(self, plan: Plan, journal: Journal | None) -> None:
        """What is going to be done."""
        made = {step.key for step in plan.steps} & (journal.done if journal else set())
        for state in plan.states:
            counts = [counted(number, one, several) for one, several, number in summary(state) if number]
            self._say(f"{state['domain']}: {', '.join(counts)}")
        passwords = plan.passwords
        for users, how in ((passwords.moved, "moved as hashes"), (passwords.given, "given"), (passwords.new, "new")):
            if users:
                self._say(f"passwords {how}: {len(users)}")
        self._lines("assumed, as nobody tells it:", sorted(plan.assumed), "yellow")
        self._lines("the target cannot:", [f"{command}: {why}" for command, why in plan.impossible.items()], "yellow")
        self._lines("not read:", plan.problems, "red")
        if self._show_steps:
            for step in plan.steps:
                self._say(f"{'  # made: ' if step.key in made else ''}{step}")
        if not self._show_steps or made:
            self._say(counted(len(plan.steps), "call") + (f", {len(made)} of them made already" if made else ""))

    def failures(self, failures: Sequence[Failure]) -> None:
        """What could not be done."""
        refused = [f"{one.step}: {one.error} [{one.error.code}]" for one in failures if one.error]
        self._lines(f"{counted(len(refused), 'call')} failed; the same command tries again:", refused, "red")
        left = len(failures) - len(refused)
        if left:
            self._say(paint(f"{counted(left, 'call')} not tried, as what they need is not there", "red"))

    def comparison(self, comparison: Comparison, problems: Sequence[str]) -> None:
        """How both sides differ."""
        self._lines("not compared, as a side does not tell it:", sorted(comparison.untold), "yellow")
        found = [*map(str, comparison.differences), *problems]
        self._lines(f"{counted(len(found), 'difference')}:", found, "red")
        if not found:
            self._say(paint("no difference", "green"))

    def end(
        self,
        migration: Migration,
        plan: Plan,
        journal: Journal | None,
        failures: Sequence[Failure],
        comparison: Comparison | None,
    ) -> None:
        """Everything, if JSON is asked for."""
        if not self._json:
            return
        done = journal.done if journal else frozenset()
        passwords = plan.passwords
        write_json(
            {
                "from": migration.source.name,
                "to": migration.target.name,
                "domains": [
                    {"domain": state["domain"], **{several.replace(" ", "_"): n for _one, several, n in summary(state)}}
                    for state in plan.states
                ],
                "steps": [
                    {"command": one.command, "arguments": one.texts(MASK), "done": one.key in done}
                    for one in plan.steps
                ],
                "passwords": {"moved": passwords.moved, "given": passwords.given, "new": passwords.new},
                "assumed": sorted(plan.assumed),
                "impossible": [{"command": name, "reason": why} for name, why in plan.impossible.items()],
                "failures": [
                    {
                        "command": one.step.command,
                        "arguments": one.step.texts(MASK),
                        "error": failure(one.error) if one.error else None,
                    }
                    for one in failures
                ],
                "differences": [one.as_dict() for one in comparison.differences] if comparison else None,
                "untold": sorted(comparison.untold) if comparison else None,
                "problems": plan.problems,
            }
        )


def counted(number: int, one: str, several: str = "") -> str:
    """A number of things."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"
