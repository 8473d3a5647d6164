"""Batches in groups on a mail host: what has to be done outside the directory is done once the group is committed."""

import json
import os
from typing import Any

from mailhost.host import Host

USER = ("pw", "", "", "", "1", "1", "1")


def batch(host: Host, *options: str, given: "list[tuple[str, ...]]") -> list[str]:
    """Run a batch; the codes of its answers."""
    lines = "".join(json.dumps({"command": name, "arguments": arguments}) + "\n" for name, *arguments in given)
    path = host.home.parent / "batch.jsonl"
    path.write_text(lines)
    os.chmod(path, 0o644)
    done = host.run("mailaddon", "batch", *options, str(path))
    found: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return ["ok" if one["ok"] else one["error"]["code"] for one in found]


def stored(host: Host) -> list[Any]:
    return list(host.rows("SELECT kind, key FROM effect ORDER BY id"))


def test_a_group_s_users_get_mail_and_its_refused_calls_have_no_effects(host: Host) -> None:
    domain = host.add_domain("u1")
    given = [
        ("EAddUser", domain, "u2", *USER),
        ("EAddUser", domain, "u2", *USER),
        ("ESetAutoResponder", domain, "u2", "away", "text"),
        ("ESetAutoResponder", domain, "nobody", "away", "text"),
        ("EAddUserAlias", domain, "u2", "other"),
        ("EDeleteUser", domain, "u1"),
        ("EAddUser", domain, "u1", *USER),
    ]
    expected = ["ok", "already-exists", "ok", "not-found", "ok", "ok", "ok"]
    assert batch(host, "--group", "100", given=given) == expected
    assert stored(host) == []
    script = (host.root / "sieve" / domain / "u2.sieve").read_text()
    assert f"other@{domain}" in script
    assert not (host.root / "sieve" / domain / "nobody.sieve").exists()
    host.takes(f"other@{domain}", subject="one")
    host.takes(f"u1@{domain}", subject="two")
    host.quiet()
    assert host.subjects(f"u2@{domain}") == ["one"]
    assert host.subjects(f"u1@{domain}") == ["two"]


def test_all_or_nothing_leaves_mail_and_effects_alone(host: Host) -> None:
    domain = host.add_domain("u1")
    host.takes(f"u1@{domain}", subject="kept")
    host.quiet()
    given = [
        ("ESetAutoResponder", domain, "u1", "away", "text"),
        ("EDeleteUser", domain, "u1"),
        ("EAddUser", domain, "u1", *USER),
        ("EDeleteUser", domain, "nobody"),
    ]
    assert batch(host, "--all", given=given) == ["not-found"]
    assert stored(host) == []
    assert not (host.root / "sieve" / domain / "u1.sieve").exists()
    assert host.subjects(f"u1@{domain}") == ["kept"]
    assert batch(host, "--dry-run", given=given) == ["ok", "ok", "ok", "not-found"]
    assert host.subjects(f"u1@{domain}") == ["kept"]
    assert stored(host) == []


def test_members_of_mailing_lists_are_added_between_groups(host: Host) -> None:
    domain = host.add_domain("u1")
    given = [
        ("EAddMailingList", domain, "news"),
        ("EAddMailingListMember", domain, "news", "Ann", f"u1@{domain}"),
        ("EAddUser", domain, "u2", *USER),
        ("EAddMailingListMember", domain, "news", "Bob", f"u2@{domain}"),
        ("EGetMailingListMemberList", domain, "news"),
        ("EDeleteMailingListMember", domain, "news", f"u1@{domain}"),
    ]
    assert batch(host, "--group", "100", given=given) == ["ok"] * 6
    assert stored(host) == []
    assert host.prints("EGetMailingListMemberList", domain, "news").split() == [f"u2@{domain}"]
