"""Forwards, autoresponders, suspension."""

import os
from pathlib import Path

from ..case import Collection
from ..kit import FLAGS, OWNER, Kit, Lacking

CASES = Collection()
case = CASES.case


@case("forwards", "EAddForward", "EGetForwardList")
def forwards_are_listed_sorted(kit: Kit) -> None:
    """A user's forwards are listed sorted, each once, in lower case."""
    domain = kit.domain("u1")
    for address in ("b@example.org", "a@example.net", "C@Example.COM"):
        kit.ok("EAddForward", domain, "u1", address)
    kit.sorted(["a@example.net", "b@example.org", "c@example.com"], "EGetForwardList", domain, "u1")


@case("forwards", "EAddForward")
def a_forward_to_oneself(kit: Kit) -> None:
    """A forward is any address but the user's own."""
    domain = kit.domain("u1")
    kit.refused("EAddForward", domain, "u1", f"u1@{domain}", why="it is the user's own address")
    kit.refused("EAddForward", domain, "u1", f"U1@{domain.upper()}", why="it is the user's own address")
    kit.listed([], "EGetForwardList", domain, "u1")


@case("forwards", "EAddForward", "EAddUserAlias")
def a_forward_to_ones_alias(kit: Kit) -> None:
    """A forward to an alias of the user is one to itself."""
    domain = kit.domain("u1")
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    kit.refused("EAddForward", domain, "u1", f"a11@{domain}", why="it is the user's own alias")
    kit.listed([], "EGetForwardList", domain, "u1")


@case("forwards", "EAddForward", "EDeleteForward")
def forwards_of_two_users_have_nothing_in_common(kit: Kit) -> None:
    """The same forward of two users is two forwards."""
    domain = kit.domain("u1", "u2")
    for user in ("u1", "u2"):
        kit.ok("EAddForward", domain, user, "out@example.org")
    kit.ok("EDeleteForward", domain, "u1", "out@example.org")
    kit.listed([], "EGetForwardList", domain, "u1")
    kit.listed(["out@example.org"], "EGetForwardList", domain, "u2")


@case("forwards", "EDeleteForward", "EGetForwardList")
def deleting_a_forward_leaves_the_others(kit: Kit) -> None:
    """Of several forwards the one that is deleted goes, also where one address is the beginning of another."""
    domain = kit.domain("u1")
    for address in ("a@example.org", "a@example.org.example", "aa@example.org"):
        kit.ok("EAddForward", domain, "u1", address)
    kit.ok("EDeleteForward", domain, "u1", "a@example.org")
    kit.listed(["a@example.org.example", "aa@example.org"], "EGetForwardList", domain, "u1")


@case("forwards", "EDeleteUser", "EAddForward")
def forwards_go_with_their_user(kit: Kit) -> None:
    """A user that is deleted and added again has none of its earlier forwards."""
    domain = kit.domain("u1")
    kit.ok("EAddForward", domain, "u1", "out@example.org")
    kit.ok("EDeleteUser", domain, "u1")
    kit.ok("EAddUser", *kit.user_arguments(domain, "u1"))
    kit.listed([], "EGetForwardList", domain, "u1")


@case("forwards", "EEditUser", "EAddForward")
def forwards_stay_when_their_user_is_edited(kit: Kit) -> None:
    """EEditUser leaves a user's forwards alone, also when it switches them off."""
    domain = kit.domain("u1")
    kit.ok("EAddForward", domain, "u1", "out@example.org")
    kit.ok("EEditUser", domain, "u1", "", "B", "", "C", "0", "1", "1")
    kit.listed(["out@example.org"], "EGetForwardList", domain, "u1")


# Autoresponders


@case("autoresponders", "EGetAutoResponder", "ESetAutoResponder")
def an_autoresponder_is_printed_byte_for_byte(kit: Kit) -> None:
    """The subject is on the first line, and the message after it as it was set, without a line end added."""
    domain = kit.domain("u1")
    subject, message = "On holiday: '\"$x", " two\n\nlines \ttab\n\n"
    kit.ok("ESetAutoResponder", domain, "u1", subject, message)
    if kit.ok("EGetAutoResponder", domain, "u1") != f"{subject}\n{message}":
        kit.fail(f"the subject {subject!r}, a line end and the message {message!r} would be right")


@case("autoresponders", "EGetAutoResponder")
def no_autoresponder_prints_nothing(kit: Kit) -> None:
    """A user without an autoresponder is no error: nothing is printed."""
    domain = kit.domain("u1")
    if found := kit.ok("EGetAutoResponder", domain, "u1"):
        kit.fail(f"nothing would be right; this was printed: {found!r}")


@case("autoresponders", "ESetAutoResponder", "EGetAutoResponder")
def an_autoresponder_replaces_the_earlier_one(kit: Kit) -> None:
    """There is one autoresponder per user, and the last one set is it."""
    domain = kit.domain("u1", "u2")
    kit.ok("ESetAutoResponder", domain, "u1", "first", "a long message\nof two lines\n")
    kit.ok("ESetAutoResponder", domain, "u2", "another", "user")
    kit.ok("ESetAutoResponder", domain, "u1", "second", "short")
    if kit.ok("EGetAutoResponder", domain, "u1") != "second\nshort":
        kit.fail("the second autoresponder alone would be right")
    if kit.ok("EGetAutoResponder", domain, "u2") != "another\nuser":
        kit.fail("the other user's autoresponder has changed")


@case("autoresponders", "EDeleteAutoResponder", "ESetAutoResponder", "EGetAutoResponder")
def a_deleted_autoresponder_is_gone(kit: Kit) -> None:
    """After EDeleteAutoResponder nothing is printed, and a deletion without a record succeeds."""
    domain = kit.domain("u1")
    kit.ok("ESetAutoResponder", domain, "u1", "s", "m")
    kit.ok("EDeleteAutoResponder", domain, "u1")
    if found := kit.ok("EGetAutoResponder", domain, "u1"):
        kit.fail(f"nothing would be right; this was printed: {found!r}")
    kit.ok("EDeleteAutoResponder", domain, "u1")


@case("autoresponders", "EDeleteUser", "ESetAutoResponder", "EGetAutoResponder")
def an_autoresponder_goes_with_its_user(kit: Kit) -> None:
    """A user that is deleted and added again has no autoresponder."""
    domain = kit.domain("u1")
    kit.ok("ESetAutoResponder", domain, "u1", "s", "m")
    kit.ok("EDeleteUser", domain, "u1")
    kit.ok("EAddUser", *kit.user_arguments(domain, "u1"))
    if kit.ok("EGetAutoResponder", domain, "u1"):
        kit.fail("the new user has the old one's autoresponder")


@case("autoresponders", "EEditUser", "ESetAutoResponder", "EGetAutoResponder")
def an_autoresponder_stays_when_its_user_is_edited(kit: Kit) -> None:
    """EEditUser leaves a user's autoresponder alone."""
    domain = kit.domain("u1")
    kit.ok("ESetAutoResponder", domain, "u1", "s", "m")
    kit.ok("EEditUser", domain, "u1", "", "B", "", "C", "1", "1", "1")
    if kit.ok("EGetAutoResponder", domain, "u1") != "s\nm":
        kit.fail("EEditUser has changed the autoresponder")


# Suspension


@case("suspension", "ESuspendUser", "EDeleteUser")
def a_suspended_user_is_deleted(kit: Kit) -> None:
    """A suspended user can be deleted, and one that is added again is not suspended."""
    domain = kit.domain("u1")
    kit.ok("ESuspendUser", domain, "u1")
    kit.ok("EDeleteUser", domain, "u1")
    kit.refused("EResumeUser", domain, "u1", why="it is deleted")
    kit.ok("EAddUser", *kit.user_arguments(domain, "u1"))


@case("suspension", "ESuspendDomain", "EDeleteDomain")
def a_suspended_domain_is_deleted(kit: Kit) -> None:
    """A suspended domain can be deleted and added again."""
    domain = kit.domain("u1")
    kit.ok("ESuspendDomain", domain)
    kit.ok("EDeleteDomain", domain)
    kit.refused("EResumeDomain", domain, why="it is deleted")
    kit.ok("EAddDomain", *kit.domain_arguments(domain))


@case("suspension", "ESuspendDomain", "EResumeDomain", "EEditDomain")
def a_suspended_domain_is_still_managed(kit: Kit) -> None:
    """In a suspended domain users are added, edited and deleted as ever."""
    domain = kit.domain("u1")
    kit.ok("ESuspendDomain", domain)
    kit.ok("EAddUser", *kit.user_arguments(domain, "u2"))
    kit.ok("EEditUser", domain, "u1", "", "B", "", "C", "1", "1", "1")
    kit.ok("EEditDomain", domain, "-1", *FLAGS)
    kit.ok("EDeleteUser", domain, "u1")
    kit.ok("EResumeDomain", domain)
    kit.ok("EDeleteUser", domain, "u2")


@case("suspension", "ESuspendUser", "EGetForwardList", "EAddForward")
def a_suspended_user_keeps_what_it_has(kit: Kit) -> None:
    """Suspending and resuming leave a user's forwards and aliases alone."""
    domain = kit.domain("u1")
    kit.ok("EAddForward", domain, "u1", "out@example.org")
    kit.ok("ESuspendUser", domain, "u1")
    kit.listed(["out@example.org"], "EGetForwardList", domain, "u1")
    kit.ok("EResumeUser", domain, "u1")
    kit.listed(["out@example.org"], "EGetForwardList", domain, "u1")


@case("suspension", "ESuspendUser", "EResumeUser")
def the_owner_is_suspended_as_others_are(kit: Kit) -> None:
    """Also the owner of a domain can be suspended and resumed."""
    domain = kit.domain()
    kit.ok("ESuspendUser", domain, OWNER)
    kit.ok("EResumeUser", domain, OWNER)


def _kept(kit: Kit) -> dict[Path, bytes]:
    """All files that the target keeps, as far as they can be read."""
    found: dict[Path, bytes] = {}
    for folder in kit.target.watched:
        for place, _folders, files in os.walk(folder):
            for name in files:
                path = Path(place, name)
                if path.is_file() and not path.is_symlink():
                    found[path] = path.read_bytes()
    return found


@case("suspension", "EResumeDomain", "ESuspendDomain", "ESuspendUser", "EResumeUser", alone=True)
def resuming_a_domain_resumes_no_user(kit: Kit) -> None:
    """A user that was suspended by itself is still suspended when its domain has been suspended and resumed."""
    domain = kit.domain("u1")
    kit.ok("EResumeUser", domain, "u1")
    active = _kept(kit)
    kit.ok("ESuspendUser", domain, "u1")
    suspended = _kept(kit)
    kit.ok("ESuspendDomain", domain)
    kit.ok("EResumeDomain", domain)
    now = _kept(kit)
    if now == suspended != active:
        return
    if now == active != suspended:
        kit.fail("EResumeDomain has left everything in the add-on's files as it was before ESuspendUser")
    raise Lacking("no command tells who is suspended, and the watched files do not either; a probe by mail does")


@case("suspension", "ESuspendDomain", "EResumeDomain", "ESuspendUser", "EResumeUser", alone=True)
def suspending_is_kept(kit: Kit) -> None:
    """ESuspendUser and ESuspendDomain keep that somebody is suspended, and resuming takes it back."""
    domain = kit.domain("u1")
    without = _kept(kit)
    kit.user(domain, "u2")
    active = _kept(kit)
    if active == without:
        raise Lacking("no command tells who is suspended, and what the add-on keeps is in no watched file")
    for command, arguments in (("User", (domain, "u1")), ("Domain", (domain,))):
        kit.ok(f"ESuspend{command}", *arguments)
        suspended = _kept(kit)
        kit.ok(f"EResume{command}", *arguments)
        if _kept(kit) != active:
            raise Lacking("no command tells who is suspended, and the watched files do not either")
        if suspended == active:
            kit.fail(f"ESuspend{command} has succeeded and has left every file of the add-on as it was")
