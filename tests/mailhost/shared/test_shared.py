"""Two hosts on one PostgreSQL: a domain's mail is on one of them, and both take mail and logins for it."""

import imaplib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from mailhost.conftest import urls
from mailhost.host import Host, Outside
from patience import wait_for
from postgresql_server import Server

from mailaddon.directory import outbox
from mailaddon.operations import find
from mailaddon.service import Service


class Pair(NamedTuple):
    """Two hosts; domains are added at the first, nearly everything else is done at the second."""

    a: Host
    b: Host

    def settled(self) -> None:
        """Wait until each has done what the other has left to it; a command waits for some seconds only."""
        wait_for(lambda: not self.b.rows("SELECT 1 FROM effect"))

    def quiet(self) -> None:
        """Wait until no message is under way on either."""
        for _again in range(2):
            for host in self:
                host.quiet()


@pytest.fixture(scope="module")
def pair(outside: Outside, server: Server) -> Iterator[Pair]:
    with server.schema() as url, ExitStack() as stack:
        found = []
        for name in ("a", "b"):  # the first has its ports before the second looks for some
            host = stack.enter_context(Host(outside.port, *urls(server, url), host=name))
            host.init()
            host.prints("EStartMailServer")
            found.append(host)
        yield Pair(*found)


def agent(host: Host) -> int:
    return int((host.root / "run" / "follow.pid").read_text(encoding="ascii"))


def test_a_group_waits_for_what_other_hosts_have_to_do(pair: Pair) -> None:
    domain = pair.a.add_domain()
    rows = [f"{domain},n{number},pw,,,,1,1,1" for number in range(20)]
    names = "DomainName,UserName,Password,FirstName,MiddleName,LastName,UserEnableForwards,UserEnableAutoResponders"
    path = pair.b.home.parent / "users.csv"
    path.write_text("\n".join([f"{names},UserEnableWebAccess", *rows, rows[0]]))
    done = pair.b.run("mailaddon", "batch", "--csv", "--command", "EAddUser", "--group", "7", str(path))
    assert done.stdout.count(b'"ok": true') == 20, done
    assert sorted(os.listdir(pair.a.mail / domain)) == sorted(["admin", *(f"n{number}" for number in range(20))])
    pair.b.login(f"n19@{domain}").logout()


def test_a_user_who_is_added_at_one_host_is_there_at_both(pair: Pair) -> None:
    domain = pair.a.add_domain()
    pair.b.add_user(domain, "u1")
    pair.settled()
    assert (pair.a.mail / domain / "u1" / "Maildir").is_dir()
    for host in pair:
        host.login(f"u1@{domain}").logout()
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            host.login(f"u1@{domain}", "wrong")
    pair.b.takes(f"u1@{domain}", subject="at b")
    pair.a.takes(f"u1@{domain}", subject="at a")
    pair.quiet()
    for host in pair:
        assert host.subjects(f"u1@{domain}") == ["at a", "at b"]
    assert not (pair.b.mail / domain).exists()


def test_a_domain_is_known_at_the_other_host_as_soon_as_the_command_ends(pair: Pair) -> None:
    for here, there in (pair, reversed(pair)):
        domain = here.add_domain()
        pair.settled()
        there.takes(f"admin@{domain}")
        pair.quiet()
        assert here.subjects(f"admin@{domain}") == ["subject"]
        there.prints("EDeleteDomain", domain)
        pair.settled()
        assert not (here.mail / domain).exists()
        for host in pair:
            assert host.refuses(f"admin@{domain}")[0] == 554


def test_everything_arrives_once(pair: Pair, outside: Outside) -> None:
    a, b = pair
    first, second = a.add_domain("u1", "u2", "all"), b.add_domain("u3")
    b.prints("EAddUserAlias", first, "u1", "alias")
    b.prints("EAddForward", first, "u1", f"u2@{first}")
    b.prints("EAddForward", first, "u2", f"u3@{second}")
    b.prints("ESetCatchallUser", first, f"all@{first}")
    b.prints("EAddDistributionList", first, "team")
    for member in (f"u1@{first}", f"alias@{first}", f"u3@{second}", f"m-{first}@outside.test"):
        b.prints("EAddDistributionListMember", first, "team", member)
    pair.settled()
    for host, name in ((a, "a"), (b, "b")):
        host.takes(f"alias@{first}", subject=f"alias {name}")
        host.takes(f"unknown@{first}", subject=f"rest {name}")
        host.takes(f"team@{first}", subject=f"team {name}")
    outside.to(f"m-{first}@outside.test", 2)
    pair.quiet()
    expected = ["alias a", "alias b", "team a", "team b"]
    for user in (f"u1@{first}", f"u2@{first}", f"u3@{second}"):
        assert a.subjects(user) == expected
    assert b.subjects(f"all@{first}") == ["rest a", "rest b"]


def test_a_mailing_list_is_run_where_its_domain_is(pair: Pair, outside: Outside) -> None:
    a, b = pair
    domain, other = a.add_domain("u1"), b.add_domain("u2")
    b.prints("EAddMailingList", domain, "news")
    pair.settled()
    assert (a.root / "lists" / domain / "news").is_dir()
    assert not (b.root / "lists" / domain).exists()
    member = f"m-{domain}@outside.test"
    for address in (f"u1@{domain}", f"u2@{other}", member):
        b.prints("EAddMailingListMember", domain, "news", "A Name", address)
    pair.settled()
    b.takes(f"news@{domain}", sender=member, subject="post")
    outside.to(member)
    assert a.eventually(f"u1@{domain}", 1) == ["post"]
    assert b.eventually(f"u2@{other}", 1) == ["post"]
    person = f"p-{domain}@outside.test"
    b.takes(f"news+subscribe@{domain}", sender=person)
    question = outside.to(person)[0].message
    b.takes(str(question["Reply-To"] or question["From"]).strip("<>"), sender=person)
    outside.to(person, 2)
    pair.quiet()
    assert person in b.prints("EGetMailingListMemberList", domain, "news").split()
    b.prints("EDeleteMailingList", domain, "news")
    pair.settled()
    assert not (a.root / "lists" / domain / "news").exists()


def test_replies_suspension_and_deletion(pair: Pair, outside: Outside) -> None:
    a, b = pair
    domain = a.add_domain("u1")
    b.prints("ESetCatchallUser", domain, "")
    b.prints("ESetAutoResponder", domain, "u1", "away", "text")
    pair.settled()
    b.takes(f"u1@{domain}", sender=f"s-{domain}@outside.test")
    outside.to(f"s-{domain}@outside.test")
    session = a.login(f"u1@{domain}")
    through = b.login(f"u1@{domain}")
    b.prints("ESuspendUser", domain, "u1")
    pair.settled()
    assert a.ended(session)
    assert b.ended(through)
    for host in pair:
        with pytest.raises(imaplib.IMAP4.error, match=r"CONTACTADMIN.*suspended"):
            host.login(f"u1@{domain}")
        assert host.refuses(f"u1@{domain}")[0] == 450
    b.prints("EResumeUser", domain, "u1")
    pair.settled()
    b.takes(f"u1@{domain}", subject="resumed")
    pair.quiet()
    assert a.subjects(f"u1@{domain}") == ["resumed", "subject"]
    b.prints("EDeleteUser", domain, "u1")
    pair.settled()
    assert not (a.mail / domain / "u1").exists()
    assert not list((a.root / "sieve" / domain).iterdir())
    for host in pair:
        assert host.refuses(f"u1@{domain}")[0] == 550


def test_users_send_from_either_host(pair: Pair) -> None:
    domain = pair.a.add_domain("u1", "u2")
    pair.settled()
    for host in pair:
        with host.submission(f"u1@{domain}", "pw") as smtp:
            assert smtp.sendmail(f"u1@{domain}", f"u2@{domain}", "Subject: own\n\ntext\n") == {}
    pair.quiet()
    assert pair.a.subjects(f"u2@{domain}") == ["own", "own"]


def test_mail_and_effects_wait_for_a_host_that_is_down(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pair
    domain = a.add_domain("u1")
    pair.settled()
    a.prints("EStopMailServer")
    b.takes(f"u1@{domain}", subject="waited")

    def wait(_seconds: float) -> None:
        pytest.fail("it waits for a host that is down")

    monkeypatch.setenv("MAILADDON_HOME", str(b.home))
    with monkeypatch.context() as patch, Service.open() as service:
        patch.setattr(outbox, "time", SimpleNamespace(monotonic=time.monotonic, sleep=wait))
        service.run(find("EAddUser"), (domain, "u2", "pw", "", "", "", "1", "1", "1"))
        service.run(find("ESetAutoResponder"), (domain, "u1", "away", "text"))
    assert not (a.mail / domain / "u2").exists()
    assert "wait for the host a" in b.run("mailaddon", "host", "check").stdout.decode()
    b.prints("EDeleteUser", domain, "u2")
    refusal = b.refusal("EAddUser", domain, "u2", "pw", "", "", "", "1", "1", "1")
    assert ("has not yet removed" in refusal, "[unavailable]" in refusal) == (True, True)
    a.prints("EStartMailServer")
    pair.settled()
    b.add_user(domain, "u2")
    assert (a.root / "sieve" / domain / "u1.svbin").exists()
    b.prints("EResumeDomain", domain)  # tries what waits
    assert a.eventually(f"u1@{domain}", 1) == ["waited"]
    pair.settled()
    assert b.prints("mailaddon", "host", "check") == "nothing is wrong\n"


def test_an_agent_that_is_killed_holds_nobody_up(pair: Pair) -> None:
    a, b = pair
    domain = a.add_domain()
    pair.settled()
    os.kill(agent(a), signal.SIGKILL)
    b.add_user(domain, "u1")
    a.prints("EStartMailServer")
    wait_for((a.mail / domain / "u1" / "Maildir").is_dir)


def test_what_only_the_host_with_the_mail_can_do_says_so(pair: Pair) -> None:
    a, b = pair
    domain = a.add_domain()
    place = str(b.folder / "export")
    arguments = (domain, str(a.mail), place, "admin", *("1",) * 8)
    assert "is on the host a; run this there" in b.refusal("EPreExportDomain", *arguments)


def test_a_host_that_is_gone_is_forgotten(pair: Pair, outside: Outside) -> None:
    a, b = pair
    a.add_domain()
    with Host(outside.port, b.location, b.reader, host="c") as gone:
        gone.init()
        domain = gone.add_domain()
        assert "stores 1 domains" in b.refusal("mailaddon", "host", "forget", "c")
        gone.prints("EDeleteDomain", domain)
    b.add_domain()
    assert "wait for the host c" in b.run("mailaddon", "host", "check").stdout.decode()
    assert b.prints("mailaddon", "host", "forget", "c") == "c is forgotten\n"
    assert b.prints("mailaddon", "host", "check") == "nothing is wrong\n"
    assert "stores" in b.refusal("mailaddon", "host", "forget", "a")
    assert "there is no host" in b.refusal("mailaddon", "host", "forget", "x")


def test_a_host_whose_ports_have_changed_is_registered_anew(pair: Pair) -> None:
    b = pair.b
    settings = b.home / "mailaddon.toml"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(before + 'host_address = "127.0.0.2"\n', encoding="utf-8")
    try:
        assert "host b: the other hosts do not know where it is" in b.run("mailaddon", "host", "check").stdout.decode()
        assert "register the host b at 127.0.0.2" in b.init("--dry-run")
    finally:
        settings.write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ('host = "A b"', "is not a name"),
        ('host = "x\' OR 1"', "is not a name"),
        ('host = "x"\nhost_address = "mail.host.test"', "is not an IP address"),
        ('host = "x"\nlisten = "all"', "is not an IP address"),
    ],
)
def test_unfit_names_and_addresses(pair: Pair, option: str, said: str) -> None:
    with Host(0, pair.b.location, pair.b.reader) as host:
        settings = host.home / "mailaddon.toml"
        settings.write_text(settings.read_text(encoding="utf-8") + option + "\n", encoding="utf-8")
        assert said in host.refusal("EGetDomainAliasList", "xyz.com")
