"""Automatic replies."""

import pytest
from mailaddon.backends.postfix.sieve import vacation
from mailhost.host import Host, Outside, unix

HOSTILE = [
    ("plain", "I am away.\n"),
    ('"; stop; "', '";\nkeep;\nstop;\n"\n'),
    ("back\\slash \\", 'back\\slash\\\n\\"\n'),
    ("${subject}", "${from} ${1} %u $x\n"),
    ("dots", ".\n..\n. \n.leading\n\n.\n"),
    ("日本語 🙂", "日本語 🙂\ntab\there, trailing \n= equals =3D\n"),
    ("long", "x" * 3000 + "\n"),
    ("returns", "one\r\ntwo\rthree\n"),
    ("no end", "no line end"),
    ("text:", "text:\n.\n/* comment\n# hash\n"),
    ("empty", ""),
]


@pytest.mark.parametrize(("subject", "message"), HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_comes_back_as_it_was_set(host: Host, outside: Outside, subject: str, message: str) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetAutoResponder", domain, "u1", subject, message)
    host.takes(f"u1@{domain}", sender=f"s-{domain}@outside.test")
    (reply,) = outside.to(f"s-{domain}@outside.test")
    assert reply.sender == "<>"
    assert " ".join(reply.message["Subject"].split()) == subject
    expected = message.replace("\r\n", "\n").replace("\r", "\n")
    assert unix(reply.message.get_content()).removesuffix("\n") == expected.removesuffix("\n")
    assert reply.message["Auto-Submitted"].startswith("auto-replied")
    assert f"u1@{domain}" in reply.message["From"]
    assert len(host.subjects(f"u1@{domain}")) == 1


def test_once_per_sender(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetAutoResponder", domain, "u1", "away", "text")
    for sender in ("a", "a", "b"):
        host.takes(f"u1@{domain}", sender=f"{sender}-{domain}@outside.test")
    assert len(host.subjects(f"u1@{domain}")) == 3
    outside.to(f"a-{domain}@outside.test", 1)
    outside.to(f"b-{domain}@outside.test", 1)


@pytest.mark.parametrize(
    "headers",
    [{"Auto-Submitted": "auto-generated"}, {"Precedence": "bulk"}, {"List-Id": "<x.test>"}, {"Precedence": "list"}],
    ids=["auto", "bulk", "list-id", "list"],
)
def test_machines_get_no_reply(host: Host, outside: Outside, headers: dict[str, str]) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetAutoResponder", domain, "u1", "away", "text")
    host.takes(f"u1@{domain}", sender=f"s-{domain}@outside.test", headers=headers)
    assert len(host.subjects(f"u1@{domain}")) == 1
    outside.to(f"s-{domain}@outside.test", 0)


def test_neither_bounces_nor_lists_get_a_reply(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetAutoResponder", domain, "u1", "away", "text")
    host.prints("EAddDistributionList", domain, "list")
    host.prints("EAddDistributionListMember", domain, "list", f"u1@{domain}")
    count = len(outside.arrived)
    host.takes(f"u1@{domain}", sender="")
    host.takes(f"list@{domain}", sender=f"s-{domain}@outside.test")
    assert len(host.subjects(f"u1@{domain}")) == 2
    host.quiet()
    assert len(outside.arrived) == count


def test_every_address_of_the_user_replies_as_long_as_it_is_one(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetAutoResponder", domain, "u1", "away", "text")
    host.prints("EAddUserAlias", domain, "u1", "alias")
    host.prints("EAddDomainAlias", domain, f"alias-{domain}")
    for number, address in enumerate((f"alias@{domain}", f"u1@alias-{domain}", f"alias@alias-{domain}")):
        host.takes(address, sender=f"s{number}-{domain}@outside.test")
        outside.to(f"s{number}-{domain}@outside.test")
    host.prints("EDeleteAutoResponder", domain, "u1")
    assert not list((host.root / "sieve" / domain).iterdir())
    host.takes(f"u1@{domain}", sender=f"last-{domain}@outside.test")
    assert len(host.subjects(f"u1@{domain}")) == 4
    outside.to(f"last-{domain}@outside.test", 0)


def test_flags_switch_the_reply_off_and_on(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetAutoResponder", domain, "u1", "away", "text")
    script = host.root / "sieve" / domain / "u1.sieve"
    host.prints("EEditUser", domain, "u1", "", "", "", "", "1", "0", "1")
    assert not script.exists()
    host.prints("EEditUser", domain, "u1", "", "", "", "", "1", "1", "1")
    assert script.exists()
    host.prints("EEditDomain", domain, "-1", "1", "1", "1", "1", "1", "1", "0", "1")
    assert not script.exists()
    host.takes(f"u1@{domain}", sender=f"s-{domain}@outside.test")
    assert len(host.subjects(f"u1@{domain}")) == 1
    outside.to(f"s-{domain}@outside.test", 0)


def test_the_users_own_script_keeps_working(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1")
    own = host.mail / domain / "u1" / ".dovecot.sieve"
    own.write_text('require ["fileinto", "mailbox"];\nfileinto :create "Own";\n', encoding="utf-8")
    import os

    os.chown(own, 5000, 5000)
    host.prints("ESetAutoResponder", domain, "u1", "away", "text")
    host.takes(f"u1@{domain}", sender=f"s-{domain}@outside.test")
    outside.to(f"s-{domain}@outside.test")
    assert host.subjects(f"u1@{domain}") == []
    with host.login(f"u1@{domain}") as session:
        assert session.select("Own", readonly=True)[1] == [b"1"]


def test_a_script_has_no_way_out_of_its_strings() -> None:
    script = vacation('a"; stop; "\\', '"; stop; "\n\\', 'o"x@d.test', ['o"x@d.test'], 1)
    inside = False
    outside_text = ""
    characters = iter(script)
    for character in characters:
        if inside and character == "\\":
            next(characters)
        elif character == '"':
            inside = not inside
        elif not inside:
            outside_text += character
    assert not inside
    assert "stop" not in outside_text
