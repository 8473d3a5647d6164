"""Text to value: one function per kind of argument, each raising `InvalidArgument` with what would be right.

The functions see text only: no settings, no backend, no file. They therefore run before anything is loaded, and what
they import for rare values (internationalised names, IPv6, networks) they import when such a value comes along.
"""

from .errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ipaddress
    from collections.abc import Iterable

#: Longest local part and longest address, in octets (RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3 less the brackets).
MAX_LOCAL_PART = 64
MAX_ADDRESS = 254
#: Longest domain name in its ASCII form without the final dot, and longest label (RFC 1035, section 2.3.4).
MAX_DOMAIN = 253
MAX_LABEL = 63
MAX_NAME = 255  # characters of a person's or a list member's name
MAX_SUBJECT = 998  # octets of one line of a message (RFC 5322, section 2.1.1)
MAX_MESSAGE = 1 << 20  # octets of an autoresponder's text
MAX_PASSWORD = 1024  # octets: what IMAP servers take in a login
MAX_PATH = 4096  # octets
MAX_MAILBOXES = 2**31 - 1
_SHOWN = 60  # characters of a refused value that a message repeats

_LETTERS_DIGITS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_LABEL = _LETTERS_DIGITS | {"-"}
_HOSTED_LOCAL_PART = _LETTERS_DIGITS | set("._-")
_ATEXT = _LETTERS_DIGITS | set("ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-/=?^_`{|}~")  # RFC 5322, section 3.2.3
_IPV4_PARTS = 4
_OCTETS = frozenset(map(str, range(256)))  # no leading zeros: some programs read those as octal
_ASCII_PRINTABLE = range(0x20, 0x7F)

FILTER_TYPES = ("EMAIL", "IP", "DOMAIN")


#: What is shown in place of a password.
MASK = "******"
#: A password shorter than this (characters) may be part of any word, and masking it in a sentence would give it away.
_TELLING = 6


class Secret(str):
    """A password. It is text to whoever uses it, and asterisks to whoever prints its representation."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Asterisks, never the text: representations end up in logs."""
        return f"'{MASK}'"


def masked(text: str, secrets: "Iterable[object]", *, least: int = _TELLING) -> str:
    """A text in which no password of at least so many characters is left, whoever put it there.

    Args:
        text: what is going to be shown.
        secrets: values; the passwords among them are masked.
        least: shorter passwords stay. 1 where no sentence is shown but a log is written.
    """
    for secret in secrets:
        if isinstance(secret, Secret) and len(secret) >= least:
            plain = str(secret)
            octets = repr(plain.encode("utf-8", "surrogatepass"))[2:-1]
            lines = [line for line in plain.splitlines() if len(line) >= _TELLING]  # what indents lines tears it apart
            for form in (plain, repr(plain)[1:-1], octets, *lines):
                text = text.replace(form, MASK)
    return text


def shown(text: str) -> str:
    """The value as a message repeats it: quoted, on one line, cut when long."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def decode(argument: str) -> str:
    """An element of `sys.argv` as the UTF-8 text that the caller meant, whatever the locale.

    Raises:
        InvalidArgument: the octets are not UTF-8.
    """
    if argument.isascii():
        return argument
    import os

    octets = argument.encode("utf-8", "surrogatepass") if os.name == "nt" else os.fsencode(argument)
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidArgument("the text is not valid UTF-8") from None


def domain_name(text: str) -> str:
    """A domain that can be hosted: a host name of at least two labels, in its lower-case ASCII form (UTS 46).

    Raises:
        InvalidArgument: it is empty, too long, a bare IP address, or breaks a label rule (RFC 1123, IDNA 2008).
    """
    name = _host_name(text)
    if "." not in name:
        raise InvalidArgument(f"{shown(text)} has a single label; a full name such as xyz.com is needed")
    return name


def _host_name(text: str) -> str:
    if not text:
        raise InvalidArgument("it is empty; a domain name such as xyz.com is needed")
    if len(text) > MAX_DOMAIN:
        raise InvalidArgument(f"{shown(text)} is longer than {MAX_DOMAIN} characters")
    name = text.lower() if text.isascii() else _idna(text, text)
    if len(name) > MAX_DOMAIN:
        raise InvalidArgument(f"{shown(text)} is longer than {MAX_DOMAIN} octets in its ASCII form")
    labels = name.split(".")
    for label in labels:
        if not label:
            raise InvalidArgument(f"{shown(text)} has an empty label: a dot first, last or doubled")
        if len(label) > MAX_LABEL:
            raise InvalidArgument(f"{shown(text)} has a label of more than {MAX_LABEL} octets")
        if not _LABEL.issuperset(label) or label[0] == "-" or label[-1] == "-":
            raise InvalidArgument(
                f"{shown(text)} is not a domain name: labels are letters, digits and inner hyphens, as in my-site.com"
            )
        if label[2:4] == "--":  # reserved for IDNA: only a well-formed A-label may look like this (RFC 5891)
            _idna(label, text)
    if labels[-1].isdigit():
        raise InvalidArgument(f"{shown(text)} is not a domain name: the last label is a number, as in an IP address")
    return name


def _idna(name: str, text: str) -> str:
    import idna

    try:
        return idna.encode(name, uts46=True, std3_rules=True).decode("ascii")
    except UnicodeError as error:  # idna.IDNAError is one
        raise InvalidArgument(f"{shown(text)} is not a domain name: {error}") from None


def local_part(text: str) -> str:
    """The part before the @ of a user, an alias or a list that the server hosts, in lower case.

    Raises:
        InvalidArgument: it has another character than a-z, 0-9, `.`, `_`, `-`, or a dot out of place, or is too long.
    """
    if not text:
        raise InvalidArgument("it is empty; a name such as u1 is needed")
    if len(text) > MAX_LOCAL_PART:
        raise InvalidArgument(f"{shown(text)} is longer than {MAX_LOCAL_PART} octets")
    name = text.lower() if text.isascii() else text
    if not _HOSTED_LOCAL_PART.issuperset(name):
        hint = "; give the part before the @ alone" if "@" in text else ""
        raise InvalidArgument(f"{shown(text)} has other characters than letters, digits, '.', '_' and '-'{hint}")
    _check_dots(name, text)
    return name


def _check_dots(name: str, text: str) -> None:
    if name[0] == "." or name[-1] == "." or ".." in name:
        raise InvalidArgument(f"{shown(text)} has a dot first, last or doubled")


def address(text: str) -> str:
    """An e-mail address, hosted here or outside: `local part@domain`, in lower case.

    Dot-atoms and quoted strings, ASCII (RFC 5321) or UTF-8 (RFC 6531); the domain may be an address literal. A quoted
    string that needs no quotes loses them.

    Raises:
        InvalidArgument: it breaks the grammar or a length limit.
    """
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise InvalidArgument(f"{shown(text)} is not an address such as u1@xyz.com")
    host = _address_literal(domain, text) if domain[0] == "[" else _host_name(domain)
    local = _quoted_string(local, text) if local[0] == '"' else _dot_atom(local, text)
    if _octets(local) > MAX_LOCAL_PART:
        raise InvalidArgument(f"{shown(text)} has more than {MAX_LOCAL_PART} octets before the @")
    result = f"{local}@{host}"
    if _octets(result) > MAX_ADDRESS:
        raise InvalidArgument(f"{shown(text)} is longer than {MAX_ADDRESS} octets")
    return result


def _lowered(text: str) -> str:
    if text.isascii():
        return text.lower()
    from unicodedata import normalize

    return normalize("NFC", normalize("NFC", text).lower())


def _dot_atom(local: str, text: str) -> str:
    for character in local:
        if character not in _ATEXT and character != "." and (character.isascii() or not character.isprintable()):
            raise InvalidArgument(f"{shown(text)} has {character!r} before the @, where it cannot be")
    _check_dots(local, text)
    return _lowered(local)


def _quoted_string(local: str, text: str) -> str:
    content = []
    inner = iter(local[1:-1])
    for character in inner:
        if character == '"' or not character.isprintable():
            raise InvalidArgument(f"{shown(text)} has {character!r} in its quoted part, where it cannot be")
        if character == "\\":
            character = next(inner, "")  # noqa: PLW2901 - a quoted pair stands for its second half
            if not character or ord(character) not in _ASCII_PRINTABLE:
                raise InvalidArgument(f"{shown(text)} has a stray backslash in its quoted part")
        content.append(character)
    if len(local) < 2 or local[-1] != '"' or not content:  # noqa: PLR2004 - the two quotes
        raise InvalidArgument(f"{shown(text)} has a quoted part that does not end, or is empty")
    plain = "".join(content)
    try:
        return _dot_atom(plain, text)
    except InvalidArgument:
        return '"' + _lowered(plain).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _address_literal(domain: str, text: str) -> str:
    inner = domain[1:-1]
    if domain[-1] == "]":
        if inner[:5].lower() == "ipv6:":
            try:
                return f"[IPv6:{_ipv6(inner[5:])}]".lower()
            except ValueError:
                pass
        elif _is_ipv4(inner):
            return domain
    raise InvalidArgument(f"{shown(text)} ends in something that is neither a domain name nor [an IP address]")


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == _IPV4_PARTS and all(part in _OCTETS for part in parts)


def _ipv6(text: str) -> str:
    import ipaddress

    if "%" in text:
        raise ValueError("a scope is of this machine only")
    return _canonical(ipaddress.IPv6Address(text))


def _canonical(address: "ipaddress.IPv4Address | ipaddress.IPv6Address") -> str:
    """RFC 5952, whose section 5 shows a mapped IPv4 address as such; Python does so only from 3.13 on."""
    mapped = getattr(address, "ipv4_mapped", None)
    return f"::ffff:{mapped}" if mapped else str(address)


def ip_address(text: str) -> str:
    """An IPv4 or IPv6 address in its canonical form (RFC 5952).

    Raises:
        InvalidArgument: it is anything else, a network, a scoped or a zero-padded address among them.
    """
    if _is_ipv4(text):
        return text
    if ":" in text:
        try:
            return _ipv6(text)
        except ValueError:
            pass
    raise InvalidArgument(f"{shown(text)} is not an IP address such as 192.0.2.10 or 2001:db8::10")


def _network(text: str) -> str:
    """An IP address, or a network in CIDR form; a network of one address becomes that address."""
    if "/" not in text:
        return ip_address(text)
    import ipaddress

    base, _, bits = text.partition("/")
    ip_address(base)
    if not (bits.isascii() and bits.isdigit()):
        raise InvalidArgument(f"{shown(text)} is not a network such as 192.0.2.0/24")
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise InvalidArgument(f"{shown(text)} is not a network such as 192.0.2.0/24") from None
    first = _canonical(network.network_address)
    canonical = first if network.num_addresses == 1 else f"{first}/{network.prefixlen}"
    if first != ip_address(base):
        raise InvalidArgument(f"{shown(text)} has bits set behind the prefix; the network is {canonical}")
    return canonical


def absolute_path(text: str) -> str:
    """An absolute path without `..`, not the root, in its shortest form.

    Raises:
        InvalidArgument: it is relative, the root, too long, or has `..` or a control character.
    """
    import os

    if not text:
        raise InvalidArgument("it is empty; an absolute path such as /var/mail/xyz.com is needed")
    if _octets(text) > MAX_PATH:
        raise InvalidArgument(f"{shown(text)} is longer than {MAX_PATH} octets")
    _refuse_controls(text)
    if not os.path.isabs(text):
        raise InvalidArgument(f"{shown(text)} is not an absolute path such as /var/mail/xyz.com")
    if ".." in text.replace(os.sep, "/").split("/"):
        raise InvalidArgument(f"{shown(text)} contains '..'; give the path itself")
    path = os.path.normpath(text)
    if path.startswith("//"):
        path = path[1:]
    if os.path.dirname(path) == path:
        raise InvalidArgument(f"{shown(text)} is the root of the file system; give a folder below it")
    return path


def mailbox_limit(text: str) -> int:
    """MaxMailBoxes: -1 for unlimited, else at least 1.

    Raises:
        InvalidArgument: it is anything else.
    """
    if text == "-1":
        return -1
    if text.isascii() and text.isdigit() and text[0] != "0" and len(text) <= len(str(MAX_MAILBOXES)):
        limit = int(text)
        if limit <= MAX_MAILBOXES:
            return limit
    raise InvalidArgument(
        f"{shown(text)} is not a mailbox limit: -1 for unlimited, or a number from 1 to {MAX_MAILBOXES}"
    )


def flag(text: str) -> bool:
    """`1` or `0`, exactly.

    Raises:
        InvalidArgument: it is anything else.
    """
    if text == "1":
        return True
    if text == "0":
        return False
    raise InvalidArgument(f"{shown(text)} is not a flag: 1 for enabling, 0 for disabling")


def flag_text(value: bool) -> str:  # noqa: FBT001 - the reverse of `flag`
    """`1` or `0`, as `flag` reads it."""
    return "1" if value else "0"


def _refuse_controls(text: str, allowed: str = "") -> None:
    for character in text:
        if not character.isprintable() and character not in allowed:
            code = ord(character)
            if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in {0x2028, 0x2029}:  # noqa: PLR2004
                raise InvalidArgument(f"{shown(text)} has the control character {character!r}, which cannot be there")


def name(text: str) -> str:
    """A person's or a member's name: one line, possibly empty, at most 255 characters.

    Raises:
        InvalidArgument: it is longer, or has a control character.
    """
    if len(text) > MAX_NAME:
        raise InvalidArgument(f"{shown(text)} is longer than {MAX_NAME} characters")
    _refuse_controls(text)
    return text


def subject(text: str) -> str:
    """A message's subject: one line, possibly empty, at most 998 octets.

    Raises:
        InvalidArgument: it is longer, or has a line break or another control character than a tab.
    """
    if _octets(text) > MAX_SUBJECT:
        raise InvalidArgument(f"{shown(text)} is longer than {MAX_SUBJECT} octets")
    _refuse_controls(text, allowed="\t")
    return text


def message(text: str) -> str:
    """A message's text: any lines, possibly none, at most 1 MiB.

    Raises:
        InvalidArgument: it is longer, or contains NUL.
    """
    if _octets(text) > MAX_MESSAGE:
        raise InvalidArgument(f"the text is longer than {MAX_MESSAGE} octets")
    if "\0" in text:
        raise InvalidArgument("the text contains the character NUL")
    return text


def password(text: str) -> Secret:
    """A new password: any text that is not empty.

    Raises:
        InvalidArgument: it is empty, longer than 1024 octets, or contains NUL. The message never repeats it.
    """
    if not text:
        raise InvalidArgument("the password is empty; give at least one character")
    return kept_password(text)


def kept_password(text: str) -> Secret:
    """A password, or "" for the present one.

    Raises:
        InvalidArgument: as for `password`, except that it may be empty.
    """
    if _octets(text) > MAX_PASSWORD:
        raise InvalidArgument(f"the password is longer than {MAX_PASSWORD} octets")
    if "\0" in text:
        raise InvalidArgument("the password contains the character NUL")
    return Secret(text)


def optional_address(text: str) -> str:
    """An address, or "" for none.

    Raises:
        InvalidArgument: as for `address`.
    """
    return address(text) if text else ""


def filter_type(text: str) -> str:
    """EMAIL, IP or DOMAIN, in any case.

    Raises:
        InvalidArgument: it is anything else.
    """
    kind = text.upper() if text.isascii() else text  # a dotless i would become one with a dot
    if kind not in FILTER_TYPES:
        raise InvalidArgument(f"{shown(text)} is not a type of spam filter: EMAIL, IP or DOMAIN")
    return kind


def filter_type_of(text: str) -> str:
    """The type that the shape of a filter's address shows: EMAIL, IP or DOMAIN."""
    if "@" in text:
        return "EMAIL"
    if ":" in text or "/" in text or text.replace(".", "").isdigit():
        return "IP"
    return "DOMAIN"


def filter_address(text: str) -> str:
    """What a spam filter blocks: an address, a domain, an IP address or a network in CIDR form.

    Raises:
        InvalidArgument: it is none of them.
    """
    return {"EMAIL": address, "IP": _network, "DOMAIN": _host_name}[filter_type_of(text)](text)


def required_text(text: str) -> str:
    """A line of text that is not empty, at most 255 characters.

    Raises:
        InvalidArgument: it is empty, longer, or has a control character.
    """
    if not text.strip():
        raise InvalidArgument(f"{shown(text)} is empty; a name is needed")
    return name(text)


def extension(text: str) -> str:
    """A file name's extension without its dot, or "" for none.

    Raises:
        InvalidArgument: it has a character that no extension has.
    """
    bare = text.removeprefix(".")
    if bare and not (bare.isascii() and all(character.isalnum() or character in "._-" for character in bare)):
        raise InvalidArgument(f"{shown(text)} is not an extension such as exe, vbs or py")
    return bare


def compliance_flag(text: str) -> bool:
    """The seventh argument of RegisterMailAddon: `1` means an add-on for 3.X, anything else does not."""
    return text == "1"
