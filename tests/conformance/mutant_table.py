"""Runs the conformance kit on every mutant, and writes which cases catch it into docs/conformance.md.

python tests/conformance/mutant_table.py [--group]: with --group only the group of the case that must catch the mutant,
which takes a twentieth of the time; the table says which it was.
"""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from conformance.mutants import MUTANTS, Mutant, target  # noqa: E402 - the folder has to be on the path

from mailaddon.conformance import FAILED, Case, all_cases, run_cases  # noqa: E402 - as above

PAGE = TESTS.parent / "docs" / "conformance.md"
BEGIN, END = "<!-- begin of the table of mutants -->\n", "<!-- end of the table of mutants -->\n"
SIZE = 100


def main() -> int:
    """Print the table and write it; 1 if a mutant is not caught by its case."""
    by_group = sys.argv[1:] == ["--group"]
    rows = [row(mutant, by_group=by_group) for mutant in MUTANTS]
    heading = "Cases of its group that fail" if by_group else "Cases that fail"
    table = f"| What it does wrong | The case that must catch it | {heading} |\n| --- | --- | --- |\n" + "".join(rows)
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    escaped = sum("**not caught**" in one for one in rows)
    print(f"{len(rows) - escaped} of {len(rows)} mutants are caught by the case that is named for them")
    return int(escaped > 0)


def row(mutant: Mutant, *, by_group: bool) -> str:
    """A line of the table."""
    with target(mutant=mutant) as broken:
        broken.size = SIZE
        failed = [
            one.case.name for one in run_cases(chosen(mutant, by_group=by_group), broken) if one.outcome == FAILED
        ]
    caught = "" if mutant.case in failed else "**not caught** "
    line = f"| {mutant.fault} | {caught}`{mutant.case}` | {len(failed)} |\n"
    print(line, end="", flush=True)
    return line


def chosen(mutant: Mutant, *, by_group: bool) -> list[Case]:
    """The cases to run."""
    group = mutant.case.partition("/")[0]
    return [case for case in all_cases() if case.group == group or not by_group]


if __name__ == "__main__":
    sys.exit(main())
