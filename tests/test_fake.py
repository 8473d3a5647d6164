"""`mailaddon.testing.FakeBackend`: what the embedded backend does, in memory and between processes, and faults."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import ALL_ON, Panel
from harness import FLAGS, MEMORY, USER_FLAGS, Home

from mailaddon import CONTRACT, Context, MailAddonError, NotConfigured, Service, records, testing
from mailaddon import settings as sdk_settings
from mailaddon._loading import LoadedBackend, check
from mailaddon.operations import COMMANDS, OPERATIONS, find
from mailaddon.testing import FakeBackend, Fault, Model, stores
from mailaddon.testing.calls import ADDRESSES, likely_call
from mailaddon.testing.comparing import destinations
from mailaddon.testing.fake import verifies

WEBMAIL = "https://{domain}/mail"
NAME = "mailaddon.testing:FakeBackend"


def on(home: Home, backend: FakeBackend) -> Service:
    """A service that drives this backend."""
    return Service(str(home.path), sdk_settings.load(str(home.path)), LoadedBackend("fake", NAME, backend))


@pytest.fixture
def memory(tmp_path: Path) -> Home:
    """A home whose commands are answered in memory."""
    return Home(tmp_path, webmail__url=WEBMAIL, events=False)


def context(home: Home, **options: Any) -> Context:
    """What the SDK tells a backend."""
    return Context(name="fake", home=str(home.path), settings=sdk_settings.load(str(home.path)).values, options=options)


# Every hook


def test_it_has_every_hook_of_the_contract() -> None:
    loaded = LoadedBackend("fake", NAME, FakeBackend())
    assert FakeBackend.contract == CONTRACT
    assert [one.hook for one in OPERATIONS if not loaded.supports(one.hook)] == []
    assert loaded.problems() == []
    check(FakeBackend)


@pytest.mark.parametrize("keep_copy", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_it_does_what_the_embedded_backend_does(seed: int, *, keep_copy: bool) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        embedded = Home(Path(folder), webmail__url=WEBMAIL, events=False, forwards__keep_copy=keep_copy)
        fake = on(embedded, FakeBackend(keep_copy=keep_copy, webmail=WEBMAIL))
        model, random = Model(keep_copy=keep_copy, webmail=WEBMAIL), Random(seed)
        domain = ("EAddDomain", ["xyz.com", "192.0.2.1", str(embedded.mail), "4", "admin", "pw", "0", *FLAGS])
        with embedded.service() as service:
            for _number in range(300):
                command, arguments = domain if not model.domains else likely_call(random, model, str(embedded.mail))
                model.run(command, arguments)
                outcome = embedded.call(command, *arguments, service=fake)
                assert outcome.seen == embedded.call(command, *arguments, service=service).seen, (command, arguments)
                if outcome.code:
                    assert outcome.error.strip() not in {"", outcome.code}
            assert everything(fake) == everything(service)


def everything(service: Service) -> list[Any]:
    """All that the read operations show, without numbers."""
    domains = service.run(find("domains"), [])
    found: list[Any] = [domains]
    for domain in domains:
        info = service.run(find("show"), [domain])
        numbers = [info.id, *(one.id for one in (*info.users, *info.lists))]
        assert len(set(numbers)) == len(numbers)
        found.append(
            info.replace(
                id=0,
                users=[one.replace(id=0, keep_copy=not one.forwards or one.keep_copy) for one in info.users],
                lists=[one.replace(id=0) for one in info.lists],
            )
        )
        found.append(service.run(find("users"), [domain]))
        found += [service.run(find("mailing-list"), [domain, one.name]) for one in info.lists if one.kind == "mailing"]
    known = [address for address in ADDRESSES if address.isascii() and address == address.lower()]
    found += [destinations(service.run(find("resolve"), [address])) for address in known]
    return found


def test_a_number_is_not_given_twice(memory: Home) -> None:
    service = on(memory, FakeBackend())
    memory.call("EAddDomain", "xyz.com", "192.0.2.1", "/m", "-1", "admin", "pw", "0", *FLAGS, service=service)
    seen = set()
    for _time in range(3):
        memory.call("EAddUser", "xyz.com", "u1", "pw", "", "", "", *USER_FLAGS, service=service)
        memory.call("EAddDistributionList", "xyz.com", "team", service=service)
        info = service.run(find("show"), ["xyz.com"])
        seen |= {info.users[1].id, info.lists[0].id}
        memory.call("EDeleteUser", "xyz.com", "u1", service=service)
        memory.call("EDeleteDistributionList", "xyz.com", "team", service=service)
    assert len(seen) == 6


def test_passwords_are_kept_as_hashes(memory: Home) -> None:
    backend = FakeBackend(context(memory))
    service = on(memory, backend)
    memory.call("EAddDomain", "xyz.com", "192.0.2.1", "/m", "-1", "admin", "s3cret-1", "0", *FLAGS, service=service)
    memory.call("EAddUser", "xyz.com", "u1", "s3cret-2", "", "", "", *USER_FLAGS, service=service)
    memory.call("EEditUser", "xyz.com", "u1", "", "A", "", "", *USER_FLAGS, service=service)
    hash_ = service.run(find("password-hash"), ["xyz.com", "u1"])
    assert verifies("s3cret-2", hash_)
    assert not verifies("s3cret-1", hash_)
    assert service.run(find("password-schemes"), []) == []
    for file in memory.path.iterdir():
        assert b"s3cret" not in file.read_bytes(), file
    assert (memory.path / "fake.sqlite3").stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in repr(backend.calls)


# What the panel moves domains with


@pytest.fixture
def stocked(memory: Home) -> tuple[Home, Service]:
    """A domain with one of everything."""
    service = on(memory, FakeBackend(webmail=WEBMAIL))
    for command, *arguments in (
        ("EAddDomain", "xyz.com", "192.0.2.1", str(memory.mail), "10", "admin", "pw", "1", *FLAGS),
        ("EAddUser", "xyz.com", "u1", "pw", "Ann", "B.", "Lee", "1", "1", "0"),
        ("EAddUserAlias", "xyz.com", "u1", "a11"),
        ("EAddForward", "xyz.com", "u1", "u1@mymail.com"),
        ("ESetAutoResponder", "xyz.com", "u1", "Away", "Back\non Monday"),
        ("ESuspendUser", "xyz.com", "u1"),
        ("EAddDomainAlias", "xyz.com", "xyz.net"),
        ("EAddDistributionList", "xyz.com", "team"),
        ("EAddDistributionListMember", "xyz.com", "team", "u1@xyz.com"),
        ("EAddMailingList", "xyz.com", "news"),
        ("EAddMailingListMember", "xyz.com", "news", "Ann Lee", "ann@example.org"),
        ("EAddSpamFilter", "xyz.com", "10.0.0.0/8", "IP"),
        ("ESetCatchallUser", "xyz.com", "team@xyz.com"),
    ):
        assert memory.call(command, *arguments, service=service).seen == (0, "", ""), command
    return memory, service


def moving(home: Home, *flags: str) -> list[str]:
    """The arguments of a transfer of the domain."""
    return ["xyz.com", str(home.mail), str(home.folder / "out"), "admin", *(flags or FLAGS)]


def test_a_deleted_domain_comes_back_as_it_was(stocked: tuple[Home, Service]) -> None:
    home, service = stocked
    before, hash_ = everything(service), service.run(find("password-hash"), ["xyz.com", "u1"])
    for command in ("EPreExportDomain", "EPostExportDomain", "EPreImportDomain"):
        assert home.call(command, *moving(home), service=service).seen == (0, "", "")
        assert everything(service) == before
    assert home.call("EDeleteDomain", "xyz.com", service=service).status == 0
    for _time in range(2):
        assert home.call("EPreImportDomain", *moving(home), service=service).seen == (0, "", "")
        assert home.call("EPostImportDomain", *moving(home), service=service).seen == (0, "", "")
        assert everything(service) == before
    assert service.run(find("password-hash"), ["xyz.com", "u1"]) == hash_


def test_flags_say_which_parts_go_along(stocked: tuple[Home, Service]) -> None:
    home, service = stocked
    home.call("EPostExportDomain", *moving(home), service=service)
    home.call("EDeleteDomain", "xyz.com", service=service)
    home.call("EPostImportDomain", *moving(home, *"00000000"), service=service)
    info = service.run(find("show"), ["xyz.com"])
    assert [one.user for one in info.users] == ["admin", "u1"]
    assert (info.users[1].aliases, info.users[1].forwards, info.users[1].autoresponder) == ([], [], False)
    assert (info.aliases, info.lists, info.spam_filters, info.catch_all) == ([], [], [], "admin@xyz.com")


def test_a_user_moves_alone(stocked: tuple[Home, Service]) -> None:
    home, service = stocked
    arguments = ["xyz.com", "u1", str(home.mail), str(home.folder / "out"), *USER_FLAGS]
    before = service.run(find("show"), ["xyz.com"]).users[1]
    for command in ("EPreExportUser", "EPostExportUser"):
        assert home.call(command, *arguments, service=service).seen == (0, "", "")
    assert os.listdir(home.folder / "out") == ["u1@xyz.com.fake-export.json"]
    home.call("EDeleteUser", "xyz.com", "u1", service=service)
    for command in ("EPreImportUser", "EPostImportUser"):
        assert home.call(command, *arguments, service=service).seen == (0, "", "")
    assert service.run(find("show"), ["xyz.com"]).users[1].replace(id=before.id) == before
    assert home.call("EPostExportUser", "xyz.com", "nobody", *arguments[2:], service=service).code == "not-found"


def test_what_cannot_be_imported_is_refused_and_changes_nothing(stocked: tuple[Home, Service]) -> None:
    home, service = stocked
    before = everything(service)

    def refusal(command: str, *arguments: str) -> str:
        outcome = home.call(command, *(arguments or moving(home)), service=service)
        assert everything(service) == before
        return outcome.code

    assert refusal("EPreImportDomain") == "not-found"
    assert refusal("EPreExportDomain", "xyz.com", "/elsewhere", "/out", "admin", *FLAGS) == "conflict"
    assert refusal("EPreExportDomain", "xyz.com", str(home.mail), "/out", "u1", *FLAGS) == "conflict"
    assert refusal("EPreExportDomain", "foo.com", *moving(home)[1:]) == "not-found"
    inside = f"{home.mail}/xyz.com/out"
    assert refusal("EPreExportDomain", "xyz.com", str(home.mail), inside, "admin", *FLAGS) == "conflict"
    home.call("EPreExportDomain", *moving(home), service=service)
    assert refusal("EPreImportDomain") == "invalid-export"
    home.call("EPostExportDomain", *moving(home), service=service)
    file = home.folder / "out" / "xyz.com.fake-export.json"
    sealed = file.read_text()
    for damaged in (sealed.replace("Ann", "Bob"), sealed[:-9], "{}", sealed.replace('"version": 1', '"version": 2')):
        file.write_text(damaged)
        assert refusal("EPostImportDomain") == "invalid-export"
    file.unlink()
    file.mkdir()
    assert refusal("EPostImportDomain") == "storage-failed"
    assert refusal("EPostExportDomain") == "storage-failed"


def test_an_import_that_does_not_fit_changes_nothing(stocked: tuple[Home, Service]) -> None:
    home, service = stocked
    home.call("EPostExportDomain", *moving(home), service=service)
    home.call("EDeleteDistributionList", "xyz.com", "team", service=service)
    home.call("EAddUserAlias", "xyz.com", "admin", "team", service=service)
    before = everything(service)
    assert home.call("EPostImportDomain", *moving(home), service=service).code == "conflict"
    assert everything(service) == before
    other = moving(home)
    other[3] = "nobody"
    home.call("EDeleteDomain", "xyz.com", service=service)
    assert home.call("EPreImportDomain", *other, service=service).code == "invalid-argument"


# Between processes


@pytest.fixture
def processes(panel: Panel) -> Panel:
    """A panel whose programs are answered by the fake backend."""
    panel.env["MAILADDON_BACKEND"] = NAME
    return panel


def test_programs_share_what_it_knows(processes: Panel) -> None:
    processes.add_domain()
    processes.add_user("u1")
    processes.prints("EAddUserAlias", "xyz.com", "u1", "a11")
    assert processes.prints("EGetUserAliasList", "xyz.com", "u1") == "a11\n"
    assert processes.refusal("EAddUserAlias", "xyz.com", "u1", "a11").endswith(
        "EAddUserAlias: a11@xyz.com already exists [already-exists]"
    )
    assert "mailbox" in processes.prints("mailaddon", "resolve", "a11@xyz.com")
    assert processes.refusal("EGetMailURL", "xyz.com").endswith(" names one [not-configured]")
    assert not (processes.home / "directory.sqlite3").exists()


def test_programs_at_once_lose_nothing(processes: Panel) -> None:
    processes.prints("EAddDomain", "xyz.com", "192.0.2.10", "/m", "-1", "admin", "s3cret", "0", *ALL_ON)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: processes.add_user(f"u{number:02}"), range(16)))
    assert processes.prints("mailaddon", "show", "--json", "xyz.com").count('"user":') == 17


@pytest.mark.parametrize("after", [False, True])
def test_a_program_that_dies_has_done_all_or_nothing(processes: Panel, *, after: bool) -> None:
    processes.add_domain()
    fault = f'kind = "die"\nhook = "add_user"\ncall = 2\nafter = {str(after).lower()}\n'
    processes.settings(f'[["backends"."{NAME}".faults]]\n{fault}')
    processes.add_user("u1")
    done = processes.run("EAddUser", "xyz.com", "u2", "s3cret", "", "", "", "1", "1", "1")
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, b"", b"")
    users = json.loads(processes.prints("mailaddon", "show", "--json", "xyz.com"))["domain"]["users"]
    assert [user["user"] for user in users] == ["admin", "u1", "u2"] if after else ["admin", "u1"]
    if not after:
        processes.add_user("u2")  # the third call is not struck


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("store = 'relative'", "store in [backends.x] is 'relative'; an absolute path is needed"),
        ("faults = 'die'", "faults in [backends.x] is 'die'; a list of tables is needed"),
        ("faults = ['die']", "faults[0] in [backends.x] is 'die'; a table such as { kind"),
        ("faults = [{kind = 'explode'}]", "kind is 'explode'; one of fail, delay, hang, die is needed"),
        ("faults = [{kind = 'fail', code = 'oops'}]", "code is 'oops'; one of the error list's"),
        ("faults = [{kind = 'fail', call = 0}]", "call counts from 1"),
        ("faults = [{kind = 'fail', call = 'first'}]", "call = 'first' does not fit; a fault has kind, hook, call"),
        ("faults = [{kind = 'fail', when = 1}]", "when = 1 does not fit"),
    ],
)
def test_options_that_do_not_fit_are_refused(memory: Home, options: str, reason: str) -> None:
    given = context(memory, **tomllib.loads(options)).replace(name="x")
    with pytest.raises(NotConfigured) as refused:
        FakeBackend(given)
    assert reason in str(refused.value)


def test_a_store_that_cannot_be_used_says_so(memory: Home) -> None:
    broken = memory.path / "broken"
    broken.write_bytes(b"no database" * 100)
    for path, code in ((broken, "storage-failed"), (memory.path / "no" / "folder", "storage-failed")):
        service = on(memory, FakeBackend(context(memory, store=str(path))))
        outcome = memory.call("EGetUserAliasList", "xyz.com", "u1", service=service)
        assert outcome.code == code
        assert str(path) in outcome.error


def test_a_store_that_is_locked_is_unavailable(memory: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "PATIENCE", 0.01)
    service = on(memory, FakeBackend(context(memory)))
    memory.call("ESuspendDomain", "xyz.com", service=service)
    other = sqlite3.connect(memory.path / "fake.sqlite3", isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        assert memory.call("ESuspendDomain", "xyz.com", service=service).code == "unavailable"
    finally:
        other.close()


# Faults

ADD = records.DomainRef(domain="xyz.com")


def codes(backend: FakeBackend, calls: int) -> list[str]:
    """How calls of suspend_domain end; there is no such domain."""
    found = []
    for _number in range(calls):
        try:
            backend.suspend_domain(ADD)
        except MailAddonError as error:
            found.append(error.code)
    return found


def test_calls_fail_from_one_on_for_so_many_times() -> None:
    gone, absent = "unavailable", "not-found"
    assert codes(FakeBackend(faults=[Fault(kind="fail")]), 3) == [gone, absent, absent]
    assert codes(FakeBackend(faults=[Fault(kind="fail", call=2, times=2)]), 4) == [absent, gone, gone, absent]
    assert codes(FakeBackend(faults=[Fault(kind="fail", call=2, times=0)]), 3) == [absent, gone, gone]
    other = Fault(kind="fail", hook="add_user", times=0)
    assert codes(FakeBackend(faults=[other]), 2) == [absent, absent]
    named = Fault(kind="fail", hook="suspend_domain", code="x-acme-licence", message="the licence expired")
    assert codes(FakeBackend(faults=[named]), 2) == ["x-acme-licence", absent]
    backend = FakeBackend()
    assert codes(backend, 1) == [absent]
    backend.faults.append(Fault(kind="fail", code="storage-failed", times=0))
    assert codes(backend, 2) == ["storage-failed"] * 2
    assert backend.calls == [("suspend_domain", ADD)] * 3


def test_a_failure_after_the_work_loses_only_the_answer(memory: Home) -> None:
    backend = FakeBackend(faults=[Fault(kind="fail", hook="add_domain", after=True)])
    service = on(memory, backend)
    arguments = ("xyz.com", "192.0.2.1", "/m", "-1", "admin", "pw", "0", *FLAGS)
    assert memory.call("EAddDomain", *arguments, service=service).code == "unavailable"
    assert memory.call("EAddDomain", *arguments, service=service).code == "already-exists"


def test_a_delay_delays() -> None:
    backend = FakeBackend(faults=[Fault(kind="delay", seconds=0.05)])
    started = time.monotonic()
    assert codes(backend, 1) == ["not-found"]
    assert time.monotonic() - started >= 0.05


def test_a_hanging_call_ends_when_it_is_released() -> None:
    backend = FakeBackend(faults=[Fault(kind="hang", call=1, times=0)])
    ended: list[str] = []
    caller = threading.Thread(target=lambda: ended.extend(codes(backend, 1)))
    caller.start()
    caller.join(0.05)
    assert caller.is_alive()
    assert codes_of_other_threads_go_on(backend)
    backend.release()
    caller.join()
    assert ended == ["unavailable"]


def codes_of_other_threads_go_on(backend: FakeBackend) -> bool:
    """Whether another call is answered while one hangs."""
    backend.faults.clear()
    return codes(backend, 1) == ["not-found"]


def test_a_process_that_dies_says_nothing(panel: Panel) -> None:
    program = (
        "from mailaddon.testing import FakeBackend, Fault\nfrom mailaddon.records import DomainRef\n"
        "FakeBackend(faults=[Fault(kind='die')]).delete_domain(DomainRef(domain='xyz.com'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=panel.env, check=False, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, b"", b"")


def test_a_fault_that_cannot_strike_is_refused() -> None:
    with pytest.raises(NotConfigured, match="fault 1: kind is 'burn'"):
        FakeBackend(faults=[Fault(kind="burn")])


def test_its_table_is_the_guides() -> None:
    assert all(getattr(FakeBackend, one.hook).__doc__ for one in COMMANDS)


def test_importing_the_sdk_needs_no_test_tools() -> None:
    program = (
        "import sys, mailaddon.testing\nfrom mailaddon.testing import FakeBackend, Fault, Model\nFakeBackend()\n"
        "sys.exit(sum(name in sys.modules for name in ('pytest', 'hypothesis', '_pytest')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        testing.Nothing  # noqa: B018
