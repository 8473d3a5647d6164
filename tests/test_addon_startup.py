"""A command that calls a program starts as lightly as any other: what it imports is on a list."""

import os
from pathlib import Path

import pytest
from addon_sets import legacy
from conftest import SCRIPTS, Panel
from test_startup import CORE, DOMAIN_ROWS, OF_DOMAINS, OF_SERVERS, OF_USERS, SETTINGS, Started, implied

from mailaddon import registrations, settings
from mailaddon.registrations import Registration, register

#: What a command needs to call a program.
CALLING = {
    *CORE,
    *SETTINGS,
    "__future__",
    "errno",
    "mailaddon._contract",
    "mailaddon._loading",
    "mailaddon._record",
    "mailaddon.backends",
    "mailaddon.backends.executable",
    "mailaddon.backends.executable.answers",
    "mailaddon.backends.executable.calling",
    "mailaddon.backends.executable.options",
    "mailaddon.backends.executable.programs",
    "mailaddon.backends.executable.running",
    "mailaddon.records",
    "mailaddon.registrations",
    "mailaddon.service",
    "select",
}
HEAVY = {
    "json",
    "re",
    "subprocess",
    "threading",
    "signal",
    "enum",
    "pluggy",
    "logging",
    "pathlib",
    "tomllib",
    "importlib.metadata",
}


@pytest.fixture
def calling(panel: Panel) -> Panel:
    """A panel whose commands are answered by two programs."""
    programs = panel.home.parent / "programs"
    programs.mkdir()
    for name, script in (("ESuspendUser", "exit 0"), ("EGetForwardList", "echo a@b.com"), ("EGetMailURL", "echo x:")):
        programs.joinpath(name).write_text(f"#!/bin/sh\n{script}\n")
        programs.joinpath(name).chmod(0o755)
    registration = Registration(
        vendor="Acme",
        server="Mail",
        version="1",
        extension="",
        interpreter="",
        interpreter_parameters="",
        compliant_3x=False,
        directory=str(programs),
    )
    register(str(panel.home), registration)
    panel.settings('backend = "executable"\n')
    settled(panel.home)
    return panel


def settled(home: Path) -> None:
    """Make what was written old enough to be kept in its parsed form, and have it kept."""
    for name, load in (("mailaddon.toml", settings.load), ("addons.json", registrations.load)):
        os.utime(home / name, (1_000_000_000, 1_000_000_000))
        load(str(home))


@pytest.mark.parametrize(
    ("words", "beyond"),
    [
        (("ESuspendUser", "xyz.com", "u1"), {*OF_USERS, *DOMAIN_ROWS, "mailaddon._json"}),
        (("EGetForwardList", "xyz.com", "u1"), {*OF_USERS, *DOMAIN_ROWS}),
        (("EGetMailURL", "xyz.com"), {*OF_DOMAINS, *DOMAIN_ROWS}),
    ],
)
def test_imports_are_on_the_list(calling: Panel, words: tuple[str, ...], beyond: set[str]) -> None:
    started = Started(calling, SCRIPTS / words[0], *words[1:])
    assert (started.errors, started.status) == ([], 0)
    unlisted = started.imports - implied(calling, CALLING | beyond)
    assert not unlisted
    assert not started.imports & HEAVY


def test_the_rules_of_3x_are_imported_for_3x_only(panel: Panel) -> None:
    legacy(panel.home, panel.home.parent / "old")
    settled(panel.home)
    started = Started(panel, SCRIPTS / "EStartMailServer")
    assert (started.errors, started.status) == ([], 0)
    beyond = {*OF_SERVERS, *DOMAIN_ROWS, "mailaddon._json", "mailaddon.backends.executable.legacy"}
    unlisted = started.imports - implied(panel, CALLING | beyond)
    assert not unlisted
