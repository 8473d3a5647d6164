"""Forwards: local and outside, with and without a copy."""

import pytest
from mailhost.host import Host, Outside


def keep_copy(host: Host, *, keep: bool) -> None:
    path = host.home / "mailaddon.toml"
    text = path.read_text(encoding="utf-8")
    line = "forwards.keep_copy = false\n"
    path.write_text(text.replace(line, "") if keep else line + text, encoding="utf-8")


@pytest.mark.parametrize("keep", [True, False])
def test_local_and_outside(host: Host, outside: Outside, *, keep: bool) -> None:
    domain = host.add_domain("u1", "u2")
    keep_copy(host, keep=keep)
    try:
        host.prints("EAddForward", domain, "u1", f"u2@{domain}")
        host.prints("EAddForward", domain, "u1", f"to-{domain}@outside.test")
    finally:
        keep_copy(host, keep=True)
    host.takes(f"u1@{domain}")
    outside.to(f"to-{domain}@outside.test")
    assert len(host.subjects(f"u2@{domain}")) == 1
    assert len(host.subjects(f"u1@{domain}")) == int(keep)
    for target in (f"u2@{domain}", f"to-{domain}@outside.test"):
        host.prints("EDeleteForward", domain, "u1", target)
    host.takes(f"u1@{domain}")
    assert len(host.subjects(f"u1@{domain}")) == int(keep) + 1
    assert len(host.subjects(f"u2@{domain}")) == 1


def test_a_circle_in_which_everybody_keeps_a_copy_delivers_once_to_each(host: Host) -> None:
    domain = host.add_domain("u1", "u2")
    host.prints("EAddForward", domain, "u1", f"u2@{domain}")
    host.prints("EAddForward", domain, "u2", f"u1@{domain}")
    host.takes(f"u1@{domain}")
    assert [len(host.subjects(f"{user}@{domain}")) for user in ("u1", "u2")] == [1, 1]
