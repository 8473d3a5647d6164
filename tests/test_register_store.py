"""The file of registrations: what is read, and what is refused."""

import json
from pathlib import Path

import pytest

from mailaddon import registrations
from mailaddon.errors import MailAddonError, NotFound, StorageFailed, UpgradeNeeded
from mailaddon.registrations import Registration, split_parameters

BASE = Registration(
    vendor="Acme",
    server="Mail",
    version="1.0",
    extension="exe",
    interpreter="",
    interpreter_parameters="",
    compliant_3x=False,
    directory="/",
)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("", []),
        ("//nologo", ["//nologo"]),
        ("//nologo //B", ["//nologo", "//B"]),
        ("//nologo,//B", ["//nologo", "//B"]),
        (" -a ,  -b,,", ["-a", "-b"]),
    ],
)
def test_parameters_are_separated_by_spaces_or_commas(text: str, parameters: list[str]) -> None:
    assert split_parameters(text) == parameters


def test_no_file_is_no_registration(tmp_path: Path) -> None:
    assert registrations.load(str(tmp_path)) == []


def test_activating_and_removing(tmp_path: Path) -> None:
    home = str(tmp_path)
    assert registrations.register(home, BASE).active
    assert not registrations.register(home, BASE.replace(version="2.0")).active
    assert registrations.activate(home, "ACME/mail/2.0").active
    assert [one.active for one in registrations.load(home)] == [False, True]
    assert registrations.remove(home, "acme/mail/2.0").version == "2.0"
    assert [one.active for one in registrations.load(home)] == [False]
    assert registrations.register(home, BASE.replace(version="3.0")).active
    with pytest.raises(NotFound):
        registrations.activate(home, "acme/mail/2.0")
    with pytest.raises(NotFound):
        registrations.remove(home, "acme/mail")


ENTRY = BASE.replace(active=True, registered="2026-01-01T00:00:00Z").as_dict()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", StorageFailed),
        ("{", StorageFailed),
        ("[" * 100_000, StorageFailed),
        ("[]", StorageFailed),
        ('{"version": 1}', StorageFailed),
        ('{"version": 1, "registrations": {}}', StorageFailed),
        ('{"version": 1, "registrations": ["x"]}', StorageFailed),
        (json.dumps({"version": 1, "registrations": [{**ENTRY, "more": 1}]}), StorageFailed),
        (json.dumps({"version": 1, "registrations": [{**ENTRY, "active": 1}]}), StorageFailed),
        (json.dumps({"version": 2, "registrations": []}), UpgradeNeeded),
    ],
)
def test_a_damaged_file_is_refused_and_kept(tmp_path: Path, content: str, error: type[MailAddonError]) -> None:
    path = tmp_path / registrations.FILE
    path.write_text(content)
    with pytest.raises(error, match=r"addons\.json"):
        registrations.load(str(tmp_path))
    with pytest.raises(error, match=r"addons\.json"):
        registrations.register(str(tmp_path), BASE)
    assert path.read_text() == content


def test_octets_that_are_not_text(tmp_path: Path) -> None:
    (tmp_path / registrations.FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(StorageFailed, match="damaged"):
        registrations.load(str(tmp_path))


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    one = BASE.replace(vendor='A "c" / ü\t', interpreter="wine", interpreter_parameters="-a, -b")
    kept = registrations.register(str(tmp_path), one)
    assert registrations.load(str(tmp_path)) == [kept]
    assert registrations.find([kept], 'a "C" / Ü\t/MAIL/1.0') is kept
