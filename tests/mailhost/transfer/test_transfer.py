"""Mail in exports and imports: all of it, as it was, and only once."""

import hashlib
import imaplib
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from mailaddon.backends.postfix import transfer as transfers
from mailhost.host import ALL_ON, SCRIPTS, Host
from patience import wait_for

FOLDERS = ("INBOX", "Archiv", "Archiv.2026", "Archiv.2026.M&AOQ-rz", "B&APw-cher", "&ZeVnLIqe-", "Sent")
FLAGS = ("", r"\Seen", r"\Seen \Answered", r"\Flagged", r"\Seen $Forwarded important", r"\Draft", r"\Deleted")
LINE = re.compile(rb'INTERNALDATE "([^"]+)".*FLAGS \(([^)]*)\)|FLAGS \(([^)]*)\).*INTERNALDATE "([^"]+)"', re.DOTALL)
Mail = Counter[tuple[str, tuple[str, ...], str, str]]


def fill(host: Host, user: str, count: int, folders: tuple[str, ...] = FOLDERS) -> None:
    """Messages with all kinds of flags and dates, in folders with all kinds of names."""
    with host.login(user) as session:
        for folder in set(folders) - {"INBOX"}:
            session.create(f'"{folder}"')
        session.subscribe(f'"{folders[-1]}"')
        for number in range(count):
            text = f"From: a@b.test\r\nSubject: {number}\r\n\r\n{'body ' * (number % 50)}\r\n".encode()
            date = f'"{1 + number % 28:02}-Mar-{2000 + number % 26} 10:{number % 60:02}:00 +0000"'
            folder, flags = folders[number % len(folders)], FLAGS[number % len(FLAGS)]
            assert session.append(f'"{folder}"', flags, date, text)[0] == "OK"


def folders_of(session: imaplib.IMAP4) -> list[str]:
    return [line.decode().split(' "." ')[1].strip('"') for line in session.list()[1] if b"\\NonExistent" not in line]  # type: ignore[union-attr]


def digests(host: Host, user: str, password: str = "pw") -> Mail:
    """Folder, flags, date and checksum of every message."""
    host.quiet()
    found: Mail = Counter()
    with host.login(user, password) as session:
        for folder in folders_of(session):
            if session.select(f'"{folder}"', readonly=True)[1] == [b"0"]:
                continue
            answers = session.fetch("1:*", "(INTERNALDATE FLAGS BODY.PEEK[])")[1]
            for index in range(0, len(answers), 2):
                head, text = answers[index]  # type: ignore[misc]
                line = head + answers[index + 1]  # type: ignore[operator]
                first = LINE.search(line)
                assert first, line
                date, flags = (first[1], first[2]) if first[1] else (first[4], first[3])
                kept = tuple(sorted(set(flags.decode().split()) - {r"\Recent"}))
                found[folder, kept, date.decode(), hashlib.sha256(text).hexdigest()] += 1
    return found


def messages_in(maildir: Path) -> set[str]:
    """The messages of an inbox, by the part of their names that stays."""
    names = [name for folder in ("new", "cur") for name in os.listdir(maildir / folder)]
    return {name.partition(":")[0].partition(",")[0] for name in names}


def subscriptions(host: Host, user: str) -> list[bytes]:
    with host.login(user) as session:
        return sorted(session.lsub()[1])  # type: ignore[type-var]


class Transfer:
    """One domain's export."""

    def __init__(self, host: Host, domain: str, user: str = "", location: Path | None = None) -> None:
        self.host = host
        self.kind = "User" if user else "Domain"
        self.location = location or host.home / "exports"
        self.name = f"{user}@{domain}" if user else domain
        first = (domain, user) if user else (domain,)
        flags = ("1",) * 3 if user else ALL_ON
        last = () if user else ("admin",)
        self.arguments = (*first, str(host.mail), str(self.location), *last, *flags)

    def program(self, step: str) -> str:
        return f"E{step}{self.kind}"

    def do(self, *steps: str) -> None:
        for step in steps:
            self.host.prints(self.program(step), *self.arguments)

    @property
    def folder(self) -> Path:
        return self.location / f"{self.name}.mailaddon"


def test_a_thousand_messages_there_and_back(host: Host) -> None:
    domain = host.add_domain("u1", "u2")
    user = f"u1@{domain}"
    fill(host, user, 1000)
    before, subscribed = digests(host, user), subscriptions(host, user)
    assert before.total() == 1000
    transfer = Transfer(host, domain)
    transfer.do("PreExport")
    host.takes(user, subject="between")
    host.quiet()
    with host.login(user) as session:
        session.select("INBOX")
        session.store("1", "+FLAGS", r"(\Answered later)")
        session.rename("Sent", "Gesendet")
    between = digests(host, user)
    assert between.total() == 1001
    transfer.do("PostExport")
    assert (
        subprocess.run(["sha256sum", "--quiet", "--check", "SHA256SUMS"], cwd=transfer.folder, check=False).returncode
        == 0
    )
    assert digests(host, user) == between
    host.prints("EDeleteDomain", domain)
    transfer.do("PreImport", "PostImport")
    assert digests(host, user) == between
    assert subscriptions(host, user) == subscribed
    host.takes(user, subject="after")
    assert digests(host, user).total() == 1002
    assert sorted(path.name for path in (host.mail / domain).iterdir()) == ["admin", "u1", "u2"]


def test_a_copy_is_the_callers_and_shares_nothing_with_the_mailbox(host: Host) -> None:
    domain = host.add_domain("u1")
    host.takes(f"u1@{domain}")
    host.quiet()
    transfer = Transfer(host, domain)
    transfer.do("PreExport", "PostExport")
    copies = [path for path in transfer.folder.rglob("*") if path.is_file()]
    assert [path.name for path in copies if path.parent.name == "new"]
    assert {path.stat().st_nlink for path in copies} == {1}
    assert {path.stat().st_uid for path in transfer.folder.rglob("*")} == {os.geteuid()}
    assert {path.stat().st_mode & 0o077 for path in transfer.folder.rglob("*")} == {0}
    assert {path.stat().st_uid for path in (host.mail / domain / "u1").rglob("*")} == {5000}
    assert not [path for path in copies if "cache" in path.name or "list.index" in path.name]
    assert len(host.subjects(f"u1@{domain}")) == 1


def test_an_import_is_done_once_and_keeps_what_is_newer(host: Host) -> None:
    domain = host.add_domain("u1")
    user = f"u1@{domain}"
    fill(host, user, 50, ("INBOX", "Archiv"))
    before = digests(host, user)
    transfer = Transfer(host, domain)
    transfer.do("PreExport", "PostExport")
    host.prints("EDeleteDomain", domain)
    host.prints("EAddDomain", domain, "192.0.2.10", str(host.mail), "-1", "admin", "pw", "0", *ALL_ON)
    host.add_user(domain, "u1")
    host.takes(user, subject="newer")
    fill(host, user, 3, ("Archiv", "New"))
    newer = digests(host, user)
    assert newer.total() == 4
    for _again in range(3):
        transfer.do("PreImport", "PostImport")
        assert digests(host, user) == before + newer
    host.takes(user, subject="newest")
    newest = digests(host, user)
    transfer.do("PostImport")
    assert digests(host, user) == newest
    assert newest.total() == 55


def test_mail_that_arrives_all_the_time_is_moved_by_repeating(host: Host) -> None:
    """What arrives while EPostExport… runs is there after the next one; nothing comes twice."""
    domain = host.add_domain("u1", "u2")
    users = (f"u1@{domain}", f"u2@{domain}")
    transfer = Transfer(host, domain)
    sent: list[str] = []
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            subject = f"m{len(sent)}"
            host.takes(*users, subject=subject)
            sent.append(subject)

    def delivered() -> int:
        return len(messages_in(host.mail / domain / "u1" / "Maildir"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_for(lambda: sent)
        transfer.do("PreExport", "PostExport", "PreExport")
        sure = len(sent)
        wait_for(lambda: delivered() >= sure)  # the last ones are on their way through the queue
        transfer.do("PostExport")
        wait_for(lambda: len(sent) > sure)
    finally:
        over.set()
        writer.join()
    host.quiet()
    assert len(messages_in(transfer.folder / "mail" / "u1" / "Maildir")) >= sure
    transfer.do("PostExport")
    host.prints("EDeleteDomain", domain)
    transfer.do("PostImport")
    for user in users:
        assert host.subjects(user) == sorted(sent)


@pytest.mark.parametrize("seed", range(2))
def test_a_kill_at_any_instant_loses_and_doubles_nothing(host: Host, seed: int) -> None:
    chance = random.Random(seed)
    domain = host.add_domain("u1", "u2")
    users = (f"u1@{domain}", f"u2@{domain}")
    for user in users:
        fill(host, user, 80, ("INBOX", "Archiv", "Archiv.Alt"))
    expected = {user: digests(host, user) for user in users}
    transfer = Transfer(host, domain)

    def killed(step: str, longest: float) -> None:
        command = [SCRIPTS / transfer.program(step), *transfer.arguments]
        process = subprocess.Popen(command, env=host.env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.02, longest))
        process.send_signal(signal.SIGKILL)
        process.wait()

    def arrives(subject: str) -> None:
        for user in users:
            before = digests(host, user)
            host.takes(user, subject=subject)
            after = digests(host, user)
            assert after.total() == before.total() + 1
            expected[user] += after - before

    def timed(step: str) -> float:
        begin = time.monotonic()
        transfer.do(step)
        return time.monotonic() - begin

    for _again in range(4):
        killed("PreExport", 0.5)
    longest = timed("PreExport")
    arrives("between")
    for _again in range(4):
        killed("PostExport", longest)
    transfer.do("PostExport")
    assert {user: digests(host, user) for user in users} == expected
    host.prints("EDeleteDomain", domain)
    for _again in range(6):
        killed("PostImport", longest)
    transfer.do("PostImport")
    arrives("after")
    transfer.do("PostImport")
    assert {user: digests(host, user) for user in users} == expected
    assert sorted(path.name for path in (host.mail / domain).iterdir()) == ["admin", "u1", "u2"]
    assert not list(host.mail.glob(".mailaddon*"))
    host.prints("mailaddon", "host", "check")


def test_what_a_killed_import_has_left_is_finished_by_the_next_command(host: Host) -> None:
    domain = host.add_domain("u1", "other")
    user = f"u1@{domain}"
    fill(host, user, 200, ("INBOX", "Archiv"))
    before = digests(host, user)
    transfer = Transfer(host, domain)
    transfer.do("PreExport", "PostExport")
    for _try in range(50):
        host.prints("EDeleteDomain", domain)
        command = [SCRIPTS / "EPostImportDomain", *transfer.arguments]
        with subprocess.Popen(command, env=host.env, stdin=subprocess.DEVNULL) as process:
            while process.poll() is None and not (host.mail / domain / "u1" / ".dovecot-sync.lock").exists():
                time.sleep(0.001)
            process.kill()
        if process.returncode == -signal.SIGKILL and list((host.mail / domain).glob(".mailaddon-import-*")):
            break  # else it was too late
    assert list((host.mail / domain).glob(".mailaddon-import-*"))
    host.prints("EAddUserAlias", domain, "other", "alias")
    assert not list((host.mail / domain).glob(".mailaddon-import-*"))
    assert digests(host, user) == before


@pytest.mark.parametrize("ignoring", [False, True])
def test_mail_that_cannot_be_imported_is_kept_until_it_can(host: Host, *, ignoring: bool) -> None:
    """Also where the caller ignores its children, so that nobody would learn that doveadm has failed."""
    domain = host.add_domain("u1", "u2")
    user = f"u1@{domain}"
    fill(host, user, 5, ("INBOX",))
    fill(host, f"u2@{domain}", 5, ("INBOX",))
    before = digests(host, user)
    transfer = Transfer(host, domain)
    transfer.do("PreExport", "PostExport")
    maildir = host.mail / domain / "u1" / "Maildir"
    shutil.rmtree(maildir)
    maildir.write_text("in the way", encoding="utf-8")
    command = [str(SCRIPTS / "EPostImportDomain"), *transfer.arguments]
    if ignoring:
        command = ["/usr/bin/env", "--ignore-signal=CHLD", *command]
    refused = subprocess.run(command, env=host.env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (refused.returncode, f"the mail of {user} cannot be imported" in refused.stderr.decode()) == (1, True)
    assert "effects: 1 are not performed yet" in host.run("mailaddon", "host", "check").stdout.decode()
    maildir.unlink()
    host.prints("EAddForward", domain, "admin", "someone@outside.test")
    assert digests(host, user) == before
    assert digests(host, f"u2@{domain}").total() == 5
    host.prints("mailaddon", "host", "check")
    (host.root / "log" / "effects.log").write_text("")


def test_a_user_alone(host: Host) -> None:
    domain = host.add_domain("u1", "u2")
    fill(host, f"u1@{domain}", 60)
    before = digests(host, f"u1@{domain}")
    host.takes(f"u2@{domain}", subject="other")
    transfer = Transfer(host, domain, "u1")
    transfer.do("PreExport", "PostExport")
    host.prints("EDeleteUser", domain, "u1")
    transfer.do("PreImport", "PostImport")
    assert digests(host, f"u1@{domain}") == before
    transfer.do("PostImport")
    assert digests(host, f"u1@{domain}") == before
    assert host.subjects(f"u2@{domain}") == ["other"]


def test_a_suspended_user_and_another_case(host: Host) -> None:
    domain = host.add_domain("u1")
    fill(host, f"u1@{domain}", 20)
    before = digests(host, f"u1@{domain}")
    host.prints("ESuspendUser", domain, "u1")
    upper = Transfer(host, domain.upper(), "U1")
    upper.do("PreExport", "PostExport")
    host.prints("EDeleteUser", domain, "u1")
    upper.do("PreImport", "PostImport")
    with pytest.raises(imaplib.IMAP4.error, match="suspended"):
        host.login(f"u1@{domain}")
    host.prints("EResumeUser", domain, "u1")
    assert digests(host, f"u1@{domain}") == before


def test_a_user_that_was_added_again_between_the_two_steps(host: Host) -> None:
    domain = host.add_domain("u1")
    user = f"u1@{domain}"
    fill(host, user, 10)
    transfer = Transfer(host, domain)
    transfer.do("PreExport")
    host.prints("EDeleteUser", domain, "u1")
    host.add_user(domain, "u1")
    host.takes(user, subject="new")
    host.quiet()
    transfer.do("PostExport")
    host.prints("EDeleteDomain", domain)
    transfer.do("PostImport")
    assert host.subjects(user) == ["new"]
    assert digests(host, user).total() == 1


def test_the_users_own_scripts_move_too(host: Host) -> None:
    domain = host.add_domain("u1")
    own = host.mail / domain / "u1" / "sieve"
    own.mkdir(exist_ok=True)
    (own / "mine.sieve").write_text('require ["fileinto", "mailbox"];\nfileinto :create "Own";\n', encoding="utf-8")
    (own / "unused.sieve").write_text("keep;\n", encoding="utf-8")
    (host.mail / domain / "u1" / ".dovecot.sieve").symlink_to("sieve/mine.sieve")
    for path in (own, *own.iterdir()):
        os.chown(path, 5000, 5000)
    transfer = Transfer(host, domain)
    transfer.do("PreExport", "PostExport")
    host.prints("EDeleteDomain", domain)
    transfer.do("PostImport", "PostImport")
    assert os.readlink(host.mail / domain / "u1" / ".dovecot.sieve") == "sieve/mine.sieve"
    assert (own / "unused.sieve").exists()
    host.takes(f"u1@{domain}")
    host.quiet()
    with host.login(f"u1@{domain}") as session:
        assert session.select("Own", readonly=True)[1] == [b"1"]


def test_a_link_in_place_of_a_mailbox_is_not_followed(host: Host) -> None:
    domain = host.add_domain("u1")
    victim = host.add_domain("v1")
    host.takes(f"v1@{victim}")
    host.quiet()
    home = host.mail / domain / "u1"
    home.rename(home.with_name("u1.away"))
    home.symlink_to(host.mail / victim / "v1")
    transfer = Transfer(host, domain)
    assert "symbolic link" in host.refusal("EPreExportDomain", *transfer.arguments)
    assert not list(transfer.location.glob(f"{domain}*/**/new/*"))
    home.unlink()
    home.with_name("u1.away").rename(home)
    transfer.do("PreExport")


def test_without_a_running_host(host: Host, tmp_path: Path) -> None:
    """A host that is down can be saved, and one that was never started can be filled."""
    domain = host.add_domain("u1")
    user = f"u1@{domain}"
    fill(host, user, 30)
    before = digests(host, user)
    transfer = Transfer(host, domain, location=tmp_path)
    host.prints("EStopMailServer")
    try:
        transfer.do("PreExport", "PostExport")
    finally:
        host.prints("EStartMailServer")
    with Host() as other:
        other.init()
        Transfer(other, domain, location=tmp_path).do("PreImport", "PostImport")
        other.prints("EStartMailServer")
        assert digests(other, user) == before
        other.takes(user)
        assert digests(other, user).total() == 31


def test_between_the_embedded_backend_and_the_host(host: Host, tmp_path: Path) -> None:
    domain = host.add_domain("u1")
    user = f"u1@{domain}"
    fill(host, user, 40)
    before = digests(host, user)
    transfer = Transfer(host, domain, location=tmp_path)
    transfer.do("PreExport", "PostExport")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    env = {**host.env, "MAILADDON_HOME": str(home)}
    mail = tmp_path / "mail"
    arguments = (domain, str(mail), str(tmp_path), "admin", *ALL_ON)

    def embedded(program: str) -> None:
        done = subprocess.run([SCRIPTS / program, *arguments], env=env, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")

    for _again in range(2):
        embedded("EPreImportDomain")
        embedded("EPostImportDomain")
    (mail / domain / "u1" / "Maildir" / "new" / "1.x.y").write_bytes(b"Subject: added\r\n\r\ntext\r\n")
    messages = [path for folder in ("cur", "new") for path in (mail / domain / "u1").rglob(f"{folder}/*")]
    assert len(messages) == 41
    shutil.rmtree(transfer.folder)
    embedded("EPreExportDomain")
    embedded("EPostExportDomain")
    transfer.do("PreImport", "PostImport")
    after = digests(host, user)
    assert (after - before).total() == 1
    assert (before - after).total() == 0
    host.prints("EDeleteDomain", domain)
    transfer.do("PostImport", "PostImport")
    assert digests(host, user) == after


def test_an_import_deletes_nothing(host: Host, tmp_path: Path) -> None:
    """What the export lacks stays, what the server lacks comes back, also when one was made from the other."""
    domain = host.add_domain("u1")
    user = f"u1@{domain}"
    fill(host, user, 6, ("INBOX", "Archiv"))
    older = Transfer(host, domain, "u1", tmp_path / "older")
    newer = Transfer(host, domain, "u1", tmp_path / "newer")
    older.do("PreExport", "PostExport")
    everything = digests(host, user)
    delete(host, user, "2")
    delete(host, user, "2", "Archiv")
    fewer = digests(host, user)
    assert fewer.total() == 4
    host.takes(user, subject="here")
    here = digests(host, user) - fewer
    delete(host, user, "3")
    for subject in ("there 1", "there 2"):
        host.takes(user, subject=subject)
    there = digests(host, user) - fewer
    newer.do("PreExport", "PostExport")
    host.prints("EDeleteUser", domain, "u1")
    older.do("PostImport")
    assert digests(host, user) == everything
    host.takes(user, subject="here")
    host.takes(user, subject="here")
    before = digests(host, user)
    for _again in range(2):
        newer.do("PostImport")
        assert digests(host, user) == before + there
    delete(host, user, "1:*", "Archiv")
    older.do("PostImport")
    assert digests(host, user) == before + there
    assert (here.total(), there.total()) == (1, 2)


def delete(host: Host, user: str, messages: str, folder: str = "INBOX") -> None:
    with host.login(user) as session:
        session.select(folder)
        session.store(messages, "+FLAGS", r"(\Deleted)")
        session.expunge()


@pytest.mark.parametrize("content", [b"", b"3 V1 N2\nno number :a\n", b"\n\n"])
def test_a_damaged_list_of_uids_counts_as_none(content: bytes) -> None:
    (header,) = transfers.renumbered(content).splitlines()
    assert re.fullmatch(rb"3 V\d+ N\d+", header)
