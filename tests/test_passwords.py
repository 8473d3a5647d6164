"""Password hashes: Dovecot verifies them, costs are as set, and a password is never cut in silence."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from harness import FLAGS, USER_FLAGS, Home, database
from patience import HANGS

from mailaddon.directory.passwords import BCRYPT_LIMIT, CRYPT_LIMIT, hashed
from mailaddon.errors import InvalidArgument, NotConfigured

SCHEMES = ("ARGON2ID", "BLF-CRYPT", "SHA512-CRYPT")
CHEAP = {
    "password.accept_hashes": False,
    "password.argon2id_time": 1,
    "password.argon2id_memory": 8,
    "password.argon2id_parallelism": 1,
    "password.blf_crypt_cost": 4,
    "password.sha512_crypt_rounds": 1000,
}
PASSWORDS = {
    "plain": "s3cret",
    "spaces": " a b ",
    "quotes": "a'b\"c`d$e\\f",
    "option": "-t",
    "brace": "{PLAIN}abc",
    "non-ASCII": "pässwörd 🔑 пароль",
    "combining": "e\u0301",
    "tab and newline": "a\tb\nc",
}
HASH = "{SHA512-CRYPT}$6$rounds=1000$salt$" + "x" * 86


def settings(scheme: str = "ARGON2ID", **changes: Any) -> dict[str, Any]:
    return CHEAP | {"password.scheme": scheme} | {f"password.{name}": value for name, value in changes.items()}


def verified(hash_: str, password: str) -> bool:
    """What Dovecot says."""
    done = subprocess.run(
        ["doveadm", "-O", "pw", "-t", hash_, "-p", password], capture_output=True, text=True, timeout=HANGS, check=False
    )
    assert (done.returncode == 0) == ("(verified)" in done.stdout), done
    return done.returncode == 0


@pytest.mark.parametrize("password", PASSWORDS.values(), ids=PASSWORDS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_dovecot_verifies_what_is_stored(scheme: str, password: str) -> None:
    hash_ = hashed(password, settings(scheme))
    assert hash_.startswith(f"{{{scheme}}}$")
    assert verified(hash_, password)
    assert not verified(hash_, password + "x")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_password_as_long_as_allowed_counts_to_its_last_octet(scheme: str) -> None:
    length = {"BLF-CRYPT": BCRYPT_LIMIT, "SHA512-CRYPT": CRYPT_LIMIT, "ARGON2ID": 1024}[scheme]
    password = "ä" * (length // 2) + "x" * (length % 2)
    hash_ = hashed(password, settings(scheme))
    assert verified(hash_, password)
    assert not verified(hash_, password[:-1] + "y")


def test_the_stored_hash_of_a_command_is_verified(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.must("EAddDomain", "xyz.com", "192.0.2.10", str(home.mail), "5", "admin", "öwner", "0", *FLAGS)
    home.must("EAddUser", "xyz.com", "u1", "before", "", "", "", *USER_FLAGS)
    home.must("EEditUser", "xyz.com", "u1", "after", "", "", "", *USER_FLAGS)
    home.must("EEditUser", "xyz.com", "u1", "", "Ann", "", "", *USER_FLAGS)  # keeps it
    connection = database(home)
    stored = dict(connection.execute("SELECT a.local_part, u.password FROM user AS u JOIN address AS a ON a.id = u.id"))
    connection.close()
    assert verified(stored["admin"], "öwner")
    assert verified(stored["u1"], "after")
    assert not verified(stored["u1"], "before")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_same_password_is_hashed_differently_each_time(scheme: str) -> None:
    assert hashed("s3cret", settings(scheme)) != hashed("s3cret", settings(scheme))


def test_bcrypt_refuses_what_it_would_cut() -> None:
    hashed("x" * BCRYPT_LIMIT, settings("BLF-CRYPT"))
    with pytest.raises(InvalidArgument, match="72 octets") as refused:
        hashed("x" * BCRYPT_LIMIT + "y", settings("BLF-CRYPT"))
    assert "xxx" not in str(refused.value)
    with pytest.raises(InvalidArgument):
        hashed("ä" * (BCRYPT_LIMIT // 2 + 1), settings("BLF-CRYPT"))


def test_what_crypt_could_not_verify_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="511 octets"):
        hashed("x" * (CRYPT_LIMIT + 1), settings("SHA512-CRYPT"))


def test_a_refused_password_is_told_by_the_command(tmp_path: Path) -> None:
    home = Home(tmp_path, password__scheme="BLF-CRYPT", password__blf_crypt_cost=4)
    home.add_domain("xyz.com")
    outcome = home.call("EAddUser", "xyz.com", "u1", "x" * 73, "", "", "", *USER_FLAGS)
    assert (outcome.status, outcome.code) == (1, "invalid-argument")
    assert "xxx" not in outcome.error


# Costs


@pytest.mark.parametrize(
    ("scheme", "changes", "part"),
    [
        ("ARGON2ID", {"argon2id_time": 3, "argon2id_memory": 32, "argon2id_parallelism": 2}, "$m=32,t=3,p=2$"),
        ("BLF-CRYPT", {"blf_crypt_cost": 5}, "$2b$05$"),
        ("SHA512-CRYPT", {"sha512_crypt_rounds": 1234}, "$6$rounds=1234$"),
    ],
)
def test_the_cost_is_as_set(scheme: str, changes: dict[str, int], part: str) -> None:
    assert part in hashed("s3cret", settings(scheme, **changes))


@pytest.mark.parametrize(
    ("scheme", "changes"),
    [
        ("ARGON2ID", {"argon2id_memory": 8, "argon2id_parallelism": 2}),  # 8 KiB for each lane
        ("ARGON2ID", {"argon2id_time": 2**32}),
        ("ARGON2ID", {"argon2id_memory": 2**32}),
        ("ARGON2ID", {"argon2id_parallelism": 2**40}),
        ("BLF-CRYPT", {"blf_crypt_cost": 32}),
        ("BLF-CRYPT", {"blf_crypt_cost": 2**40}),
        ("SHA512-CRYPT", {"sha512_crypt_rounds": 1_000_000_000}),
    ],
)
def test_a_cost_out_of_range_is_a_matter_of_the_settings(scheme: str, changes: dict[str, int]) -> None:
    with pytest.raises(NotConfigured, match="not fit"):
        hashed("s3cret", settings(scheme, **changes))


@pytest.mark.parametrize(
    "name", ["argon2id_time", "argon2id_memory", "argon2id_parallelism", "blf_crypt_cost", "sha512_crypt_rounds"]
)
def test_a_cost_below_the_least_is_refused_when_the_settings_are_read(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path)
    home.set(**{f"password.{name}": 0})
    assert home.refusal("EGetCatchallUser", "xyz.com") == "not-configured"


# Existing hashes


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_hash_is_stored_as_it_is_where_the_setting_allows_it(scheme: str) -> None:
    hash_ = hashed("pässword", settings(scheme))
    assert hashed(hash_, settings(accept_hashes=True)) == hash_
    with pytest.raises(InvalidArgument, match="hashes are accepted only") as refused:
        hashed(hash_, settings())
    assert hash_[-20:] not in str(refused.value)


@pytest.mark.parametrize("scheme", ["SHA256-CRYPT", "PBKDF2", "BLF-CRYPT", "ARGON2ID", "SHA512-CRYPT"])
def test_a_hash_that_dovecot_makes_is_accepted(scheme: str) -> None:
    rounds = {"BLF-CRYPT": ["-r", "5"], "ARGON2ID": ["-r", "3"], "PBKDF2": []}.get(scheme, ["-r", "1000"])
    made = subprocess.run(
        ["doveadm", "-O", "pw", "-s", scheme, *rounds, "-p", "s3cret"],
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=True,
    ).stdout.strip()
    assert hashed(made, settings(accept_hashes=True)) == made
    assert hashed(made.replace(scheme, scheme.lower()), settings(accept_hashes=True)) != ""


@pytest.mark.parametrize(
    "hash_",
    [
        "{ARGON2ID}$argon2id$",
        "{ARGON2ID}$argon2id$v=19$m=8,t=1,p=1$salt$",
        "{BLF-CRYPT}$2",
        "{BLF-CRYPT}$2y$05$short",
        "{SHA512-CRYPT}$6$salt$" + "x" * 85,
        "{SHA512-CRYPT}$6$salt$" + "ä" * 86,
        "{SHA512-CRYPT}$6$sa lt$" + "x" * 86,
        "{SHA512-CRYPT}$6$salt\n$" + "x" * 86,
        "{sha512-crypt}$6$salt$more$more$" + "x" * 86,
    ],
)
def test_a_malformed_hash_is_refused(hash_: str) -> None:
    with pytest.raises(InvalidArgument, match="not a well-formed hash"):
        hashed(hash_, settings(accept_hashes=True))


@pytest.mark.parametrize("password", ["{PLAIN}abc", "{", "{}", "{ARGON2ID}", "{ARGON2ID}x", "x" + HASH, "{MD5}$1$a$b"])
@pytest.mark.parametrize("accept_hashes", [True, False])
def test_what_only_looks_like_a_hash_is_a_password(password: str, *, accept_hashes: bool) -> None:
    hash_ = hashed(password, settings(accept_hashes=accept_hashes))
    assert hash_.startswith("{ARGON2ID}$argon2id$v=19$m=8,t=1,p=1$")
    assert verified(hash_, password)
