"""Provisioning and mail at the same time, for a long time: at the end every message has to be accounted for.

    python3 tasks.py soak --minutes 20

runs it, as root, on a private mail host of its own. Commands of the guide add, suspend, resume, change and delete while
others send mail to everybody, also to users who come and go and to some who never existed. Afterwards everybody is
resumed and the queue runs empty. Then the four counts have to add up, and each message that was accepted has to be
exactly where it belongs, once: in a mailbox, outside, returned to its sender, or in a mailbox deleted since.
"""

import argparse
import itertools
import random
import re
import smtplib
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from mailhost.host import ALL_ON, Host, Outside

STABLE = [f"s{number}" for number in range(10)]
PASSING = [[f"p{thread}-{number}" for number in range(8)] for thread in range(2)]
OUTSIDE = "friend@outside.test"
SENDERS = 3
DONE, LATER, NEVER = 2, 4, 5  # the first digits of SMTP's answers
IN_PLACE, DELETED, RETURNED = PLACES = "in its mailbox", "in a mailbox deleted since", "returned to its sender"
DRAINED = 120  # s, for what waits to be delivered at the end
_MESSAGE = re.compile(r" ([0-9A-F]{6,}): message-id=<(m\d+)@soak\.test>")
_STATUS = re.compile(r" ([0-9A-F]{6,}): to=<([^>]*)>,.* status=(sent|bounced|expired)")
_IDENTITY = re.compile(rb"^Message-ID: <(m\d+)@soak\.test>", re.MULTILINE | re.IGNORECASE)


class Sent(NamedTuple):
    """A message that was offered to the host.

    Attributes:
        name: it stands in the message's Message-ID.
        recipient: the local part.
        answer: the code of SMTP.
    """

    name: str
    recipient: str
    answer: int


class Soak:
    """A host, what is done to it, and what was said meanwhile."""

    def __init__(self, host: Host, outside: Outside, seed: int) -> None:
        self.host = host
        self.outside = outside
        self.seed = seed
        self.domain = host.add_domain(*STABLE)
        host.prints("ESetCatchallUser", self.domain, "")
        host.prints("EAddDistributionList", self.domain, "all")
        for user in STABLE:
            host.prints("EAddUserAlias", self.domain, user, f"alias-{user}")
            host.prints("EAddDistributionListMember", self.domain, "all", f"{user}@{self.domain}")
        host.prints("EAddForward", self.domain, STABLE[0], OUTSIDE)
        self.sent: list[Sent] = []
        self.commands = 0
        self.failures: list[str] = []
        self._names = itertools.count(1)
        self._over = threading.Event()

    def run(self, seconds: float) -> None:
        """Send and provision for a while."""
        work: list[Callable[[random.Random], None]] = [self._send] * SENDERS
        work += [Provisioner(self, number) for number in range(len(PASSING))]
        threads = [
            threading.Thread(target=self._loop, args=(each, random.Random(self.seed + number)))
            for number, each in enumerate(work)
        ]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        while not self._over.wait(min(10.0, max(0.0, began + seconds - time.monotonic()))):
            print(f"{time.monotonic() - began:5.0f} s: {len(self.sent)} messages, {self.commands} commands", flush=True)
            if time.monotonic() - began >= seconds:
                self._over.set()
        for thread in threads:
            thread.join()

    def _loop(self, work: "Callable[[random.Random], None]", choice: random.Random) -> None:
        try:
            while not self._over.is_set():
                work(choice)
        except BaseException as error:
            self.failures.append(f"a thread ended: {error!r}")
            self._over.set()
            raise

    # Mail

    def _send(self, choice: random.Random) -> None:
        recipient = choice.choice(
            [choice.choice(STABLE), f"alias-{choice.choice(STABLE)}", choice.choice(PASSING[0] + PASSING[1])] * 4
            + ["all", "nobody"]
        )
        name = f"m{next(self._names)}"
        text = f"From: soak@outside.test\r\nMessage-ID: <{name}@soak.test>\r\nSubject: {name}\r\n\r\nx\r\n"
        with self.host.smtp() as smtp:
            try:
                smtp.sendmail("soak@outside.test", [f"{recipient}@{self.domain}"], text)
                answer = 250
            except smtplib.SMTPRecipientsRefused as error:
                ((answer, _reason),) = error.recipients.values()
            except smtplib.SMTPResponseException as error:
                answer = error.smtp_code
        self.sent.append(Sent(name, recipient, answer))

    def command(self, program: str, *arguments: str) -> None:
        """Run a command that has to succeed."""
        done = self.host.run(program, *arguments)
        self.commands += 1
        if done.returncode != 0:
            self.failures.append(f"{program} {' '.join(arguments)}: {done.stderr.decode()}")

    # The account

    def drain(self) -> None:
        """Resume everybody, and wait until nothing is left in the queue."""
        for user in STABLE:
            self.command("EResumeUser", self.domain, user)
        deadline = time.monotonic() + DRAINED
        while self.host.queued("maildrop", "incoming", "active", "deferred", "hold"):
            if time.monotonic() > deadline:
                self.failures.append("mail stays in the queue")
                return
            self.host.prints("EStartMailServer")
            time.sleep(1)

    def account(self) -> bool:
        """Say where everything is; whether it adds up."""
        answers = Counter(sent.answer // 100 for sent in self.sent)
        accepted = {sent.name: sent.recipient for sent in self.sent if sent.answer // 100 == DONE}
        counts = self._places(accepted)
        due = sum(len(mailboxes(recipient)) for recipient in accepted.values())
        rows = {"Commands": self.commands, "Messages offered": len(self.sent)}
        rows |= {"… accepted": answers[DONE], "… deferred at RCPT": answers[LATER], "… refused at RCPT": answers[NEVER]}
        rows |= {"Deliveries due for the accepted": due} | {f"… {place}": counts[place] for place in PLACES}
        rows |= {"Copies due outside": counts[OUTSIDE], "… that arrived": counts[OUTSIDE] - counts["lost outside"]}
        print("\n| What | Count |\n| --- | ---: |")
        print("\n".join(f"| {what} | {count:,} |" for what, count in rows.items()))
        for failure in self.failures[:20]:
            print(failure, file=sys.stderr)
        answered = answers[DONE] + answers[LATER] + answers[NEVER] == len(self.sent)
        return answered and sum(counts[place] for place in PLACES) == due and not self.failures

    def _places(self, accepted: dict[str, str]) -> Counter[str]:
        """Where the messages are; what is not where it belongs is a failure."""
        counts: Counter[str] = Counter()
        found = {user: Counter(self._identities(user)) for user in (*STABLE, *PASSING[0], *PASSING[1])}
        ended = self._ended()
        arrived = self.outside.arrived
        outside = Counter(
            str(arrival.message["Message-ID"]).strip("<").partition("@")[0]
            for arrival in arrived
            if OUTSIDE in arrival.recipients
        )
        for name, recipient in accepted.items():
            for user in mailboxes(recipient):
                copies = found[user].pop(name, 0)
                status = ended.get((name, f"{user}@{self.domain}"), [])
                place = IN_PLACE
                if not copies and user not in STABLE:
                    place, copies = (DELETED if status == ["sent"] else RETURNED), len(status)
                counts[place] += copies
                if copies != 1 or len(status) != 1:
                    self.failures.append(f"{name} to {recipient}: {copies} copies for {user}, ended {status}")
            if STABLE[0] in mailboxes(recipient):
                counts[OUTSIDE] += 1
                if outside[name] != 1:
                    counts["lost outside"] += 1
                    self.failures.append(f"{name} to {recipient}: {outside[name]} copies outside")
        self.failures += [f"{name} strayed to {user}" for user, names in found.items() for name in names]
        reports = sum(arrival.message.get_content_type() == "multipart/report" for arrival in arrived)
        if reports != counts[RETURNED]:
            self.failures.append(f"{reports} reports came back for {counts[RETURNED]} returned messages")
        return counts

    def _identities(self, user: str) -> Iterator[str]:
        for file in (self.host.mail / self.domain / user / "Maildir").glob("[cn]??/*"):
            if match := _IDENTITY.search(file.read_bytes()):
                yield match[1].decode()

    def _ended(self) -> "dict[tuple[str, str], list[str]]":
        """How each delivery ended, from Postfix's log. A queue id means the last message that was given it."""
        messages: dict[str, str] = {}
        found: dict[tuple[str, str], list[str]] = {}
        for line in self.host.log("postfix.log").splitlines():
            if match := _MESSAGE.search(line):
                messages[match[1]] = match[2]
            elif (match := _STATUS.search(line)) and match[1] in messages:
                found.setdefault((messages[match[1]], match[2]), []).append(match[3])
            elif line.endswith(": removed"):
                messages.pop(line.rsplit(": ", 2)[1], None)
        return found


def mailboxes(recipient: str) -> list[str]:
    """The users whose mailboxes a recipient stands for."""
    return STABLE if recipient == "all" else [recipient.removeprefix("alias-")]


class Provisioner:
    """Changes users who belong to it alone, so every one of its commands has to succeed."""

    def __init__(self, soak: Soak, number: int) -> None:
        self._soak = soak
        self._number = number
        self._domain = soak.domain
        self._stable = STABLE[number * 5 + 1 : number * 5 + 5]  # the one who forwards is left alone
        self._passing: set[str] = set()
        self._suspended: set[str] = set()

    def __call__(self, choice: random.Random) -> None:
        """Change something."""
        choice.choice([self._user, self._user, self._suspension, self._reply, self._filter, self._other_domain])(choice)

    def _user(self, choice: random.Random) -> None:
        user = choice.choice(PASSING[self._number])
        if user in self._passing:
            self._soak.command("EDeleteUser", self._domain, user)
        else:
            self._soak.command("EAddUser", self._domain, user, "pw", "", "", "", "1", "1", "1")
        self._passing ^= {user}

    def _suspension(self, choice: random.Random) -> None:
        user = choice.choice(self._stable)
        self._soak.command("EResumeUser" if user in self._suspended else "ESuspendUser", self._domain, user)
        self._suspended ^= {user}

    def _reply(self, choice: random.Random) -> None:
        user = choice.choice(self._stable)
        self._soak.command("ESetAutoResponder", self._domain, user, "away", f"until {choice.random()}")
        self._soak.command("EDeleteAutoResponder", self._domain, user)

    def _filter(self, choice: random.Random) -> None:
        blocked = f"b{self._number}-{choice.randrange(10**9)}.test"
        self._soak.command("EAddSpamFilter", self._domain, blocked, "DOMAIN")
        self._soak.command("EDeleteSpamFilter", self._domain, blocked)

    def _other_domain(self, choice: random.Random) -> None:
        name = f"d{self._number}-{choice.randrange(10**9)}.test"
        mail = str(self._soak.host.mail)
        self._soak.command("EAddDomain", name, "192.0.2.10", mail, "-1", "admin", "pw", "0", *ALL_ON)
        self._soak.command("EDeleteDomain", name)


def main() -> None:
    """Run, and end with 0 if everything adds up."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    print(f"seed {given.seed}")
    outside = Outside()
    try:
        with Host(outside.port) as host:
            host.init()
            host.prints("EStartMailServer")
            soak = Soak(host, outside, given.seed)
            soak.run(given.minutes * 60)
            soak.drain()
            right = soak.account()
    finally:
        outside.stop()
    print("everything adds up" if right else "it does NOT add up")
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
