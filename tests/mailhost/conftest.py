"""One mail host for all of a session's tests, and the outside that it sends mail to."""

import re
from collections.abc import Iterator

import pytest
from mailhost.host import Host, Outside

_COMPLAINT = re.compile(r"fatal|panic|Error:|Fatal:")
#: How Dovecot says that a mailbox is suspended, or has been deleted while mail was delivered to it.
_EXPECTED = re.compile(r"userdb lookup.*failed|Failed to lookup user|duplicate\.lock")


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    sink = Outside()
    yield sink
    sink.stop()


@pytest.fixture(scope="session")
def _running(outside: Outside) -> Iterator[Host]:
    with Host(outside.port) as running:
        running.init()
        running.prints("EStartMailServer")
        yield running


@pytest.fixture
def host(_running: Host) -> Iterator[Host]:
    """The host; no test leaves it complaining."""
    before = {name: len(_running.log(name)) for name in ("postfix.log", "dovecot.log", "effects.log")}
    yield _running
    said = [line for name, start in before.items() for line in _running.log(name)[start:].splitlines()]
    assert not [line for line in said if _COMPLAINT.search(line) and not _EXPECTED.search(line)]
    assert not _running.log("effects.log")[before["effects.log"] :]
