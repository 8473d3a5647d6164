"""The contract as pytest classes: a backend's package inherits from one and has everything tested.

    from mailaddon.testing import BackendContract

    class TestAcme(BackendContract):
        @pytest.fixture
        def backend(self, context):
            return AcmeBackend(context)

They need `pip install mail-addon-sdk[testing]`.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

import hypothesis
import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from .. import settings as _settings
from .._contract import Context
from .._loading import LoadedBackend, check, check_contract
from ..conformance import FAILED, SKIPPED, Case, InProcess, all_cases, run_case
from ..service import Service
from .comparing import Comparison, Disagreement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Without these nothing can be tried and cleaned up.
_NEEDED = ("add_domain", "delete_domain")


class ModelContract:
    """Random commands: the backend does what the reference model does.

    The backend is given the domains xyz.com, foo.com, sub.xyz.com and bücher.example, which it must not have, and which
    are deleted at the end. Only hooks that it has are called.

    Attributes:
        name: what the backend is called in its context.
        options: what stands in `[backends.<name>]`.
        settings: settings of the SDK that differ from the defaults, by their dotted names.
        exact_codes: whether, of several reasons for a refusal, the backend has to give the first in the order of the
            contract; without it any refusal does.
        runs: how many runs of random commands.
        commands: how many commands each has.
    """

    name: ClassVar[str] = "backend"
    options: ClassVar[Mapping[str, Any]] = {}
    settings: ClassVar[Mapping[str, Any]] = {}
    exact_codes: ClassVar[bool] = True
    runs: ClassVar[int] = 10
    commands: ClassVar[int] = 100

    @pytest.fixture
    def context(self, tmp_path: Path) -> Context:
        """What the SDK tells the backend: a home of its own, the settings, the options."""
        home = tmp_path / "home"
        home.mkdir()
        values = {**_settings.load(str(home)).values, "events": False, **self.settings}
        return Context(name=self.name, home=str(home), settings=values, options=self.options)

    @pytest.fixture
    def backend(self, context: Context) -> object:
        """The backend; a class that inherits from this one makes it here."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture backend that makes the backend for {context}")

    @pytest.fixture
    def mail_folder(self, tmp_path: Path) -> str:
        """The MailBoxDirectory of the domains; to be replaced where it has to be a certain one."""
        folder = tmp_path / "mail"
        folder.mkdir()
        return str(folder)

    @pytest.fixture
    def service(self, backend: object, context: Context) -> Iterator[Service]:
        """What calls the backend as the commands do: arguments are validated, results are checked."""
        settings = _settings.Settings(context.settings, {self.name: self.options}, "the test class")
        with Service(context.home, settings, LoadedBackend(self.name, type(backend).__name__, backend)) as service:
            yield service

    def test_its_hooks_fit_the_contract(self, backend: object) -> None:
        """Its contract's version fits, and so do the names and the arguments of its hooks."""
        check_contract(self.name, backend)
        check(backend)

    def test_random_commands_do_what_the_model_says(self, service: Service, mail_folder: str) -> None:
        """Random commands; of a run that fails the shortest one is shown that fails too."""
        for hook in _NEEDED:
            if service.backend.lacking(hook):
                pytest.skip(f"it has no hook {hook}")
        keep_copy = service.settings["forwards.keep_copy"]
        compared = Comparison(service, mail_folder, keep_copy=keep_copy, exact_codes=self.exact_codes)
        compared.clear()
        options = hypothesis.settings(
            max_examples=self.runs,
            stateful_step_count=max(1, self.commands // _AT_ONCE),
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        try:
            run_state_machine_as_test(_machine(compared), settings=options)
        except Disagreement as failure:
            raise compared.shortest(failure) from None


class BackendContract(ModelContract):
    """Everything that a backend has to do: the conformance kit's cases, in this process, and what `ModelContract` has.

    A case about something that the backend has no hook for is skipped, with the reason; one of the mandatory group
    fails. What takes processes, such as being killed, is for `mailaddon conformance`.

    Attributes:
        seed: what random parts of the cases begin with.
        size: how many items a long list has; `mailaddon conformance` makes ten thousand.
        left_out: names of cases, or groups of them, that are not made tests of; name -> the reason.
    """

    seed: ClassVar[int] = 0
    size: ClassVar[int] = 300
    left_out: ClassVar[Mapping[str, str]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test of each case that is not left out."""
        if "case" in metafunc.fixturenames:
            cases = [case for case in all_cases() if not case.processes and not self.left_out.keys() & set(case[:2])]
            metafunc.parametrize("case", cases, ids=[case.name for case in cases])

    @pytest.fixture
    def target(self, service: Service, context: Context, mail_folder: str) -> InProcess:
        """What the cases drive."""
        made = InProcess(service, Path(mail_folder), [Path(context.home)])
        made.size = self.size
        return made

    def test_case(self, case: Case, target: InProcess) -> None:
        """One case of the kit; its name is `group/…`."""
        result = run_case(case, target, self.seed)
        if result.outcome == SKIPPED:
            pytest.skip(result.reason)
        if result.outcome == FAILED:
            transcript = "\n".join(line.text() for line in result.transcript)
            pytest.fail(f"{case.name}: {case.title}\n\n{transcript}\n\n{result.reason}", pytrace=False)


#: Commands in a row for which Hypothesis chooses nothing but where chance begins: else they would repeat too much.
_AT_ONCE = 20


def _machine(compared: Comparison) -> type[RuleBasedStateMachine]:
    """A state machine that drives a comparison; a class, as Hypothesis names it in what it prints."""

    class Beside(RuleBasedStateMachine):
        """The backend beside the model."""

        @initialize()
        def start(self) -> None:
            compared.start()

        @rule(seed=st.integers(0, 2**32))
        def any_commands(self, seed: int) -> None:
            random = Random(seed)  # noqa: S311 - nothing secret is made of it
            for _number in range(_AT_ONCE):
                compared.any_call(random)

        @rule(source=st.sampled_from(["u1", "u2", "u3", "admin"]), to=st.sampled_from(["u1", "u2", "u3", "a11"]))
        def a_forward_inside(self, source: str, to: str) -> None:
            if "EAddForward" in compared.supported:
                compared.run("EAddForward", ["xyz.com", source, f"{to}@xyz.com"])

        def teardown(self) -> None:
            try:
                compared.compare_everything()
            finally:
                compared.clear()

    return Beside
