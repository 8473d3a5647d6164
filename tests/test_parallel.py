"""Many processes at once on one home: all that was promised is there, nothing else is, and nobody is told of locks."""

import os
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import FLAGS, USER_FLAGS, Home, Outcome, disagreements, lines

from mailaddon import MailAddonError
from mailaddon.operations import find

AT_ONCE = 40
Call = tuple[str, ...]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, forwards__keep_copy=False)


def add_domain(home: Home, name: str, *, limit: str = "-1", folder: str = "") -> Call:
    return ("EAddDomain", name, "192.0.2.10", folder or str(home.mail), limit, "admin", "pw", "0", *FLAGS)


def add_user(domain: str, user: str) -> Call:
    return ("EAddUser", domain, user, "pw", "Ann", "", "Lee", *USER_FLAGS)


def run_all(home: Home, calls: Sequence[Call]) -> list[Outcome]:
    """Run programs, 40 at a time, and make sure that they end as programs do."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(lambda call: home.program(*call, covered=False), calls))
    for call, outcome in zip(calls, outcomes, strict=True):
        assert "locked" not in outcome.error
        assert (outcome.status, bool(outcome.code), bool(outcome.error)) in {(0, False, False), (1, True, True)}, (
            call,
            outcome,
        )
    return outcomes


def codes(outcomes: Sequence[Outcome]) -> Counter[str]:
    return Counter(outcome.code for outcome in outcomes)


@contextmanager
def reading(home: Home, calls: Sequence[Call]) -> Iterator[None]:
    """Read all the time, and never be refused."""
    stop = threading.Event()
    failed: list[tuple[Call, Outcome]] = []
    count = [0]

    def read() -> None:
        while not stop.is_set():
            for call in calls:
                outcome = home.program(*call, covered=False)
                count[0] += 1
                if outcome.status or outcome.error:
                    failed.append((call, outcome))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failed == []
    assert count[0] >= len(calls)


def changes(home: Home) -> dict[str, list[Call]]:
    """Four hundred changes, each kind with what it collides with."""
    return {
        "new users": [add_user("xyz.com", f"new{number}") for number in range(60)],
        "users of one name": [add_user("xyz.com", "wanted") for _ in range(20)],
        "users at the limit": [add_user("small.com", f"s{number}") for number in range(40)],
        "deletions": [("EDeleteUser", "xyz.com", f"gone{number}") for number in range(20) for _twice in range(2)],
        "aliases": [("EAddUserAlias", "xyz.com", "u1", f"a{number}") for number in range(30)],
        "aliases of one name": [("EAddUserAlias", "xyz.com", f"u{1 + number % 3}", "one") for number in range(15)],
        "forwards": [("EAddForward", "xyz.com", "u3", f"out{number}@example.org") for number in range(30)],
        "circles": [
            ("EAddForward", "xyz.com", source, f"{target}@xyz.com")
            for source, target in [("u1", "u2"), ("u2", "u3"), ("u3", "u1"), ("u2", "u1"), ("u3", "u2")] * 3
        ],
        "members": [
            ("EAddDistributionListMember", "xyz.com", "team", f"m{number // 2}@example.org") for number in range(60)
        ],
        "mailing members": [
            ("EAddMailingListMember", "foo.com", "news", "Ann", f"m{number}@example.org") for number in range(20)
        ],
        "replies": [
            ("ESetAutoResponder", "xyz.com", "u1", f"subject {number}", f"message {number}") for number in range(20)
        ],
        "new domains": [
            add_domain(home, f"new{number // 2}.com", folder=f"{home.mail}/shared") for number in range(30)
        ],
        "old domains": [
            call
            for number in range(10)
            for call in (
                ("EDeleteDomain", f"old{number}.com"),
                ("EDeleteDomain", f"old{number}.com"),
                add_user(f"old{number}.com", "late"),
            )
        ],
    }


def test_four_hundred_mixed_changes(home: Home) -> None:
    """In random order; each is done or honestly refused, and the end is what the exit statuses promised."""
    home.add_domain("xyz.com")
    home.add_domain("small.com", limit="10")
    home.add_domain("foo.com")
    home.add_user("xyz.com", "u1", "u2", "u3", *[f"gone{number}" for number in range(20)])
    home.must("EAddDistributionList", "xyz.com", "team")
    home.must("EAddMailingList", "foo.com", "news")
    for number in range(10):
        home.add_domain(f"old{number}.com")

    groups = changes(home)
    calls = [(group, call) for group, group_calls in groups.items() for call in group_calls]
    assert len(calls) >= 400
    prepared = len(events(home))
    random.Random(2).shuffle(calls)
    with reading(
        home,
        [
            ("EGetUserAliasList", "xyz.com", "u1"),
            ("EGetDistributionListMemberList", "xyz.com", "team"),
            ("EGetAutoResponder", "xyz.com", "u1"),
            ("EGetCatchallUser", "foo.com"),
        ],
    ):
        outcomes = run_all(home, [call for _group, call in calls])
    assert disagreements(home) == []
    found: dict[str, list[tuple[Call, Outcome]]] = {group: [] for group in groups}
    for (group, call), outcome in zip(calls, outcomes, strict=True):
        found[group].append((call, outcome))

    def of(group: str) -> Counter[str]:
        return codes([outcome for _call, outcome in found[group]])

    assert of("new users") == {"": 60}
    assert of("users of one name") == {"": 1, "already-exists": 19}
    assert of("users at the limit") == {"": 9, "limit-reached": 31}
    assert of("deletions") == {"": 20, "not-found": 20}
    assert of("aliases") == {"": 30}
    assert of("aliases of one name") == {"": 1, "already-exists": 14}
    assert of("forwards") == {"": 30}
    assert set(of("circles")) <= {"", "already-exists", "forward-loop"}
    assert of("members") == {"": 30, "already-exists": 30}
    assert of("mailing members") == {"": 20}
    assert of("replies") == {"": 20}
    assert of("new domains") == {"": 15, "already-exists": 15}
    deleted, late = found["old domains"], set(of("old domains"))
    assert codes([outcome for call, outcome in deleted if call[0] == "EDeleteDomain"]) == {"": 10, "not-found": 10}
    assert late <= {"", "not-found"}

    stored = {group: [call for call, outcome in found[group] if outcome.status == 0] for group in groups}
    check_lists(home, stored)
    assert len(events(home)) == prepared + sum(outcome.status == 0 for outcome in outcomes)


def events(home: Home) -> list[str]:
    written = (home.path / "events.jsonl").read_text().splitlines()
    assert all(event.startswith("{") and event.endswith("}") for event in written)
    return written


def check_lists(home: Home, stored: dict[str, list[Call]]) -> None:
    """Make sure that the lists have what was stored, and nothing else."""

    def named(group: str, place: int) -> list[str]:
        return sorted(call[place] for call in stored[group])

    assert show(home, "xyz.com") == sorted(["admin", "u1", "u2", "u3", "wanted", *named("new users", 2)])
    assert show(home, "small.com") == sorted(["admin", *named("users at the limit", 2)])
    users = ("u1", "u2", "u3")
    aliases = [(user, alias) for user in users for alias in lines(home.must("EGetUserAliasList", "xyz.com", user))]
    one = [(call[2], "one") for call in stored["aliases of one name"]]
    assert sorted(aliases) == sorted([("u1", f"a{number}") for number in range(30)] + one)
    forwards = {(user, target) for user in users for target in lines(home.must("EGetForwardList", "xyz.com", user))}
    inside = {(call[2], call[3]) for call in stored["circles"]}
    assert forwards == inside | {("u3", target) for target in named("forwards", 3)}
    assert not circle({(source, target.partition("@")[0]) for source, target in inside})
    assert lines(home.must("EGetDistributionListMemberList", "xyz.com", "team")) == named("members", 3)
    assert len(lines(home.must("EGetMailingListMemberList", "foo.com", "news"))) == 20
    subject, text = home.must("EGetAutoResponder", "xyz.com", "u1").split("\n")
    assert subject.replace("subject", "message") == text
    with home.service() as service:
        domains = sorted(["xyz.com", "small.com", "foo.com", *named("new domains", 1)])
        assert service.run(find("domains"), []) == domains


def show(home: Home, domain: str) -> list[str]:
    with home.service() as service:
        return [user.user for user in service.run(find("show"), [domain]).users]


def circle(edges: set[tuple[str, str]]) -> bool:
    """Whether the edges have a circle."""
    nodes = {node for edge in edges for node in edge}
    while nodes:
        ends = {node for node in nodes if not any(source == node and target in nodes for source, target in edges)}
        if not ends:
            return True
        nodes -= ends
    return False


def test_a_fresh_home_is_made_by_all_at_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.path.joinpath("mailaddon.toml").unlink()
    home.path.rmdir()
    calls = [add_domain(home, f"d{number}.com", folder=f"{home.mail}/made") for number in range(AT_ONCE)]
    assert codes(run_all(home, calls)) == {"": AT_ONCE}
    with home.service() as service:
        assert service.run(find("domains"), []) == sorted(f"d{number}.com" for number in range(AT_ONCE))
    assert disagreements(home) == []
    assert home.path.stat().st_mode & 0o777 == 0o700
    assert (home.path / "directory.sqlite3").stat().st_mode & 0o777 == 0o600


def test_readers_of_a_fresh_home_do_not_disturb_each_other(tmp_path: Path) -> None:
    home = Home(tmp_path)
    outcomes = run_all(home, [("EGetCatchallUser", "xyz.com")] * AT_ONCE)
    assert codes(outcomes) == {"not-found": AT_ONCE}


def test_domains_come_and_go_in_one_mailbox_directory(home: Home) -> None:
    """The folder itself is made and removed all the time."""
    folder = f"{home.mail}/made"
    names = [f"d{number}.com" for number in range(8)]
    home.add_domain("stays.com")
    for _round in range(3):
        added = run_all(home, [add_domain(home, name, folder=folder) for name in names])
        assert codes(added) == {"": len(names)}
        mixed: list[Call] = [("EDeleteDomain", name) for name in names]
        mixed += [add_domain(home, f"x{name}", folder=folder) for name in names]
        assert codes(run_all(home, mixed)) == {"": len(mixed)}
        assert codes(run_all(home, [("EDeleteDomain", f"x{name}") for name in names])) == {"": len(names)}
        assert disagreements(home) == []
        assert not Path(folder).exists() or os.listdir(folder) == []


def test_the_threads_of_one_service(tmp_path: Path) -> None:
    """A server keeps one service and calls it from its threads."""
    home = Home(tmp_path)
    home.add_domain("xyz.com", limit="50")
    with home.service() as service:

        def call(number: int) -> str:
            try:
                service.run(find("EAddUser"), ["xyz.com", f"u{number % 100}", "pw", "", "", "", *USER_FLAGS])
                service.run(find("EGetForwardList"), ["xyz.com", f"u{number % 100}"])
            except MailAddonError as error:
                return error.code
            return ""

        with ThreadPoolExecutor(16) as pool:
            found = Counter(pool.map(call, range(200)))
    assert found[""] == 49
    assert set(found) == {"", "already-exists", "limit-reached"}
    assert len(show(home, "xyz.com")) == 50
    assert disagreements(home) == []


def test_a_writer_that_takes_too_long_is_reported_as_busy(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.add_domain("xyz.com")
    home.set(lock_timeout=1)
    with home.directory.write():
        outcome = home.program(*add_user("xyz.com", "u1"))
        assert home.program("EGetCatchallUser", "xyz.com").output == "admin@xyz.com\n"
    assert (outcome.status, outcome.code) == (1, "unavailable")
    assert "locked" not in outcome.error
    assert home.program(*add_user("xyz.com", "u1")).status == 0
