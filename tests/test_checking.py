"""`mailaddon doctor` on the directory, and `mailaddon directory`: what is wrong is found, and the mend is named."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from harness import Home, database
from umbrella import mailaddon

from mailaddon.directory import checking, schema
from mailaddon.records import Problem


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    made = Home(tmp_path)
    made.add_domain("xyz.com")
    made.add_user("xyz.com", "u1")
    monkeypatch.setenv("MAILADDON_HOME", str(made.path))
    made.path.chmod(0o700)
    return made


def problems(home: Home) -> list[Problem]:
    directory = home.directory
    try:
        return checking.problems(directory)
    finally:
        directory.close()


def test_a_whole_directory_has_no_problems(home: Home) -> None:
    assert problems(home) == []


def test_hashes_that_everybody_can_read(home: Home) -> None:
    (home.path / "directory.sqlite3").chmod(0o644)
    (found,) = problems(home)
    assert found.severe
    assert found.mend == f"chmod o= {home.path / 'directory.sqlite3'}"


def test_rows_that_refer_to_nothing(home: Home) -> None:
    with closing(sqlite3.connect(home.path / "directory.sqlite3")) as connection, connection:
        connection.execute("INSERT INTO forward (user_id, domain, local_part) VALUES (99, 'out.org', 'x')")
    (found,) = problems(home)
    assert "a row of forward refers to nothing in user" in found.problem


def test_mailboxes_and_folders_that_do_not_match(home: Home) -> None:
    (home.mail / "xyz.com" / "u1").rename(home.mail / "xyz.com" / "u9")
    missing, odd = problems(home)
    assert (missing.subject, missing.severe) == ("u1@xyz.com", True)
    assert "is missing" in missing.problem
    assert ("belongs to no user" in odd.problem, odd.severe) == (True, False)


def test_mail_that_is_not_there_or_elsewhere(home: Home) -> None:
    (home.mail / "xyz.com").rename(home.folder / "elsewhere")
    (found,) = problems(home)
    assert "put the folder" in found.mend
    (home.mail / "xyz.com").symlink_to(home.folder / "elsewhere")
    (found,) = problems(home)
    assert "symbolic link" in found.problem


def test_many_problems_are_counted_not_listed(home: Home) -> None:
    for number in range(30):
        (home.mail / "xyz.com" / f"odd{number}").mkdir()
    found = problems(home)
    assert len(found) == 21
    assert found[-1].problem == "10 more like these"


def test_a_damaged_file(home: Home) -> None:
    home.must("EAddUserAlias", "xyz.com", "u1", "a11")
    path = home.path / "directory.sqlite3"
    content = bytearray(path.read_bytes())
    for page in range(4096, len(content), 4096):
        if content[page] == 10:  # a leaf of an index: its cells go
            content[page + 8 : page + 4096] = bytes(4088)
    path.write_bytes(content)
    outcome = mailaddon("doctor")
    assert outcome.exit_code == 1
    assert "Traceback" not in outcome.output


def directory(*arguments: str) -> tuple[int, str]:
    result = mailaddon("directory", *arguments)
    return result.exit_code, result.output


def test_status_counts(home: Home) -> None:
    code, output = directory("status")
    assert code == 0
    assert [line.split()[-1] for line in output.splitlines()[2:]] == ["1", "2", "0"]
    assert str(home.path) in output


def test_status_before_the_first_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path / "new"))
    assert directory("status") == (
        0,
        f"{tmp_path}/new/directory.sqlite3 does not exist yet; the first command makes it\n",
    )
    assert directory("backup", str(tmp_path / "copy"))[0] == 1
    code, output = directory("upgrade")
    assert (code, output.startswith("made ")) == (0, True)
    assert "nothing to do" in directory("upgrade")[1]


def test_an_older_directory_is_upgraded_when_asked(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(database(home)) as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) - 1}")
    # a migration that can run on what is there
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS[:-1], "CREATE TABLE later (id INTEGER);"))
    assert home.refusal("EGetCatchallUser", "xyz.com") == "upgrade-needed"
    code, output = directory("status")
    assert (code, "run `mailaddon directory upgrade`" in output) == (1, True)
    code, output = directory("upgrade")
    assert (code, "migrations" in output) == (0, True)
    assert home.must("EGetCatchallUser", "xyz.com") == "admin@xyz.com\n"


def test_a_later_directory_is_left_alone(home: Home) -> None:
    with closing(database(home)) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert home.refusal("EGetCatchallUser", "xyz.com") == "upgrade-needed"
    code, output = directory("status")
    assert (code, "install the SDK that wrote it" in output) == (1, True)


def test_a_failing_migration_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(database(home)) as connection:
        connection.execute("PRAGMA user_version = 0")
    monkeypatch.setattr(schema, "MIGRATIONS", ("CREATE TABLE later (id INTEGER); CREATE TABLE later (id INTEGER);",))
    assert directory("upgrade")[0] == 1
    with closing(database(home)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'later'").fetchone() == (0,)


@pytest.mark.usefixtures("home")
def test_a_backup_is_a_directory(tmp_path: Path) -> None:
    target = tmp_path / "backup.sqlite3"
    assert directory("backup", str(target)) == (0, f"wrote {target}\n")
    assert os.stat(target).st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("SELECT count(*) FROM user").fetchone() == (2,)
    code, output = directory("backup", str(target))
    assert (code, "exists already" in output) == (1, True)


def test_the_schema_is_printed_as_sql() -> None:
    code, output = directory("schema")
    assert code == 0
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(output)
        assert connection.execute("SELECT count(*) FROM domain").fetchone() == (0,)
