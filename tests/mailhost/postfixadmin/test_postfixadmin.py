"""Domains that come from PostfixAdmin are in force on a running host."""

import os
from pathlib import Path

import postfixadmin
from mailhost.host import Host, Outside
from postfixadmin import PASSWORD, environment_of

STORED = ("md5crypt", "authlib:md5", "dovecot:BLF-CRYPT", "php_crypt:SHA512", "dovecot:PLAIN")


def test_people_log_in_with_their_old_passwords_and_mail_goes_its_old_ways(
    host: Host, outside: Outside, tmp_path: Path
) -> None:
    admin = postfixadmin.in_sqlite(tmp_path)
    name = f"moved{host.base}.test"
    admin.domain(name, "--mailboxes", "0")
    admin.domain(f"too-{name}")
    admin.run("aliasdomain", "add", f"too-{name}", "--target-domain", name)
    for number, encrypt in enumerate(STORED):
        admin.mailbox(f"u{number}@{name}", **environment_of(encrypt))
    admin.alias(f"sales@{name}", f"u0@{name}")
    admin.alias(f"team@{name}", f"u0@{name}", f"u1@{name}", f"guest-{name}@outside.test")
    admin.alias(f"@{name}", f"u2@{name}")
    admin.forward(f"u3@{name}", f"u3-{name}@outside.test", keep_copy=True)
    admin.away(f"u1@{name}", "Away", "Back on Monday.\n")
    old = tmp_path / "vmail" / name / "u0"
    for folder in ("cur", "new", "tmp"):
        (old / folder).mkdir(parents=True)
    (old / "cur" / "1.old:2,FS").write_text("From: x@outside.test\nSubject: from before\n\ntext\n")
    os.chmod(tmp_path, 0o755)
    host.prints(
        "mailaddon", "import-postfixadmin", admin.location, "--ip", "192.0.2.10",
        "--mailbox-directory", str(host.mail), "--mail-root", str(tmp_path / "vmail"),
    )  # fmt: skip
    for number in range(len(STORED)):
        host.login(f"u{number}@{name}", PASSWORD).logout()
    host.takes(f"sales@too-{name}", subject="alias")
    host.takes(f"team@{name}", subject="list")
    host.takes(f"nobody@{name}", subject="catch-all")
    host.takes(f"u3@{name}", subject="forward")
    host.takes(f"u1@{name}", sender=f"friend-{name}@outside.test", subject="question")
    assert host.subjects(f"u0@{name}", PASSWORD) == ["alias", "from before", "list"]
    assert host.subjects(f"u1@{name}", PASSWORD) == ["list", "question"]
    assert host.subjects(f"u2@{name}", PASSWORD) == ["catch-all"]
    assert host.subjects(f"u3@{name}", PASSWORD) == ["forward"]
    assert [arrival.message["Subject"] for arrival in outside.to(f"u3-{name}@outside.test")] == ["forward"]
    assert [arrival.message["Subject"] for arrival in outside.to(f"friend-{name}@outside.test")] == ["Away"]
    with host.login(f"u0@{name}", PASSWORD) as session:
        session.select("INBOX", readonly=True)
        assert len(session.search(None, "FLAGGED", "SUBJECT", '"from before"')[1][0].split()) == 1
