"""A hosting panel's working day: every program of the guide, with the guide's own arguments, on the embedded backend.

`python3 tasks.py demo` runs it. The programs are the installed ones, each call is a process of its own, and everything
happens in a temporary folder that is removed at the end. The day ends early, with exit status 1, as soon as a program
prints or returns anything else than is expected here.
"""

import io
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from mailaddon import operations

SCRIPTS = Path(sysconfig.get_path("scripts"))
COMMANDS = Path(__file__).resolve().parent.parent / "commands"
ALL_ON = ("1",) * 8
SETTINGS = '[webmail]\nurl = "https://webmail.{domain}/"\n'
COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}
COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(colour: str, text: str) -> str:
    """The text in a colour, if it goes to a terminal."""
    return f"\033[{COLOURS[colour]}m{text}\033[0m" if COLOURED else text


class Surprise(Exception):
    """A program printed or returned something else than expected."""


class Panel:
    """Runs programs as a panel does, shows what happens, and compares it with what has to happen.

    Attributes:
        folder: where everything happens.
        mail: where the mail is.
        calls: how many programs have been run.
        seconds: how long they took.
        used: the names of the programs that have been run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mail = folder / "mail"
        self.calls = 0
        self.seconds = 0.0
        self.used: set[str] = set()
        home = folder / "home"
        home.mkdir()
        self.mail.mkdir()
        (home / "mailaddon.toml").write_text(SETTINGS)
        self._environment = {**os.environ, "MAILADDON_HOME": str(home)}
        self._environment.pop("MAILADDON_BACKEND", None)

    def succeeds(self, remark: str, *command: str, prints: str = "", mentions: str = "", warns: str = "") -> None:
        """Run a program that has to succeed.

        Args:
            remark: what is going on.
            command: the program and its arguments.
            prints: all that it has to print.
            mentions: what has to be somewhere in what it prints, instead of `prints`.
            warns: what has to be in what it writes to standard error; nothing may be there otherwise.
        """
        done = self._run(remark, command)
        expected = mentions in done.stdout if mentions else done.stdout == prints
        warned = warns in done.stderr if warns else not done.stderr
        if done.returncode != 0 or not expected or not warned:
            raise Surprise(f"expected: exit status 0, output {mentions or prints!r}, message {warns!r}")

    def refused(self, remark: str, *command: str, code: str) -> None:
        """Run a program that has to refuse: exit status 1, nothing printed, and one line that ends with the code."""
        done = self._run(remark, command)
        line = done.stderr.removesuffix("\n")
        if done.returncode != 1 or done.stdout or "\n" in line or not line.endswith(f" [{code}]"):
            raise Surprise(f"expected: exit status 1, no output, and a line that ends with [{code}]")

    def _run(self, remark: str, command: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
        program, *arguments = command
        print(paint("dim", f"  # {remark}"))
        print(f"  {paint('cyan', '$')} {paint('bold', shlex.join(command))}")
        start = [sys.executable] if program == "python" else [str(SCRIPTS / program)]
        began = time.perf_counter()
        done = subprocess.run(
            [*start, *arguments],
            env=self._environment,
            cwd=self.folder,
            check=False,
            capture_output=True,
            encoding="utf-8",
        )
        self.seconds += time.perf_counter() - began
        self.calls += 1
        self.used.add(program)
        for line in (done.stdout + done.stderr).splitlines():
            print(f"  {line}")
        print("  " + paint("green" if done.returncode == 0 else "red", f"[exit status {done.returncode}]"))
        return done


def chapter(title: str) -> None:
    """Say what the next calls are about."""
    print(f"\n{paint('bold', title)}")


def customers(panel: Panel) -> None:
    """Two domains and their users."""
    chapter("A customer orders a mail domain")
    mail = str(panel.mail / "xyz.com")
    panel.succeeds("The panel starts the mail server.", "EStartMailServer")
    panel.succeeds(
        "A domain with five mailboxes and every feature; admin owns it.",
        *("EAddDomain", "xyz.com", "192.0.2.10", mail, "5", "admin", "s3cret", "0", *ALL_ON),
    )
    panel.succeeds(
        "The owner is the catch-all from the start.", "EGetCatchallUser", "xyz.com", prints="admin@xyz.com\n"
    )
    panel.succeeds(
        "The guide's other way: a script and its interpreter.",
        *("python", str(COMMANDS / "EGetCatchallUser.py"), "xyz.com"),
        prints="admin@xyz.com\n",
    )
    panel.succeeds("The web interface, from a setting.", "EGetMailURL", "xyz.com", prints="https://webmail.xyz.com/\n")

    chapter("Users, and their other names")
    panel.succeeds("A user, with a mailbox.", "EAddUser", "xyz.com", "u1", "p-u1", "Ann", "", "Lee", "1", "1", "1")
    panel.succeeds("Another one.", "EAddUser", "xyz.com", "u2", "p-u2", "Bo", "", "Ek", "1", "1", "1")
    panel.succeeds(
        'An empty password keeps the present one; "Ann" becomes "Ann B.".',
        *("EEditUser", "xyz.com", "u1", "", "Ann", "B.", "Lee", "1", "1", "1"),
    )
    panel.succeeds("Mail to a11 reaches u1 from now on.", "EAddUserAlias", "xyz.com", "u1", "a11")
    panel.succeeds("So does mail to a12.", "EAddUserAlias", "xyz.com", "u1", "a12")
    panel.succeeds("The guide's example.", "EGetUserAliasList", "xyz.com", "u1", prints="a11\na12\n")

    chapter("A second customer, who reads mail elsewhere")
    mail = str(panel.mail / "foo.com")
    panel.succeeds(
        "No limit on mailboxes (-1).",
        *("EAddDomain", "foo.com", "192.0.2.10", mail, "-1", "owner", "s3cret", "0", *ALL_ON),
    )
    panel.succeeds("Names are optional.", "EAddUser", "foo.com", "u1", "p-u1", "", "", "", "1", "1", "1")
    panel.succeeds("Mail goes on to an outside address; a copy stays.", "EAddForward", "foo.com", "u1", "u1@mymail.com")
    panel.succeeds("And to another one.", "EAddForward", "foo.com", "u1", "u1@alternatemail.com")
    forwards = "u1@alternatemail.com\nu1@mymail.com\n"
    panel.succeeds("The guide's example.", "EGetForwardList", "foo.com", "u1", prints=forwards)


def features(panel: Panel) -> None:
    """Domain aliases, lists, filters, autoresponders, the catch-all."""
    chapter("Another name for the domain")
    panel.succeeds("xyz.net is xyz.com under another name.", "EAddDomainAlias", "xyz.com", "xyz.net")
    panel.succeeds("An internationalised name.", "EAddDomainAlias", "xyz.com", "bücher.example")
    listing = "xn--bcher-kva.example\nxyz.net\n"
    panel.succeeds("Stored and printed in ASCII.", "EGetDomainAliasList", "xyz.com", prints=listing)

    chapter("A distribution list")
    panel.succeeds("Each message to team goes to all its members.", "EAddDistributionList", "xyz.com", "team")
    for member in ("u1@xyz.com", "u2@xyz.com", "partner@example.org"):
        panel.succeeds(
            "A member, of this domain or from outside.", "EAddDistributionListMember", "xyz.com", "team", member
        )
    members = "partner@example.org\nu1@xyz.com\nu2@xyz.com\n"
    panel.succeeds(
        "A list is printed one item per line, sorted.",
        "EGetDistributionListMemberList",
        "xyz.com",
        "team",
        prints=members,
    )
    panel.succeeds("The domain's distribution lists.", "EGetDistributionListList", "xyz.com", prints="team\n")
    panel.succeeds("The guide's other name of the same.", "EGetDistributionList", "xyz.com", prints="team\n")

    chapter("A mailing list")
    panel.succeeds("Members of news can leave, and replies go to the list.", "EAddMailingList", "xyz.com", "news")
    panel.succeeds(
        "The member's name comes first, then the address.",
        "EAddMailingListMember",
        "xyz.com",
        "news",
        "Ann Lee",
        "u1@xyz.com",
    )
    panel.succeeds(
        "Names are UTF-8, whatever the locale.", "EAddMailingListMember", "xyz.com", "news", "Zoë", "zoe@example.org"
    )
    panel.succeeds(
        "Addresses only.", "EGetMailingListMemberList", "xyz.com", "news", prints="u1@xyz.com\nzoe@example.org\n"
    )
    panel.succeeds("The domain's mailing lists.", "EGetMailingListList", "xyz.com", prints="news\n")

    chapter("Spam filters of all three types")
    panel.succeeds("A sender.", "EAddSpamFilter", "xyz.com", "spammer@example.org", "EMAIL")
    panel.succeeds("A sender's domain and its subdomains.", "EAddSpamFilter", "xyz.com", "casino.example", "DOMAIN")
    panel.succeeds("A whole network.", "EAddSpamFilter", "xyz.com", "198.51.100.0/24", "IP")
    filters = "198.51.100.0/24\ncasino.example\nspammer@example.org\n"
    panel.succeeds("Filters of all types.", "EGetSpamFilterList", "xyz.com", prints=filters)

    chapter("An autoresponder, and the catch-all")
    panel.succeeds(
        "A message may have many lines, and begin with a dash.",
        *("ESetAutoResponder", "xyz.com", "u1", "On holiday", "-- away --\nBack on Monday.\n"),
    )
    panel.succeeds(
        "The subject, then the message byte for byte.",
        "EGetAutoResponder",
        "xyz.com",
        "u1",
        prints="On holiday\n-- away --\nBack on Monday.\n",
    )
    panel.succeeds("Mail to unknown names goes to u2 now.", "ESetCatchallUser", "xyz.com", "u2@xyz.com")
    panel.succeeds("It replaced the owner.", "EGetCatchallUser", "xyz.com", prints="u2@xyz.com\n")


def refusals(panel: Panel) -> None:
    """What does not fit changes nothing."""
    chapter("Refusals: exit status 1, one line, a stable code")
    names = ("", "", "", "1", "1", "1")
    panel.refused("u1 is there already.", "EAddUser", "xyz.com", "u1", "p", *names, code="already-exists")
    panel.refused("One namespace: a11 is an alias.", "EAddUser", "xyz.com", "a11", "p", *names, code="already-exists")
    panel.refused(
        "A name that no mail server delivers to.", "EAddUser", "xyz.com", "u 3", "p", *names, code="invalid-argument"
    )
    panel.refused("A flag is 0 or 1.", "EAddUser", "xyz.com", "u3", "p", *names[:-1], "yes", code="invalid-argument")
    panel.refused("Eight arguments are missing.", "EAddUser", "xyz.com", code="usage")
    panel.refused("No such domain.", "EAddUser", "nowhere.example", "u1", "p", *names, code="not-found")
    panel.refused("The owner goes with the domain only.", "EDeleteUser", "xyz.com", "admin", code="conflict")
    flags = ("0", *ALL_ON[1:])
    panel.succeeds("Three mailboxes at most, no mailing lists.", "EEditDomain", "xyz.com", "3", *flags)
    panel.refused("admin, u1 and u2 are three.", "EAddUser", "xyz.com", "u3", "p", *names, code="limit-reached")
    panel.refused("That feature is off now.", "EAddMailingList", "xyz.com", "offers", code="feature-disabled")
    panel.refused("Two mailboxes are too few.", "EEditDomain", "xyz.com", "2", *ALL_ON, code="limit-reached")
    panel.succeeds("As before.", "EEditDomain", "xyz.com", "5", *ALL_ON)


def routing(panel: Panel) -> None:
    """Where mail goes, and why; suspending and resuming."""
    chapter("Where would a message go, and why?")
    panel.succeeds(
        "Through the domain's other name and the user's.", "mailaddon", "resolve", "a11@xyz.net", mentions="u1@xyz.com"
    )
    panel.succeeds("A distribution list.", "mailaddon", "resolve", "team@xyz.com", mentions="partner@example.org")
    panel.succeeds(
        "Nobody has this name, so the catch-all gets it.",
        "mailaddon",
        "resolve",
        "nobody@xyz.com",
        mentions="u2@xyz.com",
    )
    panel.succeeds("All that the domain has.", "mailaddon", "show", "xyz.com", mentions="u1")

    chapter("An unpaid bill, then a paid one")
    panel.succeeds("u1 cannot log in any more.", "ESuspendUser", "xyz.com", "u1")
    panel.succeeds("Mail is deferred, not lost.", "mailaddon", "resolve", "u1@xyz.com", mentions="deferred")
    panel.succeeds("Back again.", "EResumeUser", "xyz.com", "u1")
    panel.succeeds("The whole domain.", "ESuspendDomain", "xyz.com")
    panel.succeeds("Suspending twice is no error.", "ESuspendDomain", "xyz.com")
    panel.succeeds("Nobody of the domain gets mail now.", "mailaddon", "resolve", "u2@xyz.com", mentions="deferred")
    panel.succeeds("Paid.", "EResumeDomain", "xyz.com")

    chapter("The server moves")
    panel.succeeds("One domain gets an address of its own.", "EChangeDomainIP", "foo.com", "192.0.2.77")
    old, new = ("192.0.2.10", "old.example.net"), ("192.0.2.20", "new.example.net")
    panel.succeeds("Domains at the old address move along.", "EChangeNetworkSettings", *old, *new)
    panel.succeeds("xyz.com was at the old address.", "mailaddon", "show", "xyz.com", mentions="192.0.2.20")


def transfers(panel: Panel) -> None:
    """A domain and a user leave and come back, with their mail."""
    chapter("A domain is exported, deleted and imported again")
    mailbox = next(panel.mail.glob("**/u1/Maildir/new"))
    (mailbox / "1.message").write_text("Subject: one\n\nfirst\n")
    data = ("xyz.com", str(panel.mail / "xyz.com"), str(panel.folder / "export"), "admin", *ALL_ON)
    panel.succeeds("A first full copy.", "EPreExportDomain", *data)
    (mailbox / "2.message").write_text("Subject: two\n\narrived between the two calls\n")
    panel.refused("Not sealed yet, so no export.", "EPreImportDomain", *data, code="invalid-export")
    panel.succeeds("Brings it up to date and seals it.", "EPostExportDomain", *data)
    panel.succeeds("Here it leaves.", "EDeleteDomain", "xyz.com")
    panel.refused("Nothing is left.", "EGetUserAliasList", "xyz.com", "u1", code="not-found")
    panel.succeeds("Verifies, and changes nothing.", "EPreImportDomain", *data)
    panel.succeeds("Brings settings and mail back, in one transaction.", "EPostImportDomain", *data)
    panel.succeeds("All is back …", "EGetUserAliasList", "xyz.com", "u1", prints="a11\na12\n")
    found = sorted(path.name for path in panel.mail.glob("**/u1/Maildir/*/*.message*"))
    print(f"  … and so is the mail of u1: {', '.join(found)}")
    if len(found) != 2:  # noqa: PLR2004 - the two written above
        raise Surprise("expected: both messages")

    chapter("The same for one user")
    user = ("xyz.com", "u2", str(panel.mail / "xyz.com"), str(panel.folder / "export-u2"), "1", "1", "1")
    panel.succeeds("A first copy.", "EPreExportUser", *user)
    panel.succeeds("The rest, and the seal.", "EPostExportUser", *user)
    panel.succeeds("A user leaves …", "EDeleteUser", "xyz.com", "u2")
    panel.succeeds("u2 was the catch-all.", "EGetCatchallUser", "xyz.com", prints="")
    panel.succeeds("… and comes back.", "EPreImportUser", *user)
    panel.succeeds("No password is passed: the export has the hash.", "EPostImportUser", *user)
    panel.refused("u2 is back.", "EAddUser", "xyz.com", "u2", "p", "", "", "", "1", "1", "1", code="already-exists")


def registration(panel: Panel) -> None:
    """The guide's two registrations."""
    chapter("A vendor registers an add-on: the guide's two examples")
    vendor = ("RegisterMailAddon", "VendorName", "MailServerName", "MailServerVersion")
    warning = "The programs are not in this folder: a warning, not a failure."
    panel.succeeds(warning, *vendor, "exe", "", "", "1", warns="warning")
    panel.succeeds("It replaces the first.", *vendor, "vbs", "cscript", "//nologo", warns="warning")
    panel.succeeds("What is registered.", "mailaddon", "addons", "list", mentions="MailServerName")


def closing_down(panel: Panel) -> None:
    """Everything is deleted, one by one and as a whole."""
    chapter("The customers leave")
    panel.succeeds("Back from the holiday.", "EDeleteAutoResponder", "xyz.com", "u1")
    panel.succeeds("There is none now.", "EGetAutoResponder", "xyz.com", "u1")
    panel.succeeds("One of two aliases.", "EDeleteUserAlias", "xyz.com", "u1", "a11")
    panel.succeeds("One of two forwards.", "EDeleteForward", "foo.com", "u1", "u1@mymail.com")
    panel.refused("It is gone already.", "EDeleteForward", "foo.com", "u1", "u1@mymail.com", code="not-found")
    panel.succeeds("One of two other names.", "EDeleteDomainAlias", "xyz.com", "xyz.net")
    panel.succeeds("A member leaves.", "EDeleteDistributionListMember", "xyz.com", "team", "partner@example.org")
    panel.succeeds("The list and all its members.", "EDeleteDistributionList", "xyz.com", "team")
    panel.succeeds("A member leaves.", "EDeleteMailingListMember", "xyz.com", "news", "zoe@example.org")
    panel.succeeds("The list and all its members.", "EDeleteMailingList", "xyz.com", "news")
    panel.succeeds("Named by the address alone.", "EDeleteSpamFilter", "xyz.com", "spammer@example.org")
    panel.succeeds("With aliases, forwards and mail.", "EDeleteUser", "xyz.com", "u1")
    panel.succeeds("With all that it still has.", "EDeleteDomain", "xyz.com")
    panel.succeeds("The last domain.", "EDeleteDomain", "foo.com")
    panel.refused("It is gone.", "EGetDomainAliasList", "xyz.com", code="not-found")
    panel.succeeds("The day ends.", "EStopMailServer")


def nothing_left(panel: Panel) -> None:
    """Check that the customers left nothing behind, and that every command has had its call."""
    chapter("What is left")
    left = sorted(str(path.relative_to(panel.mail)) for path in panel.mail.rglob("*"))
    print(f"  in the mail folder: {', '.join(left) or 'nothing'}")
    if left:
        raise Surprise("expected: nothing")
    unused = sorted({name for operation in operations.COMMANDS for name in operation.executables} - panel.used)
    print(f"  commands that have not been called: {', '.join(unused) or 'none'}")
    if unused:
        raise Surprise("expected: none")


def main() -> int:
    """Play the day; the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows no UTF-8
    with tempfile.TemporaryDirectory(prefix="mailaddon-demo-") as folder:
        panel = Panel(Path(folder).resolve())
        try:
            for scene in (customers, features, refusals, routing, transfers, registration, closing_down, nothing_left):
                scene(panel)
        except Surprise as surprise:
            print(paint("red", f"\nThe demo stops here; {surprise}"))
            return 1
        print(
            paint("green", f"\nAll as expected: {panel.calls} calls, all {len(operations.COMMANDS)} commands")
            + f", {panel.seconds:.1f} s in all, {panel.seconds / panel.calls * 1000:.0f} ms per call."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
