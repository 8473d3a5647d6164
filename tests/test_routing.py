"""Where mail goes: circles of forwards, catch-alls, memberships, and what `resolve` answers."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from harness import FLAGS, Home, lines

from mailaddon.directory.resolving import resolve
from mailaddon.records import Resolution


@pytest.fixture
def home(tmp_path: Path, directory: str) -> Home:
    """Two domains with three users; xyz.net is another name of xyz.com."""
    made = Home(tmp_path, directory=directory)
    made.add_domain("xyz.com")
    made.add_domain("foo.com")
    made.must("EAddDomainAlias", "xyz.com", "xyz.net")
    made.add_user("xyz.com", "u1", "u2", "u3")
    return made


@pytest.fixture
def without_copies(home: Home) -> Home:
    """The same; who forwards keeps no copy."""
    home.set(forwards__keep_copy=False)
    return home


def forward(home: Home, user: str, target: str, domain: str = "xyz.com") -> str:
    """Add a forward; the code of its refusal, or ""."""
    return home.call("EAddForward", domain, user, target).code


# Circles


@pytest.mark.parametrize(
    "target", ["u1@xyz.com", "U1@XYZ.com", "u1@xyz.net", "a11@xyz.com", "a11@xyz.net", "u1+x@xyz.com", "a11+x@xyz.net"]
)
def test_nobody_forwards_to_itself_under_any_name(home: Home, target: str) -> None:
    home.must("EAddUserAlias", "xyz.com", "u1", "a11")
    assert forward(home, "u1", target) == "forward-loop"
    assert home.must("EGetForwardList", "xyz.com", "u1") == ""


@pytest.mark.parametrize("target", ["later@xyz.com", "later@xyz.net", "later+x@xyz.com"])
def test_nobody_gets_an_alias_that_it_forwards_to(home: Home, target: str) -> None:
    assert forward(home, "u1", target) == ""
    assert home.refusal("EAddUserAlias", "xyz.com", "u1", "later") == "forward-loop"
    assert home.must("EGetUserAliasList", "xyz.com", "u1") == ""
    home.must("EAddUserAlias", "xyz.com", "u2", "later")


def test_no_domain_gets_a_name_under_which_a_user_forwards_to_itself(home: Home) -> None:
    assert forward(home, "u1", "u1@xyz.org") == ""
    assert home.refusal("EAddDomainAlias", "xyz.com", "xyz.org") == "forward-loop"
    assert lines(home.must("EGetDomainAliasList", "xyz.com")) == ["xyz.net"]
    home.must("EAddDomainAlias", "foo.com", "xyz.org")


def test_a_circle_in_which_somebody_keeps_a_copy_is_allowed(home: Home) -> None:
    assert forward(home, "u1", "u2@xyz.com") == ""
    assert forward(home, "u2", "u1@xyz.com") == ""


def test_a_circle_of_three_is_refused(without_copies: Home) -> None:
    assert forward(without_copies, "u1", "u2@xyz.com") == ""
    assert forward(without_copies, "u2", "u3@xyz.net") == ""
    assert forward(without_copies, "u3", "u1@xyz.com") == "forward-loop"
    assert without_copies.must("EGetForwardList", "xyz.com", "u3") == ""
    assert forward(without_copies, "u3", "out@example.org") == ""


def test_one_copy_anywhere_in_the_circle_is_enough(without_copies: Home) -> None:
    without_copies.set(forwards__keep_copy=True)
    assert forward(without_copies, "u1", "u2@xyz.com") == ""
    without_copies.set(forwards__keep_copy=False)
    assert forward(without_copies, "u2", "u3@xyz.com") == ""
    assert forward(without_copies, "u3", "u1@xyz.com") == ""
    # u1 stops keeping copies with its next forward: now nobody would keep one
    assert forward(without_copies, "u1", "out@example.org") == "forward-loop"


def test_a_circle_through_an_alias_is_found(without_copies: Home) -> None:
    without_copies.must("EAddUserAlias", "xyz.com", "u2", "a22")
    assert forward(without_copies, "u1", "a22@xyz.com") == ""
    assert forward(without_copies, "u2", "u1@xyz.com") == "forward-loop"


def test_a_circle_that_an_alias_would_close_is_found(without_copies: Home) -> None:
    assert forward(without_copies, "u1", "a22@xyz.com") == ""
    assert forward(without_copies, "u2", "u1@xyz.com") == ""
    assert without_copies.refusal("EAddUserAlias", "xyz.com", "u2", "a22") == "forward-loop"
    without_copies.must("EAddUserAlias", "xyz.com", "u3", "a22")


def test_a_circle_through_an_alias_domain_is_found(without_copies: Home) -> None:
    assert forward(without_copies, "u1", "admin@foo.com") == ""
    assert forward(without_copies, "admin", "u1@xyz.net", "foo.com") == "forward-loop"


def test_a_circle_that_an_alias_domain_would_close_is_found(without_copies: Home) -> None:
    assert forward(without_copies, "u1", "admin@foo.org") == ""
    assert forward(without_copies, "admin", "u1@xyz.com", "foo.com") == ""
    assert without_copies.refusal("EAddDomainAlias", "foo.com", "foo.org") == "forward-loop"
    without_copies.must("EDeleteForward", "foo.com", "admin", "u1@xyz.com")
    without_copies.must("EAddDomainAlias", "foo.com", "foo.org")


def test_a_circle_through_an_extension_is_found(without_copies: Home) -> None:
    assert forward(without_copies, "u1", "u2+list@xyz.com") == ""
    assert forward(without_copies, "u2", "u1@xyz.com") == "forward-loop"


def test_forwards_that_are_disabled_count_because_they_may_be_enabled(without_copies: Home) -> None:
    assert forward(without_copies, "u1", "u2@xyz.com") == ""
    without_copies.must("EEditUser", "xyz.com", "u1", "", "", "", "", "0", "1", "1")
    assert forward(without_copies, "u2", "u1@xyz.com") == "forward-loop"


def test_branches_that_do_not_come_back_are_no_circle(without_copies: Home) -> None:
    for user, target in [("u1", "u2"), ("u1", "u3"), ("u2", "u3"), ("u2", "admin"), ("u3", "admin")]:
        assert forward(without_copies, user, f"{target}@xyz.com") == ""


def test_a_large_web_of_forwards_is_searched_once(without_copies: Home) -> None:
    """Without remembering who was seen, this takes 2^40 steps."""
    names = [f"w{number}" for number in range(80)]
    without_copies.add_user("xyz.com", *names)
    for number in range(0, 76, 2):
        for name in names[number : number + 2]:
            for target in names[number + 2 : number + 4]:
                assert forward(without_copies, name, f"{target}@xyz.com") == ""
    assert forward(without_copies, "u1", "w0@xyz.com") == ""
    assert forward(without_copies, names[76], "u1@xyz.com") == "forward-loop"


# Catch-alls and memberships


def catch_all(home: Home, domain: str = "xyz.com") -> list[str]:
    return lines(home.must("EGetCatchallUser", domain))


def test_the_owner_is_the_first_catch_all(home: Home) -> None:
    assert catch_all(home) == ["admin@xyz.com"]


@pytest.mark.parametrize("target", ["u1@xyz.com", "u1@xyz.net", "a11@xyz.com", "u1+spam@xyz.com", "a11+x@xyz.net"])
def test_deleting_its_target_clears_every_catch_all(home: Home, target: str) -> None:
    home.must("EAddUserAlias", "xyz.com", "u1", "a11")
    for domain in ("xyz.com", "foo.com"):
        home.must("ESetCatchallUser", domain, target)
    home.must("EDeleteUser", "xyz.com", "u1")
    assert catch_all(home) == catch_all(home, "foo.com") == []


@pytest.mark.parametrize("target", ["a11@xyz.com", "a11@xyz.net", "a11+x@xyz.com"])
def test_deleting_the_alias_that_is_its_target_clears_it(home: Home, target: str) -> None:
    home.must("EAddUserAlias", "xyz.com", "u1", "a11")
    home.must("ESetCatchallUser", "foo.com", target)
    home.must("EDeleteUserAlias", "xyz.com", "u1", "a11")
    assert catch_all(home, "foo.com") == []


@pytest.mark.parametrize("kind", ["DistributionList", "MailingList"])
def test_deleting_the_list_that_is_its_target_clears_it(home: Home, kind: str) -> None:
    home.must(f"EAdd{kind}", "xyz.com", "team")
    home.must("ESetCatchallUser", "xyz.com", "team@xyz.net")
    home.must(f"EDelete{kind}", "xyz.com", "team")
    assert catch_all(home) == []


def test_deleting_its_target_s_domain_clears_it(home: Home) -> None:
    home.must("ESetCatchallUser", "foo.com", "u1@xyz.net")
    home.must("EDeleteDomain", "xyz.com")
    assert catch_all(home, "foo.com") == []


def test_what_only_begins_alike_keeps_its_place(home: Home) -> None:
    home.add_user("xyz.com", "u11", "u1-x", "u")
    home.must("EAddDistributionList", "foo.com", "team")
    others = ["u11@xyz.com", "u1-x@xyz.com", "u@xyz.com", "u2@xyz.com", "u1@example.org", "u1@foo.com"]
    for address in ["u1@xyz.com", "u1@xyz.net", "u1+x@xyz.com", *others]:
        home.must("EAddDistributionListMember", "foo.com", "team", address)
    home.must("EDeleteUser", "xyz.com", "u1")
    assert lines(home.must("EGetDistributionListMemberList", "foo.com", "team")) == sorted(others)


def test_a_deleted_user_leaves_both_kinds_of_lists_under_all_names(home: Home) -> None:
    home.must("EAddUserAlias", "xyz.com", "u1", "a11")
    home.must("EAddDistributionList", "foo.com", "team")
    home.must("EAddMailingList", "xyz.com", "news")
    for address in ("u1@xyz.net", "a11@xyz.com"):
        home.must("EAddDistributionListMember", "foo.com", "team", address)
        home.must("EAddMailingListMember", "xyz.com", "news", "Ann", address)
    home.must("EDeleteUser", "xyz.com", "u1")
    assert home.must("EGetDistributionListMemberList", "foo.com", "team") == ""
    assert home.must("EGetMailingListMemberList", "xyz.com", "news") == ""


def test_setting_replaces_and_an_empty_address_clears(home: Home) -> None:
    home.must("ESetCatchallUser", "xyz.com", "u1@xyz.com")
    home.must("ESetCatchallUser", "xyz.com", "Out@Example.org")
    assert catch_all(home) == ["out@example.org"]
    home.must("ESetCatchallUser", "xyz.com", "")
    assert catch_all(home) == []


@pytest.mark.parametrize("target", ["nobody@xyz.com", "nobody@xyz.net", "nobody@foo.com", "nobody+x@foo.com"])
def test_a_target_in_a_hosted_domain_has_to_exist(home: Home, target: str) -> None:
    assert home.refusal("ESetCatchallUser", "xyz.com", target) == "not-found"
    assert catch_all(home) == ["admin@xyz.com"]


# resolve


def tree(home: Home, address: str) -> Any:
    """The answer as nested tuples (address, action, targets…)."""
    with home.directory.read() as tx:
        return simple(resolve(tx, address))


def simple(found: Resolution) -> Any:
    assert found.reason
    return (found.address, found.action, *[simple(target) for target in found.targets])


def edit_domain(home: Home, *off: int) -> None:
    """Switch features off by their place among the eight flags."""
    home.must("EEditDomain", "xyz.com", "-1", *["0" if place in off else flag for place, flag in enumerate(FLAGS)])


def test_a_user(home: Home) -> None:
    assert tree(home, "u1@xyz.com") == ("u1@xyz.com", "mailbox")
    assert tree(home, "u1+x@xyz.com") == ("u1+x@xyz.com", "mailbox")


def test_an_address_outside(home: Home) -> None:
    assert tree(home, "ann@example.org") == ("ann@example.org", "outside")
    assert tree(home, "ann@[192.0.2.1]") == ("ann@[192.0.2.1]", "outside")


def test_an_alias_domain_leads_to_the_domain(home: Home) -> None:
    assert tree(home, "u1@xyz.net") == ("u1@xyz.net", "domain-alias", ("u1@xyz.com", "mailbox"))
    edit_domain(home, 1)
    assert tree(home, "u1@xyz.net") == ("u1@xyz.net", "domain-alias")


def test_an_alias_leads_to_its_user(home: Home) -> None:
    home.must("EAddUserAlias", "xyz.com", "u1", "a11")
    assert tree(home, "a11@xyz.com") == ("a11@xyz.com", "alias", ("u1@xyz.com", "mailbox"))
    edit_domain(home, 4)
    assert tree(home, "a11@xyz.com") == ("a11@xyz.com", "refused")


def test_forwards_with_and_without_a_copy(home: Home) -> None:
    forward(home, "u1", "out@example.org")
    forward(home, "u1", "u2@xyz.com")
    targets = (("out@example.org", "outside"), ("u2@xyz.com", "mailbox"))
    assert tree(home, "u1@xyz.com") == ("u1@xyz.com", "forward", ("u1@xyz.com", "mailbox"), *targets)
    home.set(forwards__keep_copy=False)
    forward(home, "u1", "u3@xyz.com")
    assert tree(home, "u1@xyz.com") == ("u1@xyz.com", "forward", *targets, ("u3@xyz.com", "mailbox"))


@pytest.mark.parametrize("whose", ["domain", "user"])
def test_disabled_forwards_have_no_effect(home: Home, whose: str) -> None:
    forward(home, "u1", "out@example.org")
    if whose == "domain":
        edit_domain(home, 5)
    else:
        home.must("EEditUser", "xyz.com", "u1", "", "", "", "", "0", "1", "1")
    assert tree(home, "u1@xyz.com") == ("u1@xyz.com", "mailbox")


def test_lists(home: Home) -> None:
    home.must("EAddDistributionList", "xyz.com", "team")
    home.must("EAddDistributionListMember", "xyz.com", "team", "u1@xyz.com")
    home.must("EAddDistributionListMember", "xyz.com", "team", "gone@xyz.com")
    home.must("EAddMailingList", "xyz.com", "news")
    home.must("ESetCatchallUser", "xyz.com", "")
    members = (("gone@xyz.com", "refused"), ("u1@xyz.com", "mailbox"))
    assert tree(home, "team@xyz.com") == ("team@xyz.com", "list", *members)
    assert tree(home, "news@xyz.com") == ("news@xyz.com", "mailing-list")
    edit_domain(home, 0, 2)
    assert tree(home, "team@xyz.com") == ("team@xyz.com", "refused")
    assert tree(home, "news@xyz.com") == ("news@xyz.com", "refused")


def test_the_catch_all_takes_what_nobody_has(home: Home) -> None:
    home.must("ESetCatchallUser", "foo.com", "u1@xyz.com")
    assert tree(home, "any@foo.com") == ("any@foo.com", "catch-all", ("u1@xyz.com", "mailbox"))
    assert tree(home, "admin@foo.com") == ("admin@foo.com", "mailbox")
    home.must("ESetCatchallUser", "foo.com", "")
    assert tree(home, "any@foo.com") == ("any@foo.com", "refused")


def test_mail_for_the_suspended_waits(home: Home) -> None:
    home.must("EAddUserAlias", "xyz.com", "u1", "a11")
    home.must("EAddDistributionList", "xyz.com", "team")
    forward(home, "u1", "out@example.org")
    home.must("ESuspendUser", "xyz.com", "u1")
    assert tree(home, "u1@xyz.com") == ("u1@xyz.com", "deferred")
    assert tree(home, "a11@xyz.com") == ("a11@xyz.com", "alias", ("u1@xyz.com", "deferred"))
    home.must("ESuspendDomain", "xyz.com")
    for name in ("u2", "a11", "team", "nobody"):
        assert tree(home, f"{name}@xyz.com") == (f"{name}@xyz.com", "deferred")
    home.must("EResumeDomain", "xyz.com")
    assert tree(home, "u1@xyz.com")[1] == "deferred"
    assert tree(home, "u2@xyz.com")[1] == "mailbox"


def test_circles_end(home: Home) -> None:
    forward(home, "u1", "u2@xyz.com")
    forward(home, "u2", "u1@xyz.com")
    home.must("EAddDistributionList", "xyz.com", "a")
    home.must("EAddDistributionList", "xyz.com", "b")
    home.must("EAddDistributionListMember", "xyz.com", "a", "b@xyz.com")
    home.must("EAddDistributionListMember", "xyz.com", "b", "a@xyz.com")
    assert tree(home, "a@xyz.com") == ("a@xyz.com", "list", ("b@xyz.com", "list", ("a@xyz.com", "loop")))
    assert tree(home, "u1@xyz.com")[2:] == (
        ("u1@xyz.com", "mailbox"),
        ("u2@xyz.com", "forward", ("u2@xyz.com", "mailbox"), ("u1@xyz.com", "loop")),
    )


def test_what_was_shown_once_is_not_shown_again(home: Home) -> None:
    home.must("EAddDistributionList", "xyz.com", "a")
    home.must("EAddDistributionList", "xyz.com", "b")
    home.must("EAddDistributionListMember", "xyz.com", "b", "u3@xyz.com")
    for member in ("b@xyz.com", "b@xyz.net"):
        home.must("EAddDistributionListMember", "xyz.com", "a", member)
    assert tree(home, "a@xyz.com")[2:] == (
        ("b@xyz.com", "list", ("u3@xyz.com", "mailbox")),
        ("b@xyz.net", "domain-alias", ("b@xyz.com", "list")),
    )


def test_a_long_chain_of_forwards_is_followed(home: Home) -> None:
    names = [f"c{number:03}" for number in range(300)]
    home.add_user("xyz.com", *names)
    for name, target in pairwise(names):
        forward(home, name, f"{target}@xyz.com")
    with home.directory.read() as tx:
        found = resolve(tx, "c000@xyz.com")
    depth = 0
    while found.targets:
        found = found.targets[-1]
        depth += 1
    assert depth == 50
    assert found.reason.endswith("not followed any further")
