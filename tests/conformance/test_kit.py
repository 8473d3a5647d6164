"""What the kit expects of an answer, and what it makes of one that is not like that."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from harness import MEMORY, Home

from mailaddon.conformance import (
    CAPABILITIES,
    FAILED,
    GROUP_OF,
    GROUPS,
    MANDATORY,
    PASSED,
    SKIPPED,
    Answer,
    Broken,
    Case,
    InProcess,
    Kit,
    Lacking,
    Programs,
    Target,
    all_cases,
    run_case,
    run_cases,
)
from mailaddon.operations import COMMANDS

SEVERAL = 300


class Scripted(Target):
    """Answers every command in the same way."""

    def __init__(self, status: "int | None", stdout: bytes = b"", stderr: bytes = b"") -> None:
        super().__init__("scripted", Path("/nowhere/mail"))
        self.answered = (status, stdout, stderr)

    def run(self, command: str, *arguments: str, timeout: float = 1) -> Answer:
        """The answer."""
        del timeout
        return Answer(command, arguments, *self.answered)


def kit(status: "int | None", stdout: bytes = b"", stderr: bytes = b"") -> Kit:
    """A kit on a target that always answers so."""
    return Kit(Scripted(status, stdout, stderr), "a/case", 3)


LIST = ("EGetForwardList", "xyz.example", "u1")
ADD = ("EDeleteUser", "xyz.example", "u1")


@pytest.mark.parametrize(
    ("tried", "said"),
    [
        (lambda: kit(2).run(*ADD), "ended with 2"),
        (lambda: kit(-11).run(*ADD), "ended with -11"),
        (lambda: kit(None).run(*ADD), "did not end within"),
        (lambda: kit(1, b"", b"no").ok(*ADD), "was refused: no"),
        (lambda: kit(0, b"done\n").ok(*ADD), "prints nothing when it succeeds"),
        (lambda: kit(0).refused(*ADD, why="it is gone"), r"has to be refused \(it is gone\), and succeeded"),
        (lambda: kit(1, b"no\n", b"no\n").refused(*ADD), "standard output stays empty"),
        (lambda: kit(1).refused(*ADD), "without a word"),
        (lambda: kit(0, b"a@b.c").lines(*LIST), "may have been cut off"),
        (lambda: kit(0, b"a@b.c\n\n").lines(*LIST), "one item per line"),
        (lambda: kit(0, b" a@b.c\n").lines(*LIST), "not even space"),
        (lambda: kit(0, b"a@b.c\na@b.c\n").listed(["a@b.c"], *LIST), r"printed twice: a@b\.c"),
        (lambda: kit(0, b"a\nc\n").listed(["a", "b"], *LIST), "missing: b; not expected: c"),
        (lambda: kit(0, b"b\na\n").sorted(["a", "b"], *LIST), "in this order: b, a; sorted"),
        (lambda: kit(0).fail("so it is"), "so it is"),
    ],
)
def test_what_is_broken(tried: Callable[[], object], said: str) -> None:
    with pytest.raises(Broken, match=said):
        tried()


@pytest.mark.parametrize(
    "words",
    [b"EDeleteUser: not supported by Acme\n", b"whatever [not-supported]\n", b"not implemented by a 3.X add-on\n"],
)
def test_what_is_lacking(words: bytes) -> None:
    with pytest.raises(Lacking, match=words.decode().strip().replace("[", r"\[")):
        kit(1, b"", words).ok(*ADD)


def test_an_answer_is_read() -> None:
    assert Answer("x", (), 1, b"", b"x: no [not-found]\n").code == "not-found"
    assert Answer("x", (), 1, b"", b"x: no [whatever]\n").code == ""
    assert Answer("x", (), 1, b"only here\n").words == "only here"
    assert Answer("x", (), 0, b"a\r\nb\r\n").output == "a\nb\n"


def test_a_transcript_can_be_run_again() -> None:
    found = kit(1, b"", b"no\x1b[31m\n")
    found.note("# by hand")
    found.refused("ESetAutoResponder", "xyz.example", "u1", "it's", "two\nlines")
    lines = [line.text() for line in found.transcript]
    assert lines == [
        "# by hand",
        "ESetAutoResponder xyz.example u1 'it'\"'\"'s' 'two\nlines'\n# exit 1\n#   no\\x1b[31m",
    ]
    long = kit(None, b"x" * 5000)
    long.answer(*LIST)
    assert "did not end in time" in long.transcript[0].text()
    assert "(5000 characters)" in long.transcript[0].text()


def test_a_refusal_that_changes_something() -> None:
    target = Scripted(0, b"a@b.c\n")
    found = Kit(target)
    with pytest.raises(Broken, match="a refusal changes nothing"), found.unchanged("d.example", ["EGetForwardList"]):
        target.answered = (0, b"", b"")


def test_what_exists_has_to_be_told_by_something() -> None:
    assert kit(0).domain_exists("xyz.example")
    assert not kit(1, b"", b"no").user_exists("xyz.example", "u1")
    with pytest.raises(Lacking, match="nothing else tells"):
        kit(1, b"", b"[not-supported]").user_exists("xyz.example", "u1")


def test_a_defect_of_a_case_is_not_the_add_ons() -> None:
    def broken(_kit: Kit) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_case(Case("basic/x", MANDATORY, "", ("EAddUser",), broken), Scripted(0))


def test_what_a_group_lacks_is_skipped_and_what_is_mandatory_fails() -> None:
    target = Scripted(1, b"", b"not supported by anybody")
    for result in run_cases([case for case in all_cases() if not case.processes], target):
        wanted = FAILED if result.case.group == MANDATORY else SKIPPED
        assert result.outcome == wanted, result
        assert "supported by anybody" in result.reason or "nothing else tells" in result.reason


def test_what_claims_everything_and_does_nothing_fails() -> None:
    tried = [case for case in all_cases() if case.group in CAPABILITIES and case.aspect in {"rules", "refusals"}]
    outcomes = [run_case(case, Scripted(0)).outcome for case in tried]
    assert FAILED in outcomes
    assert outcomes.count(FAILED) / len(outcomes) > 0.9


def test_cases_are_many_and_well_named() -> None:
    cases = all_cases()
    assert len(cases) > SEVERAL
    assert len({case.name for case in cases}) == len(cases)
    for case in cases:
        assert case.name.startswith(f"{case.group}/")
        assert case.group in GROUPS
        assert case.title.endswith("."), case
        assert set(case.needs) <= set(GROUP_OF)


@pytest.mark.parametrize("operation", COMMANDS, ids=[one.command for one in COMMANDS])
def test_every_command_has_cases(operation: "object") -> None:
    command = operation.command  # type: ignore[attr-defined] # an operation
    assert [case for case in all_cases() if case.command == command]


@pytest.fixture
def embedded(tmp_path_factory: pytest.TempPathFactory) -> "Sequence[Path]":
    """A folder in memory."""
    del tmp_path_factory
    import tempfile

    return [Path(tempfile.mkdtemp(prefix="mailaddon-kit-", dir=MEMORY))]


def test_the_embedded_backend_in_this_process(embedded: "Sequence[Path]") -> None:
    import shutil

    home = Home(embedded[0])
    cases = [case for case in all_cases() if not case.processes]
    try:
        with home.service() as service:
            target = InProcess(service, home.mail, [home.path, home.mail])
            target.size = 200
            results = run_cases(cases, target, seed=1, jobs=2)
            again = run_cases(cases[:3], target, seed=2, repeat=2)
    finally:
        shutil.rmtree(embedded[0])
    assert [f"{one.case.name}: {one.reason}" for one in results if one.outcome == FAILED] == []
    skipped = {one.case.name for one in results if one.outcome == SKIPPED}
    assert skipped <= {"suspension/resuming-a-domain-resumes-no-user", "suspension/suspending-is-kept"}
    assert [one.seed for one in again] == [2, 2, 2, 3, 3, 3]
    assert {one.outcome for one in again} == {PASSED}


def test_cases_for_processes_say_so(embedded: "Sequence[Path]") -> None:
    home = Home(embedded[0])
    case = next(case for case in all_cases() if case.processes)
    with home.service() as service:
        result = run_case(case, InProcess(service, home.mail))
    assert result.outcome == SKIPPED
    assert "process of its own" in result.reason


def test_programs_that_hang_or_cannot_be_started(tmp_path: Path) -> None:
    class Script(Programs):
        def line(self, command: str) -> list[str]:
            del command
            return [str(tmp_path / "program")]

    target = Script("script", tmp_path)
    result = run_case(all_cases()[0], target)
    assert result.outcome == FAILED
    assert "cannot be started: No such file" in result.reason
    (tmp_path / "program").write_text("#!/bin/sh\necho begun\nsleep 60\n")
    (tmp_path / "program").chmod(0o755)
    answer = target.run("EGetCatchallUser", "xyz.example", timeout=0.5)
    assert (answer.status, answer.stdout) == (None, b"begun\n")
