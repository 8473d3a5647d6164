"""The spam filters, as a Postfix policy service (SMTPD_POLICY_README): requests on standard input, actions on output.

Postfix's spawn(8) runs a copy of this file, `python3 -IS policy.py sqlite FILE` or `… postgresql FILE-WITH-URL`, as a
user that may read the directory and nothing else. It therefore imports nothing of ours, and little at all: there is a
process for every SMTP session. PostgreSQL is asked through the libpq that Postfix and Dovecot use, too.

It is asked once per recipient, so a message to two domains is blocked for the one that does not want it only.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    #: Whether a statement, which is written for SQLite, returns a row. A database that fails raises OSError.
    Ask = Callable[[str, Sequence[str]], bool]

REFUSAL = "554 5.7.1 Rejected by a filter of the recipient's domain"
_IPV4_BITS = 32
_PATIENCE = 5  # s
_IDLE = 2  # s, after which a connection to a server is given back
QUERY = "SELECT 1 FROM lookup_spam_filter WHERE domain = ? AND address IN ({}) LIMIT 1"


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


def action(ask: "Ask", request: "dict[str, str]") -> str:
    """What Postfix shall do with one recipient of a message."""
    domain = request.get("recipient", "").rpartition("@")[2].lower()
    wanted = candidates(request.get("sender", ""), request.get("client_address", ""))
    if not domain or not wanted:
        return "DUNNO"
    return REFUSAL if ask(QUERY.format(", ".join("?" * len(wanted))), (domain, *wanted)) else "DUNNO"


class SQLite:
    """A directory in a file.

    Args:
        path: the file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: Any = None

    def ask(self, statement: str, values: "Sequence[str]") -> bool:
        """Whether a statement returns a row.

        Raises:
            OSError: the file cannot be read.
        """
        import _sqlite3 as sqlite

        try:
            if self._connection is None:
                self._connection = sqlite.connect(self._path, timeout=_PATIENCE, isolation_level=None)
            return self._connection.execute(statement, values).fetchone() is not None
        except sqlite.Error as error:
            self._connection = None
            raise OSError(str(error)) from None

    def rest(self) -> None:
        """Nothing: an open file is in nobody's way."""


class PostgreSQL:
    """A directory on a server.

    Args:
        path: a file with the URL.
    """

    def __init__(self, path: str) -> None:
        import ctypes

        self._path = path
        self._connection = None
        self._libpq = libpq = ctypes.CDLL("libpq.so.5")
        self._array = ctypes.c_char_p
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
        libpq.PQconnectdb.restype, libpq.PQconnectdb.argtypes = pointer, [text]
        libpq.PQstatus.argtypes = libpq.PQfinish.argtypes = [pointer]
        libpq.PQexecParams.restype = pointer
        libpq.PQexecParams.argtypes = [pointer, text, number, pointer, pointer, pointer, pointer, number]
        libpq.PQresultStatus.argtypes = libpq.PQntuples.argtypes = libpq.PQclear.argtypes = [pointer]

    def ask(self, statement: str, values: "Sequence[str]") -> bool:
        """Whether a statement returns a row. A connection that broke while nobody asked is made anew.

        Raises:
            OSError: the server does not answer, or refuses.
        """
        if self._connection is not None:
            try:
                return self._asked(statement, values)
            except OSError:
                pass  # it has been restarted since
        with open(self._path, "rb") as file:
            self._connection = self._libpq.PQconnectdb(file.read().strip())
        if self._libpq.PQstatus(self._connection) != 0:
            self.rest()
            raise OSError("the server does not answer")
        return self._asked(statement, values)

    def _asked(self, statement: str, values: "Sequence[str]") -> bool:
        first, *others = statement.split("?")
        numbered = first + "".join(f"${number}{text}" for number, text in enumerate(others, 1))
        given = (self._array * len(values))(*(value.encode().replace(b"\0", b"") for value in values))
        result = self._libpq.PQexecParams(self._connection, numbered.encode(), len(values), None, given, None, None, 0)
        try:
            if self._libpq.PQresultStatus(result) != _TUPLES:
                self.rest()
                raise OSError("the server does not answer the query")
            return bool(self._libpq.PQntuples(result))
        finally:
            self._libpq.PQclear(result)

    def rest(self) -> None:
        """Give the connection back: a server has not as many as a mail host may have sessions."""
        if self._connection is not None:
            self._libpq.PQfinish(self._connection)
            self._connection = None


_TUPLES = 2  # PGRES_TUPLES_OK
DATABASES: "dict[str, type[SQLite | PostgreSQL]]" = {"sqlite": SQLite, "postgresql": PostgreSQL}


def main() -> None:
    """Answer until Postfix closes the connection; a directory that cannot be read defers the mail."""
    import os
    import select

    database = DATABASES[sys.argv[1]](sys.argv[2])
    request: dict[str, str] = {}
    waiting = b""
    while True:
        if not select.select([0], [], [], _IDLE)[0]:
            database.rest()
        received = os.read(0, 65536)
        if not received:
            return
        *lines, waiting = (waiting + received).split(b"\n")
        for line in lines:
            name, equals, value = line.decode("utf-8", "replace").partition("=")
            if equals:
                request[name] = value
                continue
            try:
                answer = action(database.ask, request)
            except OSError:
                answer = "451 4.3.5 The filters cannot be read"
            os.write(1, f"action={answer}\n\n".encode())
            request = {}


if __name__ == "__main__":
    main()
