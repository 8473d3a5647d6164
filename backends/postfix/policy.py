"""The spam filters, as a Postfix policy service (SMTPD_POLICY_README): requests on standard input, actions on output.

Postfix's spawn(8) runs a copy of this file, `python3 -IS policy.py DIRECTORY`, as a user that may read the directory
and nothing else. It therefore imports nothing of ours, and little at all: there is a process for every SMTP session.

It is asked once per recipient, so a message to two domains is blocked for the one that does not want it only.
"""

import _sqlite3 as sqlite
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSAL = "554 5.7.1 Rejected by a filter of the recipient's domain"
_IPV4_BITS = 32
_PATIENCE = 5  # s

_QUERY = """
SELECT 1 FROM lookup_name AS n
JOIN domain AS d ON d.id = n.domain_id AND d.spam_filters = 1
JOIN spam_filter AS f ON f.domain_id = d.id
WHERE n.name = ? AND f.address IN ({}) LIMIT 1
"""


def candidates(sender: str, client: str) -> "list[str]":
    """Every filter that would block this sender or this client, as it is stored: its own name and what contains it."""
    return [*_of_sender(sender.lower()), *_of_client(client)]


def _of_sender(sender: str) -> "Iterator[str]":
    if "@" not in sender:
        return  # a bounce has no sender
    yield sender
    domain = sender.rpartition("@")[2]
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def _of_client(client: str) -> "Iterator[str]":
    from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

    family = AF_INET6 if ":" in client else AF_INET
    try:
        packed = inet_pton(family, client)
    except OSError:
        return  # "unknown", for a client on a local socket
    if family == AF_INET6 and packed.startswith(b"\0" * 10 + b"\xff\xff"):
        family, packed = AF_INET, packed[12:]
    bits = len(packed) * 8
    number = int.from_bytes(packed, "big")
    yield inet_ntop(family, packed)
    for length in range(bits):
        network = number >> (bits - length) << (bits - length)
        yield f"{inet_ntop(family, network.to_bytes(len(packed), 'big'))}/{length}"


def action(connection: "sqlite.Connection", request: "dict[str, str]") -> str:
    """What Postfix shall do with one recipient of a message."""
    domain = request.get("recipient", "").rpartition("@")[2].lower()
    wanted = candidates(request.get("sender", ""), request.get("client_address", ""))
    if not domain or not wanted:
        return "DUNNO"
    query = _QUERY.format(", ".join("?" * len(wanted)))
    return REFUSAL if connection.execute(query, (domain, *wanted)).fetchone() else "DUNNO"


def main() -> None:
    """Answer until Postfix closes the connection; a directory that cannot be read defers the mail."""
    request: dict[str, str] = {}
    connection = None
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", "replace").rstrip("\n")
        name, equals, value = text.partition("=")
        if equals:
            request[name] = value
            continue
        try:
            connection = connection or sqlite.connect(sys.argv[1], timeout=_PATIENCE, isolation_level=None)
            answer = action(connection, request)
        except sqlite.Error:
            answer, connection = "451 4.3.5 The filters cannot be read", None
        sys.stdout.write(f"action={answer}\n\n")
        sys.stdout.flush()
        request = {}


if __name__ == "__main__":
    main()
