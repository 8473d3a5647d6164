"""Where a message goes: mailboxes, aliases, catch-alls."""

from mailhost.host import Host, Outside, unix
from patience import wait_for


def test_a_user_gets_mail_as_soon_as_the_command_ends(host: Host) -> None:
    domain = host.add_domain()
    host.prints("ESetCatchallUser", domain, "")
    assert host.refuses(f"u1@{domain}")[0] == 550
    host.add_user(domain, "u1")
    host.takes(f"u1@{domain}")
    assert host.subjects(f"u1@{domain}") == ["subject"]


def test_a_domain_is_there_as_soon_as_the_command_ends(host: Host) -> None:
    name = "soon.test"
    for _again in range(3):
        assert host.refuses(f"admin@{name}")[0] == 554
        host.prints("EAddDomain", name, "192.0.2.10", str(host.mail), "-1", "admin", "pw", "0", *("1",) * 8)
        host.takes(f"admin@{name}")
        assert host.subjects(f"admin@{name}") == ["subject"]
        host.prints("EDeleteDomain", name)


def test_a_message_is_delivered_as_it_was_sent(host: Host) -> None:
    domain = host.add_domain("u1")
    text = "Zeile mit Ümläuten\n.\n..zwei Punkte\n" + "x" * 900 + "\n"
    host.takes(f"u1@{domain}", subject="Grüße", text=text)
    (message,) = host.inbox(f"u1@{domain}")
    assert (message["Subject"], unix(message.get_content())) == ("Grüße", text)


def test_an_alias_an_alias_domain_and_extensions(host: Host) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetCatchallUser", domain, "")
    host.prints("EAddUserAlias", domain, "u1", "sales")
    host.prints("EAddDomainAlias", domain, f"alias-{domain}")
    targets = ("sales", "SALES", "sales+x", "u1+x")
    for name in (domain, f"alias-{domain}"):
        for target in targets:
            host.takes(f"{target}@{name}", subject=f"{target}@{name}")
        assert host.refuses(f"u2@{name}")[0] == 550
    assert len(host.subjects(f"u1@{domain}")) == 8
    host.prints("EDeleteUserAlias", domain, "u1", "sales")
    assert host.refuses(f"sales@{domain}")[0] == 550
    host.prints("EDeleteDomainAlias", domain, f"alias-{domain}")
    assert host.refuses(f"u1@alias-{domain}")[0] == 554


def test_a_catch_all_takes_the_rest_and_nothing_else(host: Host) -> None:
    domain = host.add_domain("u1", "u2", "all")
    host.prints("ESetCatchallUser", domain, f"all@{domain}")
    host.prints("EAddUserAlias", domain, "u1", "alias")
    host.prints("EAddDomainAlias", domain, f"alias-{domain}")
    host.prints("EAddDistributionList", domain, "list")
    host.prints("EAddDistributionListMember", domain, "list", f"u2@{domain}")
    for taken in (f"u1@{domain}", f"u1+x@{domain}", f"alias@{domain}", f"u1@alias-{domain}"):
        host.takes(taken, subject="mine")
    host.takes(f"list@{domain}", subject="list")
    for unknown in (f"unknown@{domain}", f"unknown+x@{domain}", f"unknown@alias-{domain}"):
        host.takes(unknown, subject="rest")
    assert host.subjects(f"u1@{domain}") == ["mine"] * 4
    assert host.subjects(f"u2@{domain}") == ["list"]
    assert host.subjects(f"all@{domain}") == ["rest"] * 3
    host.prints("ESetCatchallUser", domain, "")
    assert host.refuses(f"unknown@{domain}")[0] == 550


def test_a_list_without_members_refuses_instead_of_the_catch_all(host: Host) -> None:
    domain = host.add_domain()
    host.prints("EAddDistributionList", domain, "list")
    assert host.refuses(f"list@{domain}")[0] == 550
    assert host.subjects(f"admin@{domain}") == []


def test_a_catch_all_outside(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetCatchallUser", domain, f"all-{domain}@outside.test")
    host.takes(f"unknown@{domain}")
    host.takes(f"u1@{domain}")
    outside.to(f"all-{domain}@outside.test")
    assert len(host.subjects(f"u1@{domain}")) == 1


def test_mail_waits_while_the_mailboxes_are_away(host: Host) -> None:
    import os
    import signal

    domain = host.add_domain("u1")
    pid = int((host.root / "run" / "dovecot" / "master.pid").read_text(encoding="ascii"))
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not (host.root / "run" / "dovecot" / "master.pid").exists())
    host.takes(f"u1@{domain}", subject="waited")
    host.prints("EStartMailServer")
    assert host.eventually(f"u1@{domain}", 1) == ["waited"]
