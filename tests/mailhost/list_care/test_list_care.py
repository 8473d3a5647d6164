"""What becomes of a mailing list over time: moderation, bounces, digests, other names of its domain."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from mailhost.host import Host, Outside
from mailhost.mailing_lists.test_mailing_lists import add_list


@contextmanager
def moderated(host: Host) -> Iterator[None]:
    """The host with moderation."""
    settings = host.home / "mailaddon.toml"
    before = settings.read_text()
    settings.write_text(f"{before}moderate_lists = true\n")
    yield
    settings.write_text(before)
    host.prints("mailaddon", "host", "maintain")


def answer_to(message: EmailMessage, domain: str) -> str:
    """The address that an answer to one of mlmmj's questions goes to."""
    (found,) = re.findall(rf"news\+\S+@{domain}", str(message["Reply-To"] or message["From"]))
    return str(found)


def bounce(host: Host, path: str) -> None:
    """Tell a host that a message could not be delivered."""
    host.takes(path, sender="", subject="Undelivered Mail Returned to Sender")
    host.quiet()


# Moderation


def test_an_outsiders_post_is_released_by_the_domains_owner(host: Host, outside: Outside) -> None:
    with moderated(host):
        domain = host.add_domain("u1")
        add_list(host, domain, f"u1@{domain}")
        poster = f"x-{domain}@outside.test"
        host.takes(f"news@{domain}", sender=poster, subject="an offer")
        host.eventually(f"admin@{domain}", 1)
        (request,) = host.inbox(f"admin@{domain}")
        assert "an offer" in request["Subject"]
        assert host.subjects(f"u1@{domain}") == []
        (note,) = outside.to(poster)  # says that it waits
        assert "denied" not in note.message["Subject"].lower()
        host.takes(answer_to(request, domain), sender=f"admin@{domain}")
        assert host.eventually(f"u1@{domain}", 1) == ["an offer"]


def test_a_members_post_needs_nobody(host: Host) -> None:
    with moderated(host):
        domain = host.add_domain("u1")
        add_list(host, domain, f"u1@{domain}")
        host.takes(f"news@{domain}", sender=f"u1@{domain}", subject="post")
        assert host.eventually(f"u1@{domain}", 1) == ["post"]
        assert host.subjects(f"admin@{domain}") == []


def test_lists_that_exist_follow_the_setting_when_they_are_maintained(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1")
    add_list(host, domain, f"u1@{domain}")
    control = host.root / "lists" / domain / "news" / "control"
    (control / "footer").write_text("An administrator's own.\n")
    with moderated(host):
        host.prints("mailaddon", "host", "maintain")
        host.takes(f"news@{domain}", sender=f"x-{domain}@outside.test", subject="an offer")
        assert len(host.eventually(f"admin@{domain}", 1)) == 1
    assert not (control / "moderators").exists()
    assert (control / "footer").exists()
    host.takes(f"news@{domain}", sender=f"y-{domain}@outside.test", subject="another")
    (denial,) = outside.to(f"y-{domain}@outside.test")
    assert "denied" in denial.message["Subject"].lower()


# Bounces


def test_a_member_whose_mail_keeps_bouncing_leaves_the_list(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1")
    member = f"gone-{domain}@outside.test"
    add_list(host, domain, f"u1@{domain}", member)
    for number in (1, 2):
        host.takes(f"news@{domain}", sender=f"u1@{domain}", subject=f"post {number}")
        sent = outside.to(member, number)[-1]
        assert re.fullmatch(rf"news\+bounces-{number}-gone-{domain}=outside\.test@{domain}", sent.sender)
        bounce(host, sent.sender)
    folder = host.root / "lists" / domain / "news"
    record = folder / "bounce" / member.replace("@", "=")
    assert re.findall(r"(?m)^(\d+):", record.read_text()) == ["1", "2"]
    told = host.prints("mailaddon", "host", "maintain")
    assert f"news@{domain}: 2 members\n" in told, "two bounces within a minute are no reason yet"
    probe = outside.to(member, 3)[-1]
    assert probe.message["Subject"] == f"Bouncing messages from news@{domain}"
    bounce(host, probe.sender)
    old = re.sub(r"(?m)^(\d+):(\d+)", lambda found: f"{found[1]}:{int(found[2]) - 6 * 86400}", record.read_text())
    record.write_text(old)
    told = host.prints("mailaddon", "host", "maintain")
    assert f"news@{domain}: gone: {member}\n" in told
    assert host.prints("EGetMailingListMemberList", domain, "news") == f"u1@{domain}\n"
    host.takes(f"news@{domain}", sender=f"u1@{domain}", subject="post 3")
    assert host.eventually(f"u1@{domain}", 3) == ["post 1", "post 2", "post 3"]
    assert [arrival.message["Subject"] for arrival in outside.to(member, 3)].count("post 3") == 0


# Members


def test_who_wants_digests_is_a_member_and_leaves_by_a_command(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1")
    add_list(host, domain, f"u1@{domain}")
    people = {kind: f"{kind}-{domain}@outside.test" for kind in ("digest", "nomail")}
    for kind, person in people.items():
        host.takes(f"news+subscribe-{kind}@{domain}", sender=person)
        (question,) = outside.to(person)
        host.takes(answer_to(question.message, domain), sender=person)
        outside.to(person, 2)
    host.quiet()
    members = host.prints("EGetMailingListMemberList", domain, "news").split()
    assert members == sorted([f"u1@{domain}", *people.values()])
    host.takes(f"news@{domain}", sender=f"u1@{domain}", subject="post")
    assert host.eventually(f"u1@{domain}", 1) == ["post"]
    for person in people.values():
        assert "post" not in [arrival.message["Subject"] for arrival in outside.to(person, 2)]
        host.prints("EDeleteMailingListMember", domain, "news", person)
    host.takes(f"news@{domain}", sender=people["digest"], subject="post 2")
    outside.to(people["digest"], 3)  # it is denied
    assert host.prints("EGetMailingListMemberList", domain, "news") == f"u1@{domain}\n"


def test_a_members_name_is_kept_whatever_mlmmj_does(host: Host) -> None:
    domain = host.add_domain("u1", "u2")
    host.prints("EAddMailingList", domain, "news")
    host.prints("EAddMailingListMember", domain, "news", "Ann Ünal", f"u1@{domain}")
    host.prints("EAddMailingListMember", domain, "news", "Bob", f"u2@{domain}")
    host.takes(f"news@{domain}", sender=f"u1@{domain}", subject="post")
    host.eventually(f"u2@{domain}", 1)
    host.prints("mailaddon", "host", "maintain")
    assert host.prints("EGetMailingListMemberList", domain, "news") == f"u1@{domain}\nu2@{domain}\n"
    place = (domain, str(host.mail), str(host.folder / "exports"), "admin", *("1",) * 8)
    host.prints("EPreExportDomain", *place)
    host.prints("EPostExportDomain", *place)
    content = json.loads((host.folder / "exports" / f"{domain}.mailaddon" / "settings.json").read_text())
    (news,) = content["domain"]["mailing_lists"]
    assert news["members"] == [
        {"address": f"u1@{domain}", "name": "Ann Ünal"},
        {"address": f"u2@{domain}", "name": "Bob"},
    ]


# Other names of the domain


def test_a_list_is_reached_under_an_alias_domain(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1")
    add_list(host, domain, f"u1@{domain}")
    host.prints("EAddDomainAlias", domain, f"too-{domain}")
    host.takes(f"news@too-{domain}", sender=f"u1@{domain}", subject="post")
    assert host.eventually(f"u1@{domain}", 1) == ["post"]
    person = f"p-{domain}@outside.test"
    host.takes(f"news+subscribe@too-{domain}", sender=person)
    (question,) = outside.to(person)
    host.takes(answer_to(question.message, domain), sender=person)
    outside.to(person, 2)
    host.quiet()
    assert person in host.prints("EGetMailingListMemberList", domain, "news").split()
    host.prints("EDeleteDomainAlias", domain, f"too-{domain}")
    assert (host.root / "lists" / domain / "news" / "control" / "listaddress").read_text() == f"news@{domain}\n"


# What is wrong


def test_a_list_that_cannot_be_maintained_does_not_stop_the_others(host: Host) -> None:
    domain = host.add_domain("u1")
    add_list(host, domain, f"u1@{domain}")
    host.prints("EAddMailingList", domain, "a-first")
    broken = host.root / "lists" / domain / "a-first" / "control"
    broken.rename(broken.with_name("away"))
    broken.symlink_to("/etc")
    done = host.run("mailaddon", "host", "maintain")
    assert done.returncode == 1
    assert f"a-first@{domain}: ".encode() in done.stderr
    assert f"news@{domain}: 1 member\n".encode() in done.stdout
    broken.unlink()
    broken.with_name("away").rename(broken)
    host.prints("mailaddon", "host", "maintain")
