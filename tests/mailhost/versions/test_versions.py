"""Versions of Postfix and Dovecot that the configuration was not written for are named."""

import pytest
from mailaddon.backends.postfix import versions


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("Postfix", versions.POSTFIX, "3.7.11"),
        ("Postfix", versions.POSTFIX, "3.10.1"),
        ("Dovecot", versions.DOVECOT, "2.3.19.1 (9b53102964)"),
    ],
)
def test_known_versions_are_no_problem(name: str, known: tuple[tuple[int, int], tuple[int, int]], said: str) -> None:
    assert versions.judged(name, known, said) == []


@pytest.mark.parametrize(
    ("name", "known", "said", "mend"),
    [
        ("Postfix", versions.POSTFIX, "3.5.25", "install Postfix 3.6 or newer, as Debian 12 has it"),
        ("Dovecot", versions.DOVECOT, "2.4.1 (7d8c0e5759)", "install Dovecot 2.3, as Debian 12 has it"),
        ("Dovecot", versions.DOVECOT, "dovecot does not work", "install Dovecot 2.3, as Debian 12 has it"),
    ],
)
def test_other_versions_are_named_with_what_would_do(
    name: str, known: tuple[tuple[int, int], tuple[int, int]], said: str, mend: str
) -> None:
    (problem,) = versions.judged(name, known, said)
    assert (problem.subject, problem.mend, problem.severe) == (name, mend, True)
    assert said in problem.problem
