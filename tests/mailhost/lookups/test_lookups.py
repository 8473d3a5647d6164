"""Every question of the daemons follows indexes, in both databases, among many rows that are none of its business."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness import Home
from mailaddon.backends.postfix import layout, lookups, policy

from mailaddon.directory.store import Transaction

DOMAINS, USERS = 1500, 6
#: What the daemons put into their queries, for a user, an alias, a list and what does not exist.
KEYS = [
    {"%u": name, "%n": name, "%d": "d77.test", "%s": f"{name}@d77.test"} for name in ("u3", "alias", "all", "news", "x")
]
KEYS += [{"%d": "d77.test", "%s": "d77.test"}, {"%d": "d77.test", "%s": "@d77.test"}]
#: What a query has selected already may be read from one end to the other.
SELECTED = {"inside", "lookup_alias", "lookup_sender", "CONSTANT"}


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Domains with users, an alias, both kinds of lists, forwards, a filter and a reply each."""
    flags = ("ip_based", "made_directory", "suspended", "mailing_lists", "domain_aliases", "distribution_lists")
    features = ("spam_filters", "user_aliases", "forwards", "autoresponders", "web_access")
    on = dict.fromkeys((*flags[3:], *features), 1) | dict.fromkeys(flags[:3], 0)
    times = {"created": 0, "changed": 0}
    for name in ("a", "b"):
        ports = dict.fromkeys(("smtp_port", "lmtp_port", "imap_port", "sieve_port"), 1)
        yield "host", {"name": name, "address": "192.0.2.1", **ports}
    for domain in range(1, DOMAINS + 1):
        name = f"d{domain}.test"
        first = domain * 10
        place = {"ip_address": "192.0.2.1", "mailbox_directory": "/m", "storage": f"/m/{name}", "max_mailboxes": -1}
        catch_all = {"catch_all_local_part": "u1", "catch_all_domain": name}
        host = {"mail_host": "ba"[domain % 2]}
        yield "domain", {"id": domain, "owner_id": first, **host, **place, **catch_all, **on, **times}
        yield "domain_name", {"name": name, "domain_id": domain, "kind": "primary"}
        yield "domain_name", {"name": f"alias-{name}", "domain_id": domain, "kind": "alias"}
        address = {"domain_id": domain, "user_id": None, "created": 0}
        yield "spam_filter", {"domain_id": domain, "address": f"spam{domain}.test", "type": "DOMAIN"}
        for user in range(first, first + USERS):
            local_part = f"u{user - first}"
            yield "address", {"id": user, **address, "local_part": local_part, "kind": "user"}
            own = dict.fromkeys(("keep_copy", "forwards", "autoresponders", "web_access"), 1)
            names = dict.fromkeys(("first_name", "middle_name", "last_name"), "")
            hashed = {"password": "{PLAIN}x", "suspended": 0}
            yield "user", {"id": user, "domain_id": domain, **hashed, **own, **names, **times}
            yield "forward", {"user_id": user, "domain": name, "local_part": "u0"}
            yield "autoresponder", {"user_id": user, "subject": "s", "message": "m", "changed": 0}
        yield "address", {**address, "id": first + 7, "local_part": "alias", "kind": "alias", "user_id": first}
        for number, (kind, local_part) in enumerate((("distribution", "all"), ("mailing", "news")), first + 8):
            yield "address", {"id": number, **address, "local_part": local_part, "kind": kind}
            display_name = "" if kind == "mailing" else None
            for member in ("u1", "u2", "all"):
                member_row = {"domain": name, "local_part": member, "display_name": display_name}
                yield "list_member", {"list_id": number, "list_kind": kind, **member_row}


def fill(home: Home) -> None:
    # In this order each row finds what it refers to.
    tables: dict[tuple[str, tuple[str, ...]], list[Sequence[Any]]] = {}
    for table, row in rows():
        tables.setdefault((table, tuple(row)), []).append(tuple(row.values()))
    directory = home.directory
    with directory.write() as tx:
        for (table, columns), values in tables.items():
            name = '"user"' if table == "user" else table
            directory.database.upkeep().fill(tx.connection, name, columns, values)
    with directory.write() as tx:
        tx.run("ANALYZE")


def plan(tx: Transaction, home: Home, query: str) -> list[str]:
    """The steps that read a table from one end to the other."""
    if home.in_postgresql:
        return [line for line in tx.column(f"EXPLAIN {query}") if re.search(r"Seq Scan on (?!pg_)", line)]
    steps = [row[3] for row in tx.all(f"EXPLAIN QUERY PLAN {query}")]
    return [step for step in steps if step.startswith("SCAN") and step.split()[1] not in SELECTED]


def test_every_lookup_follows_indexes(tmp_path: Path, directory: str) -> None:
    home = Home(tmp_path, directory=directory)
    fill(home)
    filters = policy.QUERY.format("'a@spam77.test', 'spam77.test', '192.0.2.0/24'").replace("?", "'d77.test'")
    queries = {"policy": filters}
    for host in ("", "b") if home.in_postgresql else ("",):
        instance = layout.Instance({"root": "/tmp/x", "host": host}, directory)
        asked = lookups.maps(instance) | lookups.dovecot(instance)
        del asked["iterate_query"]  # it is asked for all users
        queries |= {f"{name} {host}".strip(): query for name, query in asked.items()}
    wrong = {}
    with home.directory.read() as tx:
        for name, query in queries.items():
            answers = 0
            for key in KEYS:
                if any(mark in query and mark not in key for mark in ("%u", "%n")):
                    continue  # such a key is not asked for
                asked = query
                for mark, value in key.items():
                    asked = asked.replace(mark, value)
                answers += len(tx.all(asked))
                if found := plan(tx, home, asked):
                    wrong[name, key["%s"]] = found
            assert answers or name.split()[0] in {"alias-domains", "suspended-domains", "refusals", "empty-lists"}, name
    assert wrong == {}
