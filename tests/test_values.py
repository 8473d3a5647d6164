"""What arguments are accepted, and which value each of them becomes."""

# ruff: noqa: RUF001 - letters that look like others are what is tested

import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailaddon import values
from mailaddon.errors import InvalidArgument
from mailaddon.operations import OPERATIONS, REGISTER
from mailaddon.operations.model import Kind
from mailaddon.values import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = {id(p.kind): p.kind for o in (*OPERATIONS, REGISTER) for p in (*o.parameters, *o.longer)}.values()
#: How long an example takes is the machine's affair.
UNHURRIED: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
#: Characters that the grammars are about, so that chance finds what is nearly right.
NEARLY = st.text("abcXN019.-_@[]:/\\\"' +*%#;,()<>\t\n\x00\x7füßÜµſKİ\u0301\u200d\u202eאー。日-")
LABELS = st.text("abcXYZ019-", min_size=1, max_size=8)
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ADDRESSES = st.tuples(st.one_of(NEARLY, st.text(max_size=20)), HOSTS).map("@".join)
QUOTED = st.tuples(NEARLY, HOSTS).map(lambda parts: f'"{parts[0]}"@{parts[1]}')
TEXTS = st.one_of(st.text(), NEARLY, HOSTS, ADDRESSES, QUOTED)


def refused(parse: "Callable[[str], object]", text: str) -> str:
    with pytest.raises(InvalidArgument) as caught:
        parse(text)
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.parse.__name__)
@settings(max_examples=400, **UNHURRIED)
@given(text=TEXTS)
@example(text="")
@example(text="-1")
@example(text="--help")
@example(text="../..")
@example(text="a" * 70_000)
@example(text="\u202egro.elpmaxe")
@example(text="e\u0301")
@example(text="\U0001f4a9.example")
def test_anything_is_a_value_or_refused(kind: Kind, text: str) -> None:
    try:
        value = kind.parse(text)
    except InvalidArgument as error:
        line = str(error)
        line.encode()
        assert "\n" not in line
        assert len(line) < 1000
        if kind.secret and len(text) > 3:
            assert text not in line
    else:
        if isinstance(value, str):
            assert kind.parse(value) == value, "a value is its own canonical form"
            value.encode()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.parse.__name__)
def test_half_a_surrogate_pair_is_a_value_or_refused(kind: Kind) -> None:
    for text in ("\ud800", "a\udfff@xyz.com", "xyz.com\udcff"):
        try:
            kind.parse(text)
        except InvalidArgument as error:
            str(error).encode()


# Domain names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("xyz.com", "xyz.com"),
        ("XYZ.Com", "xyz.com"),
        ("a.b.c.d.example", "a.b.c.d.example"),
        ("1-2.3com", "1-2.3com"),
        ("1.2.3.4a", "1.2.3.4a"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.EXAMPLE", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f"),
        ("ｘｙｚ.com", "xyz.com"),
        ("a" * 63 + ".com", "a" * 63 + ".com"),
        (".".join(["a" * 49] * 5) + ".xy", ".".join(["a" * 49] * 5) + ".xy"),
        ("x." * 126 + "y", "x." * 126 + "y"),
    ],
)
def test_domain_name(text: str, name: str) -> None:
    assert values.domain_name(text) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("localhost", "single label"),
        ("xyz.com.", "empty label"),
        (".xyz.com", "empty label"),
        ("xyz..com", "empty label"),
        ("-xyz.com", "labels are"),
        ("xyz-.com", "labels are"),
        ("x_z.com", "labels are"),
        ("x z.com", "labels are"),
        ("xyz.com\n", "labels are"),
        ("192.0.2.10", "last label is a number"),
        ("xyz.123", "last label is a number"),
        ("[192.0.2.10]", "labels are"),
        ("2001:db8::1", "labels are"),
        ("*.xyz.com", "labels are"),
        ("a" * 64 + ".com", "more than 63"),
        ("x." * 126 + "yz", "longer than 253"),
        ("ü" * 60 + ".example", "not a domain name"),
        (".".join(["ü" * 40] * 6) + ".xy", "not a domain name"),
        ("xn--.com", "not a domain name"),
        ("xn--a.com", "not a domain name"),
        ("ab--cd.com", "not a domain name"),
        ("\u0301a.com", "not a domain name"),
        ("a\u200db.com", "not a domain name"),
        ("\U0001f4a9.com", "not a domain name"),
        ("a\u202eb.com", "not a domain name"),
        ("אa.com", "not a domain name"),
        ("xyz\u2024com", "single label|not a domain name"),
        ("a/ü.com", "not a domain name"),
    ],
)
def test_refused_domain_name(text: str, reason: str) -> None:
    assert re.search(reason, refused(values.domain_name, text))


@settings(max_examples=400, **UNHURRIED)
@given(HOSTS)
def test_domain_name_follows_the_grammar(text: str) -> None:
    label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    fits = re.fullmatch(rf"({label}\.)+{label}", text.lower()) and not text.rpartition(".")[2].isdigit()
    fits = fits and not any(part[2:4] == "--" for part in text.split("."))
    if fits:
        assert values.domain_name(text) == text.lower()
    elif not any(part[2:4] == "--" for part in text.split(".")):
        refused(values.domain_name, text)


# Local parts and addresses


@pytest.mark.parametrize("text", ["u1", "U1", "a", "0", "a.b-c_d", "-", "_", "-a-", "a" * 64])
def test_local_part(text: str) -> None:
    assert values.local_part(text) == text.lower()


@pytest.mark.parametrize(
    "text",
    ["", ".", ".a", "a.", "a..b", "a b", "a+b", "a@b", "a/b", "../a", "ü", "\u212a", "a\n", "a'", '"a"', "a" * 65, "٣"],
)
def test_refused_local_part(text: str) -> None:
    refused(values.local_part, text)


@settings(max_examples=1000, **UNHURRIED)
@given(st.text("aZ09._-@ +", max_size=70))
def test_local_part_follows_the_grammar(text: str) -> None:
    if re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", text) and len(text) <= 64:
        assert values.local_part(text) == text.lower()
    else:
        refused(values.local_part, text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("u1@xyz.com", "u1@xyz.com"),
        ("U1@XYZ.com", "u1@xyz.com"),
        ("a+b@xyz.com", "a+b@xyz.com"),
        ("!#$%&'*+-/=?^_`{|}~@xyz.com", "!#$%&'*+-/=?^_`{|}~@xyz.com"),
        ("u1@localhost", "u1@localhost"),
        ("u1@bücher.example", "u1@xn--bcher-kva.example"),
        ("jörg@example.org", "jörg@example.org"),
        ("JÖRG@example.org", "jörg@example.org"),
        ("jo\u0308rg@example.org", "jörg@example.org"),
        ("用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah"),
        ('"a b"@xyz.com', '"a b"@xyz.com'),
        ('"A B"@xyz.com', '"a b"@xyz.com'),
        ('"u1"@xyz.com', "u1@xyz.com"),
        (r'"u\1"@xyz.com', "u1@xyz.com"),
        (r'"a\"b"@xyz.com', r'"a\"b"@xyz.com'),
        (r'"a\\b"@xyz.com', r'"a\\b"@xyz.com'),
        ('"a@b"@xyz.com', '"a@b"@xyz.com'),
        ('".a"@xyz.com', '".a"@xyz.com'),
        ('"jörg k"@xyz.com', '"jörg k"@xyz.com'),
        ("u1@[192.0.2.1]", "u1@[192.0.2.1]"),
        ("u1@[IPv6:2001:DB8::1]", "u1@[ipv6:2001:db8::1]"),
        ("a" * 64 + "@xyz.com", "a" * 64 + "@xyz.com"),
        ("a" * 8 + "@" + ("x" * 48 + ".") * 5, None),
        ("a" * 9 + "@" + ".".join(["x" * 48] * 5), "a" * 9 + "@" + ".".join(["x" * 48] * 5)),
    ],
)
def test_address(text: str, address: "str | None") -> None:
    if address is None:
        refused(values.address, text)
    else:
        assert values.address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u1",
        "@",
        "@xyz.com",
        "u1@",
        "u1@@xyz.com",
        "u1 @xyz.com",
        "u1@xyz .com",
        " u1@xyz.com",
        "u1@xyz.com ",
        ".u1@xyz.com",
        "u1.@xyz.com",
        "u..1@xyz.com",
        "a,b@xyz.com",
        "a@b@xyz.com",
        "<u1@xyz.com>",
        "Ann <u1@xyz.com>",
        "u1(x)@xyz.com",
        "u1@xyz.com,u2@xyz.com",
        "u1\n@xyz.com",
        "u1\x00@xyz.com",
        "u1\u202e@xyz.com",
        "u1\u00a0@xyz.com",
        '""@xyz.com',
        '"@xyz.com',
        '"a@xyz.com',
        'a"@xyz.com',
        '"a"b@xyz.com',
        '"a"b"@xyz.com',
        '"a\\"@xyz.com',
        '"a\\ü"@xyz.com',
        '"a\nb"@xyz.com',
        '"a\tb"@xyz.com',
        "u1@192.0.2.1",
        "u1@[192.0.2.1",
        "u1@[192.0.2.256]",
        "u1@[2001:db8::1]",
        "u1@[IPv6:192.0.2.1]",
        "u1@[IPv6:fe80::1%eth0]",
        "u1@[]",
        "u1@[",
        "u1@-xyz.com",
        "a" * 65 + "@xyz.com",
        "ö" * 33 + "@xyz.com",
        "a" * 10 + "@" + ".".join(["x" * 48] * 5),
        '"' + "a " * 32 + '"@xyz.com',
    ],
)
def test_refused_address(text: str) -> None:
    refused(values.address, text)


def test_no_address() -> None:
    assert values.optional_address("") == ""
    assert values.optional_address("U1@xyz.com") == "u1@xyz.com"
    refused(values.optional_address, "u1")


# IP addresses, networks, filters


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.10", "192.0.2.10"),
        ("0.0.0.0", "0.0.0.0"),
        ("255.255.255.255", "255.255.255.255"),
        ("2001:db8::10", "2001:db8::10"),
        ("2001:0DB8:0000::0010", "2001:db8::10"),
        ("::", "::"),
        ("::1", "::1"),
        ("::FFFF:192.0.2.1", "::ffff:192.0.2.1"),
        ("::ffff:c000:201", "::ffff:192.0.2.1"),
    ],
)
def test_ip_address(text: str, address: str) -> None:
    assert values.ip_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "192.0.2",
        "192.0.2.1.1",
        "192.0.2.01",
        "192.0.2.256",
        "192.0.2.-1",
        "192.0.2.1 ",
        "192.0.2.1/32",
        "0xc0.0.2.1",
        "3221225985",
        "١٩٢.0.2.1",
        "[2001:db8::1]",
        "2001:db8::1/128",
        "fe80::1%eth0",
        "fe80::1%",
        "1::2::3",
        "12345::",
        ":",
        "-1",
    ],
)
def test_refused_ip_address(text: str) -> None:
    refused(values.ip_address, text)


@pytest.mark.parametrize(
    ("text", "kind", "address"),
    [
        ("Spammer@Example.org", "EMAIL", "spammer@example.org"),
        ("example.org", "DOMAIN", "example.org"),
        ("INVALID", "DOMAIN", "invalid"),
        ("bücher.example", "DOMAIN", "xn--bcher-kva.example"),
        ("192.0.2.1", "IP", "192.0.2.1"),
        ("192.0.2.0/24", "IP", "192.0.2.0/24"),
        ("192.0.2.1/32", "IP", "192.0.2.1"),
        ("0.0.0.0/0", "IP", "0.0.0.0/0"),
        ("2001:DB8::/32", "IP", "2001:db8::/32"),
        ("2001:db8::1/128", "IP", "2001:db8::1"),
        ("::ffff:192.0.2.0/120", "IP", "::ffff:192.0.2.0/120"),
    ],
)
def test_filter_address(text: str, kind: str, address: str) -> None:
    assert values.filter_address(text) == address
    assert values.filter_type_of(address) == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.0.2.1/24",
        "192.0.2.0/33",
        "192.0.2.0/-1",
        "192.0.2.0/",
        "192.0.2.0/+24",
        "192.0.2.0/255.255.255.0",
        "192.0.2.0/24/24",
        "192.0.2.0/２４",
        "2001:db8::/129",
        "2001:db8::1/32",
        "192.0.2",
        "12345",
        "@example.org",
        "*.example.org",
        "example.org/24",
        "http://example.org",
        ".",
    ],
)
def test_refused_filter_address(text: str) -> None:
    refused(values.filter_address, text)


def test_filter_type() -> None:
    for kind in values.FILTER_TYPES:
        assert {values.filter_type(spelling) for spelling in (kind, kind.lower(), kind.title())} == {kind}
    for text in ("", "SUBJECT", "EMAIL ", "Ｉp", "ıp"):
        refused(values.filter_type, text)


# Paths, limits, flags


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/var/mail/xyz.com", "/var/mail/xyz.com"),
        ("/var//mail/./xyz.com/", "/var/mail/xyz.com"),
        ("//var/mail", "/var/mail"),
        ("///var/mail", "/var/mail"),
        ("/a", "/a"),
        ("/a b/ü/..c/d..", "/a b/ü/..c/d.."),
        ("/" + "a" * 4095, "/" + "a" * 4095),
    ],
)
def test_absolute_path(text: str, path: str) -> None:
    assert values.absolute_path(text) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "//",
        "/.",
        "/./",
        "var/mail",
        "./var",
        "~/mail",
        "/var/../etc",
        "/..",
        "..",
        "/a/..",
        "/a\n",
        "/a\x00b",
        "/a\x7f",
        "/a\x85",
        "/a\u2028",
        "C:\\mail",
        "/" + "a" * 4096,
        "/" + "ü" * 2048,
    ],
)
def test_refused_path(text: str) -> None:
    refused(values.absolute_path, text)


@settings(max_examples=500, **UNHURRIED)
@given(st.lists(st.sampled_from(["", ".", "..", "a", "b c", "ü"])).map("/".join))
def test_path_stays_below_the_root(text: str) -> None:
    try:
        path = values.absolute_path("/" + text)
    except InvalidArgument:
        assert ".." in text.split("/") or not text.replace("/", "").replace(".", "")
    else:
        assert path == os.path.normpath("/" + text.strip("/"))
        assert path != "/"


@pytest.mark.parametrize(("text", "limit"), [("-1", -1), ("1", 1), ("10", 10), ("2147483647", 2**31 - 1)])
def test_mailbox_limit(text: str, limit: int) -> None:
    assert values.mailbox_limit(text) == limit


@pytest.mark.parametrize(
    "text",
    ["", "0", "-0", "-2", "+1", "01", " 1", "1 ", "1.0", "1e3", "0x1", "１", "²", "2147483648", "9" * 5000, "one"],
)
def test_refused_mailbox_limit(text: str) -> None:
    refused(values.mailbox_limit, text)


def test_flag() -> None:
    assert values.flag("1") is True
    assert values.flag("0") is False
    for text in ("", "2", "-1", "01", "1 ", "yes", "true", "True", "on", "１"):
        refused(values.flag, text)


# Texts


def test_name() -> None:
    for text in ("", "Ann", "-1", "--help", 'van "der" O\'Neil; \\', "Jörg", "日本", "e\u0301", "\u202eAnn", "x" * 255):
        assert values.name(text) == text
    for text in ("\n", "a\tb", "a\x00", "\x1b[31m", "\x7f", "\x9b", "\u2028", "\u2029", "x" * 256):
        refused(values.name, text)


def test_subject() -> None:
    for text in ("", "On\tholiday", "--help", "x" * 998, "ü" * 499):
        assert values.subject(text) == text
    for text in ("a\nb", "a\rb", "a\x0bb", "a\u2028b", "\x00", "x" * 999, "ü" * 500):
        refused(values.subject, text)


def test_message() -> None:
    for text in ("", "\n", "a\r\nb\x0c\x1b", "x" * (1 << 20), "-n"):
        assert values.message(text) == text
    for text in ("\x00", "x" * ((1 << 20) + 1), "ü" * (1 << 19) + "x"):
        refused(values.message, text)


def test_password() -> None:
    for text in ("s3cret", " ", "--help", "-1", "a\nb\t", "ü" * 512, "{PLAIN}x"):
        assert values.password(text) == text
        assert values.kept_password(text) == text
    assert values.kept_password("") == ""
    for text in ("", "x" * 1025, "ü" * 513, "mark3d\x00"):
        assert "mark3d" not in refused(values.password, text)


def test_secret_shows_asterisks() -> None:
    secret = values.password("mark3d")
    assert isinstance(secret, Secret)
    assert repr(secret) == f"{secret!r}" == "'******'"
    assert "mark3d" not in repr({"password": secret, "list": [secret]})
    assert secret == "mark3d"


def test_required_text() -> None:
    assert values.required_text("Acme 1.0") == "Acme 1.0"
    for text in ("", " ", "\t", "a\nb", "x" * 256):
        refused(values.required_text, text)


def test_extension() -> None:
    for text, extension in (("exe", "exe"), (".vbs", "vbs"), ("", ""), ("tar.gz", "tar.gz"), ("Py3", "Py3")):
        assert values.extension(text) == extension
    for text in ("e xe", "../x", "x/y", "ü", "*", "x;y"):
        refused(values.extension, text)


def test_compliance_flag() -> None:
    assert values.compliance_flag("1")
    assert not any(values.compliance_flag(text) for text in ("", "0", "2", "01", "true", "1 "))


def test_decode() -> None:
    """Whatever the locale made of an argument's octets, the text is what they are in UTF-8."""
    assert values.decode("--help") == "--help"
    for octets, text in ((b"j\xc3\xb6rg", "jörg"), ("日\U0001f4a9".encode(), "日\U0001f4a9")):
        assert values.decode(os.fsdecode(octets)) == text
    for octets in (b"\xff", b"j\xf6rg", b"\xed\xa0\x80", b"\xc0\xaf", b"\xe2\x82"):
        assert "not valid UTF-8" in refused(values.decode, os.fsdecode(octets))


def test_refused_value_is_cut_when_it_is_long() -> None:
    assert values.shown("x" * 60) == "'" + "x" * 60 + "'"
    assert values.shown("x" * 61) == "'" + "x" * 59 + "…'"
    assert values.shown("a\n\u202e") == "'a\\n\\u202e'"
