"""What goes wrong around a host: nothing is lost, nothing is done by halves, and who is told what."""

import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from mailhost.host import ALL_ON, Host

USER = ("pw", "", "", "", "1", "1", "1")


@pytest.fixture(scope="session")
def alone() -> Iterator[Host]:
    """A host for faults of the SQLite file, which nobody else uses."""
    with Host() as made:
        made.init()
        settings = made.home / "mailaddon.toml"
        settings.write_text(f"lock_timeout = 2\n{settings.read_text(encoding='utf-8')}", encoding="utf-8")
        made.prints("EStartMailServer")
        yield made


@pytest.fixture
def small(host: Host) -> Iterator[Path]:
    """A file system for mail that is full soon."""
    folder = host.folder / f"small{time.monotonic_ns()}"
    folder.mkdir(mode=0o711)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M,nr_inodes=200,mode=711", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        host.quiet()
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_mail_waits_while_the_disk_is_full(host: Host, small: Path) -> None:
    domain = f"full{time.monotonic_ns()}.test"
    host.prints("EAddDomain", domain, "192.0.2.10", str(small), "-1", "admin", "pw", "0", *ALL_ON)
    host.takes(f"admin@{domain}", subject="before")
    assert host.subjects(f"admin@{domain}") == ["before"]
    filler = small / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
    except OSError:
        pass
    host.takes(f"admin@{domain}", subject="waits", text="text " * 2000)
    host.quiet()
    assert host.queued("deferred")
    filler.unlink()
    host.prints("mailaddon", "host", "start")  # tries what waits
    assert host.eventually(f"admin@{domain}", 2) == ["before", "waits"]


def test_a_command_that_finds_no_space_has_not_happened(host: Host, small: Path) -> None:
    domain = f"full{time.monotonic_ns()}.test"
    host.prints("EAddDomain", domain, "192.0.2.10", str(small), "-1", "admin", "pw", "0", *ALL_ON)
    host.prints("ESetCatchallUser", domain, "")
    fillers = fill(small)
    fillers.pop().unlink()  # for the first folder of four
    refusal = host.refusal("EAddUser", domain, "u1", *USER)
    assert "No space left on device" in refusal
    assert "[storage-failed]" in refusal
    assert host.refuses(f"u1@{domain}")[0] == 550
    assert sorted(path.name for path in (small / domain).iterdir()) == ["admin"]
    for filler in fillers:
        filler.unlink()
    host.add_user(domain, "u1")
    host.takes(f"u1@{domain}")
    assert host.subjects(f"u1@{domain}") == ["subject"]


def test_an_import_that_finds_no_space_has_not_happened(host: Host, small: Path) -> None:
    domain = host.add_domain("u1")
    for number in range(20):
        host.takes(f"u1@{domain}", subject=f"m{number}")
    before = host.subjects(f"u1@{domain}")
    place = host.home / f"exports-{domain}"
    for step in ("Pre", "Post"):
        host.prints(f"E{step}ExportDomain", domain, str(host.mail), str(place), "admin", *ALL_ON)
    host.prints("EDeleteDomain", domain)
    fillers = fill(small)
    for _some in range(15):
        fillers.pop().unlink()
    arguments = (domain, str(small), str(place), "admin", *ALL_ON)
    refusal = host.refusal("EPostImportDomain", *arguments)
    assert "No space left on device" in refusal
    assert "[not-found]" in host.refusal("EGetDomainAliasList", domain)
    assert sorted(small.iterdir()) == sorted(fillers)
    for filler in fillers:
        filler.unlink()
    host.prints("EPostImportDomain", *arguments)
    assert host.subjects(f"u1@{domain}") == before
    host.prints("EDeleteDomain", domain)


def fill(folder: Path) -> list[Path]:
    """Files that leave no room for another one."""
    fillers = []
    try:
        while True:
            fillers.append(folder / f"filler{len(fillers)}")
            fillers[-1].touch()
    except OSError:
        fillers.pop()
    return fillers


def test_while_another_process_keeps_the_directory_mail_flows_and_commands_wait(alone: Host) -> None:
    host = alone
    domain = host.add_domain("u1")
    with closing(sqlite3.connect(host.root / "db" / "mail.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        host.takes(f"u1@{domain}", subject="locked")
        assert host.subjects(f"u1@{domain}") == ["locked"]
        before = time.monotonic()
        done = host.run("EAddUserAlias", domain, "u1", "alias")
        assert (done.returncode, b"is busy; try again [unavailable]" in done.stderr) == (1, True), done
        assert time.monotonic() - before >= 2
        settings = host.home / "mailaddon.toml"
        impatient = settings.read_text(encoding="utf-8")
        settings.write_text(impatient.replace("lock_timeout = 2\n", "lock_timeout = 600\n"), encoding="utf-8")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(host.prints, "EAddUserAlias", domain, "u1", "alias")
            time.sleep(0.5)
            assert not waiting.done()
            other.execute("ROLLBACK")
            waiting.result()
        settings.write_text(impatient, encoding="utf-8")
    host.takes(f"alias@{domain}", subject="alias")
    assert host.subjects(f"u1@{domain}") == ["alias", "locked"]


def test_a_read_only_directory_is_named(alone: Host) -> None:
    host = alone
    domain = host.add_domain("u1")
    subprocess.run(["mount", "--bind", host.root / "db", host.root / "db"], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", host.root / "db"], check=True)
        refusal = host.refusal("EAddUserAlias", domain, "u1", "alias")
        assert str(host.root / "db" / "mail.db") in refusal
        assert "[storage-failed]" in refusal
    finally:
        subprocess.run(["umount", host.root / "db"], check=True)
    host.prints("EAddUserAlias", domain, "u1", "alias")
    host.takes(f"alias@{domain}", subject="after")
    assert host.subjects(f"u1@{domain}") == ["after"]


def test_a_policy_service_that_does_not_start_defers_mail(alone: Host) -> None:
    host = alone
    domain = host.add_domain("u1")
    service = host.root / "etc" / "policy.py"
    service.rename(service.with_suffix(".away"))
    try:
        code, reason = host.refuses(f"u1@{domain}")
        assert (code, "The filters cannot be asked" in reason) == (451, True)
    finally:
        service.with_suffix(".away").rename(service)
    host.takes(f"u1@{domain}")
    assert host.subjects(f"u1@{domain}") == ["subject"]


@pytest.mark.parametrize("name", ["../up", "..", "a/b", "/etc", "a\\b", "a b", "%d", "-c"])
def test_a_user_name_that_is_a_path(host: Host, name: str) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetCatchallUser", domain, "")
    before = sorted(path for path in host.mail.rglob("*") if path.is_dir())
    if name != "-c":  # which is a name
        assert "[invalid-argument]" in host.refusal("EAddUser", domain, name, *USER)
    assert host.refuses(f'"{name}"@{domain}')[0] in {501, 550, 553, 554}
    assert host.refuses(f"u1+{name.strip('.').replace('/', '')}@none.test")[0] in {501, 553, 554}
    assert sorted(path for path in host.mail.rglob("*") if path.is_dir()) == before


def test_an_extension_that_is_a_path_leads_nowhere(host: Host) -> None:
    domain = host.add_domain("u1")
    before = sorted(path.name for path in (host.mail / domain).iterdir())
    host.takes(f'"u1+../../x"@{domain}', subject="odd")
    assert host.subjects(f"u1@{domain}") == ["odd"]
    assert sorted(path.name for path in (host.mail / domain).iterdir()) == before
    assert not (host.mail / "x").exists()


def test_deleting_a_domain_whose_folder_became_a_link_leaves_what_it_points_to(host: Host) -> None:
    domain, victim = host.add_domain("u1"), host.add_domain("v1")
    host.takes(f"v1@{victim}")
    host.quiet()
    folder = host.mail / domain
    folder.rename(host.mail / f"{domain}.away")
    folder.symlink_to(host.mail / victim)
    host.prints("EDeleteDomain", domain)
    assert not folder.is_symlink()
    assert host.subjects(f"v1@{victim}") == ["subject"]


def test_64_commands_at_once_while_mail_flows(host: Host) -> None:
    domain, other = host.add_domain("fixed"), host.add_domain("fixed")
    for name in (domain, other):
        host.prints("ESetCatchallUser", name, "")
    users = [f"n{number}" for number in range(64)]
    sent: list[str] = []
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            subject = f"m{len(sent)}"
            host.takes(f"fixed@{domain}", f"fixed@{other}", subject=subject)
            sent.append(subject)

    def provision(user: str) -> None:
        where = (domain, other)[int(user[1:]) % 2]
        host.add_user(where, user)
        host.takes(f"{user}@{where}", subject=user)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with ThreadPoolExecutor(64) as pool:
            for task in [pool.submit(provision, user) for user in users]:
                task.result()
    finally:
        over.set()
        writer.join()
    for name in (domain, other):
        assert host.subjects(f"fixed@{name}") == sorted(sent)
    for user in users:
        where, elsewhere = (domain, other)[:: 1 if int(user[1:]) % 2 == 0 else -1]
        assert host.subjects(f"{user}@{where}") == [user]
        assert host.refuses(f"{user}@{elsewhere}")[0] == 550
    assert not host.queued("deferred", "active", "incoming")
    assert os.listdir(host.home / "journal") == []
