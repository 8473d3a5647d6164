"""Seeded faults are found: each mutant fails the case that is named for it, which the sample itself passes."""

from collections.abc import Iterator

import pytest
from conformance.mutants import MUTANTS, Mutant, target

from mailaddon.conformance import FAILED, PASSED, AddonPrograms, all_cases, run_case

CASES = {case.name: case for case in all_cases()}


@pytest.fixture(scope="module")
def sample() -> Iterator[AddonPrograms]:
    """The shell sample as it is."""
    with target() as found:
        yield found


def test_there_are_many() -> None:
    assert len({mutant.fault for mutant in MUTANTS}) >= 40


@pytest.mark.parametrize("name", sorted({mutant.case for mutant in MUTANTS}))
def test_the_sample_passes(name: str, sample: AddonPrograms) -> None:
    result = run_case(CASES[name], sample)
    assert result.outcome == PASSED, result.reason


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.fault.replace(" ", "-") for mutant in MUTANTS])
def test_a_mutant_is_caught(mutant: Mutant) -> None:
    with target(mutant=mutant) as broken:
        result = run_case(CASES[mutant.case], broken)
    assert result.outcome == FAILED, result
