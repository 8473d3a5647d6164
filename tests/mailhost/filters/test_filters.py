"""Spam filters: in force at once, for the domain that has them."""

import pytest
from mailhost.host import Host


@pytest.mark.parametrize(
    ("kind", "pattern", "blocked", "free"),
    [
        ("EMAIL", "Bad@Outside.test", {"sender": "bAd@outside.TEST"}, {"sender": "bad2@outside.test"}),
        ("DOMAIN", "spam.test", {"sender": "a@spam.test"}, {"sender": "a@notspam.test"}),
        ("DOMAIN", "spam.test", {"sender": "a@deep.sub.spam.test"}, {"sender": ""}),
        ("IP", "127.0.0.66", {"source": "127.0.0.66"}, {"source": "127.0.0.67"}),
        ("IP", "127.0.8.0/22", {"source": "127.0.11.255"}, {"source": "127.0.12.0"}),
        ("IP", "0.0.0.0/0", {"source": "127.0.0.1"}, None),
    ],
)
def test_every_type(
    host: Host, kind: str, pattern: str, blocked: dict[str, str], free: "dict[str, str] | None"
) -> None:
    domain = host.add_domain()
    host.takes(f"admin@{domain}", **blocked)
    host.prints("EAddSpamFilter", domain, pattern, kind)
    assert host.refuses(f"admin@{domain}", **blocked)[0] == 554
    if free is not None:
        host.takes(f"admin@{domain}", **free)
    host.prints("EDeleteSpamFilter", domain, pattern)
    host.takes(f"admin@{domain}", **blocked)


def test_a_message_to_two_domains_is_refused_for_the_one_that_blocks_it(host: Host) -> None:
    first, second = host.add_domain(), host.add_domain()
    host.prints("EAddDomainAlias", first, f"alias-{first}")
    host.prints("EAddSpamFilter", first, "outside.test", "DOMAIN")
    refused = host.send(f"admin@{first}", f"admin@alias-{first}", f"admin@{second}")
    assert {who: code for who, (code, _reason) in refused.items()} == {
        f"admin@{first}": 554,
        f"admin@alias-{first}": 554,
    }
    assert host.subjects(f"admin@{second}") == ["subject"]
    assert host.subjects(f"admin@{first}") == []
