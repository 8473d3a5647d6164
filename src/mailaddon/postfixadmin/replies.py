"""PostfixAdmin's table `vacation`: automatic replies."""

import datetime as dt

from .. import values
from ..errors import InvalidArgument
from .report import Report
from .source import Row

#: What the program that replies puts into a reply there.
_PLACEHOLDERS = ("$SUBJECT", "<%From_Date>", "<%Until_Date>")
#: A reply without an end ends here there.
_NEVER = dt.datetime(2038, 1, 18)  # noqa: DTZ001 - as the database has it


def autoresponder(row: Row, domain: str, report: Report) -> dict[str, str] | None:
    """The automatic reply that is in force now; None if there is none, which is reported.

    Args:
        row: of the table.
        domain: the mailbox's.
        report: takes what cannot be mapped.
    """
    address = str(row["email"]).lower()
    begin, end = _moment(row.get("activefrom")), _moment(row.get("activeuntil"))
    now = dt.datetime.now()  # noqa: DTZ005 - the database's dates are the machine's time
    if end and end < now:
        report.note(domain, "vacation", address, f"the automatic reply ended on {end:%Y-%m-%d}")
        return None
    if begin and begin > now:
        report.left_out(domain, "vacation", address, f"the automatic reply begins on {begin:%Y-%m-%d}; set it then")
        return None
    try:
        subject, message = values.subject(str(row["subject"])), values.message(str(row["body"]))
        message.encode()
    except (InvalidArgument, UnicodeEncodeError) as error:
        report.left_out(domain, "vacation", address, f"the automatic reply cannot be used: {error}")
        return None
    if end and end < _NEVER:
        reason = f"the automatic reply ends on {end:%Y-%m-%d}; delete it then, as it has no end here"
        report.left_out(domain, "vacation", address, reason)
    for placeholder in _PLACEHOLDERS:
        if placeholder in subject + message:
            report.left_out(domain, "vacation", address, f"{placeholder} in the automatic reply is sent as it stands")
    if int(row.get("interval_time") or 0):
        report.count("vacation", "an interval between replies; one setting is for all here")
    return {"subject": subject, "message": message}


def _moment(value: object) -> dt.datetime | None:
    """A column's date and time, in the machine's own time; None if there is none."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, dt.datetime):
        return value.astimezone().replace(tzinfo=None) if value.tzinfo else value
    return None
