"""A migration from its plan to its verification."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..errors import AddonFailed, AlreadyExists, InvalidArgument, NotConfigured, NotFound, NotSupported
from .comparing import Comparison
from .inventory import DomainState, Reading, Side, UserState, present_in
from .journal import Journal
from .passwords import NewPasswords, Passwords
from .planning import NEEDED, Step, steps
from .running import Failure, Progress, Runner, threads

#: What is assumed of a domain or a user where nobody tells it, and as what.
_ASSUMED = {
    "ip_based": "name-based",
    "max_mailboxes": "no limit",
    "features": "all on",
    "suspended": "not suspended",
    "catch_all": "the owner",
    "aliases": "none",
    "distribution_lists": "none",
    "mailing_lists": "none",
    "spam_filters": "none",
    "first_name": "empty",
    "middle_name": "empty",
    "last_name": "empty",
    "forwards": "none",
    "autoresponder": "none",
}


class Plan:
    """What is going to be done.

    Attributes:
        states: what the source has, with what is asked for instead.
        steps: the calls, by stage.
        impossible: the commands that the target does not have, and why.
        passwords: for the users.
        assumed: what nobody tells: `user: first name: empty`.
        problems: what the source could not tell, a sentence each.
    """

    def __init__(self, states: Sequence[DomainState], passwords: Passwords) -> None:
        self.states = states
        self.passwords = passwords
        self.steps: list[Step] = []
        self.impossible: dict[str, str] = {}
        self.assumed: set[str] = set()
        self.problems: list[str] = []


class Migration:
    """One migration.

    Args:
        source: where the domains are.
        target: where they are going to be.
        names: what somebody else knows of the domains, by name.
        overrides: fields of every domain that are other ones at the target: `ip_address`, `mailbox_directory`, in which
            `{domain}` stands for the domain. `owner` counts only where nobody tells the owner.
        jobs: how many calls are made at a time.
    """

    def __init__(
        self,
        source: Side,
        target: Side,
        *,
        names: Mapping[str, DomainState],
        overrides: Mapping[str, str],
        jobs: int = 1,
    ) -> None:
        self.source = source
        self.target = target
        self._names = names
        self._overrides = overrides
        self._jobs = jobs

    def chosen(self, asked: Sequence[str]) -> list[str]:
        """The domains to be moved: those asked for, else all that the source lists, else those in the file of names.

        Raises:
            NotConfigured: nobody says which.
        """
        if asked:
            return list(dict.fromkeys(asked))
        if self.source.has("domains"):
            return list(self.source.ask("domains"))
        if self._names:
            return list(self._names)
        raise NotConfigured(
            f"{self.source.name} cannot list its domains ({self.source.lacking('domains')}); name them, or give a file"
            " of domains and users with --names"
        )

    def read(self, domains: Sequence[str], advance: Callable[[int], object]) -> tuple[list[DomainState], list[str]]:
        """What the source has, and what it could not tell.

        Raises:
            NotConfigured: a domain's users are unknown.
            MailAddonError: a domain cannot be read.
        """
        states, problems = [], []
        with threads(self._jobs) as each:
            for domain in domains:
                given = self._names.get(domain, {"domain": domain})
                if not (self.source.has("show") or self.source.has("users") or given.get("users")):
                    raise NotConfigured(
                        f"{self.source.name} cannot list the users of {domain} ({self.source.lacking('users')}); give a"
                        " file of domains and users with --names"
                    )
                if "owner" in self._overrides:
                    given = {"owner": self._overrides["owner"], **given}
                reading = Reading(self.source, hashes=True, each=each)
                states.append(self._overridden(reading.domain(given)))
                problems += reading.problems
                advance(1)
        return states, problems

    def _overridden(self, state: DomainState) -> DomainState:
        for field in ("ip_address", "mailbox_directory"):
            if field in self._overrides:
                state[field] = self._overrides[field].replace("{domain}", state["domain"])
        return state

    def plan(self, states: Sequence[DomainState], problems: Sequence[str], file: NewPasswords | None) -> Plan:
        """The calls that are needed.

        Raises:
            InvalidArgument: a domain cannot be made with what is known of it.
        """
        plan = Plan(states, Passwords(self.source, self.target, file))
        plan.problems = list(problems)
        wrong = []
        for state in states:
            try:
                plan.steps += steps(state)
            except InvalidArgument as error:
                wrong.append(str(error))
                continue
            users = {state["owner"]: {}, **state.get("users", {})}
            for user, details in users.items():
                plan.passwords.prepare(f"{user}@{state['domain']}", details)  # type: ignore[arg-type] # {} is a state
            plan.assumed |= _assumed(state)
        if wrong:
            raise InvalidArgument("; ".join(wrong))
        plan.steps.sort(key=lambda step: step.stage)
        for command in dict.fromkeys(step.command for step in plan.steps):
            reason = self.target.lacking(command)
            if reason:
                plan.impossible[command] = reason
        return plan

    def check(self, plan: Plan, journal: Journal) -> None:
        """Make sure that no domain is at the target that this migration has not brought there.

        Raises:
            AlreadyExists: one is.
            NotFound: the journal says that one is there, and it is not.
        """
        present = present_in(self.target, [state["domain"] for state in plan.states])
        added = {key.split(" ")[1] for key in journal.done if key.startswith("EAddDomain ")}
        for state in plan.states:
            domain = state["domain"]
            there = domain in present
            if there and domain not in journal.domains:
                raise AlreadyExists(
                    f"domain {domain} exists at {self.target.name} already; delete it there, or leave it out here"
                )
            if domain in added and not there and self.target.has("domains"):
                raise NotFound(
                    f"domain {domain} has been added to {self.target.name}, as the journal says, and is gone; --restart"
                    " forgets the journal"
                )

    def run(self, plan: Plan, journal: Journal, progress: Progress) -> list[Failure]:
        """Make the calls; what failed.

        Raises:
            MailAddonError: as `Runner.run`.
        """
        journal.start()
        runner = Runner(self.target, journal, plan.passwords, self._jobs, progress)
        for state in plan.states:
            if state["domain"] not in journal.domains:
                journal.begin(state["domain"])
        return runner.run([step for step in plan.steps if step.command not in plan.impossible])

    def compare(self, plan: Plan, advance: Callable[[int], object]) -> Comparison:
        """How the target differs from what it should have. What it could not tell is added to the plan's problems."""
        comparison = Comparison()
        moved = set(plan.passwords.moved)
        with threads(self._jobs) as each:
            for state in plan.states:
                reading = Reading(self.target, hashes=True, each=each)
                names: DomainState = {"domain": state["domain"], "users": {user: {} for user in state.get("users", {})}}
                try:
                    found: DomainState | None = reading.domain(names)
                except (NotFound, AddonFailed, NotSupported) as error:
                    found = None
                    plan.problems.append(f"domain {state['domain']}: {error}")
                comparison.domain(_without_other_hashes(state, moved), found)
                plan.problems += reading.problems
                advance(1)
        return comparison


def _without_other_hashes(state: DomainState, moved: set[str]) -> DomainState:
    """A state without the hashes of passwords that did not move as hashes."""
    users: dict[str, Any] = {}
    for user, details in state.get("users", {}).items():
        dropped = () if f"{user}@{state['domain']}" in moved else ("password_hash",)
        users[user] = {field: value for field, value in details.items() if field not in dropped}
    return {**state, "users": users}


def _assumed(state: DomainState) -> set[str]:
    found = _untold("domain", state, DomainState.__optional_keys__)
    for user in state.get("users", {}).values():
        found |= _untold("user", user, UserState.__optional_keys__)
    if any(None in members.values() for members in state.get("mailing_lists", {}).values()):
        found.add("mailing list: members' names: empty")
    return found


def _untold(kind: str, state: Mapping[str, Any], fields: Iterable[str]) -> set[str]:
    return {
        f"{kind}: {field.replace('_', ' ')}: {_ASSUMED[field]}"
        for field in fields
        if field in _ASSUMED and field not in state
    }


def journal_path(home: str, source: str, target: str) -> str:
    """Where the journal of a migration is, if nobody says otherwise: in the target's home."""
    return os.path.join(home, "migrations", f"{_plain(source)}-to-{_plain(target)}.jsonl")


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name)


def overrides(ip_address: str, mailbox_directory: str, owner: str) -> dict[str, str]:
    """The options that are given, by the field that they are about."""
    given = dict(zip(NEEDED, (ip_address, mailbox_directory, owner), strict=True))
    return {field: value for field, value in given.items() if value}
