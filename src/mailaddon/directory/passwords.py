"""Password hashes that Dovecot verifies, written as it writes them: `{SCHEME}hash`.

Schemes: ARGON2ID (RFC 9106), BLF-CRYPT (bcrypt, `$2b$`), SHA512-CRYPT (`$6$`). Their libraries are imported when used.
"""

import os

from ..errors import InvalidArgument, NotConfigured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

#: bcrypt sees no more than this many octets; a longer password would be cut in silence.
BCRYPT_LIMIT = 72
#: The C library's crypt(), with which Dovecot verifies SHA512-CRYPT, refuses what is longer.
CRYPT_LIMIT = 511
#: Settings for a hash that nobody keeps.
CHEAP = {
    "password.argon2id_time": 1,
    "password.argon2id_memory": 8,
    "password.argon2id_parallelism": 1,
    "password.blf_crypt_cost": 4,
    "password.sha512_crypt_rounds": 1000,
}
_SALT = 16
_HASH = 32
_ARGON2_VERSION = 0x13
_ARGON2_MOST = 2**32 - 1
#: What an existing hash of each accepted scheme begins with, how many parts between `$` it may have, and how long the
#: last one is (0: any length).
_ACCEPTED = {
    "ARGON2ID": ("$argon2id$", (6,), 0),
    "BLF-CRYPT": ("$2", (4,), 53),
    "SHA512-CRYPT": ("$6$", (4, 5), 86),
    "SHA256-CRYPT": ("$5$", (4, 5), 43),
    "PBKDF2": ("$1$", (5,), 40),
}


def hashed(password: str, settings: "Mapping[str, Any]") -> str:
    """The password as the directory stores it.

    Args:
        password: plain text, or `{SCHEME}hash` where the setting `password.accept_hashes` allows it.
        settings: the SDK's settings by name; those that begin with `password.` are read.

    Raises:
        InvalidArgument: the password does not fit the scheme, or is a hash where none is accepted. Never quotes it.
        NotConfigured: the cost in the settings is out of the scheme's range.
    """
    scheme, hash_ = _existing(password)
    if scheme:
        if not settings["password.accept_hashes"]:
            raise InvalidArgument(
                f"the password is a hash ({scheme}); hashes are accepted only with password.accept_hashes = true"
            )
        if not _is_well_formed(scheme, hash_):
            raise InvalidArgument(f"the password is not a well-formed hash of the scheme {scheme}")
        return password
    scheme = settings["password.scheme"]
    maker = {"ARGON2ID": _argon2id, "BLF-CRYPT": _blf_crypt, "SHA512-CRYPT": _sha512_crypt}[scheme]
    return f"{{{scheme}}}{maker(password.encode(), settings)}"


def accepted(settings: "Mapping[str, Any]") -> list[str]:
    """The schemes whose hashes may be given in place of a password."""
    return sorted(_ACCEPTED) if settings["password.accept_hashes"] else []


def _existing(password: str) -> tuple[str, str]:
    """The scheme and the hash in `{SCHEME}hash`, or two empty texts."""
    scheme, brace, hash_ = password[1:].partition("}")
    known = _ACCEPTED.get(scheme.upper())
    if known and password.startswith("{") and brace and hash_.startswith(known[0]):
        return scheme.upper(), hash_
    return "", ""


def _is_well_formed(scheme: str, hash_: str) -> bool:
    _prefix, counts, length = _ACCEPTED[scheme]
    parts = hash_.split("$")
    return (
        hash_.isascii()
        and hash_.isprintable()
        and " " not in hash_
        and len(parts) in counts
        and all(parts[1:])
        and (not length or len(parts[-1]) == length)
    )


def _argon2id(password: bytes, settings: "Mapping[str, Any]") -> str:
    # The reference library itself: the package argon2 above it imports dataclasses and typing, which costs 20 ms.
    from _argon2_cffi_bindings import ffi, lib

    time = settings["password.argon2id_time"]
    memory = settings["password.argon2id_memory"]
    lanes = settings["password.argon2id_parallelism"]
    if max(time, memory, lanes) > _ARGON2_MOST:
        raise NotConfigured(f"the settings password.argon2id_* do not fit: {_ARGON2_MOST} is the most")
    length = lib.argon2_encodedlen(time, memory, lanes, _SALT, _HASH, lib.Argon2_id)
    encoded = ffi.new("char[]", length)
    status = lib.argon2_hash(
        time,
        memory,
        lanes,
        ffi.new("uint8_t[]", password),
        len(password),
        ffi.new("uint8_t[]", os.urandom(_SALT)),
        _SALT,
        ffi.NULL,
        _HASH,
        encoded,
        length,
        lib.Argon2_id,
        _ARGON2_VERSION,
    )
    if status != lib.ARGON2_OK:
        reason = ffi.string(lib.argon2_error_message(status)).decode()
        raise NotConfigured(f"the settings password.argon2id_* do not fit: {reason}")
    return str(ffi.string(encoded).decode())


def _blf_crypt(password: bytes, settings: "Mapping[str, Any]") -> str:
    import bcrypt

    if len(password) > BCRYPT_LIMIT:
        raise InvalidArgument(
            f"the password is longer than {BCRYPT_LIMIT} octets, which is all that BLF-CRYPT looks at"
        )
    try:
        return bcrypt.hashpw(password, bcrypt.gensalt(settings["password.blf_crypt_cost"])).decode()
    except (ValueError, OverflowError) as error:
        raise NotConfigured(f"the setting password.blf_crypt_cost does not fit: {error}") from None


def _sha512_crypt(password: bytes, settings: "Mapping[str, Any]") -> str:
    from passlib.hash import sha512_crypt

    if len(password) > CRYPT_LIMIT:
        raise InvalidArgument(f"the password is longer than {CRYPT_LIMIT} octets, more than SHA512-CRYPT can verify")
    try:
        return str(sha512_crypt.using(rounds=settings["password.sha512_crypt_rounds"]).hash(password))
    except ValueError as error:
        raise NotConfigured(f"the setting password.sha512_crypt_rounds does not fit: {error}") from None
