"""Many commands at once while mail flows, a transfer with mail, and the umbrella's ways in."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from mailhost.host import ALL_ON, Host


def test_no_mail_is_lost_doubled_or_strayed_while_commands_run(host: Host) -> None:
    domain = host.add_domain("fixed")
    host.prints("ESetCatchallUser", domain, "")
    users = [f"n{number}" for number in range(24)]

    def provision(user: str) -> None:
        host.add_user(domain, user)
        host.prints("EAddUserAlias", domain, user, f"alias-{user}")
        host.takes(f"alias-{user}@{domain}", subject=user)  # in force as soon as the command has ended

    def write(number: int) -> None:
        host.takes(f"fixed@{domain}", subject=f"m{number}")

    with ThreadPoolExecutor(8) as pool:
        tasks = [pool.submit(provision, user) for user in users] + [pool.submit(write, n) for n in range(24)]
        for task in tasks:
            task.result()
    assert host.subjects(f"fixed@{domain}") == sorted(f"m{number}" for number in range(24))
    for user in users:
        assert host.subjects(f"{user}@{domain}") == [user]


def test_imported_mail_belongs_to_the_mails_owner(host: Host) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetAutoResponder", domain, "u1", "away", "text")
    host.prints("EAddMailingList", domain, "news")
    host.takes(f"u1@{domain}", subject="before")
    host.quiet()
    place = str(host.folder / f"export-{domain}")
    arguments = (domain, str(host.mail), place, "admin", *ALL_ON)
    host.prints("EPreExportDomain", *arguments)
    host.prints("EPostExportDomain", *arguments)
    host.prints("EDeleteDomain", domain)
    host.prints("EPreImportDomain", *arguments)
    host.prints("EPostImportDomain", *arguments)
    host.takes(f"u1@{domain}", subject="after")
    assert host.subjects(f"u1@{domain}") == ["after", "before"]
    assert (host.root / "sieve" / domain / "u1.svbin").exists()
    assert (host.root / "lists" / domain / "news" / "subscribers.d").is_dir()


def test_a_domain_folder_that_became_a_link_is_not_followed(host: Host) -> None:
    domain = host.add_domain()
    folder = host.mail / domain
    elsewhere = host.folder / f"elsewhere-{domain}"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    assert "symbolic link" in host.refusal("EAddUser", domain, "u1", "pw", "", "", "", "1", "1", "1")
    assert sorted(elsewhere.rglob("*")) == before
    folder.unlink()
    elsewhere.rename(folder)


def test_send_and_read(host: Host) -> None:
    domain = host.add_domain()
    assert host.prints("mailaddon", "host", "send", f"admin@{domain}", "--subject", "proof") == "accepted\n"
    host.quiet()
    shown = host.prints("mailaddon", "host", "read", f"admin@{domain}", "--password", "pw")
    assert "Subject: proof\n\nIt arrived." in shown
    assert shown.endswith("1 messages\n")
    assert "no login" in host.refusal("mailaddon", "host", "read", f"admin@{domain}", "--password", "no")
    assert "554" in host.refusal("mailaddon", "host", "send", "a@none.test")
    assert "postfix.log:" in host.prints("mailaddon", "host", "log", "--lines", "3")
    host.prints("mailaddon", "host", "reload")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_demonstration(host: Host) -> None:
    shown = host.prints("mailaddon", "host", "demo")
    assert "Subject: On holiday" in shown
    assert "\n450 4.2.1" in shown
    assert "\n550 5.1.1" in shown
