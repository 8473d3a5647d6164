"""Domains and users: limits, features, what deleting takes along, one namespace for all names of a server."""

from collections.abc import Callable
from functools import partial

from ...operations.parameters import FEATURES
from ..case import Case, Collection
from ..kit import FLAGS, OWNER, USER_FLAGS, Kit

CASES = Collection()
case = CASES.case
_ALL_OFF = ("0",) * 8


@case("basic", "EAddUser", "EAddDomain")
def a_limit_holds(kit: Kit) -> None:
    """The owner counts as a mailbox, and no user is added beyond MaxMailBoxes."""
    domain = kit.domain("u1", limit="2")
    kit.refused(
        "EAddUser", *kit.user_arguments(domain, "u2"), why="the owner and u1 are all that the limit of 2 allows"
    )
    kit.ok("EDeleteUser", domain, "u1")
    kit.ok("EAddUser", *kit.user_arguments(domain, "u2"))


@case("basic", "EEditDomain", "EAddUser")
def a_limit_is_raised_and_lowered(kit: Kit) -> None:
    """EEditDomain changes the limit, but not below the present number of users."""
    domain = kit.domain("u1", limit="2")
    kit.refused("EEditDomain", domain, "1", *FLAGS, why="two users exist")
    kit.refused("EAddUser", *kit.user_arguments(domain, "u2"), why="the limit is still 2")
    kit.ok("EEditDomain", domain, "3", *FLAGS)
    kit.ok("EAddUser", *kit.user_arguments(domain, "u2"))
    kit.refused("EAddUser", *kit.user_arguments(domain, "u3"), why="the limit is 3 now")
    kit.ok("EEditDomain", domain, "-1", *FLAGS)
    kit.ok("EAddUser", *kit.user_arguments(domain, "u3"))


@case("basic", "EEditDomain", "EAddUserAlias")
def a_refused_edit_changes_no_feature(kit: Kit) -> None:
    """A limit below the present number of users is refused, and then the features stay too."""
    domain = kit.domain("u1")
    kit.refused("EEditDomain", domain, "1", *_ALL_OFF, why="two users exist")
    kit.ok("EAddUserAlias", domain, "u1", "a11")


@case("basic", "EEditDomain")
def a_domain_is_edited_with_its_site(kit: Kit) -> None:
    """EEditDomain takes eleven arguments too, with the site flag third."""
    domain = kit.domain("u1", limit="2")
    kit.ok("EEditDomain", domain, "3", "1", *FLAGS)
    kit.ok("EAddUser", *kit.user_arguments(domain, "u2"))
    kit.refused("EEditDomain", domain, "3", "2", *FLAGS, why="the site flag is 0 or 1")


@case("basic", "EDeleteDomain", "EAddDomain", "EAddUser")
def a_domain_comes_back_empty(kit: Kit) -> None:
    """A domain that is deleted and added again has none of its earlier users."""
    domain = kit.domain("u1", limit="2")
    kit.ok("EDeleteDomain", domain)
    kit.refused("EDeleteUser", domain, "u1", why="the domain does not exist any more")
    kit.ok("EAddDomain", *kit.domain_arguments(domain, limit="2"))
    kit.refused("EDeleteUser", domain, "u1", why="the new domain has no such user")
    kit.ok("EAddUser", *kit.user_arguments(domain, "u1"))


@case("basic", "EDeleteUser")
def the_owner_stays(kit: Kit) -> None:
    """The owner of a domain cannot be deleted while the domain exists."""
    domain = kit.domain()
    kit.refused("EDeleteUser", domain, OWNER, why="it owns the domain")
    kit.refused("EAddUser", *kit.user_arguments(domain, OWNER), why="the owner is still there")


@case("basic", "EAddUser", "EDeleteUser")
def users_of_two_domains_have_nothing_in_common(kit: Kit) -> None:
    """The same user name in two domains is two users."""
    first, second = kit.domain("u1"), kit.domain("u1")
    kit.ok("EDeleteUser", first, "u1")
    kit.refused("EDeleteUser", first, "u1", why="it is deleted")
    kit.ok("EEditUser", second, "u1", "", "Ann", "", "Lee", *USER_FLAGS)


@case("basic", "EDeleteDomain", "EAddDomain")
def deleting_a_domain_leaves_the_others(kit: Kit) -> None:
    """A domain whose neighbour is deleted keeps its users, also where one name is the end of the other."""
    first = kit.domain("u1")
    inner = f"sub.{first}"
    kit.adopt(inner)
    kit.ok("EAddDomain", *kit.domain_arguments(inner))
    kit.ok("EAddUser", *kit.user_arguments(inner, "u1"))
    kit.ok("EDeleteDomain", first)
    kit.ok("EEditUser", inner, "u1", "", "Ann", "", "Lee", *USER_FLAGS)
    kit.ok("EDeleteUser", inner, "u1")


@case("basic", "EAddDomain")
def a_domain_is_not_added_over_another(kit: Kit) -> None:
    """Adding a domain that exists is refused, and its owner, limit and features stay."""
    domain = kit.domain("u1", limit="2")
    arguments = kit.domain_arguments(domain, limit="-1", flags=_ALL_OFF)
    kit.refused("EAddDomain", *[*arguments[:4], "boss", *arguments[5:]], why="it exists already")
    kit.refused("EDeleteUser", domain, OWNER, why="it still owns the domain")
    kit.refused("EDeleteUser", domain, "boss", why="it never came to be")
    kit.refused("EAddUser", *kit.user_arguments(domain, "u2"), why="the limit is still 2")


@case("basic", "EEditUser", "EAddUser")
def a_password_is_kept_or_replaced(kit: Kit) -> None:
    """EEditUser takes "" for the present password and any other for a new one; EAddUser takes no empty one."""
    domain = kit.domain("u1")
    kit.ok("EEditUser", domain, "u1", "", "", "", "", *USER_FLAGS)
    kit.ok("EEditUser", domain, "u1", f"{kit.password}-2", "Ann", "B.", "Lee", *USER_FLAGS)
    kit.refused("EAddUser", domain, "u2", "", "", "", "", *USER_FLAGS, why="a new user needs a password")
    kit.refused("EDeleteUser", domain, "u2", why="it has not been added")


@case("basic", "EAddUser")
def a_refused_user_leaves_the_present_one(kit: Kit) -> None:
    """Adding a user that exists is refused, and the present one keeps its features."""
    domain = kit.domain("u1")
    kit.refused("EAddUser", *kit.user_arguments(domain, "u1", flags=("0", "0", "0")), why="it exists already")
    if kit.can("EAddForward"):
        kit.ok("EAddForward", domain, "u1", "out@example.org")


# Features

#: Field of a domain's features -> its list command, and the calls that add and delete, less the domain.
_FEATURED: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "mailing_lists": (("EGetMailingListList",), ("EAddMailingList", "news"), ("EDeleteMailingList", "news")),
    "distribution_lists": (
        ("EGetDistributionListList",),
        ("EAddDistributionList", "team"),
        ("EDeleteDistributionList", "team"),
    ),
    "domain_aliases": (
        ("EGetDomainAliasList",),
        ("EAddDomainAlias", "alias-{domain}"),
        ("EDeleteDomainAlias", "alias-{domain}"),
    ),
    "spam_filters": (
        ("EGetSpamFilterList",),
        ("EAddSpamFilter", "spammer@example.org", "EMAIL"),
        ("EDeleteSpamFilter", "spammer@example.org"),
    ),
    "user_aliases": (("EGetUserAliasList", "u1"), ("EAddUserAlias", "u1", "a11"), ("EDeleteUserAlias", "u1", "a11")),
    "forwards": (
        ("EGetForwardList", "u1"),
        ("EAddForward", "u1", "out@example.org"),
        ("EDeleteForward", "u1", "out@example.org"),
    ),
    "autoresponders": (
        ("EGetAutoResponder", "u1"),
        ("ESetAutoResponder", "u1", "On holiday", "Back on Monday."),
        ("EDeleteAutoResponder", "u1"),
    ),
}
_GROUPS = {
    "mailing_lists": "mailing-lists",
    "distribution_lists": "distribution-lists",
    "domain_aliases": "domain-aliases",
    "spam_filters": "filters",
    "user_aliases": "aliases",
    "forwards": "forwards",
    "autoresponders": "autoresponders",
}


def _switched_off(feature: str, kit: Kit) -> None:
    listing, add, delete = _FEATURED[feature]
    domain = kit.domain("u1")

    def called(call: tuple[str, ...]) -> list[str]:
        return [call[0], domain, *(text.replace("{domain}", domain) for text in call[1:])]

    flags = ["0" if parameter.field == feature else "1" for parameter in FEATURES]
    kit.ok(*called(add))
    before = kit.ok(*called(listing))
    kit.ok("EEditDomain", domain, "-1", *flags)
    if kit.ok(*called(listing)) != before:
        kit.fail(f"what there is stays when {feature} is switched off, and {listing[0]} prints something else now")
    kit.ok(*called(delete))
    kit.refused(*called(add), why=f"{feature} is 0 for the domain")
    if kit.ok(*called(listing)):
        kit.fail(f"{add[0]} was refused, and {listing[0]} prints what it was to add")
    kit.ok("EEditDomain", domain, "-1", *FLAGS)
    kit.ok(*called(add))


def _switched_off_from_the_start(feature: str, kit: Kit) -> None:
    add = _FEATURED[feature][1]
    flags = ["0" if parameter.field == feature else "1" for parameter in FEATURES]
    domain = kit.domain("u1", flags=flags)
    given = [text.replace("{domain}", domain) for text in add[1:]]
    kit.refused(add[0], domain, *given, why=f"{feature} is 0 for the domain")


def _switched_off_for_the_user(feature: str, position: int, kit: Kit) -> None:
    add = _FEATURED[feature][1]
    flags = ["0" if number == position else "1" for number in range(3)]
    domain = kit.domain()
    kit.user(domain, "u1", flags=flags)
    kit.refused(add[0], domain, *add[1:], why=f"{feature} is 0 for the user")
    kit.ok("EEditUser", domain, "u1", "", "Ann", "", "Lee", *USER_FLAGS)
    kit.ok(add[0], domain, *add[1:])


def _add(group: str, name: str, title: str, needs: tuple[str, ...], run: Callable[[Kit], None]) -> None:
    CASES.add(Case(f"{group}/{name}", group, title, needs, run))


for _feature, (_listing, _adding, _deleting) in _FEATURED.items():
    _words = _feature.replace("_", " ")
    _add(
        _GROUPS[_feature],
        "switched-off",
        f"With the domain's {_words} switched off adding is refused; listing and deleting still work.",
        (_adding[0], _listing[0], _deleting[0]),
        partial(_switched_off, _feature),
    )
    _add(
        _GROUPS[_feature],
        "never-switched-on",
        f"In a domain that was added without {_words} adding is refused.",
        (_adding[0],),
        partial(_switched_off_from_the_start, _feature),
    )
for _position, _feature in enumerate(("forwards", "autoresponders")):
    _add(
        _GROUPS[_feature],
        "switched-off-for-the-user",
        f"A user without {_feature} is refused them, and can have them when they are switched on.",
        (_FEATURED[_feature][1][0],),
        partial(_switched_off_for_the_user, _feature, _position),
    )
