"""One mailbox or list by our commands and by other projects' commands, as processes, in turns."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

import peers
from measuring import (
    FLAGS,
    YARDSTICK,
    Aim,
    Bench,
    Result,
    Table,
    Taking,
    environment,
    in_turns,
    milliseconds,
    process,
    say,
    seconds,
    settle,
    summed,
)

AIM = 0.6
OURS = "EAddUser, source"
POSTFIXADMIN = ("postfixadmin-cli, SQLite", "postfixadmin-cli, MariaDB")
USER = "adds a mailbox (ARGON2ID at its floor)"
LIST = "adds a list"
NAMES = ("EAddUser", "EAddMailingList")
PEERS: dict[str, Callable[[Bench], AbstractContextManager[peers.Peer]]] = {
    POSTFIXADMIN[0]: lambda bench: peers.postfixadmin_on("sqlite", bench),
    POSTFIXADMIN[1]: lambda bench: peers.postfixadmin_on("mariadb", bench),
    "chasquid-util": peers.chasquid,
    "mailman create": peers.mailman,
}


def measure(bench: Bench) -> Result:
    """Install the peers, as far as they can be had, and call all of them in turns."""
    takings: dict[str, Taking] = {
        "/bin/true": process(["/bin/true"], {}),
        YARDSTICK: process(bench.yardstick, environment(bench.work)),
    }
    does = {"/bin/true": "nothing", YARDSTICK: "nothing"}
    notes, versions = [], []
    try:
        takings["php -r 1;"] = peers.bare("php", "-r", "1;")
        does["php -r 1;"] = "nothing"
    except peers.Unavailable as error:
        notes.append(f"Left out: php ({error}).")
    for variant in bench.variants():
        for program, taking in _own(bench, variant).items():
            takings[f"{program}, {variant}"] = taking
            does[f"{program}, {variant}"] = USER if program == "EAddUser" else LIST
    with ExitStack() as stack:
        for name, make in PEERS.items():
            try:
                peer = stack.enter_context(make(bench))
            except peers.Unavailable as error:
                notes.append(f"Left out: {name} ({error}).")
                say(notes[-1])
                continue
            takings[name], does[name] = peer.taking, peer.does
            versions.append(peer.version)
        settle()
        found = in_turns(takings, bench.count(25, 3), "comparison")
    return _result(found, does, notes, versions)


def _own(bench: Bench, variant: str) -> dict[str, Taking]:
    """Our two commands of one installation, on a home of their own."""
    programs = bench.variants()[variant]
    home = bench.home(f"comparison-{variant}")
    variables, numbers = environment(home), iter(range(1_000_000))
    domain = ("xyz.com", "192.0.2.10", home.parent / "mail", "-1", "admin", "s3cret", "0", *FLAGS)
    seconds([str(programs / "EAddDomain"), *map(str, domain)], variables)

    def user() -> float:
        given = ("xyz.com", f"u{next(numbers)}", "s3cret-12", "Ann", "", "Lee", "1", "1", "1")
        return seconds([str(programs / "EAddUser"), *given], variables)

    def mailing_list() -> float:
        return seconds([str(programs / "EAddMailingList"), "xyz.com", f"list{next(numbers)}"], variables)

    return dict(zip(NAMES, (user, mailing_list), strict=True))


def _result(found: dict[str, list[float]], does: dict[str, str], notes: list[str], versions: list[str]) -> Result:
    times = {name: summed(taken) for name, taken in found.items()}
    unit = times[OURS].least
    rows = [
        [
            f"`{name}`" if does[name] == "nothing" else name,
            does[name],
            milliseconds(one.least),
            milliseconds(one.median),
            f"{one.least / unit:.2f}",
        ]
        for name, one in times.items()
    ]
    result = Result(
        f"One call each, as a process, in turns; minimum and median of {times[OURS].number}. The ratio is of minima, to"
        f" {OURS}. Each hashes a password as it does by default, ours at the scheme's lowest cost, as that is a"
        " setting. MariaDB runs already, and need not flush each change; what ours do is on the disk when they end.",
        [Table("Comparison", ["Call", "What it does", "min ms", "median ms", "Ratio"], rows)],
        notes,
        series={"least": {name: one.least for name, one in times.items()}},
    )
    if versions:
        result.notes.append(f"Measured with {'; '.join(dict.fromkeys(versions))}.")
    for name in POSTFIXADMIN:
        if name in times:
            result.aims.append(Aim(f"EAddUser, source / {name}", unit / times[name].least, AIM))
    return result
