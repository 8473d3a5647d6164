"""Process start is a feature: what each executable imports, and when.

Every executable runs as a process of its own and says what it imports, on a directory and settings that are there
already. The interpreter runs without `site`, so that no `.pth` file of the machine adds or hides anything.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SCRIPTS, Panel
from patience import HANGS

import mailaddon
from mailaddon.operations import COMMANDS, DOMAIN_OPERATIONS, find

EXECUTABLES = [name for operation in COMMANDS for name in operation.executables]
SITE_PACKAGES = Path(mailaddon.__file__).parent.parent

#: What a command needs to refuse its arguments, where no setting says where refusals are printed.
CORE = {
    "gc",
    "mailaddon",
    "mailaddon.command",
    "mailaddon.errors",
    "mailaddon.home",
    "mailaddon.operations",
    "mailaddon.operations.model",
    "mailaddon.operations.parameters",
    "mailaddon.operations.users",
    "mailaddon.values",
}
#: The rows of the operation table that are looked through last.
DOMAIN_ROWS = {"mailaddon.operations.domains"}
SETTINGS = {"mailaddon._compiled", "mailaddon.settings", "marshal"}
#: What any operation on the embedded backend needs.
OPENED = {
    *CORE,
    *SETTINGS,
    "__future__",
    "mailaddon._contract",
    "mailaddon._loading",
    "mailaddon._record",
    "mailaddon.backends",
    "mailaddon.backends.embedded",
    "mailaddon.directory",
    "mailaddon.directory._sqlite",
    "mailaddon.directory.store",
    "mailaddon.directory_backend",
    "mailaddon.records",
    "mailaddon.service",
    "_sqlite3",
}
#: The records that hooks get and give.
OF_DOMAINS = {"mailaddon.records._domains"}
OF_LISTS = {"mailaddon.records._lists"}
OF_SERVERS = {"mailaddon.records._server"}
OF_USERS = {"mailaddon.records._users"}
RESULT = {"mailaddon.records._results"}

EVENT = {"mailaddon._json"}
NAMES = {"mailaddon.directory.names"}
ROUTING = {*NAMES, "mailaddon.directory.routing"}
USERS = {*NAMES, *OF_USERS, "mailaddon.directory.users"}
DOMAINS = {*NAMES, *OF_DOMAINS, *DOMAIN_ROWS, "mailaddon.directory.domains"}
LISTS = {*NAMES, "mailaddon.directory.lists"}
#: What changes mail storage, and whatever comes right behind it: the journal's last trace is removed then.
AFTER_MAIL = {"errno", "mailaddon.directory.journal", "mailaddon.directory.storage"}
#: Mail folders are made or removed: the journal is locked.
FILES = {*AFTER_MAIL, "fcntl"}
HASH = {"_argon2_cffi_bindings", "mailaddon.directory.passwords"}
EXPORT = {
    *NAMES,
    *OF_DOMAINS,
    "errno",
    "fcntl",
    "mailaddon.directory.archive",
    "mailaddon.directory.exporting",
    "mailaddon.directory.folders",
    "mailaddon.directory.storage",
    "mailaddon.directory.trees",
    "hashlib",
    "json",
}
VERIFY = {
    *(EXPORT - {"mailaddon.directory.folders"}),
    *FILES,
    *RESULT,
    *ROUTING,
    "mailaddon.directory.domains",
    "mailaddon.directory.exported",
    "mailaddon.directory.importing",
    "mailaddon.directory.lists",
    "mailaddon.directory.users",
}
IMPORT = {*VERIFY, *EXPORT}

#: Beside `OPENED`, per executable. What a library imports by itself is found out, it is not ours to list.
NEEDED: dict[str, set[str]] = {
    "EAddDomain": DOMAINS | HASH | FILES | EVENT | {"mailaddon.directory.users"},
    "EEditDomain": DOMAINS | RESULT | EVENT,
    "ESuspendDomain": DOMAINS | RESULT | EVENT,
    "EResumeDomain": DOMAINS | RESULT | EVENT,
    "EDeleteDomain": DOMAINS | RESULT | FILES | EVENT,
    "EPreImportDomain": VERIFY | DOMAIN_ROWS,
    "EPostImportDomain": IMPORT | DOMAIN_ROWS | EVENT,
    "EGetMailURL": NAMES | OF_DOMAINS | DOMAIN_ROWS,
    "EChangeDomainIP": DOMAINS | RESULT | EVENT,
    "EAddDomainAlias": DOMAINS | ROUTING | EVENT,
    "EDeleteDomainAlias": DOMAINS | AFTER_MAIL | EVENT,
    "EGetDomainAliasList": DOMAINS,
    "EPreExportDomain": EXPORT | DOMAIN_ROWS,
    "EPostExportDomain": EXPORT | DOMAIN_ROWS,
    "EAddDistributionList": LISTS | OF_LISTS | DOMAIN_ROWS | EVENT,
    "EDeleteDistributionList": LISTS | OF_LISTS | DOMAIN_ROWS | ROUTING | EVENT,
    "EGetDistributionListList": LISTS | OF_DOMAINS | DOMAIN_ROWS,
    "EGetDistributionList": LISTS | OF_DOMAINS | DOMAIN_ROWS,
    "EAddMailingList": LISTS | OF_LISTS | DOMAIN_ROWS | EVENT,
    "EDeleteMailingList": LISTS | OF_LISTS | DOMAIN_ROWS | ROUTING | EVENT,
    "EGetMailingListList": LISTS | OF_DOMAINS | DOMAIN_ROWS,
    "EAddSpamFilter": LISTS | OF_LISTS | DOMAIN_ROWS | EVENT,
    "EDeleteSpamFilter": LISTS | OF_LISTS | DOMAIN_ROWS | EVENT,
    "EGetSpamFilterList": LISTS | OF_DOMAINS | DOMAIN_ROWS,
    "EStartMailServer": OF_SERVERS | DOMAIN_ROWS,
    "EStopMailServer": OF_SERVERS | DOMAIN_ROWS,
    "EChangeNetworkSettings": {"mailaddon.directory.server"} | OF_SERVERS | RESULT | DOMAIN_ROWS | EVENT,
    "EAddUser": USERS | HASH | FILES | EVENT,
    "EEditUser": USERS | HASH | RESULT | AFTER_MAIL | EVENT,
    "ESuspendUser": USERS | RESULT | EVENT,
    "EDeleteUser": USERS | ROUTING | FILES | EVENT,
    "EResumeUser": USERS | RESULT | EVENT,
    "EPreExportUser": EXPORT | OF_USERS,
    "EPostExportUser": EXPORT | OF_USERS,
    "EPreImportUser": VERIFY | OF_USERS,
    "EPostImportUser": IMPORT | OF_USERS | EVENT,
    "EAddUserAlias": USERS | ROUTING | EVENT,
    "EDeleteUserAlias": USERS | ROUTING | EVENT,
    "EGetUserAliasList": USERS,
    "EAddForward": USERS | ROUTING | EVENT,
    "EDeleteForward": USERS | EVENT,
    "EGetForwardList": USERS,
    "EAddDistributionListMember": LISTS | OF_LISTS | EVENT,
    "EDeleteDistributionListMember": LISTS | OF_LISTS | EVENT,
    "EGetDistributionListMemberList": LISTS | OF_LISTS,
    "EAddMailingListMember": LISTS | OF_LISTS | EVENT,
    "EDeleteMailingListMember": LISTS | OF_LISTS | EVENT,
    "EGetMailingListMemberList": LISTS | OF_LISTS,
    "ESetCatchallUser": ROUTING | OF_DOMAINS | RESULT | EVENT,
    "EGetCatchallUser": ROUTING | OF_DOMAINS,
    "ESetAutoResponder": USERS | RESULT | EVENT,
    "EGetAutoResponder": USERS | RESULT,
    "EDeleteAutoResponder": USERS | EVENT,
}


class Started:
    """A process that has ended: what it imported beyond a bare interpreter, how it ended, what it said."""

    def __init__(self, panel: Panel, *command: "str | bytes") -> None:
        env = {key: value for key, value in panel.env.items() if not key.startswith(("COVERAGE", "PYTHON"))}
        env["PYTHONPATH"] = str(SITE_PACKAGES)
        call = [sys.executable, "-S", "-X", "importtime", *command]
        done = subprocess.run(call, env=env, capture_output=True, check=False, timeout=HANGS)
        lines = done.stderr.decode().splitlines()
        self.imports = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
        self.errors = [line for line in lines if not line.startswith("import time:")]
        self.status = done.returncode
        self.output = done.stdout.decode()


def implied(panel: Panel, allowed: set[str]) -> set[str]:
    """The modules that these import by themselves, the interpreter's own among them."""
    libraries = sorted(name for name in allowed if not name.startswith(("mailaddon", "__")))
    return allowed | Started(panel, "-c", f"import {', '.join(['os', *libraries])}").imports


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What an interpreter imports that does nothing."""
    return Started(Panel(tmp_path_factory.mktemp("bare")), "-c", "import os").imports


DAY = """
EAddDomain xyz.com 192.0.2.10 $MAIL 10 admin s3cret 0 1 1 1 1 1 1 1 1
EAddUser xyz.com u1 s3cret Ann - Lee 1 1 1
EEditUser xyz.com u1 n3w-s3cret Ann B. Lee 1 1 1
ESuspendUser xyz.com u1
EResumeUser xyz.com u1
EAddUserAlias xyz.com u1 a11
EGetUserAliasList xyz.com u1
EAddForward xyz.com u1 u1@mymail.com
EGetForwardList xyz.com u1
ESetAutoResponder xyz.com u1 Away Back.
EGetAutoResponder xyz.com u1
ESetCatchallUser xyz.com u1@xyz.com
EGetCatchallUser xyz.com
EAddDistributionList xyz.com team
EAddDistributionListMember xyz.com team u1@xyz.com
EGetDistributionListList xyz.com
EGetDistributionList xyz.com
EGetDistributionListMemberList xyz.com team
EAddMailingList xyz.com news
EAddMailingListMember xyz.com news Ann ann@example.org
EGetMailingListList xyz.com
EGetMailingListMemberList xyz.com news
EAddSpamFilter xyz.com spammer@example.org EMAIL
EGetSpamFilterList xyz.com
EAddDomainAlias xyz.com xyz.net
EGetDomainAliasList xyz.com
EEditDomain xyz.com 20 1 1 1 1 1 1 1 1
ESuspendDomain xyz.com
EResumeDomain xyz.com
EChangeDomainIP xyz.com 192.0.2.11
EGetMailURL xyz.com
EStartMailServer
EStopMailServer
EChangeNetworkSettings 192.0.2.11 a.example.net 192.0.2.12 b.example.net
EPreExportUser xyz.com u1 $MAIL $DATA-u1 1 1 1
EPostExportUser xyz.com u1 $MAIL $DATA-u1 1 1 1
EPreImportUser xyz.com u1 $MAIL $DATA-u1 1 1 1
EPostImportUser xyz.com u1 $MAIL $DATA-u1 1 1 1
EPreExportDomain xyz.com $MAIL $DATA admin 1 1 1 1 1 1 1 1
EPostExportDomain xyz.com $MAIL $DATA admin 1 1 1 1 1 1 1 1
EPreImportDomain xyz.com $MAIL $DATA admin 1 1 1 1 1 1 1 1
EPostImportDomain xyz.com $MAIL $DATA admin 1 1 1 1 1 1 1 1
EDeleteDomainAlias xyz.com xyz.net
EDeleteSpamFilter xyz.com spammer@example.org
EDeleteMailingListMember xyz.com news ann@example.org
EDeleteMailingList xyz.com news
EDeleteDistributionListMember xyz.com team u1@xyz.com
EDeleteDistributionList xyz.com team
EDeleteAutoResponder xyz.com u1
EDeleteForward xyz.com u1 u1@mymail.com
EDeleteUserAlias xyz.com u1 a11
EDeleteUser xyz.com u1
EDeleteDomain xyz.com
"""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Started]:
    """A panel's day, with every executable once, on a home that has been used before."""
    panel = Panel(tmp_path_factory.mktemp("day").resolve())
    panel.settings('webmail.url = "https://webmail.example.net/"\n')
    os.utime(panel.home / "mailaddon.toml", (1_000_000_000, 1_000_000_000))  # long enough ago to be compiled
    panel.add_domain("first.example")
    found = {}
    for line in DAY.split("\n")[1:-1]:
        name, *words = line.replace("$MAIL", str(panel.mail)).replace("$DATA", str(panel.home.parent / "data")).split()
        found[name] = Started(panel, SCRIPTS / name, *words)
    return found


def test_day_has_every_executable(day: dict[str, Started]) -> None:
    assert sorted(day) == sorted(NEEDED) == sorted(EXECUTABLES)


@pytest.mark.parametrize("name", EXECUTABLES)
def test_imports_are_what_is_on_the_list(name: str, day: dict[str, Started], panel: Panel) -> None:
    started = day[name]
    assert (started.errors, started.status) == ([], 0)
    wanted = OPENED | NEEDED[name]
    assert not started.imports - implied(panel, wanted)
    assert not wanted - started.imports, "what is not needed any more leaves the list"
    if not name.startswith(("EPre", "EPost")):
        heavy = {"json", "re", "enum", "hashlib", "typing", "dataclasses", "sqlite3", "logging", "argparse", "shutil"}
        assert not started.imports & {
            *heavy,
            "click",
            "pluggy",
            "importlib.metadata",
            "tomllib",
            "contextlib",
            "pathlib",
        }


@pytest.mark.parametrize("name", EXECUTABLES)
def test_refused_arguments_load_nothing(name: str, panel: Panel, bare: set[str]) -> None:
    """Neither pluggy, nor a backend, nor the directory: not even the service."""
    operation = find(name)
    wrong = [["x"] * (1 + len(operation.longer or operation.parameters))]
    if operation.parameters:
        wrong.append([b"\xff"] * len(operation.parameters))
    for words in wrong:
        started = Started(panel, SCRIPTS / name, *words)
        assert started.status == 1
        assert not started.imports - bare - CORE - (DOMAIN_ROWS if operation in DOMAIN_OPERATIONS else set())
    assert list(panel.home.iterdir()) == []


def test_libraries_for_rare_values_are_imported_for_those_only(panel: Panel, bare: set[str]) -> None:
    words = ("EChangeDomainIP", "bücher.example", "2001:db8::x")
    started = Started(panel, SCRIPTS / words[0], *words[1:])
    assert {"idna", "ipaddress"} <= started.imports
    assert not started.imports & {"pluggy", "_sqlite3", "mailaddon.service", "mailaddon.directory"}
    started = Started(panel, SCRIPTS / words[0], "xyz.com", "192.0.2.x")
    assert not started.imports - bare - CORE - DOMAIN_ROWS


def test_settings_are_loaded_for_a_refusal_only_if_they_may_say_where_it_is_printed(
    panel: Panel, bare: set[str]
) -> None:
    for toml, where in (
        ('backend = "embedded"\n', ""),
        ('messages = "stdout"\n', "stdout"),
        ('"m\\u0065ssages" = "stdout"\n', "stdout"),
    ):
        panel.settings(toml)
        started = Started(panel, SCRIPTS / "EGetUserAliasList", "xyz.com", "u 1")
        assert bool(started.output) == bool(where)
        assert ("mailaddon.settings" in started.imports) == bool(where)
        assert bool(where) or not started.imports - bare - CORE


def test_help_loads_no_backend(panel: Panel) -> None:
    for option in ("--help", "--version"):
        started = Started(panel, SCRIPTS / "EAddUser", option)
        assert (started.errors, started.status) == ([], 0)
        assert started.output.startswith("NAME\n" if option == "--help" else f"EAddUser {mailaddon.__version__}\n")
        assert not started.imports & {"pluggy", "_sqlite3", "mailaddon.service", "mailaddon.directory"}
    assert list(panel.home.iterdir()) == []


def test_records_and_errors_of_the_public_face_are_loaded_when_they_are_used(panel: Panel, bare: set[str]) -> None:
    assert Started(panel, "-c", "import os, mailaddon").imports - bare == {"mailaddon"}
    started = Started(panel, "-c", "import os; from mailaddon import NotFound, hookimpl, records, Context")
    assert not started.imports - bare - (OPENED - {"_sqlite3"})
