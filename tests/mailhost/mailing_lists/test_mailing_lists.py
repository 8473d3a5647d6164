"""Mailing lists, run by mlmmj."""

import re
import shutil

from mailhost.host import Host, Outside


def add_list(host: Host, domain: str, *members: str) -> None:
    host.prints("EAddMailingList", domain, "news")
    for member in members:
        host.prints("EAddMailingListMember", domain, "news", "A Name", member)


def test_a_members_post_reaches_all_members(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1", "u2")
    member = f"m-{domain}@outside.test"
    add_list(host, domain, f"u1@{domain}", f"u2@{domain}", member)
    host.takes(f"news@{domain}", sender=member, subject="post")
    assert host.eventually(f"u1@{domain}", 1) == ["post"]
    assert host.eventually(f"u2@{domain}", 1) == ["post"]
    (arrival,) = outside.to(member)
    assert arrival.message["List-Id"] == f"<news.{domain}>"
    assert arrival.message["Reply-To"] == f"news@{domain}"
    assert arrival.sender.startswith("news+bounces-")


def test_an_outsiders_post_reaches_nobody(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1")
    add_list(host, domain, f"u1@{domain}")
    host.takes(f"news@{domain}", sender=f"x-{domain}@outside.test", subject="post")
    (denial,) = outside.to(f"x-{domain}@outside.test")
    assert "denied" in denial.message["Subject"].lower()
    assert host.subjects(f"u1@{domain}") == []


def test_who_subscribes_and_leaves_by_mail_is_in_the_commands_list_and_out_of_it(host: Host, outside: Outside) -> None:
    domain = host.add_domain()
    person = f"p-{domain}@outside.test"
    add_list(host, domain, f"admin@{domain}")
    for number, action in enumerate(("subscribe", "unsubscribe"), 1):
        host.takes(f"news+{action}@{domain}", sender=person)
        question = outside.to(person, 2 * number - 1)[-1].message
        (answer,) = re.findall(rf"news\+\S+@{domain}", str(question["Reply-To"] or question["From"]))
        host.takes(answer, sender=person)
        outside.to(person, 2 * number)
        host.quiet()
        members = host.prints("EGetMailingListMemberList", domain, "news").split()
        assert (person in members) == (action == "subscribe")
        assert f"admin@{domain}" in members


def test_a_deleted_member_gets_nothing_and_a_deleted_list_is_gone(host: Host) -> None:
    domain = host.add_domain("u1", "u2")
    host.prints("ESetCatchallUser", domain, "")
    add_list(host, domain, f"u1@{domain}", f"u2@{domain}")
    host.prints("EDeleteMailingListMember", domain, "news", f"u2@{domain}")
    assert host.prints("EGetMailingListMemberList", domain, "news") == f"u1@{domain}\n"
    host.takes(f"news@{domain}", sender=f"u1@{domain}", subject="post")
    assert host.eventually(f"u1@{domain}", 1) == ["post"]
    assert host.subjects(f"u2@{domain}") == []
    host.prints("EDeleteMailingList", domain, "news")
    assert host.refuses(f"news@{domain}")[0] == 550
    assert not (host.root / "lists" / domain / "news").exists()


def test_a_folder_that_was_removed_by_hand_is_made_again(host: Host) -> None:
    domain = host.add_domain("u1", "u2")
    add_list(host, domain, f"u1@{domain}")
    shutil.rmtree(host.root / "lists" / domain / "news")
    assert host.prints("EGetMailingListMemberList", domain, "news") == f"u1@{domain}\n"
    host.prints("EAddMailingListMember", domain, "news", "", f"u2@{domain}")
    host.takes(f"news@{domain}", sender=f"u1@{domain}", subject="post")
    assert host.eventually(f"u1@{domain}", 1) == ["post"]
    assert host.eventually(f"u2@{domain}", 1) == ["post"]


def test_a_list_that_is_switched_off_is_refused(host: Host) -> None:
    domain = host.add_domain("u1")
    add_list(host, domain, f"u1@{domain}")
    host.prints("EEditDomain", domain, "-1", "0", "1", "1", "1", "1", "1", "1", "1")
    assert host.refuses(f"news@{domain}", sender=f"u1@{domain}")[0] == 550
