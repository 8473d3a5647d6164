"""What is different about a host on PostgreSQL: its roles and passwords."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
from mailhost.host import Host
from postgresql_server import PASSWORD, READER, Server

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def schema(host: Host) -> str:
    return host.location.rpartition("%3D")[2]


def check(host: Host) -> str:
    done = host.run("mailaddon", "host", "check")
    assert PASSWORD.encode() not in done.stdout + done.stderr
    return done.stdout.decode()


def test_the_daemons_role_sees_views_and_nothing_else(host: Host, server: Server) -> None:
    host.add_domain("u1")
    with psycopg.connect(host.reader) as connection:
        connection.autocommit = True
        assert connection.execute("SELECT count(*) FROM lookup_mailbox").fetchone() != (0,)
        for statement in ('SELECT password FROM "user"', "SELECT 1 FROM address", "DELETE FROM effect"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")
    with server.administrator() as connection:
        users = connection.execute(
            "SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'mailaddon-lookup'"
        ).fetchall()
    assert users == [(READER,)]


def test_passwords_are_in_files_that_nobody_else_reads(host: Host) -> None:
    secrets = [PASSWORD.encode(), b"s3cr%2Ft"]
    holding = set()
    for folder, _folders, files in os.walk(host.root / "etc"):
        for path in (Path(folder, name) for name in files):
            if any(secret in path.read_bytes() for secret in secrets):
                assert path.stat().st_mode & 0o007 == 0, path
                holding.add(path.name)
    assert {"dovecot-sql.conf.ext", "policy.url", "aliases.cf"} <= holding
    processes = subprocess.run(["/bin/ps", "-eo", "args"], capture_output=True, check=True).stdout
    assert not any(secret in processes for secret in secrets)
    for arguments in (("init", "--private", str(host.root), "--port-base", str(host.base), "--dry-run"), ("status",)):
        done = host.run("mailaddon", "host", *arguments)
        assert not any(secret in done.stdout + done.stderr for secret in secrets)
    shown = host.init("--dry-run", "--private", "/tmp/elsewhere")
    assert "password=******" in shown
    assert not any(secret in shown.encode() for secret in secrets)


def test_check_names_rights_that_are_missing_and_rights_that_are_too_many(spare: Host, server: Server) -> None:
    assert check(spare) == "nothing is wrong\n"
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute(f"REVOKE SELECT ON {schema(spare)}.lookup_list FROM {READER}")
        connection.execute(f"GRANT SELECT (local_part) ON {schema(spare)}.address TO {READER}")
        assert f"role {READER}: it may not read lookup_list\n  mend: run `mailaddon directory grant" in check(spare)
        assert f"role {READER}: it may use the tables address\n" in check(spare)
        connection.execute(f"REVOKE SELECT (local_part) ON {schema(spare)}.address FROM {READER}")
    assert f"let the role {READER} look up in" in spare.init()
    assert check(spare) == "nothing is wrong\n"


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        (None, "reader is missing"),
        ("postgresql://lookup@[::1/name", "is not a PostgreSQL URL"),
        ("postgresql://127.0.0.1/mail", "names no role or no database"),
        ("postgresql://mailaddon@127.0.0.1/mail", "the commands' role"),
        ("postgresql://nobody-here@127.0.0.1/mail", "does not exist"),
    ],
)
def test_an_unfit_reader_is_named(spare: Host, reader: str | None, said: str) -> None:
    settings = spare.home / "mailaddon.toml"
    lines = [line for line in settings.read_text().splitlines() if not line.startswith("reader = ")]
    settings.write_text("\n".join([*lines, f'reader = "{reader}"' if reader else ""]))
    done = spare.run("mailaddon", "host", "init", "--private", str(spare.root), "--port-base", str(spare.base))
    assert (done.returncode, said in done.stderr.decode()) == (1, True), done
    assert PASSWORD.encode() not in done.stderr
    assert said in check(spare)


def test_a_wrong_password_is_named(spare: Host) -> None:
    settings = spare.home / "mailaddon.toml"
    settings.write_text(settings.read_text().replace("lookup:s3cr", "lookup:other"))
    spare.init()
    assert "it cannot log in: " in check(spare)
