"""Which tests' programs are measured by coverage: of a function with many parameters, the first few.

A measured process takes about three times as long, and the two hundredth hostile argument reaches no line that the
first did not. What runs within the test's own process is always measured.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

#: What a process has to inherit to be measured.
_VARIABLE = "COVERAGE_PROCESS_CONFIG"
#: So many calls of a parametrised test are measured.
_FEW = 6
_UNMEASURED = pytest.StashKey[bool]()


def choose(items: Sequence[pytest.Item]) -> None:
    """Mark what is not measured, by the order in which tests were collected, which every worker agrees on."""
    seen: Counter[str] = Counter()
    for item in items:
        function = item.nodeid.partition("[")[0]
        seen[function] += 1
        item.stash[_UNMEASURED] = seen[function] > _FEW


@contextmanager
def measuring(item: pytest.Item) -> Iterator[None]:
    """Let the programs that a test starts be measured, or not."""
    value = os.environ.get(_VARIABLE)
    if value is None or not item.stash.get(_UNMEASURED, False):
        yield
        return
    del os.environ[_VARIABLE]
    try:
        yield
    finally:
        os.environ[_VARIABLE] = value
