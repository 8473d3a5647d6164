"""Stored passwords, as Dovecot verifies them: `{SCHEME}hash`.

PostfixAdmin stores what its `$CONF['encrypt']` says: with Dovecot's prefix, with courier-authlib's, which looks the
same but does not always mean the same, or without any; then the form of the hash says the scheme.
"""

import re
import secrets
from base64 import b64encode
from hashlib import sha512

#: Schemes of Dovecot whose hashes need nothing but the password for their verification, except those in clear text.
SCHEMES = frozenset(
    (
        "ARGON2I",
        "ARGON2ID",
        "BLF-CRYPT",
        "CRAM-MD5",
        "CRYPT",
        "DES-CRYPT",
        "HMAC-MD5",
        "LDAP-MD5",
        "MD5",
        "MD5-CRYPT",
        "PBKDF2",
        "PLAIN-MD4",
        "PLAIN-MD5",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
        "SHA",
        "SHA1",
        "SHA256",
        "SHA256-CRYPT",
        "SHA512",
        "SHA512-CRYPT",
        "SMD5",
        "SSHA",
        "SSHA256",
        "SSHA512",
    )
)
CLEAR = frozenset(("PLAIN", "CLEAR", "CLEARTEXT"))
_ENCODINGS = frozenset(("HEX", "B64", "BASE64"))
_PREFIXED = re.compile(r"\{([A-Za-z0-9.-]+)\}(.+)", re.DOTALL)
#: How a hash without a prefix begins, and its scheme.
_BEGINNINGS = {
    "$1$": "MD5-CRYPT",
    "$2a$": "BLF-CRYPT",
    "$2b$": "BLF-CRYPT",
    "$2y$": "BLF-CRYPT",
    "$5$": "SHA256-CRYPT",
    "$6$": "SHA512-CRYPT",
    "$y$": "CRYPT",
    "$argon2i$": "ARGON2I",
    "$argon2id$": "ARGON2ID",
}
_MD5 = re.compile(r"[0-9a-f]{32}")  # $CONF['encrypt'] = 'md5'
_DES = re.compile(r"[./0-9A-Za-z]{13}")  # 'system', with a salt of two characters
_LDAP_MD5 = re.compile(r"[+/0-9A-Za-z]{22}==")


class Unverifiable(ValueError):
    """Nobody could log in with what is stored; the message says why, and nothing of the password."""


def locked() -> str:
    """A hash of nothing that anybody knows."""
    return "{SHA512}" + b64encode(sha512(secrets.token_bytes(64)).digest()).decode()


def scheme_of(stored: str, default: str = "") -> tuple[str, str]:
    """The scheme of a stored password and what follows its prefix; the scheme is PLAIN for any clear text.

    Args:
        stored: the column `password`.
        default: the scheme of what has no prefix; "" for the one that its form shows.

    Raises:
        Unverifiable: it is empty, or its scheme is unknown.
    """
    if not stored:
        raise Unverifiable("the password is empty")
    prefixed = _PREFIXED.fullmatch(stored)
    if prefixed:
        return _prefixed(prefixed[1].upper(), prefixed[2])
    if default:
        return _known(default.upper(), stored)
    for beginning, scheme in _BEGINNINGS.items():
        if stored.startswith(beginning):
            return _known(scheme, stored)
    if _MD5.fullmatch(stored):
        return "PLAIN-MD5", stored
    if _DES.fullmatch(stored):
        return "DES-CRYPT", stored
    raise Unverifiable("the form of the password shows no scheme; --scheme says it")


def _prefixed(scheme: str, hash_: str) -> tuple[str, str]:
    if scheme == "MD5RAW":  # courier-authlib's name
        return "PLAIN-MD5", hash_
    if scheme == "MD5" and _LDAP_MD5.fullmatch(hash_):  # to Dovecot, MD5 is what begins with $1$
        return "LDAP-MD5", hash_
    return _known(scheme, hash_)


def _known(scheme: str, hash_: str) -> tuple[str, str]:
    if scheme in CLEAR:
        return "PLAIN", hash_
    base, _, encoding = scheme.partition(".")
    if base not in SCHEMES or (encoding and encoding not in _ENCODINGS):
        raise Unverifiable(f"the scheme {scheme} cannot be verified")
    if not (hash_.isascii() and hash_.isprintable() and " " not in hash_):
        raise Unverifiable(f"the password is no hash of the scheme {scheme}")
    return scheme, hash_
