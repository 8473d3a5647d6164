"""The Sieve script that sends a user's automatic reply (RFC 5230)."""

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def vacation(subject: str, message: str, address: str, addresses: "Sequence[str]", days: int) -> str:
    """The script.

    The text goes as a MIME part in quoted-printable, so it arrives as it was set whatever is in it, long lines and
    lines of dots included, and nothing in it can end the script's string.

    Args:
        subject: one line.
        message: any text.
        address: who replies.
        addresses: every address of the user: only mail to one of them is answered, so mail to a list is not.
        days: how long the same sender gets no second reply.
    """
    lines = message.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    body = binascii.b2a_qp(lines.removesuffix(b"\n"), istext=True).decode("ascii")  # Dovecot ends the last line itself
    mime = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n{body}"
    listed = ", ".join(quoted(each) for each in addresses)
    script = (
        'require ["vacation"];\n'
        f"vacation :days {days} :from {quoted(address)} :subject {quoted(subject)}\n"
        f"    :addresses [{listed}]\n"
        f"    :mime {quoted(mime)};\n"
    )
    return script.replace("\n", "\r\n")


def quoted(text: str) -> str:
    """A Sieve string; only the quote and the backslash mean anything in one."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
