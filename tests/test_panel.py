"""`mailaddon.Panel`: every operation as a typed method, on real programs, from many threads."""

import inspect
import os
import subprocess
import sys
import sysconfig
import threading
import typing
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import recorder
from addon_sets import sample
from addon_shop import PASSWORD, Shop
from patience import HANGS

import mailaddon
from mailaddon import (
    AddonFailed,
    AlreadyExists,
    Context,
    InternalError,
    InvalidArgument,
    MailAddonError,
    NotConfigured,
    NotFound,
    NotSupported,
    Panel,
    UsageError,
    hookimpl,
    records,
)
from mailaddon.operations import OPERATIONS, Operation
from mailaddon.registrations import Registration, register

SAMPLES = {"perl": ("addon.pl", "perl", "-w"), "shell": ("addon.sh", "sh", "-u")}
AT_ONCE = 16
CHEAP = '[password]\nscheme = "ARGON2ID"\nargon2id_time = 1\nargon2id_memory = 8\n'
USER = {"domain": "xyz.com", "user": "u1"}


@pytest.fixture
def recording(home: Path) -> Iterator[Panel]:
    """A panel whose backend keeps what it gets."""
    recorder.REQUESTS.clear()
    with Panel("recorder:Recorder", str(home)) as panel:
        yield panel


@pytest.fixture(params=SAMPLES)
def sampled(request: pytest.FixtureRequest, home: Path, tmp_path: Path) -> Iterator[Panel]:
    """A panel in front of a sample add-on in another language."""
    program, interpreter, parameters = SAMPLES[request.param]
    state = tmp_path / "state"
    state.mkdir()
    sample(home, state, program=program, interpreter=interpreter, parameters=parameters)
    (home / "mailaddon.toml").write_text(f"[backends.executable.environment]\nADDON_STATE = '{state}'\n")
    with Panel() as panel:
        yield panel


def add_domain(panel: Panel, folder: Path, name: str = "xyz.com") -> None:
    panel.add_domain(
        domain=name,
        ip_address="192.0.2.10",
        mailbox_directory=str(folder / "mail"),
        max_mailboxes=-1,
        owner="admin",
        owner_password=PASSWORD,
    )


# One method per operation


def by_example(operation: Operation) -> tuple[list[str], dict[str, Any]]:
    """The arguments of the documentation's example, as a command line and as values."""
    parameters = operation.longer or operation.parameters
    texts = [parameter.kind.example for parameter in parameters]
    return texts, {one.field: one.kind.parse(text) for one, text in zip(parameters, texts, strict=True)}


@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.command for one in OPERATIONS])
def test_a_method_says_what_the_command_line_says(operation: Operation, recording: Panel) -> None:
    texts, values = by_example(operation)
    if operation.check is not None:
        texts, values = list(operation.example[0]), dict(operation.parse(operation.example[0]))
    expected = recording.call(operation.command, *texts)
    result = getattr(recording, operation.hook)(**values)
    first, second = recorder.REQUESTS
    assert first == second
    if operation.output == "lines":
        assert expected == ["a", "b"]
        assert next(result) == "a"
        assert list(result) == ["b"]
    else:
        assert result == expected == recorder.RESULTS[operation.output]


@pytest.mark.parametrize("operation", OPERATIONS, ids=[one.command for one in OPERATIONS])
def test_a_method_has_the_types_of_the_request(operation: Operation) -> None:
    method = getattr(Panel, operation.hook)
    public = {name: getattr(records, name) for name in records.__all__}
    known = {**public, "Iterator": Iterator, "Any": Any, "ClassVar": typing.ClassVar}
    hints = typing.get_type_hints(method, known)
    results: dict[str, Any] = {"none": type(None), "lines": Iterator[str], "text": str}
    results["autoresponder"] = records.AutoResponder | None
    wanted = results[operation.output] if operation.output in results else getattr(records, operation.output)
    assert hints.pop("return") == wanted
    request = getattr(records, operation.request)
    fields = typing.get_type_hints(request, {**known, "Mapping": Mapping})
    assert hints == {name: str if fields[name] is records.Secret else fields[name] for name in request._fields}
    own = [one for one in inspect.signature(method).parameters.values() if one.name != "self"]
    assert all(one.kind is one.KEYWORD_ONLY for one in own)
    left_out = {one.name for one in own if one.default is not one.empty}
    assert not left_out or operation.hook.startswith("add_") or left_out == {"ip_based"}
    for text in (operation.summary, *(f"\n            {one.name}: " for one in own)):
        assert text in str(method.__doc__)


def test_a_new_thing_has_every_feature_and_no_name(recording: Panel, tmp_path: Path) -> None:
    recording.add_user(domain="xyz.com", user="u1", password=PASSWORD)
    add_domain(recording, tmp_path)
    recording.add_mailing_list_member(domain="xyz.com", name="news", address="ann@example.org")
    user, domain, member = recorder.REQUESTS
    assert (user.first_name, user.middle_name, user.last_name) == ("", "", "")
    assert (user.forwards, user.autoresponders, user.web_access) == (True, True, True)
    assert not domain.ip_based
    assert all(getattr(domain, name) for name in records.DomainFeatures._fields)
    assert member.display_name == ""


def test_an_edit_leaves_the_site_alone_unless_it_is_named(recording: Panel) -> None:
    features = dict.fromkeys(records.DomainFeatures._fields, False)
    recording.edit_domain(domain="xyz.com", max_mailboxes=5, **features)
    recording.edit_domain(domain="xyz.com", max_mailboxes=5, **features, ip_based=False)
    assert [request.ip_based for request in recorder.REQUESTS] == [None, False]
    with pytest.raises(TypeError, match="max_mailboxes"):
        recording.edit_domain(domain="xyz.com", **features)  # type: ignore[call-arg] # an edit replaces every field


@pytest.mark.parametrize(
    ("changes", "parameter", "sentence"),
    [
        ({"password": 12345678}, "Password", "a text is needed, not int"),
        ({"password": b"correct horse"}, "Password", "a text is needed, not bytes"),
        ({"user": None}, "UserName", "a text is needed, not NoneType"),
        ({"forwards": 1}, "UserEnableForwards", "True or False is needed, not int"),
        ({"web_access": "0"}, "UserEnableWebAccess", "True or False is needed, not str"),
    ],
)
def test_a_value_of_another_type_is_refused(
    changes: dict[str, Any], parameter: str, sentence: str, recording: Panel
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        recording.add_user(**{"domain": "xyz.com", "user": "u1", "password": PASSWORD, **changes})
    assert (refused.value.parameter, refused.value.message) == (parameter, sentence)
    assert not recorder.REQUESTS


def test_truth_is_no_number(recording: Panel) -> None:
    features = dict.fromkeys(records.DomainFeatures._fields, True)
    with pytest.raises(InvalidArgument, match="MaxMailBoxes: a whole number is needed, not bool"):
        recording.edit_domain(domain="xyz.com", max_mailboxes=True, **features)


@pytest.mark.parametrize("user", ["", "u 1", "u1@xyz.com", "\ud800", "u\0", "x" * 65, "-\u00e9"])
def test_an_unfit_value_is_refused_as_on_the_command_line(user: str, recording: Panel) -> None:
    with pytest.raises(InvalidArgument) as by_name:
        recording.suspend_user(domain="xyz.com", user=user)
    with pytest.raises(InvalidArgument) as positional:
        recording.call("ESuspendUser", "xyz.com", user)
    assert str(by_name.value) == str(positional.value)
    assert by_name.value.parameter == "UserName"


# A command line


def test_a_call_takes_any_spelling_and_exact_arguments(recording: Panel) -> None:
    assert recording.call("egetuseraliaslist", "XYZ.com", "U1") == ["a", "b"]
    assert [records.UserRef(domain="xyz.com", user="u1")] == recorder.REQUESTS
    for command in ("RegisterMailAddon", "ENothing", ""):
        with pytest.raises(UsageError):
            recording.call(command, "xyz.com")
    with pytest.raises(UsageError, match="2 arguments expected, 1 given"):
        recording.call("EGetUserAliasList", "xyz.com")
    with pytest.raises(InvalidArgument, match="UserName: a text is needed, not int"):
        recording.call("EGetUserAliasList", "xyz.com", 1)  # type: ignore[arg-type]


def test_a_closed_panel_says_so(recording: Panel) -> None:
    recording.close()
    calls = (recording.list_domains, recording.probe, recording.events, lambda: recording.call("EStartMailServer"))
    for call in calls:
        with pytest.raises(ValueError, match="closed"):
            call()


# Programs


def test_a_panels_day_with_real_programs(sampled: Panel, tmp_path: Path) -> None:
    add_domain(sampled, tmp_path)
    sampled.add_user(**USER, password=PASSWORD, first_name="Ann", web_access=False)
    with pytest.raises(AlreadyExists, match=r"user u1@xyz\.com already exists"):
        sampled.add_user(**USER, password=PASSWORD)
    for name in ("b", "a"):
        sampled.add_user_alias(**USER, alias=name)
    sampled.add_forward(**USER, address="Ann@Example.ORG")
    assert list(sampled.get_user_alias_list(**USER)) == ["a", "b"]
    assert list(sampled.get_forward_list(**USER)) == ["ann@example.org"]
    assert sampled.get_autoresponder(**USER) is None
    strange = "--help $(id) `id` ; 'x' \"y\" \\ \n\t\u20ac\U0001f600 %s"
    sampled.set_autoresponder(**USER, subject="-n", message=strange)
    assert sampled.get_autoresponder(**USER) == records.AutoResponder(subject="-n", message=strange)
    with pytest.raises(NotSupported):
        sampled.pre_export_user(
            **USER, mailbox_directory="/m", location="/x", forwards=True, autoresponders=True, web_access=True
        )
    sampled.delete_domain(domain="xyz.com")
    with pytest.raises(NotFound):
        sampled.get_forward_list(**USER)
    text = Path(sampled.home, "events.jsonl").read_text()
    assert text.count("EAddUser") == 3
    assert PASSWORD not in text


def test_sixteen_threads_call_one_panel(sampled: Panel, tmp_path: Path) -> None:
    add_domain(sampled, tmp_path)
    _work_from_threads(sampled)


def test_sixteen_threads_use_the_directory_through_one_panel(home: Path, tmp_path: Path) -> None:
    (home / "mailaddon.toml").write_text(CHEAP)
    with Panel("embedded") as panel:
        add_domain(panel, tmp_path)
        _work_from_threads(panel)
        assert list(panel.list_users(domain="xyz.com")) == sorted(["admin", *(f"u{n}" for n in range(AT_ONCE))])


def _work_from_threads(panel: Panel) -> None:
    """Each thread adds what is its own, and all want one name."""
    start = threading.Barrier(AT_ONCE)

    def work(number: int) -> bool:
        start.wait(60)
        user = f"u{number}"
        panel.add_user(domain="xyz.com", user=user, password=PASSWORD)
        assert list(panel.get_forward_list(domain="xyz.com", user=user)) == []
        try:
            panel.add_user_alias(domain="xyz.com", user=user, alias="wanted")
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as pool:
        won = list(pool.map(work, range(AT_ONCE)))
    assert won.count(True) == 1
    owner = f"u{won.index(True)}"
    assert list(panel.get_user_alias_list(domain="xyz.com", user=owner)) == ["wanted"]


def test_the_words_of_a_failed_program_and_its_status(shop: Shop) -> None:
    shop.program("ESuspendUser.sh", f'echo "no licence, says {PASSWORD}"; exit 7')
    shop.program("EResumeUser.sh", "kill -SEGV $$")
    with Panel(home=str(shop.home)) as panel:
        with pytest.raises(AddonFailed, match="no licence") as failed:
            panel.suspend_user(**USER)
        assert failed.value.program_status == 7
        with pytest.raises(AddonFailed, match="ended by signal 11") as failed:
            panel.resume_user(**USER)
        assert failed.value.program_status == -11


def test_arguments_reach_the_program_as_they_are(shop: Shop) -> None:
    shop.program("EAddUser.sh", f"for one; do printf '%s\\0' \"$one\"; done >'{shop.folder}/arguments'")
    with Panel(home=str(shop.home)) as panel:
        panel.add_user(**USER, password="--password $(id)\n'", last_name="-x `id`", forwards=False)
    given = shop.folder.joinpath("arguments").read_bytes().decode().split("\0")
    assert given == ["xyz.com", "u1", "--password $(id)\n'", "", "", "-x `id`", "0", "1", "1", ""]


class Broken:
    """A backend with a defect that shows the password."""

    contract = (1, 0)

    def __init__(self, context: Context) -> None:
        self.context = context

    @hookimpl
    def add_user(self, request: records.NewUser) -> None:
        raise RuntimeError(f"cannot store {request.password}")


def test_a_defect_is_an_error_of_the_list_and_its_details_are_in_the_log(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with Panel("test_panel:Broken", str(other)) as panel, pytest.raises(InternalError) as refused:
        panel.add_user(**USER, password=PASSWORD)
    assert refused.value.__context__ is None
    assert refused.value.__cause__ is None
    assert not (home / "log").exists()
    log = (other / "log" / "errors.log").read_text()
    assert "RuntimeError: cannot store ******" in log
    assert PASSWORD not in log + str(refused.value)


class Telling:
    """A backend whose refusals repeat the password."""

    contract = (1, 0)

    def __init__(self, context: Context) -> None:
        self.context = context

    @hookimpl
    def add_user(self, request: records.NewUser) -> None:
        raise NotFound(f"nobody has {request.password}")


def test_no_refusal_shows_a_password(home: Path) -> None:
    (home / "mailaddon.toml").write_text('backend = "test_panel:Telling"\n')
    with Panel("") as panel, pytest.raises(NotFound, match=r"nobody has \*") as refused:
        panel.add_user(**USER, password=PASSWORD)
    assert PASSWORD not in repr(refused.value) + repr(vars(refused.value))


def test_a_home_stays_the_same_when_the_folder_changes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.program("EGetForwardList.sh", "echo a@b.com")
    monkeypatch.chdir(shop.home.parent)
    with Panel(home="home") as panel:
        monkeypatch.chdir("/")
        assert panel.home == str(shop.home)
        assert list(panel.get_forward_list(**USER)) == ["a@b.com"]


# Add-ons


def second_addon(shop: Shop) -> str:
    folder = shop.folder.parent / "second"
    folder.mkdir()
    folder.joinpath("EGetForwardList.sh").write_text("#!/bin/sh\necho second@example.org\n")
    folder.joinpath("EGetForwardList.sh").chmod(0o755)
    shop.registered(vendor="Other", directory=str(folder))
    return "Other/Mail/1"


def test_the_add_on_in_force_and_one_by_its_name(shop: Shop) -> None:
    shop.program("EGetForwardList.sh", "echo first@example.org")
    other = second_addon(shop)
    with Panel(home=str(shop.home)) as panel, Panel(other.upper(), str(shop.home)) as fixed:
        assert [one.name for one in panel.registrations()] == ["Acme/Mail/1", other]
        assert list(panel.get_forward_list(**USER)) == ["first@example.org"]
        assert list(fixed.get_forward_list(**USER)) == ["second@example.org"]
        assert panel.use("other/mail/1").active
        assert list(panel.get_forward_list(**USER)) == ["second@example.org"]
        panel.use("Acme/Mail/1")
        assert list(panel.get_forward_list(**USER)) == ["first@example.org"]
        assert list(fixed.get_forward_list(**USER)) == ["second@example.org"]
        addons = [panel.addon(), fixed.addon()]
        assert [one and one.name for one in addons] == ["Acme/Mail/1", other]
        with pytest.raises(NotFound):
            panel.use("Acme/Mail/2")
    with Panel("acme/mail/2", str(shop.home)) as unknown, pytest.raises(NotConfigured, match="registered: Acme/Mail/1"):
        unknown.get_forward_list(**USER)


def test_registrations_that_change_are_seen_at_once(shop: Shop) -> None:
    """Also when the file was not changed for long before, so that it is not read for each call."""
    shop.program("EGetForwardList.sh", "echo first@example.org")
    other = second_addon(shop)
    os.utime(shop.home / "addons.json", (1_000_000_000, 1_000_000_000))
    with Panel(home=str(shop.home)) as panel:
        for _ in range(2):
            assert list(panel.get_forward_list(**USER)) == ["first@example.org"]
        panel.registrations().clear()
        panel.use(other)
        assert list(panel.get_forward_list(**USER)) == ["second@example.org"]
        (shop.home / "addons.json").unlink()
        with pytest.raises(NotConfigured, match="no add-on is registered"):
            panel.get_forward_list(**USER)


def test_what_an_add_on_lacks_is_known_without_calling_it(shop: Shop) -> None:
    shop.program("ESuspendUser.sh", f"touch '{shop.folder}/ran'")
    with Panel(home=str(shop.home)) as panel:
        assert panel.supports("esuspenduser")
        assert not panel.supports("EResumeUser")
        assert "EResumeUser.sh" in panel.lacking("EResumeUser")
        with pytest.raises(UsageError):
            panel.lacking("ENothing")
    assert not (shop.folder / "ran").exists()


def test_the_sdks_own_programs_as_an_add_on(home: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "mailaddon.toml").write_text(CHEAP)
    own = Registration(
        vendor="Acme",
        server="SDK",
        version="1",
        extension="",
        interpreter="",
        interpreter_parameters="",
        compliant_3x=False,
        directory=sysconfig.get_path("scripts"),
    )
    register(str(home), own)
    (home / "mailaddon.toml").write_text(f"[backends.executable]\nenvironment.MAILADDON_HOME = '{inner}'\n")
    with Panel("Acme/SDK/1") as panel:
        add_domain(panel, tmp_path)
        assert list(panel.get_catchall_user(domain="xyz.com")) == ["admin@xyz.com"]
        with pytest.raises(MailAddonError) as refused:
            panel.get_mail_url(domain="xyz.com")
        assert type(refused.value) is NotConfigured


# The public face


def test_panel_is_public_and_costs_nobody_else_anything() -> None:
    assert "Panel" in mailaddon.__all__
    code = (
        "import sys, mailaddon.command, mailaddon.service\n"
        "assert not {'mailaddon.panel', 'mailaddon._panel'} & set(sys.modules)\n"
        "from mailaddon import Panel\n"
        "assert not {'click', 'mailaddon._probing', 'mailaddon._events', 'pluggy', 'subprocess'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=HANGS)
    assert (done.returncode, done.stderr) == (0, b"")


TYPED = """\
from mailaddon import Panel, records

with Panel() as panel:
    panel.add_user(domain="xyz.com", user="u1", password="s3cret")
    names: list[str] = list(panel.get_user_alias_list(domain="xyz.com", user="u1"))
    reply: records.AutoResponder | None = panel.get_autoresponder(domain="xyz.com", user="u1")
"""
WRONG = """\
    panel.add_user(domain="xyz.com", user="u1")
    panel.add_user("xyz.com", "u1", "s3cret")
    panel.suspend_user(domain="xyz.com", user=1)
    panel.suspend_user(domain="xyz.com", name="u1")
    panel.get_autoresponder(domain="xyz.com", user="u1").subject
    number: int = panel.get_mail_url(domain="xyz.com")
"""


def test_a_type_checker_knows_the_methods(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(TYPED)
    (tmp_path / "wrong.py").write_text(TYPED + WRONG)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "right.py", "wrong.py"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, encoding="utf-8")
    first = TYPED.count("\n") + 1
    lines = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error: " in line}
    assert "right.py" not in done.stdout, done.stdout
    assert lines == set(range(first, first + WRONG.count("\n"))), done.stdout


def test_root_is_refused_in_somebody_elses_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    if os.geteuid() == 0:
        os.chown(home, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(NotConfigured, match="run this as that user, not as root"):
        Panel("embedded", str(home))
