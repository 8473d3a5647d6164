"""What a run has shown, summed up, and as JSON, JUnit XML, Markdown and HTML."""

import html
import json
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET

from ..operations import COMMANDS
from .case import CIRCUMSTANCES, GROUPS, MANDATORY, VERSION
from .running import FAILED, PASSED, SKIPPED, Result
from .targets import Target

#: The columns of the table.
ASPECTS = ("success", "refusals", "arguments", "repetition", "rules", *CIRCUMSTANCES)


class Cell(NamedTuple):
    """How many cases of one command and one aspect ended how."""

    passed: int
    failed: int
    skipped: int

    @property
    def outcome(self) -> str:
        """`failed` if one has, else `passed` if one has, else `skipped`; "" if there is no case."""
        return FAILED if self.failed else PASSED if self.passed else SKIPPED if self.skipped else ""

    @property
    def text(self) -> str:
        """For a table: how many passed, of how many if not all did."""
        tried = self.passed + self.failed
        return {FAILED: f"{self.passed}/{tried}", PASSED: str(self.passed), SKIPPED: "-"}.get(self.outcome, "")


class Report(NamedTuple):
    """A run.

    Attributes:
        target: what was driven.
        results: in the order of the cases.
        seed: of the first round.
        seconds: how long all took.
    """

    target: Target
    results: Sequence[Result]
    seed: int
    seconds: float

    def count(self, outcome: str, group: str = "") -> int:
        """How many cases ended so."""
        return sum(one.outcome == outcome and group in {"", one.case.group} for one in self.results)

    @property
    def failures(self) -> list[Result]:
        """Those that failed."""
        return [one for one in self.results if one.outcome == FAILED]

    @property
    def passed(self) -> bool:
        """Whether nothing failed, and something was tried."""
        return not self.failures and self.count(PASSED) > 0

    @property
    def verdict(self) -> str:
        """One line for all."""
        counts = ", ".join(f"{self.count(outcome)} {outcome}" for outcome in (PASSED, FAILED, SKIPPED))
        tried = self.count(PASSED, MANDATORY) + self.count(FAILED, MANDATORY)
        basic = "was not tried" if not tried else "failed" if self.count(FAILED, MANDATORY) else "passed"
        return f"{counts}; the mandatory group {basic}; {self.seconds:.0f} s"

    @property
    def title(self) -> str:
        """What ran on what."""
        return f"Conformance kit {VERSION} on {self.target.name}, seed {self.seed}"

    def table(self) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
        """The aspects that were tried, and for each command its cells."""
        found: dict[tuple[str, str], list[int]] = {}
        for one in self.results:
            counts = found.setdefault((one.case.command, one.case.aspect), [0, 0, 0])
            counts[(PASSED, FAILED, SKIPPED).index(one.outcome)] += 1
        aspects = [aspect for aspect in ASPECTS if any(key[1] == aspect for key in found)]
        commands = [op.command for op in COMMANDS if any(key[0] == op.command for key in found)]
        return aspects, [(name, [Cell(*found.get((name, one), (0, 0, 0))) for one in aspects]) for name in commands]

    def skipped(self) -> dict[str, list[str]]:
        """Group and reason -> the names of the cases that were skipped for it."""
        found: dict[str, list[str]] = {}
        for one in self.results:
            if one.outcome == SKIPPED:
                found.setdefault(f"{one.case.group}: {one.reason}", []).append(one.case.name)
        return found

    def transcript(self, result: Result) -> str:
        """What a case did, for a shell."""
        title = f"# {result.case.name}: {result.case.title}"
        return "\n".join([title, *self.target.prelude, *(line.text() for line in result.transcript)])


def as_json(report: Report) -> str:
    """`{"version": 1, "kit", "target", "seed", "seconds", "passed", "counts", "groups", "cases": […]}`."""
    groups = {
        group: {outcome: report.count(outcome, group) for outcome in (PASSED, FAILED, SKIPPED)}
        for group in GROUPS
        if any(one.case.group == group for one in report.results)
    }
    cases = [
        {
            "name": one.case.name,
            "group": one.case.group,
            "title": one.case.title,
            "since": one.case.since,
            "command": one.case.command,
            "outcome": one.outcome,
            "reason": one.reason,
            "seconds": round(one.seconds, 3),
            "seed": one.seed,
            "transcript": report.transcript(one) if one.outcome == FAILED else "",
        }
        for one in report.results
    ]
    content = {
        "version": 1,
        "kit": VERSION,
        "target": report.target.name,
        "seed": report.seed,
        "seconds": round(report.seconds, 1),
        "passed": report.passed,
        "counts": {outcome: report.count(outcome) for outcome in (PASSED, FAILED, SKIPPED)},
        "groups": groups,
        "cases": cases,
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def as_junit(report: Report) -> str:
    """JUnit XML: a suite per group."""
    root = ET.Element("testsuites", name=report.title, time=f"{report.seconds:.1f}")
    for group in GROUPS:
        results = [one for one in report.results if one.case.group == group]
        if not results:
            continue
        suite = ET.SubElement(
            root,
            "testsuite",
            name=group,
            tests=str(len(results)),
            failures=str(report.count(FAILED, group)),
            skipped=str(report.count(SKIPPED, group)),
            errors="0",
        )
        for one in results:
            element = ET.SubElement(
                suite, "testcase", classname=group, name=f"{one.case.name} [seed {one.seed}]", time=f"{one.seconds:.3f}"
            )
            if one.outcome == FAILED:
                failure = ET.SubElement(element, "failure", message=_xml(one.reason))
                failure.text = _xml(report.transcript(one))
            elif one.outcome == SKIPPED:
                ET.SubElement(element, "skipped", message=_xml(one.reason))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(letter if letter in "\n\t" or letter.isprintable() else "\ufffd" for letter in text)


def as_markdown(report: Report) -> str:
    """For a page of documentation or a comment."""
    aspects, rows = report.table()
    marks = {FAILED: "❌ ", PASSED: "✅ ", SKIPPED: "", "": ""}
    lines = [f"# {report.title}", "", f"{report.verdict}.", "", f"| Command | {' | '.join(aspects)} |"]
    lines.append("|" + " --- |" * (len(aspects) + 1))
    lines += [f"| {name} | {' | '.join(marks[cell.outcome] + cell.text for cell in cells)} |" for name, cells in rows]
    if report.skipped():
        lines += ["", "## Skipped", ""]
        lines += [f"- {len(names)} of {reason}" for reason, names in report.skipped().items()]
    for one in report.failures:
        lines += [
            "",
            f"## {one.case.name}",
            "",
            f"{one.case.title} {one.reason}",
            "",
            "```sh",
            report.transcript(one),
            "```",
        ]
    return "\n".join(lines) + "\n"


_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem; border: 1px solid #ddd; text-align: center; }
th:first-child, td:first-child { text-align: left; }
.passed { background: #d9f2dd; } .failed { background: #f8cfcf; font-weight: bold; }
.skipped { color: #888; background: #f2f2f2; }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; } summary { cursor: pointer; }
@media (prefers-color-scheme: dark) {
  body { background: #181818; color: #ddd; } th, td { border-color: #444; } pre { background: #242424; }
  .passed { background: #1c4526; } .failed { background: #6b2222; } .skipped { background: #262626; }
}
"""


def as_html(report: Report) -> str:
    """One page that needs nothing else."""
    aspects, rows = report.table()
    escape = html.escape
    heads = "".join(f"<th>{escape(name)}</th>" for name in ("Command", *aspects))
    body = "".join(
        f"<tr><td>{escape(name)}</td>"
        + "".join(f'<td class="{cell.outcome}">{escape(cell.text)}</td>' for cell in cells)
        + "</tr>\n"
        for name, cells in rows
    )
    failures = "".join(
        f"<details{' open' if number == 0 else ''}>"
        f"<summary><b>{escape(one.case.name)}</b>: {escape(one.reason)}</summary>"
        f"<p>{escape(one.case.title)}</p><pre>{escape(report.transcript(one))}</pre></details>\n"
        for number, one in enumerate(report.failures)
    )
    skipped = "".join(f"<li>{len(names)} of {escape(reason)}</li>\n" for reason, names in report.skipped().items())
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(report.title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n<h1>{escape(report.title)}</h1>\n<p>{escape(report.verdict)}.</p>\n"
        f"<table><tr>{heads}</tr>\n{body}</table>\n"
        + (f"<h2>Failed</h2>\n{failures}" if failures else "")
        + (f"<h2>Skipped</h2>\n<ul>{skipped}</ul>\n" if skipped else "")
        + "</body></html>\n"
    )
