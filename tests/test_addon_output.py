"""What an add-on's program prints, how much of it, and in which form; what the doctor says of programs; options."""

import pytest
from addon_shop import ADD_USER, BANNER, LIST, Shop

from mailaddon import (
    AddonFailed,
    BadResult,
    NotConfigured,
    Service,
    Unavailable,
    records,
)
from mailaddon.operations import COMMANDS

# Amounts


def test_megabytes_on_standard_error_block_nothing(shop: Shop) -> None:
    shop.program("EGetForwardList.sh", "seq 1 1000000 >&2; echo a@b.com")
    assert shop.call(*LIST) == ["a@b.com"]


def test_a_hundred_thousand_lines(shop: Shop) -> None:
    shop.program("EGetForwardList.sh", "seq -f 'u%06.0f@example.org' 1 100000")
    assert shop.call(*LIST) == [f"u{number:06}@example.org" for number in range(1, 100_001)]


def test_a_gigabyte(shop: Shop) -> None:
    shop.program("EGetForwardList.sh", 'yes "$(printf "a@b.com%200s" "")" | head -c 1000000000')
    sentence = shop.refused(BadResult, *LIST)
    assert sentence.startswith(
        f"EGetForwardList.sh printed more than {1 << 26} octets and was ended; it began: a@b.com"
    )


def test_a_gigabyte_of_noise(shop: Shop) -> None:
    shop.program("EAddUser.sh", "head -c 500000000 /dev/zero; head -c 500000000 /dev/zero >&2")
    assert shop.call(*ADD_USER) is None


def test_endless_standard_error_is_a_matter_of_time(shop: Shop) -> None:
    shop.options("timeout = 1")
    shop.program("EGetForwardList.sh", "exec yes >&2")
    shop.refused(Unavailable, *LIST)


# Text


@pytest.mark.parametrize(
    "output",
    [
        "a@b.com\nü@b.com\n".encode(),
        "\ufeffa@b.com\nü@b.com".encode(),
        b"a@b.com\n\xfc@b.com\n",
        "a@b.com\r\nü@b.com\r\n".encode(),
        "\ufeffa@b.com\r\nü@b.com\r\n".encode("utf-16-le"),
        "\ufeffa@b.com\nü@b.com\n".encode("utf-16-be"),
        "\n\n  a@b.com \n\n\tü@b.com\n\n".encode(),
        "a@b.com\nü@b.com\na@b.com\nA@B.com\n".encode(),
        f"{BANNER}a@b.com\r\nü@b.com".encode(),
    ],
    ids=["utf-8", "bom", "cp1252", "crlf", "utf-16-le", "utf-16-be", "blank lines", "repeated lines", "banner"],
)
def test_lists_as_programs_print_them(shop: Shop, output: bytes) -> None:
    assert shop.prints(output, *LIST) == ["a@b.com", "ü@b.com"]


def test_a_list_of_nothing(shop: Shop) -> None:
    for output in (b"", b"\n", b"\r\n \r\n", b"\xff\xfe", b"\xef\xbb\xbf", BANNER.encode()):
        assert shop.prints(output, *LIST) == []


def test_a_list_in_small_pieces(shop: Shop) -> None:
    octets = "\ufeffü@b.com\n".encode("utf-16-le")
    pieces = " ".join(f"'\\{octet:03o}'" for octet in octets)
    shop.program("EGetForwardList.sh", f"for one in {pieces}; do printf $one; sleep 0.01; done")
    assert shop.call(*LIST) == ["ü@b.com"]


def test_another_code_page(shop: Shop) -> None:
    shop.options('code_page = "cp437"')
    assert shop.prints(b"\x81@b.com\n", *LIST) == ["ü@b.com"]


def test_a_line_that_is_no_item_is_never_left_out(shop: Shop) -> None:
    sentence = shop.refused_printing(b"a@b.com\n2 addresses\n")
    assert sentence.startswith("line 2 of the list is none of its items: '2 addresses' ")
    sentence = shop.refused_printing(f"a@b.com\n{BANNER}".encode())
    assert sentence.startswith("line 2 of the list is none of its items: 'Microsoft ")
    sentence = shop.refused_printing(b"Acme Mail 7\na@b.com\n")
    assert sentence.startswith("line 1 of the list is none of its items: 'Acme Mail 7' ")
    shop.options('banner = ["Acme Mail"]')
    assert shop.prints(b"Acme Mail 7\na@b.com\n", *LIST) == ["a@b.com"]


def test_invalid_utf8_in_words(shop: Shop) -> None:
    shop.program("EAddUser.sh", r"printf 'das Postfach ist \374bervoll \201'; exit 1")
    assert shop.refused(AddonFailed, *ADD_USER) == "das Postfach ist übervoll \ufffd"


def test_long_words_in_utf16_and_utf8(shop: Shop) -> None:
    shop.folder.joinpath("output").write_bytes(("\ufeff" + "überlang " * 9000).encode("utf-16-le"))
    shop.program("EAddUser.sh", f"cat '{shop.folder}/output'; exit 1")
    sentence = shop.refused(AddonFailed, *ADD_USER)
    assert sentence.startswith("überlang überlang ")
    assert sentence.endswith(" überlang überlang")
    for pad in range(3):
        shop.folder.joinpath("output").write_bytes(("x" * pad + "über€" * 9000).encode())
        sentence = shop.refused(AddonFailed, *ADD_USER)
        assert sentence.startswith("x" * pad + "über€")
        assert sentence.endswith("über€über€")
        assert "\ufffd" not in sentence


def test_a_url(shop: Shop) -> None:
    call = ("EGetMailURL", "xyz.com")
    assert shop.prints(b"\r\nhttps://mail.xyz.com/\r\n", *call) == "https://mail.xyz.com/"
    assert shop.prints(f"{BANNER}https://mail.xyz.com/\r\n".encode(), *call) == "https://mail.xyz.com/"
    shop.program("EGetMailURL.sh", "")
    assert shop.refused(BadResult, *call) == "nothing is printed where one line is needed"
    shop.program("EGetMailURL.sh", "echo one; echo two")
    assert shop.refused(BadResult, *call) == "2 lines are printed where one is needed; the second: 'two'"


def test_an_autoresponder_is_kept_as_it_is(shop: Shop) -> None:
    call = ("EGetAutoResponder", "xyz.com", "u1")
    for message in ("", "one", "one\n", "\n", "one\r\n\r\n two \n\n", " ü"):
        found = shop.prints(f"On holiday\n{message}".encode(), *call)
        assert found == records.AutoResponder(subject="On holiday", message=message)
    found = shop.prints(b"On holiday\r\none\r\n", *call)
    assert found == records.AutoResponder(subject="On holiday", message="one\r\n")
    assert shop.prints(b"\nno subject", *call) == records.AutoResponder(subject="", message="no subject")
    assert shop.prints(b"On holiday", *call) == records.AutoResponder(subject="On holiday", message="")
    assert shop.prints(b"", *call) is None
    assert shop.prints(BANNER.encode(), *call) is None
    found = shop.prints(f"{BANNER}On holiday\r\none".encode(), *call)
    assert found == records.AutoResponder(subject="On holiday", message="one")


# What the doctor says


def problems(shop: Shop) -> dict[str, records.Problem]:
    """The problems that the backend finds, by what is concerned."""
    with Service.open(str(shop.home), "executable") as service:
        return {one.subject: one for one in service.backend.call("check", records.Server())}


def test_the_doctor_says_why_no_program_can_be_called(shop: Shop) -> None:
    shop.registered(interpreter="cscript")
    shop.program("EAddUser.sh", "exit 0")
    assert "cscript" in problems(shop)["add-on"].problem
    shop.options('addon = "Other/Mail/1"')
    assert "'Other/Mail/1'" in problems(shop)["add-on"].problem


def test_the_doctor_says_which_programs_cannot_be_called(shop: Shop) -> None:
    shop.program("EAddUser.sh", "exit 0")
    shop.program("EEditUser.sh", "exit 0", rights=0o644)
    found = problems(shop)
    assert len(found) == len(COMMANDS) - 1
    assert "EAddUser" not in found
    assert found["EEditUser"].severe
    assert "chmod +x" in found["EEditUser"].problem
    assert not found["EDeleteUser"].severe
    shop.registered(compliant_3x=True)
    assert "ESuspendUser" not in problems(shop)


# Options


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("time = 1", "'time' is not an option; known: addon, "),
        ("timeout = 0", "timeout is 0; at least 1 second is needed"),
        ("timeout = '1'", "timeout is '1'; a whole number is needed"),
        ("timeouts = { EAddUser = true }", "timeouts.EAddUser is True; a whole number is needed"),
        ("timeouts = { EAddNobody = 1 }", "'EAddNobody' is not a command; "),
        ("environment = { A = 1 }", "environment.A is 1; a text is needed"),
        ("environment = { 'A=B' = '1' }", "'A=B' cannot be a variable of an environment"),
        ("code_page = 'klingon'", "code_page is 'klingon', which Python has no codec for"),
        ("errors = [1]", "errors is 1; a text is needed"),
        ("banner = 'x'", "banner is 'x'; a list is needed"),
        ("patterns = { EGetForwardList = '(' }", "patterns.EGetForwardList is '(', no regular expression: "),
        ("patterns = { EGetForwardList = '.*' }", "patterns.EGetForwardList is '.*'; it needs a group (?P<item>…)"),
    ],
)
def test_options_that_do_not_fit(shop: Shop, toml: str, sentence: str) -> None:
    shop.options(toml)
    assert shop.refused(NotConfigured, *LIST).startswith(f"[backends.executable]: {sentence}")
