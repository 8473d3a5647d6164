"""The catch-all, spam filters, the webmail's URL, internationalised names, and the server itself."""

from ...operations import find
from ..arguments import accepted
from ..case import Collection
from ..kit import OWNER, Kit, Lacking

CASES = Collection()
case = CASES.case


@case("catch-all", "EGetCatchallUser", "EAddDomain")
def the_owner_is_the_first_catch_all(kit: Kit) -> None:
    """Directly after EAddDomain the catch-all is owner@domain."""
    domain = kit.domain()
    kit.listed([f"{OWNER}@{domain}"], "EGetCatchallUser", domain)


@case("catch-all", "ESetCatchallUser", "EGetCatchallUser")
def a_catch_all_replaces_the_earlier_one(kit: Kit) -> None:
    """There is one catch-all per domain; "" clears it, and then nothing is printed."""
    domain, other = kit.domain("u1"), kit.domain()
    for address in (f"u1@{domain}", "out@example.org", f"{OWNER}@{other}"):
        kit.ok("ESetCatchallUser", domain, address)
        kit.listed([address], "EGetCatchallUser", domain)
    kit.ok("ESetCatchallUser", domain, "")
    kit.listed([], "EGetCatchallUser", domain)
    kit.listed([f"{OWNER}@{other}"], "EGetCatchallUser", other)


@case("catch-all", "ESetCatchallUser", "EGetCatchallUser")
def a_catch_all_that_does_not_exist(kit: Kit) -> None:
    """A target in a hosted domain must exist; the present catch-all stays."""
    domain, other = kit.domain(), kit.domain()
    for address in (f"absent@{domain}", f"absent@{other}"):
        kit.refused("ESetCatchallUser", domain, address, why="it does not exist in a domain that is hosted here")
    kit.listed([f"{OWNER}@{domain}"], "EGetCatchallUser", domain)


@case("catch-all", "ESetCatchallUser", "EDeleteUser")
def a_deleted_user_clears_the_catch_all(kit: Kit) -> None:
    """Deleting the user that the catch-all points to clears it; deleting another one does not."""
    domain = kit.domain("u1", "u2")
    kit.ok("ESetCatchallUser", domain, f"u1@{domain}")
    kit.ok("EDeleteUser", domain, "u2")
    kit.listed([f"u1@{domain}"], "EGetCatchallUser", domain)
    kit.ok("EDeleteUser", domain, "u1")
    kit.listed([], "EGetCatchallUser", domain)


@case("catch-all", "ESetCatchallUser", "EDeleteDomain")
def a_deleted_domain_clears_catch_alls_elsewhere(kit: Kit) -> None:
    """Deleting a domain clears the catch-all of another one that pointed into it."""
    first, second = kit.domain("u1"), kit.domain()
    kit.ok("ESetCatchallUser", second, f"u1@{first}")
    kit.ok("EDeleteDomain", first)
    kit.listed([], "EGetCatchallUser", second)


@case("catch-all", "ESetCatchallUser", "EDeleteUser", "EAddUserAlias")
def a_catch_all_to_an_alias(kit: Kit) -> None:
    """The catch-all may be an alias, and is cleared with it."""
    domain = kit.domain("u1")
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    kit.ok("ESetCatchallUser", domain, f"a11@{domain}")
    kit.listed([f"a11@{domain}"], "EGetCatchallUser", domain)
    kit.ok("EDeleteUser", domain, "u1")
    kit.listed([], "EGetCatchallUser", domain)


@case(
    "catch-all",
    "ESetCatchallUser",
    "EAddDistributionList",
    "EAddDistributionListMember",
    "EGetDistributionListMemberList",
)
def a_catch_all_beside_a_list(kit: Kit) -> None:
    """A catch-all takes nothing away from lists: they are added, listed and get members beside it."""
    domain = kit.domain("u1")
    kit.ok("ESetCatchallUser", domain, f"u1@{domain}")
    kit.ok("EAddDistributionList", domain, "team")
    kit.ok("EAddDistributionListMember", domain, "team", "out@example.org")
    kit.ok("ESetCatchallUser", domain, f"{OWNER}@{domain}")
    kit.listed(["team"], "EGetDistributionListList", domain)
    kit.listed(["out@example.org"], "EGetDistributionListMemberList", domain, "team")
    kit.listed([f"{OWNER}@{domain}"], "EGetCatchallUser", domain)


@case("catch-all", "ESetCatchallUser", "EAddUser", "EAddUserAlias")
def a_catch_all_beside_users(kit: Kit) -> None:
    """A catch-all takes no name: users and aliases are added beside it, and their names stay theirs."""
    domain = kit.domain("u1")
    kit.ok("ESetCatchallUser", domain, "out@example.org")
    kit.ok("EAddUser", *kit.user_arguments(domain, "out"))
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    kit.listed(["a11"], "EGetUserAliasList", domain, "u1")
    kit.listed(["out@example.org"], "EGetCatchallUser", domain)


# Spam filters


@case("filters", "EAddSpamFilter", "EGetSpamFilterList")
def filters_of_all_types_are_listed(kit: Kit) -> None:
    """The list has the addresses of all three types, sorted."""
    domain = kit.domain()
    filters = {"spammer@example.org": "EMAIL", "example.net": "DOMAIN", "192.0.2.7": "IP", "198.51.100.0/24": "IP"}
    filters["2001:db8::/32"] = "IP"
    for address, kind in filters.items():
        kit.ok("EAddSpamFilter", domain, address, kind)
    kit.sorted(sorted(filters), "EGetSpamFilterList", domain)


@case("filters", "EAddSpamFilter", "EGetSpamFilterList")
def a_filters_type_in_any_case(kit: Kit) -> None:
    """The type is accepted in any case, and the same filter is refused the second time, however it is written."""
    domain = kit.domain()
    kit.ok("EAddSpamFilter", domain, "Spammer@Example.org", "eMail")
    kit.refused("EAddSpamFilter", domain, "spammer@example.org", "EMAIL", why="it exists already")
    kit.listed(["spammer@example.org"], "EGetSpamFilterList", domain)


@case("filters", "EDeleteSpamFilter", "EAddSpamFilter", "EGetSpamFilterList")
def deleting_a_filter_leaves_the_others(kit: Kit) -> None:
    """Of several filters the one with this address goes, also where one address is part of another."""
    domain = kit.domain()
    for address, kind in (("a@example.org", "EMAIL"), ("example.org", "DOMAIN"), ("sub.example.org", "DOMAIN")):
        kit.ok("EAddSpamFilter", domain, address, kind)
    kit.ok("EDeleteSpamFilter", domain, "example.org")
    kit.listed(["a@example.org", "sub.example.org"], "EGetSpamFilterList", domain)


@case("filters", "EAddSpamFilter", "EDeleteSpamFilter", "EGetSpamFilterList")
def filters_of_two_domains_have_nothing_in_common(kit: Kit) -> None:
    """The same filter of two domains is two filters, and goes with its domain."""
    first, second = kit.domain(), kit.domain()
    for domain in (first, second):
        kit.ok("EAddSpamFilter", domain, "example.org", "DOMAIN")
    kit.ok("EDeleteSpamFilter", first, "example.org")
    kit.listed([], "EGetSpamFilterList", first)
    kit.listed(["example.org"], "EGetSpamFilterList", second)
    kit.ok("EDeleteDomain", second)
    kit.ok("EAddDomain", *kit.domain_arguments(second))
    kit.listed([], "EGetSpamFilterList", second)


# The webmail, internationalised names


@case("webmail", "EGetMailURL")
def one_url_or_a_refusal(kit: Kit) -> None:
    """EGetMailURL prints one URL, and fails where no webmail is configured."""
    domain = kit.domain()
    answer = kit.run("EGetMailURL", domain)
    if answer.status == 0:
        lines = answer.output.splitlines()
        if len(lines) != 1 or "://" not in lines[0]:
            kit.fail(f"one line with a URL would be right; this was printed: {answer.output!r}")
    else:
        kit.refused("EGetMailURL", domain, why="no webmail is configured")


@case("idna", "EAddDomain")
def an_internationalised_domain(kit: Kit) -> None:
    """A domain name in Unicode and its ASCII form are the same domain."""
    unicode = f"b\u00fccher.{kit.new_name()}"
    ascii_form = f"xn--bcher-kva.{kit.name()}"
    if accepted(find("EAddDomain").parameters[0], unicode):
        kit.adopt(ascii_form)
    answer = kit.run("EAddDomain", *kit.domain_arguments(unicode))
    if answer.status != 0:
        raise Lacking(f"internationalised names are refused: {answer.words}")
    kit.refused("EAddDomain", *kit.domain_arguments(ascii_form), why="it exists already, in Unicode")
    if kit.can("EGetCatchallUser"):
        kit.listed([f"{OWNER}@{ascii_form}"], "EGetCatchallUser", unicode)
    kit.ok("EDeleteDomain", ascii_form)
    kit.refused("EDeleteDomain", unicode, why="it is deleted")


@case("idna", "EAddForward", "EGetForwardList")
def an_internationalised_address(kit: Kit) -> None:
    """An outside address in Unicode is listed in UTF-8, its domain in the ASCII form."""
    domain = kit.domain("u1")
    answer = kit.run("EAddForward", domain, "u1", "j\u00f6rg@b\u00fccher.example")
    if answer.status != 0:
        raise Lacking(f"internationalised names are refused: {answer.words}")
    kit.listed(["j\u00f6rg@xn--bcher-kva.example"], "EGetForwardList", domain, "u1")


# The server


@case("server", "EStopMailServer", "EStartMailServer", aspect="repetition", alone=True)
def starting_and_stopping_twice(kit: Kit) -> None:
    """Stopping what is stopped and starting what runs succeed."""
    for command in ("EStopMailServer", "EStopMailServer", "EStartMailServer", "EStartMailServer"):
        kit.ok(command)


@case("server", "EChangeNetworkSettings", alone=True)
def the_server_moves(kit: Kit) -> None:
    """The server goes from the old pair to the new one, succeeds when it is there, and fails from any other."""
    old, new, wrong = ("192.0.2.1", "old.example.net"), ("192.0.2.2", "new.example.net"), ("192.0.2.3", "x.example.net")
    answer = kit.run("EChangeNetworkSettings", *old, *old)
    if answer.status != 0:
        raise Lacking(f"the server has other addresses already: {answer.words}")
    kit.ok("EChangeNetworkSettings", *old, *new)
    kit.ok("EChangeNetworkSettings", *old, *new)
    kit.refused("EChangeNetworkSettings", *wrong, *old, why="neither pair is in force")
    kit.ok("EChangeNetworkSettings", *new, *old)
