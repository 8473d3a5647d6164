"""A mail host with 100 users beside one with 100,000: logins after EAddUser, deliveries, and lookups per second.

    python3 tasks.py hostbench

runs it, as root. Both hosts run at the same time and take turns, so that what disturbs one disturbs the other.
"""

import argparse
import imaplib
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from mailaddon.backends.postfix import lookups
from mailhost.host import Host

from mailaddon import settings
from mailaddon.directory import Directory

LARGE = 100_000
DOMAINS = 100
RECEIVERS = [f"r{number}" for number in range(10)]
MESSAGES = 200  # per round
CONNECTIONS = 4
ROUNDS = 8
LOGINS = 50
KEYS = 20_000
PATIENCE = 60  # s
AIM = 1.15
#: A password that is never used: filling the directory need not hash.
_FILL = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO address (domain_id, local_part, kind, created)
SELECT d.domain_id, 'f' || n.i, 'user', 0 FROM n CROSS JOIN domain_name AS d WHERE d.kind = 'primary'
"""
_USERS = """
INSERT INTO user (id, domain_id, password, first_name, middle_name, last_name, suspended, keep_copy, forwards,
    autoresponders, web_access, created, changed)
SELECT a.id, a.domain_id, '{ARGON2ID}x', '', '', '', 0, 1, 1, 1, 1, 0, 0 FROM address AS a
WHERE a.kind = 'user' AND NOT EXISTS (SELECT 1 FROM user AS u WHERE u.id = a.id)
"""


def prepare(host: Host, users: int) -> str:
    """Start a host with so many users; the domain of those who get mail."""
    host.init()
    host.prints("EStartMailServer")
    domain = host.add_domain(*RECEIVERS)
    if users > DOMAINS:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _number: host.add_domain(), range(DOMAINS - 1)))
    directory = Directory(str(host.home), location=settings.load(str(host.home))["directory"])
    with directory.write() as tx:
        (domains,) = tx.column("SELECT count(*) FROM domain")
        tx.run(_FILL, (users - len(RECEIVERS)) // domains)
        tx.run(_USERS)
        (found,) = tx.column("SELECT count(*) FROM user")
    directory.close()
    print(f"{found:,} users in {domains} domains", flush=True)
    return domain


def logins(host: Host, domain: str) -> tuple[int, list[float]]:
    """How many first tries succeed right after EAddUser has ended, and how long they take, in seconds."""
    good, times = 0, []
    for number in range(LOGINS):
        user = f"n{number}"
        host.add_user(domain, user)
        began = time.perf_counter()
        try:
            host.login(f"{user}@{domain}").shutdown()
        except imaplib.IMAP4.error:
            continue
        good += 1
        times.append(time.perf_counter() - began)
    return good, times


def delivery(host: Host, domain: str, turn: int) -> float:
    """The seconds from the first message's start until the last one is in its mailbox."""
    before = arrived(host, domain)

    def send(connection: int) -> None:
        with host.smtp() as smtp:
            for number in range(MESSAGES // CONNECTIONS):
                to = f"{RECEIVERS[number % len(RECEIVERS)]}@{domain}"
                smtp.sendmail("bench@outside.test", [to], f"Subject: {turn}-{connection}-{number}\r\n\r\ntext\r\n")

    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(send, range(CONNECTIONS)))
    while arrived(host, domain) - before < MESSAGES:
        if time.perf_counter() - began > PATIENCE:
            raise RuntimeError("mail does not arrive")
        time.sleep(0.005)
    return time.perf_counter() - began


def arrived(host: Host, domain: str) -> int:
    """How many messages are in the mailboxes."""
    return sum(1 for user in RECEIVERS for _ in (host.mail / domain / user / "Maildir" / "new").iterdir())


def lookup_rates(host: Host, domain: str) -> dict[str, float]:
    """Lookups per second of each of Postfix's maps, asked as its daemons ask, through proxymap."""
    main_cf = (host.root / "etc" / "postfix" / "main.cf").read_text(encoding="utf-8")
    rates = {}
    for name in lookups.MAPS:
        (table,) = {word for word in main_cf.split() if word.endswith(f"/sql/{name}.cf")}
        local = [f"f{number % 900 + 1}@{domain}" for number in range(KEYS)]
        keys = [f"@{domain}" if "@" in key and name in {"catch-alls", "outgoing"} else key for key in local]
        if name in {"domains", "alias-domains", "suspended-domains"}:
            keys = [domain] * KEYS
        with tempfile.TemporaryFile() as given:
            given.write("".join(f"{key}\n" for key in keys).encode())
            given.seek(0)
            began = time.perf_counter()
            command = ["/usr/sbin/postmap", "-c", str(host.root / "etc" / "postfix"), "-q", "-", table]
            subprocess.run(
                command, stdin=given, stdout=subprocess.DEVNULL, check=False
            )  # 1: nothing found, often right
            rates[name] = KEYS / (time.perf_counter() - began)
    return rates


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.parse_args()
    with ExitStack() as hosts:
        domains = {}
        for users in (100, LARGE):  # one after the other: a host finds its ports free when it starts
            host = hosts.enter_context(Host())
            domains[host] = prepare(host, users)
        small, large = domains
        times: dict[Host, list[float]] = {small: [], large: []}
        for turn in range(ROUNDS + 1):
            for host, domain in domains.items():
                taken = delivery(host, domain, turn)
                if turn:  # the first warms up
                    times[host].append(taken)
        rates = {host: lookup_rates(host, domain) for host, domain in domains.items()}
        good, waited = logins(large, domains[large])
    ratio = min(times[large]) / min(times[small])
    middle = statistics.median(times[large]) / statistics.median(times[small])
    print(f"\nDelivery, {MESSAGES} messages over {CONNECTIONS} connections, minimum of {ROUNDS}, in turns\n")
    print("| Users | Messages per second |\n| --- | ---: |")
    for users, host in ((100, small), (LARGE, large)):
        print(f"| {users:,} | {MESSAGES / min(times[host]):.0f} |")
    print(f"\nRatio of the times {ratio:.2f} (median {middle:.2f}), aim: at most {AIM}")
    print(
        f"\nLogins on the first try after EAddUser: {good} of {LOGINS}; "
        f"{statistics.median(waited) * 1000:.0f} ms (median)"
    )
    print(f"\n| Map | Lookups per second, 100 users | {LARGE:,} users |\n| --- | ---: | ---: |")
    for name in lookups.MAPS:
        print(f"| `{name}` | {rates[small][name]:,.0f} | {rates[large][name]:,.0f} |")


if __name__ == "__main__":
    main()
