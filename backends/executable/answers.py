"""What a program wrote, read: text out of octets, items out of lines, an error out of words.

Text is UTF-8, or UTF-16 if it begins with a byte order mark, or else it is read in the code page that the option names;
a byte order mark is no part of it. Lines end with LF or CRLF.

- A list: each line is one item. Space around it, blank lines and repeated lines do not count. A line that is no item is
  the add-on's fault; nothing is left out in silence.
- A text: the only line that is not blank.
- An autoresponder: the first line is the subject, and all that follows is the message, as it was written.

Lines of a banner, as the option describes them, are left out before the first line that is none.
"""

import codecs

from mailaddon import ERRORS, AddonFailed, BadResult, InvalidArgument, VendorError, records
from mailaddon.values import Secret, masked, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mailaddon import MailAddonError
    from mailaddon.operations.model import Operation

    from .running import Ended, Kept

#: How many octets a program may print as its result.
MOST_OCTETS = {"lines": 1 << 26, "text": 1 << 16, "autoresponder": 1 << 22}
#: How many characters of a program's own words an error repeats: half of them from the beginning, half from the end.
MOST_WORDS = 1000
_BLANK = " \t\r\f\v\ufeff"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: The octets that continue a character in UTF-8.
_CONTINUING = bytes(range(0x80, 0xC0))


def text_of(octets: bytes, code_page: str) -> str:
    """What the octets say."""
    if octets.startswith(_UTF16):
        return octets.decode("utf-16", "replace")
    try:
        return octets.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError:
        return octets.decode(code_page, "replace")


class Lines:
    """The lines of a list, read while the program still prints them, so that they are kept once.

    Args:
        read: a line to its item, or None for a line that is to be left out; raises `InvalidArgument`.
        code_page: for lines that are not UTF-8.
        is_banner: whether a line before the first item is no part of the list.
    """

    def __init__(self, read: "Callable[[str], str | None]", code_page: str, is_banner: "Callable[[str], bool]") -> None:
        self._read = read
        self._code_page = code_page
        self._is_banner = is_banner
        self._decoder: codecs.IncrementalDecoder | None = None
        self._begun = False
        self._rest = b""
        self._items: dict[str, None] = {}
        self._count = 0
        self._fault: BadResult | None = None

    def feed(self, piece: bytes) -> None:
        """Take the next octets."""
        if not self._begun:
            piece, self._rest = self._rest + piece, b""
            if len(piece) < len(_UTF16[0]):
                self._rest = piece
                return
            self._begun = True
            if piece.startswith(_UTF16):
                self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        if self._decoder is not None:
            piece = self._decoder.decode(piece).encode("utf-8", "replace")
        *complete, self._rest = (self._rest + piece).split(b"\n")
        for line in complete:
            self._take(line)

    def end(self) -> "Iterable[str]":
        """The items, when everything has been read.

        Raises:
            BadResult: a line is no item.
        """
        if self._decoder is not None:
            self._rest += self._decoder.decode(b"", final=True).encode("utf-8", "replace")
        for line in self._rest.split(b"\n"):
            self._take(line)
        if self._fault is not None:
            raise self._fault
        return self._items

    def _take(self, octets: bytes) -> None:
        self._count += 1
        if self._fault is not None:
            return
        line = text_of(octets, self._code_page).strip(_BLANK)
        if not line or (not self._items and self._is_banner(line)):
            return
        try:
            item = self._read(line)
        except InvalidArgument as error:
            self._fault = BadResult(f"line {self._count} of the list is none of its items: {error}")
            return
        if item is not None:
            self._items[item] = None


class Whole:
    """A result that is read as a whole.

    Args:
        read: the text to the result.
        code_page: for text that is not UTF-8.
        is_banner: whether a line before the result is no part of it.
    """

    def __init__(
        self,
        read: "Callable[[str, Callable[[str], bool]], object]",
        code_page: str,
        is_banner: "Callable[[str], bool]",
    ) -> None:
        self._read = read
        self._code_page = code_page
        self._is_banner = is_banner
        self._octets = bytearray()

    def feed(self, piece: bytes) -> None:
        """Take the next octets."""
        self._octets += piece

    def end(self) -> object:
        """The result, when everything has been read.

        Raises:
            BadResult: it is none.
        """
        return self._read(text_of(bytes(self._octets), self._code_page), self._is_banner)


def items(operation: "Operation") -> "Callable[[str], str]":
    """How a line of an operation's list is read: as a parameter of this kind is, so that names are canonical."""
    assert operation.item is not None, operation.command
    return operation.item.parse


def one_line(text: str, is_banner: "Callable[[str], bool]") -> str:
    """The only line of a text.

    Raises:
        BadResult: there is none, or there are several.
    """
    found = [line for line in [line.strip(_BLANK) for line in text.split("\n")] if line]
    while found and is_banner(found[0]):
        del found[0]
    if not found:
        raise BadResult("nothing is printed where one line is needed")
    if len(found) > 1:
        raise BadResult(f"{len(found)} lines are printed where one is needed; the second: {shown(found[1])}")
    return found[0]


def autoresponder(text: str, is_banner: "Callable[[str], bool]") -> "records.AutoResponder | None":
    """The subject and the message; None if nothing is printed."""
    skipped = False
    while text:
        line, _, rest = text.partition("\n")
        if not is_banner(line) and (line.strip(_BLANK) or not skipped):
            return records.AutoResponder(subject=line.removesuffix("\r"), message=rest)
        text, skipped = rest, True
    return None


def words_of(ended: "Ended", secrets: "Sequence[object]", code_page: str) -> str:
    """What a program said: on standard output, else on standard error; masked, and cut where it is long."""
    return _words(ended.output, secrets, code_page) or _words(ended.errors, secrets, code_page)


def _words(stream: "Kept", secrets: "Sequence[object]", code_page: str) -> str:
    head, tail = stream.parts
    if not tail:
        words = _plain(masked(text_of(head, code_page), secrets))
        return words if len(words) <= MOST_WORDS else _cut(words, words)
    beginning, end = _without_torn(*_both(head, tail, code_page), secrets)
    return _cut(_plain(masked(beginning, secrets)), _plain(masked(end, secrets)))


def _both(head: bytes, tail: bytes, code_page: str) -> tuple[str, str]:
    """The text of the beginning and of the end; where the middle is missing, characters may have been torn apart."""
    if head.startswith(_UTF16):
        return text_of(head, code_page), text_of(head[: len(_UTF16[0])] + tail, code_page)
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head.removeprefix(codecs.BOM_UTF8)), tail.lstrip(
            _CONTINUING
        ).decode()
    except UnicodeDecodeError:
        return head.decode(code_page, "replace"), tail.decode(code_page, "replace")


def _without_torn(beginning: str, end: str, secrets: "Sequence[object]") -> tuple[str, str]:
    """Both texts without the parts of a password that are left where the middle is missing."""
    for secret in secrets:
        if isinstance(secret, Secret):
            for form in (str(secret), repr(str(secret))[1:-1]):
                parts = range(len(form) - 1, 0, -1)
                cut = next((count for count in parts if beginning.endswith(form[:count])), 0)
                beginning = beginning[: len(beginning) - cut]
                end = end[next((count for count in parts if end.startswith(form[-count:])), 0) :]
    return beginning, end


def _plain(text: str) -> str:
    """On one line, without what a terminal would obey."""
    return " ".join("".join([letter if letter.isprintable() else " " for letter in text]).split())


def _cut(beginning: str, end: str) -> str:
    return f"{beginning[: MOST_WORDS // 2]} … {end[-MOST_WORDS // 2 :]}"


def complaint(
    operation: "Operation",
    streams: "Iterable[Kept]",
    secrets: "Sequence[object]",
    code_page: str,
    is_error: "Callable[[str], bool]",
) -> str:
    """The first line of what a program said that is an error, although it ended with 0; "" if there is none."""
    for stream in streams:
        head, tail = stream.parts
        lines = text_of(head, code_page).splitlines()
        if tail:  # the lines on both sides of the gap are torn
            beginning, end = (text.splitlines() for text in _both(head, tail, code_page))
            lines = [*beginning[:-1], *end[1:]]
        for line in lines:
            words = _plain(masked(line, secrets))
            if is_error(words) or refusal(operation, words):
                return words if len(words) <= MOST_WORDS else _cut(words, words)
    return ""


def refusal(operation: "Operation", words: str) -> "MailAddonError | None":
    """The error that words like these say: `EAddUser: user u1@xyz.com already exists [already-exists]`."""
    sentence, bracket, code = words.rpartition(" [")
    if not bracket or not code.endswith("]"):
        return None
    code = code[:-1]
    program, colon, rest = sentence.partition(": ")
    if colon and program.lower() in {name.lower() for name in operation.names}:
        sentence = rest
    parameter, colon, rest = sentence.partition(": ")
    if colon and parameter in {one.name for one in (*operation.parameters, *operation.longer)}:
        sentence = rest
    else:
        parameter = ""
    if code in ERRORS:
        return ERRORS[code](sentence, parameter=parameter)
    if " " in code:
        return None
    try:
        return VendorError(code, sentence, parameter=parameter)
    except ValueError:
        return None


def failed(operation: "Operation", program: str, status: int, words: str) -> "MailAddonError":
    """The error of a program that has ended with anything but 0."""
    known = refusal(operation, words)
    if known is not None:
        return known
    if status < 0:
        how = f"{program} was ended by signal {-status}"
        error = AddonFailed(f"{how}: {words}" if words else how)
    else:
        error = AddonFailed(words or f"{program} failed with exit status {status} and said nothing")
    error.program_status = status
    return error
