"""`mailaddon doctor`: what of this installation is broken, and the mend.

JSON: `{"version": 1, "ok": …, "findings": [{"subject", "found", "ok", "severe", "mend", "code"}, …]}`. `ok` at the
top is false if any finding is severe; the exit status is then 1. A finding that is not ok has a mend. What the
backend's own check has found has a code, see `mailaddon.readiness.REASONS`; the code of every other finding is "".
"""

import click

from ._diagnosis import examine
from ._finding import Finding
from ._output import json_option, paint, plain, write, write_json


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Find what is broken in this installation, and say how to mend it. Changes no data."""
    findings = list(examine())
    healthy = not any(finding.severe for finding in findings)
    if as_json:
        write_json({"ok": healthy, "findings": plain(findings)})
    else:
        write("".join(map(_text, findings)))
    click.get_current_context().exit(0 if healthy else 1)


def _text(finding: Finding) -> str:
    if finding.ok:
        return f"{paint('ok', 'green')}       {finding.subject}: {finding.found}\n"
    mark = paint("PROBLEM", "red") if finding.severe else paint("warning", "yellow")
    code = f" [{finding.code}]" if finding.code else ""
    return f"{mark}  {finding.subject}: {finding.found}{code}\n         mend: {finding.mend}\n"
