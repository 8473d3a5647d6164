"""A mail host per database for all of a session's tests, and the outside that they send mail to."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from mailhost.host import Host, Outside
from postgresql_server import PASSWORD, READER, Server

DATABASES = ("sqlite", "postgresql")
_COMPLAINT = re.compile(r"fatal|panic|Error:|Fatal:")
#: How Dovecot says that a mailbox is suspended, has been deleted while mail was delivered to it, or has no more room.
_EXPECTED = re.compile(r"userdb lookup.*failed|Failed to lookup user|duplicate\.lock|file_dotlock_o|No space left")


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    sink = Outside()
    yield sink
    sink.stop()


@pytest.fixture(scope="session", params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Where the directory is: each test runs with both."""
    return str(request.param)


@contextmanager
def host_in(request: pytest.FixtureRequest, database: str, relay: int = 0, **options: object) -> Iterator[Host]:
    """A host, made but not started, on a directory of its own."""
    if database == "sqlite":
        with Host(relay, **options) as made:
            made.init()
            yield made
        return
    server: Server = request.getfixturevalue("server")
    with (
        server.schema() as url,
        Host(relay, *urls(server, url), **options) as made,
    ):
        made.init()
        yield made


def urls(server: Server, url: str) -> tuple[str, str]:
    """The commands' URL and the daemons', with passwords in them."""
    schema = url.rpartition("%3D")[2]
    return (
        server.url(schema, password=PASSWORD, host="127.0.0.1"),
        server.url(schema, user=READER, password=PASSWORD, host="127.0.0.1"),
    )


@pytest.fixture(scope="session")
def _running(request: pytest.FixtureRequest, database: str, outside: Outside) -> Iterator[Host]:
    with host_in(request, database, outside.port) as running:
        running.prints("EStartMailServer")
        yield running


@pytest.fixture
def spare(request: pytest.FixtureRequest, database: str) -> Iterator[Host]:
    """A host of one test's own, made but not started."""
    with host_in(request, database) as made:
        yield made


@pytest.fixture
def host(_running: Host) -> Iterator[Host]:
    """The host; no test leaves it complaining."""
    before = {name: len(_running.log(name)) for name in ("postfix.log", "dovecot.log", "effects.log")}
    yield _running
    said = [line for name, start in before.items() for line in _running.log(name)[start:].splitlines()]
    assert not [line for line in said if _COMPLAINT.search(line) and not _EXPECTED.search(line)]
    assert not _running.log("effects.log")[before["effects.log"] :]
