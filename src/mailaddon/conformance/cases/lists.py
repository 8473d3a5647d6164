"""Distribution lists and mailing lists: the same rules for both, and members that go with what is deleted."""

from functools import partial

from ..case import Case, Collection
from ..kit import OWNER, Kit

CASES = Collection()

_OTHER = {"DistributionList": "MailingList", "MailingList": "DistributionList"}


def _member(kit: Kit, kind: str, domain: str, name: str, address: str) -> None:
    names = ["Ann Lee"] if kind == "MailingList" else []
    kit.ok(f"EAdd{kind}Member", domain, name, *names, address)


def _members_sorted(kind: str, kit: Kit) -> None:
    domain = kit.domain()
    kit.ok(f"EAdd{kind}", domain, "team")
    for address in ("c@example.org", f"{OWNER}@{domain}", "B@Example.org", "a@example.net"):
        _member(kit, kind, domain, "team", address)
    wanted = ["a@example.net", "b@example.org", "c@example.org", f"{OWNER}@{domain}"]
    kit.sorted(wanted, f"EGet{kind}MemberList", domain, "team")


def _names_sorted(kind: str, kit: Kit) -> None:
    domain = kit.domain()
    for name in ("c", "a-1", "b.d"):
        kit.ok(f"EAdd{kind}", domain, name)
    kit.sorted(["a-1", "b.d", "c"], f"EGet{kind}List", domain)


def _member_twice(kind: str, kit: Kit) -> None:
    domain = kit.domain()
    kit.ok(f"EAdd{kind}", domain, "team")
    _member(kit, kind, domain, "team", "a@example.org")
    names = ["Other"] if kind == "MailingList" else []
    kit.refused(f"EAdd{kind}Member", domain, "team", *names, "A@example.org", why="it is a member already")
    kit.listed(["a@example.org"], f"EGet{kind}MemberList", domain, "team")


def _independent(kind: str, kit: Kit) -> None:
    domain = kit.domain()
    for name in ("one", "two"):
        kit.ok(f"EAdd{kind}", domain, name)
        _member(kit, kind, domain, name, "a@example.org")
    kit.ok(f"EDelete{kind}Member", domain, "one", "a@example.org")
    kit.listed([], f"EGet{kind}MemberList", domain, "one")
    kit.listed(["a@example.org"], f"EGet{kind}MemberList", domain, "two")
    kit.ok(f"EDelete{kind}", domain, "one")
    kit.listed(["two"], f"EGet{kind}List", domain)
    kit.listed(["a@example.org"], f"EGet{kind}MemberList", domain, "two")


def _comes_back_empty(kind: str, kit: Kit) -> None:
    domain = kit.domain()
    kit.ok(f"EAdd{kind}", domain, "team")
    _member(kit, kind, domain, "team", "a@example.org")
    kit.ok(f"EDelete{kind}", domain, "team")
    kit.ok(f"EAdd{kind}", domain, "team")
    kit.listed([], f"EGet{kind}MemberList", domain, "team")


def _of_a_users_name(kind: str, kit: Kit) -> None:
    domain = kit.domain("u1")
    kit.refused(f"EAdd{kind}", domain, "u1", why="u1 is a user")
    kit.listed([], f"EGet{kind}List", domain)
    kit.ok(f"EAdd{kind}", domain, "team")
    kit.refused("EAddUser", *kit.user_arguments(domain, "team"), why="team is a list")
    kit.ok(f"EDelete{kind}", domain, "team")
    kit.ok("EAddUser", *kit.user_arguments(domain, "team"))


def _of_an_aliass_name(kind: str, kit: Kit) -> None:
    domain = kit.domain("u1")
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    kit.refused(f"EAdd{kind}", domain, "a11", why="a11 is an alias")
    kit.ok(f"EAdd{kind}", domain, "team")
    kit.refused("EAddUserAlias", domain, "u1", "team", why="team is a list")
    kit.listed(["a11"], "EGetUserAliasList", domain, "u1")


def _of_the_other_kind(kind: str, kit: Kit) -> None:
    domain = kit.domain()
    other = _OTHER[kind]
    kit.ok(f"EAdd{kind}", domain, "team")
    kit.refused(f"EAdd{other}", domain, "team", why="there is a list of the other kind with this name")
    kit.refused(f"EDelete{other}", domain, "team", why="it is a list of the other kind")
    kit.listed([], f"EGet{other}List", domain)
    kit.listed(["team"], f"EGet{kind}List", domain)


def _user_leaves(kind: str, kit: Kit) -> None:
    domain = kit.domain("u1", "u2")
    kit.ok(f"EAdd{kind}", domain, "team")
    for address in (f"u1@{domain}", f"u2@{domain}", "u1@example.org"):
        _member(kit, kind, domain, "team", address)
    kit.ok("EDeleteUser", domain, "u1")
    kit.listed(["u1@example.org", f"u2@{domain}"], f"EGet{kind}MemberList", domain, "team")


def _alias_leaves_with_its_user(kind: str, kit: Kit) -> None:
    domain = kit.domain("u1")
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    kit.ok(f"EAdd{kind}", domain, "team")
    _member(kit, kind, domain, "team", f"a11@{domain}")
    kit.ok("EDeleteUser", domain, "u1")
    kit.listed([], f"EGet{kind}MemberList", domain, "team")


def _domain_leaves(kind: str, kit: Kit) -> None:
    first, second = kit.domain("u1"), kit.domain()
    kit.ok(f"EAdd{kind}", second, "team")
    for address in (f"u1@{first}", "out@example.org"):
        _member(kit, kind, second, "team", address)
    kit.ok("EDeleteDomain", first)
    kit.listed(["out@example.org"], f"EGet{kind}MemberList", second, "team")


def _goes_with_its_domain(kind: str, kit: Kit) -> None:
    domain = kit.domain()
    kit.ok(f"EAdd{kind}", domain, "team")
    _member(kit, kind, domain, "team", "a@example.org")
    kit.ok("EDeleteDomain", domain)
    kit.ok("EAddDomain", *kit.domain_arguments(domain))
    kit.listed([], f"EGet{kind}List", domain)
    kit.ok(f"EAdd{kind}", domain, "team")
    kit.listed([], f"EGet{kind}MemberList", domain, "team")


_RULES = (
    ("members-are-listed-sorted", "Members are listed sorted, addresses alone, in lower case.", _members_sorted, ()),
    ("lists-are-listed-sorted", "A domain's lists are listed sorted, without @.", _names_sorted, ()),
    ("a-member-twice", "An address is a member once, whatever its case and its name.", _member_twice, ()),
    (
        "two-lists-have-nothing-in-common",
        "A member that leaves one list, or whose list goes, stays in another.",
        _independent,
        (),
    ),
    ("a-list-comes-back-empty", "A list that is deleted and added again has no members.", _comes_back_empty, ()),
    ("a-list-of-a-users-name", "A list and a user cannot have the same name.", _of_a_users_name, ("EAddUser",)),
    (
        "a-list-of-an-alias-name",
        "A list and an alias cannot have the same name.",
        _of_an_aliass_name,
        ("EAddUserAlias",),
    ),
    (
        "a-deleted-user-leaves",
        "A user that is deleted leaves the lists, and nobody else does.",
        _user_leaves,
        ("EDeleteUser",),
    ),
    (
        "a-deleted-users-alias-leaves",
        "With a user its aliases leave the lists.",
        _alias_leaves_with_its_user,
        ("EDeleteUser", "EAddUserAlias"),
    ),
    (
        "a-deleted-domains-users-leave",
        "The users of a domain that is deleted leave lists elsewhere.",
        _domain_leaves,
        ("EDeleteDomain",),
    ),
    (
        "lists-go-with-their-domain",
        "A domain that is deleted and added again has no lists.",
        _goes_with_its_domain,
        ("EDeleteDomain",),
    ),
)
for _kind, _group in (("DistributionList", "distribution-lists"), ("MailingList", "mailing-lists")):
    _own = (f"EAdd{_kind}", f"EAdd{_kind}Member", f"EGet{_kind}MemberList", f"EGet{_kind}List", f"EDelete{_kind}")
    for _name, _title, _run, _needs in _RULES:
        CASES.add(Case(f"{_group}/{_name}", _group, _title, (*_own, *_needs), partial(_run, _kind)))
    _about = "A list of one kind cannot have the name of one of the other, nor be deleted as one."
    _others = (f"EAdd{_OTHER[_kind]}", f"EDelete{_OTHER[_kind]}", f"EGet{_OTHER[_kind]}List")
    CASES.add(
        Case(
            f"{_group}/a-list-of-the-other-kind", _group, _about, (*_own, *_others), partial(_of_the_other_kind, _kind)
        )
    )
