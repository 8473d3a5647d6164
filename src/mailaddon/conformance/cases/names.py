"""Aliases of users and of domains: one namespace, and what goes with what is deleted."""

from ..case import Collection
from ..kit import Kit

CASES = Collection()
case = CASES.case


@case("aliases", "EAddUserAlias", "EGetUserAliasList")
def aliases_are_listed_sorted(kit: Kit) -> None:
    """A user's aliases are listed sorted, each once, without @."""
    domain = kit.domain("u1")
    for alias in ("b", "a-1", "c.d", "a"):
        kit.ok("EAddUserAlias", domain, "u1", alias)
    kit.sorted(["a", "a-1", "b", "c.d"], "EGetUserAliasList", domain, "u1")


@case("aliases", "EAddUserAlias")
def an_alias_of_a_users_name(kit: Kit) -> None:
    """An alias cannot have the name of a user, not even of its own."""
    domain = kit.domain("u1", "u2")
    kit.refused("EAddUserAlias", domain, "u1", "u2", why="u2 is a user")
    kit.refused("EAddUserAlias", domain, "u1", "u1", why="it is the user itself")
    kit.listed([], "EGetUserAliasList", domain, "u1")


@case("aliases", "EAddUserAlias", "EAddUser")
def alias_then_user_of_that_name(kit: Kit) -> None:
    """A user cannot have the name of an alias; when the alias is gone it can."""
    domain = kit.domain("u1")
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    kit.refused("EAddUser", *kit.user_arguments(domain, "a11"), why="a11 is an alias")
    kit.listed(["a11"], "EGetUserAliasList", domain, "u1")
    kit.ok("EDeleteUserAlias", domain, "u1", "a11")
    kit.ok("EAddUser", *kit.user_arguments(domain, "a11"))


@case("aliases", "EAddUserAlias", "EDeleteUserAlias")
def an_alias_belongs_to_one_user(kit: Kit) -> None:
    """An alias of one user is no alias of another, who can neither have nor delete it."""
    domain = kit.domain("u1", "u2")
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    kit.refused("EAddUserAlias", domain, "u2", "a11", why="it is u1's alias")
    kit.refused("EDeleteUserAlias", domain, "u2", "a11", why="it is u1's alias")
    kit.listed(["a11"], "EGetUserAliasList", domain, "u1")
    kit.listed([], "EGetUserAliasList", domain, "u2")


@case("aliases", "EDeleteUser", "EAddUserAlias")
def aliases_go_with_their_user(kit: Kit) -> None:
    """Deleting a user deletes its aliases: their names are free, and a new user of the name has none."""
    domain = kit.domain("u1", "u2")
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    kit.ok("EDeleteUser", domain, "u1")
    kit.ok("EAddUserAlias", domain, "u2", "a11")
    kit.ok("EAddUser", *kit.user_arguments(domain, "u1"))
    kit.listed([], "EGetUserAliasList", domain, "u1")
    kit.listed(["a11"], "EGetUserAliasList", domain, "u2")


@case("aliases", "EEditUser", "EAddUserAlias")
def aliases_stay_when_their_user_is_edited(kit: Kit) -> None:
    """EEditUser leaves a user's aliases alone."""
    domain = kit.domain("u1")
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    kit.ok("EEditUser", domain, "u1", "", "B", "", "C", "1", "1", "1")
    kit.listed(["a11"], "EGetUserAliasList", domain, "u1")


@case("aliases", "EAddUserAlias")
def aliases_of_two_domains_have_nothing_in_common(kit: Kit) -> None:
    """The same alias in two domains is two aliases."""
    first, second = kit.domain("u1"), kit.domain("u1")
    kit.ok("EAddUserAlias", first, "u1", "a11")
    kit.ok("EAddUserAlias", second, "u1", "a11")
    kit.ok("EDeleteUserAlias", first, "u1", "a11")
    kit.listed([], "EGetUserAliasList", first, "u1")
    kit.listed(["a11"], "EGetUserAliasList", second, "u1")


@case("aliases", "EDeleteUserAlias", "EGetUserAliasList")
def deleting_an_alias_leaves_the_others(kit: Kit) -> None:
    """Of several aliases the one that is deleted goes, also where one name is the beginning of another."""
    domain = kit.domain("u1")
    for alias in ("a", "ab", "abc"):
        kit.ok("EAddUserAlias", domain, "u1", alias)
    kit.ok("EDeleteUserAlias", domain, "u1", "ab")
    kit.listed(["a", "abc"], "EGetUserAliasList", domain, "u1")


@case("aliases", "EAddUserAlias", "EDeleteDomain")
def aliases_go_with_their_domain(kit: Kit) -> None:
    """A domain that is deleted and added again has none of its earlier aliases."""
    domain = kit.domain("u1")
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    kit.ok("EDeleteDomain", domain)
    kit.ok("EAddDomain", *kit.domain_arguments(domain))
    kit.ok("EAddUser", *kit.user_arguments(domain, "u1"))
    kit.listed([], "EGetUserAliasList", domain, "u1")


# Domain aliases


@case("domain-aliases", "EAddDomainAlias", "EGetDomainAliasList")
def domain_aliases_are_listed_sorted(kit: Kit) -> None:
    """A domain's aliases are listed sorted, each once."""
    domain = kit.domain()
    wanted = [f"{letter}-{domain}" for letter in "cab"]
    for alias in wanted:
        kit.ok("EAddDomainAlias", domain, alias)
    kit.sorted(wanted, "EGetDomainAliasList", domain)


@case("domain-aliases", "EAddDomainAlias")
def an_alias_of_a_domains_name(kit: Kit) -> None:
    """A domain alias cannot have the name of a domain, not even of its own."""
    first, second = kit.domain(), kit.domain()
    kit.refused("EAddDomainAlias", first, second, why="it is a domain")
    kit.refused("EAddDomainAlias", first, first, why="it is the domain itself")
    kit.listed([], "EGetDomainAliasList", first)


@case("domain-aliases", "EAddDomainAlias", "EAddDomain")
def alias_then_domain_of_that_name(kit: Kit) -> None:
    """A domain cannot have the name of an alias; when the alias is gone it can."""
    domain = kit.domain()
    alias = kit.new_name()
    kit.ok("EAddDomainAlias", domain, alias)
    kit.refused("EAddDomain", *kit.domain_arguments(alias), why="it is an alias")
    kit.listed([alias], "EGetDomainAliasList", domain)
    kit.ok("EDeleteDomainAlias", domain, alias)
    kit.ok("EAddDomain", *kit.domain_arguments(alias))


@case("domain-aliases", "EAddDomainAlias", "EDeleteDomainAlias")
def a_domain_alias_belongs_to_one_domain(kit: Kit) -> None:
    """An alias of one domain is no alias of another, which can neither have nor delete it."""
    first, second = kit.domain(), kit.domain()
    alias = f"alias-{first}"
    kit.ok("EAddDomainAlias", first, alias)
    kit.refused("EAddDomainAlias", second, alias, why="it is another domain's alias")
    kit.refused("EDeleteDomainAlias", second, alias, why="it is another domain's alias")
    kit.listed([alias], "EGetDomainAliasList", first)
    kit.listed([], "EGetDomainAliasList", second)


@case("domain-aliases", "EDeleteDomain", "EAddDomainAlias")
def domain_aliases_go_with_their_domain(kit: Kit) -> None:
    """Deleting a domain frees its aliases."""
    first, second = kit.domain(), kit.domain()
    alias = f"alias-{first}"
    kit.ok("EAddDomainAlias", first, alias)
    kit.ok("EDeleteDomain", first)
    kit.ok("EAddDomainAlias", second, alias)
    kit.listed([alias], "EGetDomainAliasList", second)
