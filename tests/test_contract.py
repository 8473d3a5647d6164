"""`mailaddon.testing`'s pytest classes: the built-in backends pass them, and faulty ones are found out."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from harness import QUICK
from mailaddon.backends.embedded import EmbeddedBackend

from mailaddon import BackendUnusable, Context, Service, Unavailable, hookimpl, records, settings
from mailaddon._loading import LoadedBackend
from mailaddon.conformance import InProcess, all_cases
from mailaddon.testing import BackendContract, FakeBackend, ModelContract
from mailaddon.testing.comparing import Disagreement

#: What cannot be seen from inside a process; `mailaddon conformance` is tested with it.
UNSEEN = {
    "suspension/resuming-a-domain-resumes-no-user": "no command tells who is suspended",
    "suspension/suspending-is-kept": "no command tells who is suspended",
}


class TestEmbedded(BackendContract):
    """The default backend."""

    settings = QUICK
    left_out = UNSEEN

    @pytest.fixture
    def backend(self, context: Context) -> EmbeddedBackend:
        return EmbeddedBackend(context)


class TestEmbeddedWithoutCopies(ModelContract):
    """The default backend, where who forwards keeps nothing."""

    settings: ClassVar[dict[str, Any]] = {**QUICK, "forwards.keep_copy": False}

    @pytest.fixture
    def backend(self, context: Context) -> EmbeddedBackend:
        return EmbeddedBackend(context)


class TestFake(BackendContract):
    """The fake, in its file."""

    left_out: ClassVar[dict[str, str]] = {**UNSEEN, "leftovers/a-deleted-user-leaves-no-folder": "it keeps no mail"}

    @pytest.fixture
    def backend(self, context: Context) -> FakeBackend:
        return FakeBackend(context)


class TestFewHooks(ModelContract):
    """A backend that has domains, users and their aliases only."""

    @pytest.fixture
    def backend(self) -> "FewHooks":
        return FewHooks(FakeBackend())


class FewHooks:
    """Another backend's hooks, some of them."""

    contract = (1, 0)

    def __init__(self, other: FakeBackend) -> None:
        self._other = other

    @hookimpl
    def add_domain(self, request: records.NewDomain) -> None:
        self._other.add_domain(request)

    @hookimpl
    def delete_domain(self, request: records.DomainRef) -> None:
        self._other.delete_domain(request)

    @hookimpl
    def add_user(self, request: records.NewUser) -> None:
        self._other.add_user(request)

    @hookimpl
    def add_user_alias(self, request: records.UserAlias) -> None:
        self._other.add_user_alias(request)

    @hookimpl
    def get_user_alias_list(self, request: records.UserRef) -> list[str]:
        return list(self._other.get_user_alias_list(request))


# Faulty ones


def forgets_aliases(backend: FakeBackend, request: records.UserRef) -> None:
    """Aliases of a deleted user are still taken."""
    with backend.store.changing() as model:
        found, user = model.user(request.domain, request.user)
        if user.aliases and request.user != found.owner:
            found.users[found.owner].aliases |= user.aliases
            user.aliases = set()
    FakeBackend.delete_user(backend, request)


def resumes_users(backend: FakeBackend, request: records.DomainRef) -> None:
    """Users are resumed with their domain."""
    FakeBackend.resume_domain(backend, request)
    with backend.store.changing() as model:
        for user in model.domains[request.domain].users.values():
            user.suspended = False


def says_conflict(_backend: FakeBackend, request: records.UserAlias) -> None:
    """A refusal has another code."""
    raise BackendUnusable(f"no alias {request.alias}")


def crashes(_backend: FakeBackend, request: records.Forward) -> None:
    """An exception that the contract does not know."""
    raise KeyError(request.user)


MUTANTS: dict[str, tuple[Callable[..., Any], str]] = {
    "delete_user": (forgets_aliases, "EDeleteUser"),
    "resume_domain": (resumes_users, "EResumeDomain"),
    "delete_user_alias": (says_conflict, "is refused with backend-unusable"),
    "add_forward": (crashes, "raised KeyError"),
}


def contract_of(backend: object, folder: Path) -> Callable[[], None]:
    """The test of random commands, for a backend."""
    (folder / "home").mkdir()

    class Longer(ModelContract):
        runs = 300

    values = settings.load(str(folder / "home"))
    service = Service(str(folder / "home"), values, LoadedBackend("mutant", "mutant", backend))
    return lambda: Longer().test_random_commands_do_what_the_model_says(service, str(folder))


@pytest.mark.parametrize("hook", MUTANTS)
def test_a_faulty_backend_is_found_out_with_a_short_transcript(hook: str, tmp_path: Path) -> None:
    wrong, said = MUTANTS[hook]
    mutant = type("Mutant", (FakeBackend,), {hook: hookimpl(wrong)})()
    with pytest.raises(Disagreement) as found:
        contract_of(mutant, tmp_path)()
    assert said in str(found.value)
    assert len(found.value.calls) <= 8, found.value
    assert mutant.list_domains(records.Server()) == [], "nothing is left behind"


def test_other_codes_can_be_allowed(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()

    class Lenient(ModelContract):
        exact_codes = False
        runs = 300

    class Refusing(FakeBackend):
        delete_user_alias = hookimpl(says_conflict)

    service = Service(
        str(tmp_path), settings.load(str(tmp_path / "home")), LoadedBackend("mutant", "mutant", Refusing())
    )
    with pytest.raises(Disagreement) as found:
        Lenient().test_random_commands_do_what_the_model_says(service, str(tmp_path))
    assert "it should be: EDeleteUserAlias" in str(found.value)
    assert str(found.value).endswith("succeeds"), "a success that is refused is never allowed"


def test_what_cannot_make_domains_cannot_be_tried(tmp_path: Path) -> None:
    class Nothing:
        contract = (1, 0)

    with pytest.raises(pytest.skip.Exception, match="it has no hook add_domain"):
        contract_of(Nothing(), tmp_path)()


def test_a_hook_that_the_contract_does_not_know_is_found_out() -> None:
    class Misnamed:
        contract = (1, 0)

        @hookimpl
        def add_usr(self, request: records.NewUser) -> None: ...

    with pytest.raises(BackendUnusable, match="add_usr"):
        ModelContract().test_its_hooks_fit_the_contract(Misnamed())


def test_a_case_that_fails_is_shown_with_its_transcript(tmp_path: Path) -> None:
    class Forgetful(FakeBackend):
        @hookimpl
        def get_user_alias_list(self, request: records.UserRef) -> list[str]:  # noqa: ARG002
            raise Unavailable("the server does not answer")

    (tmp_path / "home").mkdir()
    values = settings.load(str(tmp_path / "home"))
    service = Service(str(tmp_path / "home"), values, LoadedBackend("forgetful", "forgetful", Forgetful()))
    cases = {case.name: case for case in all_cases()}
    target = InProcess(service, tmp_path)
    with pytest.raises(pytest.fail.Exception) as failed:
        BackendContract().test_case(cases["aliases/EGetUserAliasList/succeeds"], target)
    assert "\n# exit 0\n" in str(failed.value)
    assert "EGetUserAliasList: the server does not answer [unavailable]" in str(failed.value)
    few = Service(str(tmp_path / "home"), values, LoadedBackend("few", "few", FewHooks(FakeBackend())))
    with pytest.raises(pytest.skip.Exception, match="EAddForward: not supported by few"):
        BackendContract().test_case(cases["forwards/EAddForward/succeeds"], InProcess(few, tmp_path))


def test_the_fixture_has_to_be_written(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "from mailaddon.testing import BackendContract\n"
        "class TestMine(BackendContract):\n"
        "    left_out = {'basic': ''}\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "hooks_fit or basic",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    assert "NotImplementedError: TestMine needs a fixture backend that makes the backend" in done.stdout
    assert "1 error" in done.stdout, "no case of a group that is left out"
