"""Whether the mail server really does what the commands say: who can log in, where mail arrives, what leaves."""

from collections.abc import Mapping, Sequence

from ..case import Collection
from ..kit import OWNER, USER_FLAGS, Broken, Kit, Lacking
from ..mail import OUTSIDE, MailFlow, Outside, Reply, wait_for

CASES = Collection()
#: A backend in this process has no mail server beside it: each of these cases is for processes.
GROUP = "mail-flow"
case = CASES.case


def flow(kit: Kit) -> MailFlow:
    """The mail server.

    Raises:
        Lacking: nobody has said where it is.
    """
    found = kit.target.mail_flow
    if found is None:
        raise Lacking("where the mail server listens is not given; --smtp HOST:PORT and --imap HOST:PORT are needed")
    return found


def outside(kit: Kit) -> Outside:
    """What leaves the mail server.

    Raises:
        Lacking: it cannot be seen.
    """
    found = flow(kit).outside
    if found is None:
        raise Lacking("what leaves the mail server cannot be seen; --outside HOST:PORT is needed, where it sends it")
    return found


def sender(kit: Kit, name: str = "ann") -> str:
    """An address outside that no other case has."""
    return f"{name}-{kit.name()}@{OUTSIDE}".replace(".example", "")


def subject(kit: Kit) -> str:
    """One that no other message has."""
    return f"{kit.name().partition('.')[0]}-{kit.random.randrange(1 << 48):012x}"


def send(kit: Kit, recipient: str, text: str, by: str = "") -> Reply:
    """Send a message, whatever comes of it, and note it."""
    by = by or sender(kit)
    reply = flow(kit).send(recipient, text, by)
    kit.note(f"# mail from {by} to {recipient}, subject {text}: {reply.code} {reply.text}")
    return reply


def taken(kit: Kit, recipient: str, by: str = "") -> str:
    """Send a message that has to be taken; its subject.

    Raises:
        Broken: it is not.
    """
    text = subject(kit)
    reply = send(kit, recipient, text, by)
    if reply.code != 250:  # noqa: PLR2004 - SMTP's "it is done"
        raise Broken(f"mail to {recipient} has to be taken, and was refused: {reply.code} {reply.text}")
    return text


def logs_in(kit: Kit, address: str, *, expected: bool, password: str = "", why: str = "") -> None:
    """Expect a user to be able to log in, or not to be.

    Raises:
        Broken: it is the other way round.
    """
    refusal = flow(kit).login(address, password or kit.password)
    kit.note(f"# login of {address}: {refusal or 'succeeds'}")
    if expected and refusal:
        raise Broken(f"{address} has to be able to log in{why}, and was refused: {refusal}")
    if not expected and not refusal:
        raise Broken(f"{address} must not be able to log in{why}, and was")


def arrived(kit: Kit, counts: Mapping[str, int], *texts: str) -> None:
    """Expect messages in mailboxes so often, and not more often.

    What is to arrive is waited for; then a message to each mailbox shows that nothing more was under way.

    Args:
        kit: of the case.
        counts: address of a user -> how often each of the messages has to be in the inbox.
        texts: the messages' subjects.

    Raises:
        Broken: it is not so.
    """
    server = flow(kit)

    def number(address: str, text: str) -> int:
        return server.subjects(address, kit.password).count(text)

    def wait(address: str, text: str, what: str) -> None:
        wait_for(lambda: number(address, text) > 0, lambda: f"{what} has not arrived in the inbox of {address}")

    for text in texts:
        for address in (one for one, count in counts.items() if count):
            wait(address, text, f"the message {text}")
    for address in counts:
        wait(address, taken(kit, address), "a message to the user itself")
    for address, count in counts.items():
        for text in texts:
            if (found := number(address, text)) != count:
                raise Broken(f"the inbox of {address} has the message {text} {found} times; {count} is right")


def inboxes(domain: str, *with_it: str, without: Sequence[str] = ()) -> dict[str, int]:
    """User's address -> 1 for those in whose inbox a message has to be, 0 for the others."""
    return {f"{user}@{domain}": 1 for user in with_it} | {f"{user}@{domain}": 0 for user in without}


# Users


@case(GROUP, "EAddUser", "EAddDomain", processes=True)
def mail_to_a_user(kit: Kit) -> None:
    """A user can log in, with the right password only, and mail to it arrives once and nowhere else."""
    flow(kit)
    domain = kit.domain("u1", "u2")
    logs_in(kit, f"u1@{domain}", expected=True)
    logs_in(kit, f"u1@{domain}", expected=False, password=f"{kit.password}-not", why=" with a wrong password")
    arrived(kit, inboxes(domain, "u1", without=("u2", OWNER)), taken(kit, f"u1@{domain}"))


@case(GROUP, "EEditUser", "EAddUser", processes=True)
def an_edited_password(kit: Kit) -> None:
    """After EEditUser a user logs in with the new password, and no longer with the old one."""
    flow(kit)
    domain = kit.domain("u1")
    logs_in(kit, f"u1@{domain}", expected=True)
    kit.ok("EEditUser", domain, "u1", f"{kit.password}-new", "Ann", "", "Lee", *USER_FLAGS)
    logs_in(kit, f"u1@{domain}", expected=True, password=f"{kit.password}-new", why=" with the new password")
    logs_in(kit, f"u1@{domain}", expected=False, why=" with the old password")


@case(GROUP, "EDeleteUser", "ESetCatchallUser", "EAddUser", processes=True)
def mail_to_a_deleted_user(kit: Kit) -> None:
    """A deleted user cannot log in, and without a catch-all its mail is refused for good (5xx)."""
    flow(kit)
    domain = kit.domain("u1")
    kit.ok("ESetCatchallUser", domain, "")
    arrived(kit, inboxes(domain, "u1"), taken(kit, f"u1@{domain}"))
    kit.ok("EDeleteUser", domain, "u1")
    logs_in(kit, f"u1@{domain}", expected=False, why=" once it is deleted")
    reply = send(kit, f"u1@{domain}", subject(kit))
    if reply.code // 100 != 5:  # noqa: PLR2004 - SMTP's class of what fails for good
        raise Broken(f"mail to a deleted user has to be refused with 5xx; the answer was {reply.code} {reply.text}")


def suspended(kit: Kit, what: str, *names: str) -> None:
    """Suspend the user u1 or its domain, and resume it.

    Raises:
        Broken: it can log in meanwhile, or its mail is lost.
    """
    domain, address = names[0], f"u1@{names[0]}"
    logs_in(kit, address, expected=True)
    kit.ok(f"ESuspend{what}", *names)
    logs_in(kit, address, expected=False, why=" while it is suspended")
    text = subject(kit)
    reply = send(kit, address, text)
    if reply.code // 100 not in {2, 4}:
        raise Broken(f"mail to who is suspended has to wait (4xx), and was refused: {reply.code} {reply.text}")
    kit.ok(f"EResume{what}", *names)
    logs_in(kit, address, expected=True, why=" again after it is resumed")
    if reply.code // 100 == 4:  # noqa: PLR2004 - SMTP's class of "later": the sender tries again
        again = send(kit, address, text)
        if again.code // 100 != 2:  # noqa: PLR2004 - SMTP's class of success
            raise Broken(f"mail has to be taken once {address} is resumed; the answer was {again.code} {again.text}")
    arrived(kit, inboxes(domain, "u1", without=(OWNER,)), text)


@case(GROUP, "ESuspendUser", "EResumeUser", processes=True)
def a_suspended_user(kit: Kit) -> None:
    """A suspended user cannot log in; mail that is sent meanwhile waits (4xx), and arrives once it is resumed."""
    flow(kit)
    suspended(kit, "User", kit.domain("u1"), "u1")


@case(GROUP, "ESuspendDomain", "EResumeDomain", processes=True)
def a_suspended_domain(kit: Kit) -> None:
    """No user of a suspended domain can log in; mail waits (4xx), and arrives once the domain is resumed."""
    flow(kit)
    suspended(kit, "Domain", kit.domain("u1"))


# Addresses


@case(GROUP, "EAddUserAlias", processes=True)
def mail_to_an_alias(kit: Kit) -> None:
    """Mail to an alias arrives once, at its user."""
    flow(kit)
    domain = kit.domain("u1", "u2")
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    arrived(kit, inboxes(domain, "u1", without=("u2", OWNER)), taken(kit, f"a11@{domain}"))


@case(GROUP, "EAddDomainAlias", processes=True)
def mail_to_a_domain_alias(kit: Kit) -> None:
    """Mail to a user under an alias of its domain arrives once, at that user."""
    flow(kit)
    domain = kit.domain("u1", "u2")
    kit.ok("EAddDomainAlias", domain, f"alias-{domain}")
    arrived(kit, inboxes(domain, "u1", without=("u2", OWNER)), taken(kit, f"u1@alias-{domain}"))


@case(GROUP, "EAddDistributionListMember", "EAddDistributionList", processes=True)
def mail_to_a_distribution_list(kit: Kit) -> None:
    """Mail to a distribution list arrives once at each member, and at nobody else."""
    flow(kit)
    domain = kit.domain("u1", "u2", "u3")
    kit.ok("EAddDistributionList", domain, "team")
    for user in ("u1", "u2"):
        kit.ok("EAddDistributionListMember", domain, "team", f"{user}@{domain}")
    arrived(kit, inboxes(domain, "u1", "u2", without=("u3", OWNER)), taken(kit, f"team@{domain}"))


@case(GROUP, "ESetCatchallUser", processes=True)
def mail_to_the_catch_all(kit: Kit) -> None:
    """Mail to an address that is nobody's arrives once, at the catch-all."""
    flow(kit)
    domain = kit.domain("u1", "u2")
    kit.ok("ESetCatchallUser", domain, f"u1@{domain}")
    arrived(kit, inboxes(domain, "u1", without=("u2", OWNER)), taken(kit, f"nobody@{domain}"))


@case(
    GROUP,
    "ESetCatchallUser",
    "EAddUserAlias",
    "EAddDistributionList",
    "EAddDistributionListMember",
    processes=True,
)
def a_catch_all_takes_nobodys_mail(kit: Kit) -> None:
    """A catch-all gets nothing of what is for a user, an alias or a list."""
    flow(kit)
    domain = kit.domain("u1", "u2")
    kit.ok("EAddUserAlias", domain, "u1", "a11")
    kit.ok("EAddDistributionList", domain, "team")
    kit.ok("EAddDistributionListMember", domain, "team", f"u1@{domain}")
    kit.ok("ESetCatchallUser", domain, f"u2@{domain}")
    texts = [taken(kit, f"{name}@{domain}") for name in ("u1", "a11", "team")]
    arrived(kit, inboxes(domain, "u1", without=("u2", OWNER)), *texts)


# Spam filters


def filtered(kit: Kit, domain: str, address: str, kind: str, by: str) -> None:
    """Filter a sender, and delete the filter.

    Raises:
        Broken: its mail arrives in spite of it, or does not arrive without it.
    """
    kit.ok("EAddSpamFilter", domain, address, kind)
    text = subject(kit)
    reply = send(kit, f"u1@{domain}", text, by)
    if reply.code // 100 == 4:  # noqa: PLR2004 - SMTP's class of "later"
        raise Broken(f"what a filter blocks is refused for good (5xx); the answer was {reply.code} {reply.text}")
    if kind != "IP":  # that filter blocks everything which the kit sends
        arrived(kit, inboxes(domain, without=("u1", OWNER)), text)  # and mail of others does arrive
    kit.ok("EDeleteSpamFilter", domain, address)
    arrived(kit, inboxes(domain, "u1"), taken(kit, f"u1@{domain}", by))
    arrived(kit, inboxes(domain, without=("u1", OWNER)), text)


@case(GROUP, "EAddSpamFilter", "EDeleteSpamFilter", processes=True)
def a_filter_of_an_address(kit: Kit) -> None:
    """A filter of the type EMAIL blocks that sender and no other, until it is deleted."""
    flow(kit)
    by = sender(kit, "spam")
    filtered(kit, kit.domain("u1"), by, "EMAIL", by)


@case(GROUP, "EAddSpamFilter", "EDeleteSpamFilter", processes=True)
def a_filter_of_a_domain(kit: Kit) -> None:
    """A filter of the type DOMAIN blocks the senders of that domain and no others, until it is deleted."""
    flow(kit)
    filtered(kit, kit.domain("u1"), f"spam.{OUTSIDE}", "DOMAIN", f"ann@spam.{OUTSIDE}")


@case(GROUP, "EAddSpamFilter", "EDeleteSpamFilter", processes=True)
def a_filter_of_an_ip_address(kit: Kit) -> None:
    """A filter of the type IP blocks what is sent from that address, until it is deleted."""
    filtered(kit, kit.domain("u1"), flow(kit).source(), "IP", sender(kit))


# What leaves


@case(GROUP, "EAddForward", processes=True)
def a_forward_leaves(kit: Kit) -> None:
    """Mail to a user with a forward leaves once for that address, and the user keeps a copy."""
    world = outside(kit)
    domain, target = kit.domain("u1"), sender(kit, "target")
    kit.ok("EAddForward", domain, "u1", target)
    text = taken(kit, f"u1@{domain}")
    wait_for(lambda: text in world.subjects(target), lambda: f"mail to u1@{domain} has not left for {target}")
    arrived(kit, inboxes(domain, "u1", without=(OWNER,)), text)
    if (found := world.subjects(target).count(text)) != 1:
        raise Broken(f"a message was forwarded to {target} {found} times; once is right")


@case(GROUP, "ESetAutoResponder", processes=True)
def an_autoresponder_answers_once(kit: Kit) -> None:
    """An autoresponder answers each sender once, with its subject; the mail arrives all the same."""
    world = outside(kit)
    domain, first, second = kit.domain("u1"), sender(kit, "first"), sender(kit, "second")
    words = f"away {subject(kit)}"
    kit.ok("ESetAutoResponder", domain, "u1", words, "I am away.\n")

    def sent(by: str) -> str:
        text = taken(kit, f"u1@{domain}", by)
        wait_for(lambda: bool(world.subjects(by)), lambda: f"{by} has got no answer")
        return text

    texts = [sent(by) for by in (first, first, second)]  # the last answer shows that no other was under way
    arrived(kit, inboxes(domain, "u1"), *texts)
    for by in (first, second):
        if (found := world.subjects(by)) != [words]:
            raise Broken(f"{by} has got the answers {found}; one with the subject {words} is right")
