"""The embedded backend against the model: random commands, and whatever a caller sees has to be the same.

Most runs stay in this process, on the way that a program takes (parser, service, printing); some start the installed
programs.
"""

import shlex
import shutil
import sqlite3
import tempfile
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import argon2
import hypothesis.strategies as st
from harness import MEMORY, Home, Outcome, database, disagreements, lines
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from mailaddon import Service
from mailaddon.operations import COMMANDS as TABLE
from mailaddon.operations import find
from mailaddon.records import DomainInfo
from mailaddon.testing.arguments import COMMANDS
from mailaddon.testing.calls import ADDRESSES, likely_call
from mailaddon.testing.comparing import destinations
from mailaddon.testing.model import DOMAIN_FLAGS, USER_FLAGS, Model, stray_in

WEBMAIL = "https://{domain}/mail"


class Comparison(RuleBasedStateMachine):
    """One home, one model, and the same commands for both."""

    keep_copy: ClassVar[bool] = True
    programs: ClassVar[bool] = False
    at_once: ClassVar[int] = 40

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="mailaddon-model-", dir=MEMORY))
        self.home = Home(self.folder, forwards__keep_copy=self.keep_copy, webmail__url=WEBMAIL, events=False)
        self.model = Model(keep_copy=self.keep_copy, webmail=WEBMAIL)
        self.service = self.home.service()
        self.history: list[str] = []

    def teardown(self) -> None:
        """Compare all that there is, then clean up."""
        self.service.close()
        try:
            self.compare_everything()
        finally:
            shutil.rmtree(self.folder)

    def run_both(self, command: str, arguments: list[str]) -> None:
        """Run a command here and there."""
        if self.programs:
            arguments = [text.replace("\0", "\n") for text in arguments]  # no program can get NUL
        self.history.append(shlex.join([command, *arguments]))
        expected = self.model.run(command, arguments)
        outcome = self.outcome(command, arguments)
        assert outcome.seen == expected, "\n".join([*self.history, outcome.error])

    def outcome(self, command: str, arguments: list[str]) -> Outcome:
        """What the implementation says."""
        if not self.programs:
            return self.home.call(command, *arguments, service=self.service)
        outcome = self.home.program(command, *arguments, covered=False)
        if outcome.status:
            assert outcome.error.startswith(f"{command}: ")
            assert outcome.error.count("\n") == 1
        else:
            assert outcome.error == ""
        return outcome

    @initialize()
    def a_domain(self) -> None:
        """Something to work with."""
        self.run_both("EAddDomain", ["xyz.com", "192.0.2.1", str(self.home.mail), "4", "admin", "pw", "0", *"11111111"])
        for user in ("u1", "u2"):
            self.run_both("EAddUser", ["xyz.com", user, "pw", "", "", "", *"111"])
        self.run_both("EAddDistributionList", ["xyz.com", "team"])

    @rule(seed=st.integers(0, 2**32))
    def commands(self, seed: int) -> None:
        """Any commands; Hypothesis alone would repeat itself too much."""
        random = Random(seed)
        for _number in range(self.at_once):
            command, arguments = likely_call(random, self.model, str(self.home.mail))
            if not self.programs:
                command = random.choice([command, command, command.upper(), command.lower(), command + ".exe"])
            self.run_both(command, arguments)
        self.compare_destinations(self.service)

    @rule(source=st.sampled_from(["u1", "u2", "u3", "admin"]), to=st.sampled_from(["u1", "u2", "u3", "a11"]))
    def a_forward_inside(self, source: str, to: str) -> None:
        """Forwards among few users, so that circles come about."""
        self.run_both("EAddForward", ["xyz.com", source, f"{to}@xyz.com"])

    @rule(domain=st.sampled_from(["xyz.com", "foo.com"]), user=st.sampled_from(["u1", "u3"]))
    def a_stray_file(self, domain: str, user: str) -> None:
        """Somebody else's file lies where a mailbox would be made."""
        if domain not in self.model.domains or user not in self.model.domains[domain].users:
            place = self.model.domains[domain].place if domain in self.model.domains else f"{self.home.mail}/{domain}"
            file = Path(stray_in(self.model, f"{place}/{user}/Maildir/cur"))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("mail")

    @precondition(lambda self: self.model.domains and not self.programs)
    @rule(number=st.integers(0, 100))
    def a_domain_moves(self, number: int) -> None:
        """A domain is exported, deleted and imported: it is as it was, and lists elsewhere do not have it any more."""
        primary = sorted(self.model.domains)[number % len(self.model.domains)]
        moved = self.model.domains[primary]
        place = moved.place.removesuffix(f"/{primary}")
        arguments = [primary, place, str(self.folder / "export"), moved.owner, *"11111111"]
        kept = deepcopy(moved)
        for command in (
            "EPreExportDomain",
            "EPostExportDomain",
            "EDeleteDomain",
            "EPreImportDomain",
            "EPostImportDomain",
        ):
            if command == "EDeleteDomain":
                self.run_both(command, [primary])
            else:
                self.history.append(shlex.join([command, *arguments]))
                outcome = self.home.call(command, *arguments, service=self.service)
                assert outcome.seen == (0, "", ""), "\n".join([*self.history, outcome.error])
        self.model.domains[primary] = kept
        if self.model.hosted(kept.catch_all.rpartition("@")[2]) and not self.model.located(kept.catch_all)[0]:
            kept.catch_all = ""  # its domain has been hosted since, without it
        self.compare_destinations(self.service)

    @rule()
    def another_process(self) -> None:
        """What is not in the directory is forgotten."""
        self.service.close()
        self.service = self.home.service()

    def compare_everything(self) -> None:
        """The directory as a whole, and where mail would go."""
        wrong = disagreements(self.home)
        for stray in self.model.strays:
            assert Path(stray).exists()
            wrong = [found for found in wrong if not within(stray, found)]
        assert wrong == [], "\n".join([*self.history, *wrong])
        with self.home.service() as service:
            domains = service.run(find("domains"), [])
            assert domains == sorted(self.model.domains)
            for domain in domains:
                assert shown(service.run(find("show"), [domain])) == expected(self.model, domain)
            self.compare_destinations(service)
        with closing(database(self.home)) as connection:
            self.compare_passwords(connection)

    def compare_destinations(self, service: Service) -> None:
        """Where mail would go."""
        for address in ADDRESSES:
            if address.isascii() and address == address.lower():
                found = destinations(service.run(find("resolve"), [address]))
                assert found == self.model.destinations(address), "\n".join([*self.history, address])

    def compare_passwords(self, connection: sqlite3.Connection) -> None:
        """Every hash is of the right password."""
        sql = (
            "SELECT n.name, a.local_part, u.password FROM user AS u JOIN address AS a ON a.id = u.id"
            " JOIN domain_name AS n ON n.domain_id = a.domain_id AND n.kind = 'primary'"
        )
        for domain, user, hash_ in connection.execute(sql):
            scheme, _, encoded = hash_.partition("}")
            assert scheme == "{ARGON2ID"
            argon2.PasswordHasher().verify(encoded, self.model.domains[domain].users[user].password)


def within(stray: str, found: str) -> bool:
    """Whether a folder that belongs to nobody is there because of a stray file."""
    return found.endswith(" belongs to nobody") and stray.startswith(found.removesuffix(" belongs to nobody") + "/")


def shown(info: DomainInfo) -> dict[str, Any]:
    """What `mailaddon show` has, in the model's terms."""
    return {
        "ip": (info.ip_address, info.ip_based),
        "place": f"{info.mailbox_directory}/{info.domain}",
        "owner": info.owner,
        "catch_all": info.catch_all,
        "limit": (info.max_mailboxes, info.mailboxes),
        "suspended": info.suspended,
        "flags": info.features.as_dict(),
        "aliases": list(info.aliases),
        "filters": list(info.spam_filters),
        "users": [
            (
                user.user,
                user.suspended,
                [user.first_name, user.middle_name, user.last_name],
                user.features.as_dict(),
                list(user.aliases),
                list(user.forwards),
                user.autoresponder,
            )
            for user in info.users
        ],
        "lists": [(found.name, found.kind, found.members) for found in info.lists],
    }


def expected(model: Model, name: str) -> dict[str, Any]:
    """The same of the model."""
    domain = model.domains[name]
    return {
        "ip": (domain.ip, domain.ip_based),
        "place": domain.place,
        "owner": domain.owner,
        "catch_all": domain.catch_all,
        "limit": (domain.limit, len(domain.users)),
        "suspended": domain.suspended,
        "flags": {flag: domain.flags[flag] for flag in DOMAIN_FLAGS},
        "aliases": sorted(domain.aliases),
        "filters": sorted({address for _type, address in domain.filters}),
        "users": [
            (
                key,
                user.suspended,
                user.names,
                {flag: user.flags[flag] for flag in USER_FLAGS},
                sorted(user.aliases),
                sorted(user.forwards),
                user.autoresponder is not None,
            )
            for key, user in sorted(domain.users.items())
        ],
        "lists": sorted(
            (key, kind, len(members)) for kind, lists in domain.lists.items() for key, members in lists.items()
        ),
    }


class ComparisonWithoutCopies(Comparison):
    """Who forwards keeps no copy."""

    keep_copy = False


class ComparisonOfPrograms(Comparison):
    """The installed programs."""

    programs = True
    at_once = 8


COMMON: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
    "phases": [Phase.generate],
}
TestModel = Comparison.TestCase
TestModel.settings = settings(max_examples=150, stateful_step_count=15, **COMMON)
TestModelWithoutCopies = ComparisonWithoutCopies.TestCase
TestModelWithoutCopies.settings = settings(max_examples=150, stateful_step_count=15, **COMMON)
TestModelOfPrograms = ComparisonOfPrograms.TestCase
TestModelOfPrograms.settings = settings(max_examples=3, stateful_step_count=4, **COMMON)


def test_the_model_knows_all_commands_but_export_and_import() -> None:
    table = {operation.command for operation in TABLE}
    assert {name for name in table - set(COMMANDS) if "port" not in name} == set()
    assert set(COMMANDS) <= table
    for operation in TABLE:
        if operation.command in COMMANDS:
            assert len(COMMANDS[operation.command]) == len(operation.parameters)


def test_the_guide_s_examples_in_the_model() -> None:
    model = Model()
    model.run("EAddDomain", ["xyz.com", "192.0.2.1", "/m", "-1", "admin", "pw", "0", *"11111111"])
    model.run("EAddUser", ["xyz.com", "u1", "pw", "", "", "", *"111"])
    for alias in ("a12", "a11"):
        model.run("EAddUserAlias", ["xyz.com", "u1", alias])
    assert model.run("EGetUserAliasList", ["xyz.com", "u1"]) == (0, "", "a11\na12\n")
    assert lines(model.run("EGetCatchallUser", ["xyz.com"])[2]) == ["admin@xyz.com"]
