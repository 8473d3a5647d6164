"""Domains that come from another backend are in force on a running host."""

import smtplib
from pathlib import Path

import pytest
from mailhost.host import Host, Outside
from moving import ON, Place

_QUICK = "argon2id_time = 1\nargon2id_memory = 8\n"


def test_people_log_in_with_their_old_passwords_and_mail_goes_its_old_ways(
    host: Host, outside: Outside, tmp_path: Path
) -> None:
    name = f"migrated{host.base}.test"
    source = Place(tmp_path / "home", f"[password]\n{_QUICK}")
    source.calls(
        ("EAddDomain", name, "192.0.2.10", f"{tmp_path.resolve()}/mail", "10", "admin", "pw-admin", "0", *ON),
        ("EAddUser", name, "u1", "pw-1", "Ann", "", "Lee", "1", "1", "1"),
        ("EAddUser", name, "u2", "pw-2", "Bob", "", "", "1", "1", "1"),
        ("EAddUserAlias", name, "u1", "sales"),
        ("EAddDomainAlias", name, f"too-{name}"),
        ("EAddForward", name, "u1", f"u1-{name}@outside.test"),
        ("EAddDistributionList", name, "team"),
        ("EAddDistributionListMember", name, "team", f"u2@{name}"),
        ("EAddSpamFilter", name, f"bad-{name}", "DOMAIN"),
        ("ESetCatchallUser", name, f"u2@{name}"),
        ("EAddUser", name, "u3", "pw-3", "", "", "", "1", "1", "1"),
        ("ESuspendUser", name, "u3"),
    )
    settings = host.home / "mailaddon.toml"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(before.replace("[password]\n", "[password]\naccept_hashes = true\n"), encoding="utf-8")
    try:
        said = host.prints(
            "mailaddon", "migrate", "--from", "embedded", "--from-home", str(source.home), "--to", "postfix",
            "--mailbox-directory", str(host.mail),
        )  # fmt: skip
    finally:
        settings.write_text(before, encoding="utf-8")
    assert "passwords moved as hashes: 4\n" in said
    assert said.endswith("no difference\n")
    host.takes(f"sales@too-{name}", subject="alias")
    host.takes(f"team@{name}", subject="list")
    host.takes(f"nobody@{name}", subject="catch-all")
    assert host.subjects(f"u1@{name}", "pw-1") == ["alias"]
    assert host.subjects(f"u2@{name}", "pw-2") == ["catch-all", "list"]
    assert [arrival.message["Subject"] for arrival in outside.to(f"u1-{name}@outside.test")] == ["alias"]
    assert host.refuses(f"u1@{name}", sender=f"x@sub.bad-{name}")[0] == 554
    assert host.refuses(f"u3@{name}")[0] == 450
    with pytest.raises(smtplib.SMTPException):
        host.submission(f"u3@{name}", "pw-3")
