"""Features that are switched off: what exists is kept, and has no effect on mail."""

from mailhost.host import ALL_ON, Host

NAMES = (
    "mailing_lists", "domain_aliases", "distribution_lists", "spam_filters",
    "user_aliases", "forwards", "autoresponders", "web_access",
)  # fmt: skip


def switch(host: Host, domain: str, **off: str) -> None:
    flags = [off.get(name, "1") for name in NAMES]
    host.prints("EEditDomain", domain, "-1", *flags)


def test_aliases_and_lists(host: Host) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetCatchallUser", domain, "")
    host.prints("EAddUserAlias", domain, "u1", "alias")
    host.prints("EAddDistributionList", domain, "list")
    host.prints("EAddDistributionListMember", domain, "list", f"u1@{domain}")
    host.prints("EAddDomainAlias", domain, f"alias-{domain}")
    switch(host, domain, user_aliases="0", distribution_lists="0", domain_aliases="0")
    assert host.refuses(f"alias@{domain}")[0] == 550
    assert host.refuses(f"list@{domain}")[0] == 550
    assert host.refuses(f"u1@alias-{domain}")[0] == 554
    assert host.prints("EGetUserAliasList", domain, "u1") == "alias\n"
    switch(host, domain)
    for address in (f"alias@{domain}", f"list@{domain}", f"u1@alias-{domain}"):
        host.takes(address)
    assert len(host.subjects(f"u1@{domain}")) == 3


def test_forwards_of_a_domain_and_of_a_user(host: Host) -> None:
    domain = host.add_domain("u1", "u2")
    host.prints("EAddForward", domain, "u1", f"u2@{domain}")
    switch(host, domain, forwards="0")
    host.takes(f"u1@{domain}")
    assert host.subjects(f"u2@{domain}") == []
    switch(host, domain)
    host.prints("EEditUser", domain, "u1", "", "", "", "", "0", "1", "1")
    host.takes(f"u1@{domain}")
    assert host.subjects(f"u2@{domain}") == []
    host.prints("EEditUser", domain, "u1", "", "", "", "", "1", "1", "1")
    host.takes(f"u1@{domain}")
    assert len(host.subjects(f"u2@{domain}")) == 1
    assert len(host.subjects(f"u1@{domain}")) == 3


def test_spam_filters(host: Host) -> None:
    domain = host.add_domain(flags=ALL_ON)
    host.prints("EAddSpamFilter", domain, "bad@outside.test", "EMAIL")
    assert host.refuses(f"admin@{domain}", sender="bad@outside.test")[0] == 554
    switch(host, domain, spam_filters="0")
    host.takes(f"admin@{domain}", sender="bad@outside.test")
