"""What the tests of migrations share: homes with domains, the sample add-on between them, and what both sides have."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from addon_sets import sample
from click.testing import Result
from umbrella import mailaddon

from mailaddon import Service
from mailaddon.operations import find

ON = ("1",) * 8
SHELL = "Acme/Sample/1"


class Place:
    """A home, in which operations are called in this process."""

    def __init__(self, home: Path, settings: str = "") -> None:
        self.home = home
        home.mkdir(parents=True)
        home.joinpath("mailaddon.toml").write_text(settings, encoding="utf-8")

    def call(self, command: str, *arguments: str, backend: str = "") -> Any:
        """Call a command."""
        with Service.open(str(self.home), backend) as service:
            return service.run(find(command), arguments)

    def calls(self, *calls: tuple[str, ...]) -> None:
        """Call many commands."""
        with Service.open(str(self.home)) as service:
            for command, *arguments in calls:
                service.run(find(command), arguments)

    def shell(self, options: str = "password_schemes = ['ARGON2ID']") -> Path:
        """Register the sample in shell; where it keeps its state."""
        state = self.home.parent / "shell"
        state.mkdir()
        sample(self.home, state, program="addon.sh", interpreter="sh", parameters="-u")
        settings = self.home / "mailaddon.toml"
        table = f"[backends.executable]\nenvironment.ADDON_STATE = '{state}'\n{options}\n"
        settings.write_text(settings.read_text() + table, encoding="utf-8")
        return state


def rich(place: Place, mail: Path) -> None:
    """Two domains with something of everything, and with what is easily lost."""
    place.calls(
        ("EAddDomain", "xyz.com", "192.0.2.1", f"{mail}/xyz.com", "10", "admin", "s3cret-0", "1", *ON),
        ("EAddUser", "xyz.com", "u1", "s3cret-1", "Ann", "M. 'x'", "Lée", "1", "1", "1"),
        ("EAddUser", "xyz.com", "u2", "s3cret-2", "-n", '"', "$HOME; exit", "1", "1", "0"),
        ("EAddDomainAlias", "xyz.com", "xyz.net"),
        ("EAddDomainAlias", "xyz.com", "bücher.example"),
        ("EAddUserAlias", "xyz.com", "u1", "a1"),
        ("EAddUserAlias", "xyz.com", "admin", "postmaster"),
        ("EAddForward", "xyz.com", "u1", "x@example.org"),
        ("EAddForward", "xyz.com", "u1", '"a b/c%"@example.org'),
        ("ESetAutoResponder", "xyz.com", "u2", "-away", 'line 1\n\n  "line" 2\\\n'),
        ("EAddDistributionList", "xyz.com", "team"),
        ("EAddDistributionListMember", "xyz.com", "team", "u1@xyz.com"),
        ("EAddDistributionListMember", "xyz.com", "team", "news@xyz.com"),
        ("EAddMailingList", "xyz.com", "news"),
        ("EAddMailingListMember", "xyz.com", "news", "Zoë 'Z' Quinn", "z@example.org"),
        ("EAddMailingListMember", "xyz.com", "news", "", "y@example.org"),
        ("EAddSpamFilter", "xyz.com", "192.0.2.0/24", "IP"),
        ("EAddSpamFilter", "xyz.com", "bad@example.org", "EMAIL"),
        ("EAddSpamFilter", "xyz.com", "bad.example.org", "DOMAIN"),
        ("ESetCatchallUser", "xyz.com", "u2@xyz.com"),
        ("EEditUser", "xyz.com", "u2", "", "-n", '"', "$HOME; exit", "0", "0", "0"),
        ("EEditDomain", "xyz.com", "7", "0", "1", "0", "1", "1", "1", "0", "0"),
        ("ESuspendUser", "xyz.com", "u1"),
        ("EAddDomain", "abc.com", "192.0.2.2", f"{mail}/abc.com", "-1", "boss", "s3cret-3", "0", *ON),
        ("ESetCatchallUser", "abc.com", ""),
        ("ESuspendDomain", "abc.com"),
    )


def told(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What an embedded backend tells of all its domains, hashes too."""
    monkeypatch.setenv("MAILADDON_HOME", str(home))
    result = mailaddon("inventory", "--hashes")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def environment(home: Path) -> dict[str, str]:
    """An environment without what measures and without other settings of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "MAILADDON_"))}
    return {**kept, "MAILADDON_HOME": str(home)}


ACCEPTING = "[password]\naccept_hashes = true\nargon2id_time = 1\nargon2id_memory = 8\n"
QUICK = "[password]\nargon2id_time = 1\nargon2id_memory = 8\n"


def rich_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A home with two rich domains in its embedded backend, which this process is in."""
    for name in os.environ:
        if name.startswith("MAILADDON_"):
            monkeypatch.delenv(name)
    place = Place(folder.resolve() / "first", QUICK)
    monkeypatch.setenv("MAILADDON_HOME", str(place.home))
    rich(place, folder.resolve() / "mail")
    return place


def small_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A home with one domain and one user, and nothing in the way, which this process is in."""
    place = Place(folder.resolve() / "first", QUICK)
    monkeypatch.setenv("MAILADDON_HOME", str(place.home))
    mail = f"{folder.resolve()}/mail/xyz.com"
    place.calls(
        ("EAddDomain", "xyz.com", "192.0.2.1", mail, "-1", "admin", "s3cret-0", "0", *ON),
        ("EAddUser", "xyz.com", "u1", "s3cret-1", "Ann", "", "Lee", "1", "1", "1"),
        ("EAddUserAlias", "xyz.com", "u1", "a1"),
    )
    return place


def to(place: Place, *options: str) -> Result:
    """Migrate from the embedded backend here to the one there."""
    call = ("migrate", "--from", "embedded", "--to", "embedded", "--to-home", str(place.home))
    return mailaddon(*call, "--mailbox-directory", f"{place.home.parent}/moved/{{domain}}", *options)
