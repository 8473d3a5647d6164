"""What does not come along, and why: nothing of the database is dropped without a line here."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple


class Finding(NamedTuple):
    """Something that is not here as it was there.

    Attributes:
        domain: whose; "" for the database's as a whole.
        table: PostfixAdmin's.
        row: the row's key.
        reason: why, and what became of it.
        lost: whether somebody has to do something about it; otherwise it is good to know.
    """

    domain: str
    table: str
    row: str
    reason: str
    lost: bool


class Report:
    """The findings of a run.

    Attributes:
        findings: in the order in which they were made.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._by_domain: defaultdict[str, list[Finding]] = defaultdict(list)
        self._counted: Counter[tuple[str, str]] = Counter()

    def left_out(self, domain: str, table: str, row: str, reason: str) -> None:
        """Something that worked there and does not work here."""
        self._add(Finding(domain, table, row, reason, lost=True))

    def note(self, domain: str, table: str, row: str, reason: str) -> None:
        """Something that is different here, or had no effect there."""
        self._add(Finding(domain, table, row, reason, lost=False))

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        self._by_domain[finding.domain].append(finding)

    def count(self, table: str, reason: str) -> None:
        """Something without an equivalent here, said once with how many rows have it."""
        self._counted[table, reason] += 1

    def of_domain(self, domain: str) -> list[Finding]:
        """The findings of one domain."""
        return self._by_domain[domain]

    def only(self, domains: Iterable[str]) -> None:
        """Forget the findings of other domains than these."""
        kept = {"", *domains}
        self.findings = [finding for finding in self.findings if finding.domain in kept]

    def finish(self) -> None:
        """Make findings of what was counted."""
        for (table, reason), number in self._counted.items():
            self.note("", table, f"{number} row{'' if number == 1 else 's'}", reason)
        self._counted.clear()

    @property
    def lost(self) -> int:
        """How many findings somebody has to do something about."""
        return sum(finding.lost for finding in self.findings)
