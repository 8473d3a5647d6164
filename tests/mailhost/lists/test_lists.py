"""Distribution lists."""

from mailhost.host import Host, Outside


def test_every_member_gets_one_copy(host: Host, outside: Outside) -> None:
    domain = host.add_domain("u1", "u2", "u3")
    host.prints("EAddUserAlias", domain, "u1", "alias")
    for name in ("all", "inner"):
        host.prints("EAddDistributionList", domain, name)
    members = {
        "all": (f"u1@{domain}", f"alias@{domain}", f"u2@{domain}", f"inner@{domain}", f"m-{domain}@outside.test"),
        "inner": (f"u2@{domain}", f"u3@{domain}", f"all@{domain}"),
    }
    for name, addresses in members.items():
        for address in addresses:
            host.prints("EAddDistributionListMember", domain, name, address)
    host.takes(f"all@{domain}")
    for user in ("u1", "u2", "u3"):
        assert host.subjects(f"{user}@{domain}") == ["subject"]
    outside.to(f"m-{domain}@outside.test")
    host.prints("EDeleteDistributionListMember", domain, "inner", f"u3@{domain}")
    host.takes(f"inner@{domain}", subject="second")
    assert host.subjects(f"u3@{domain}") == ["subject"]
    assert host.subjects(f"u2@{domain}") == ["second", "subject"]


def test_a_suspended_member_keeps_nobody_else_waiting(host: Host) -> None:
    domain = host.add_domain("u1", "u2")
    host.prints("EAddDistributionList", domain, "all")
    for user in ("u1", "u2"):
        host.prints("EAddDistributionListMember", domain, "all", f"{user}@{domain}")
    host.prints("ESuspendUser", domain, "u1")
    host.takes(f"all@{domain}")
    assert host.subjects(f"u2@{domain}") == ["subject"]
    host.prints("EResumeUser", domain, "u1")
    assert host.eventually(f"u1@{domain}", 1) == ["subject"]
