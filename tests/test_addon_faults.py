"""What an add-on's program can do wrong, each in turn: a clear error, nothing that hangs, nothing left behind."""

import os
import signal
import subprocess
import sysconfig
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from addon_shop import ADD_USER, LIST, PASSWORD, Shop, alive
from mailaddon.backends.executable import running
from mailaddon.backends.executable.answers import MOST_WORDS
from patience import HANGS, wait_for

from mailaddon import (
    AddonFailed,
    AlreadyExists,
    BackendUnusable,
    BadResult,
    InvalidArgument,
    NotConfigured,
    NotSupported,
    Unavailable,
    VendorError,
)
from mailaddon.registrations import remove

# Registrations and programs


def test_no_add_on_is_registered(shop: Shop) -> None:
    remove(str(shop.home), shop.registration.name)
    assert shop.refused(NotConfigured, *LIST) == "no add-on is registered; RegisterMailAddon registers one"


def test_no_add_on_is_active(shop: Shop) -> None:
    shop.registered(vendor="Other")
    remove(str(shop.home), shop.registration.name)
    sentence = shop.refused(NotConfigured, *LIST)
    assert sentence == "no add-on is active; `mailaddon addons activate` makes one the active one"


def test_an_unknown_registration_is_named(shop: Shop) -> None:
    shop.options('addon = "Acme/Mail/2"')
    sentence = shop.refused(NotConfigured, *LIST)
    assert sentence == "[backends.executable]: no add-on 'Acme/Mail/2' is registered; registered: Acme/Mail/1"


def test_a_registration_is_chosen_in_any_case(shop: Shop) -> None:
    other = shop.folder / "other"
    other.mkdir()
    shop.registered(vendor="Other", directory=str(other))
    shop.options('addon = "oTHER/mail/1"')
    shop.program("other/EGetForwardList.sh", "echo a@b.com")
    assert shop.call(*LIST) == ["a@b.com"]


def test_the_folder_is_gone(shop: Shop) -> None:
    shop.folder.rmdir()
    sentence = shop.refused(NotConfigured, *LIST)
    assert sentence == (
        f"the folder {shop.folder} of the add-on Acme/Mail/1 cannot be read: No such file or directory;"
        " register it again with --directory"
    )


def test_a_missing_program_is_not_supported(shop: Shop) -> None:
    sentence = shop.refused(NotSupported, *LIST)
    assert sentence == (
        "cannot locate the corresponding executable or script: the add-on Acme/Mail/1 has no EGetForwardList.sh in"
        f" {shop.folder}"
    )
    assert "ESuspendDomain.sh" in shop.refused(NotSupported, "ESuspendDomain", "xyz.com")


@pytest.mark.parametrize("name", ["EGetForwardList.sh", "EgetForwardList.sh", "egetforwardlist.SH"])
def test_a_program_is_found_in_any_case(shop: Shop, name: str) -> None:
    shop.program(name, "echo a@b.com")
    assert shop.call(*LIST) == ["a@b.com"]


@pytest.mark.parametrize("name", ["EGetDistributionListList", "EGetDistributionList", "egetdistributionlist"])
def test_a_program_is_found_under_each_name_of_the_guide(shop: Shop, name: str) -> None:
    shop.program(f"{name}.sh", "echo team")
    assert shop.call("EGetDistributionListList", "xyz.com") == ["team"]


def test_a_folder_is_no_program(shop: Shop) -> None:
    (shop.folder / "EGetForwardList.sh").mkdir()
    shop.refused(NotSupported, *LIST)


def test_an_empty_extension(shop: Shop) -> None:
    shop.registered(extension="")
    shop.program("EGetForwardList", "echo a@b.com")
    assert shop.call(*LIST) == ["a@b.com"]


@pytest.mark.parametrize("parameters", ["-e -u", "-e,-u", " -e ,, -u "])
def test_an_interpreter_gets_its_parameters_one_by_one(shop: Shop, parameters: str) -> None:
    shop.registered(interpreter="sh", interpreter_parameters=parameters)
    shop.program("EGetForwardList.sh", 'echo "$-@b.com"', rights=0o644)
    (options,) = shop.call(*LIST)  # type: ignore[misc]
    assert sorted(options) == sorted("eu@b.com")


def test_the_interpreter_is_missing(shop: Shop) -> None:
    shop.registered(interpreter="cscript", interpreter_parameters="//nologo")
    shop.program("EGetForwardList.sh", "echo a@b.com")
    sentence = shop.refused(NotConfigured, *LIST)
    assert sentence.startswith("the interpreter 'cscript' of the add-on Acme/Mail/1 is not found in ")
    assert sentence.endswith("; register it with its absolute path")
    shop.registered(interpreter="/opt/windows/cscript")
    assert shop.refused(BackendUnusable, *LIST) == "/opt/windows/cscript cannot be started: it is not there"


def test_a_program_without_the_run_bit(shop: Shop) -> None:
    path = shop.program("EGetForwardList.sh", "echo a@b.com", rights=0o644)
    assert shop.refused(BackendUnusable, *LIST) == (
        f"{path} cannot be executed by user {os.geteuid()}: give it the run bit (chmod +x), or register the add-on with"
        " an interpreter"
    )


def test_a_program_for_another_machine(shop: Shop) -> None:
    elf = bytearray(Path("/bin/sh").read_bytes())
    elf[18:20] = (2).to_bytes(2, "little")  # a SPARC
    path = shop.program("EGetForwardList.sh", bytes(elf))
    assert shop.refused(BackendUnusable, *LIST) == (
        f"{path} is no program for this machine: it was built for another one, or it is a script whose first line does"
        " not begin with #!; register the add-on with an interpreter"
    )


def test_a_script_whose_interpreter_is_missing(shop: Shop) -> None:
    path = shop.program("EGetForwardList.sh", b"#!/usr/bin/cscript\n")
    sentence = shop.refused(BackendUnusable, *LIST)
    assert sentence == f"{path} cannot be started: the interpreter in its first line is not there"


def test_a_script_without_a_first_line_is_given_to_no_shell(shop: Shop) -> None:
    shop.program("EGetForwardList.sh", f"touch '{shop.folder}/ran'; echo a@b.com".encode())
    shop.refused(BackendUnusable, *LIST)
    assert not (shop.folder / "ran").exists()


def test_arguments_reach_the_program_as_they_are(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.folder)
    shop.program("ESetAutoResponder.sh", 'for one; do printf "%s\\0" "$one"; done >arguments')
    strange = "--help $(id) `id` ; rm -rf * | 'x' \"y\" \\ \n\t\u20ac\U0001f600 %s"
    shop.call("ESetAutoResponder", "xyz.com", "u1", "-n", strange)
    given = shop.folder.joinpath("arguments").read_bytes().decode().split("\0")
    assert given == ["xyz.com", "u1", "-n", strange, ""]


def test_arguments_that_are_too_long(shop: Shop) -> None:
    shop.program("ESetAutoResponder.sh", "exit 0")
    sentence = shop.refused(InvalidArgument, "ESetAutoResponder", "xyz.com", "u1", "subject", "x" * 1_000_000)
    assert sentence == "the arguments are longer than this system can pass to a program; the longest has 1000000 octets"


def test_the_environment_is_clean(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.options('environment.MAILADDON_HOME = "/elsewhere"\nenvironment.PATH = "/usr/bin:/bin"')
    monkeypatch.setenv("SECRET", PASSWORD)
    monkeypatch.setenv("MAILADDON_BACKEND", "executable")
    monkeypatch.setenv("HOME", "/home/of/the/caller")
    monkeypatch.setenv("LC_ALL", "de_DE.ISO-8859-1")
    shop.program("EStartMailServer.sh", f"env >'{shop.folder}/environment'")
    shop.call("EStartMailServer")
    found = dict(line.split("=", 1) for line in shop.folder.joinpath("environment").read_text().splitlines())
    wanted = {
        "HOME": "/home/of/the/caller",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "MAILADDON_CALLERS": str(shop.home),
        "MAILADDON_HOME": "/elsewhere",
        "PATH": "/usr/bin:/bin",
    }
    assert wanted.items() <= found.items()
    of_the_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert set(found) <= {*wanted, "LOGNAME", "TMPDIR", "TZ", "USER"} | of_the_shell


def test_standard_input_is_empty_and_no_other_descriptor_is_passed_on(shop: Shop) -> None:
    shop.program("EStartMailServer.sh", f"cd '{shop.folder}'; cat >input; ls -l /proc/$$/fd >descriptors")
    with shop.home.joinpath("open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        shop.call("EStartMailServer")
    assert shop.folder.joinpath("input").read_bytes() == b""
    opened = [line.rpartition(" -> ")[2] for line in shop.folder.joinpath("descriptors").read_text().splitlines()[1:]]
    assert "/dev/null" in opened
    allowed = ("/dev/null", "pipe:", str(shop.folder), "/proc/")
    assert all(name.startswith(allowed) for name in opened), "the shell's own: the script, and what it writes to"


def test_an_add_on_that_calls_itself_is_stopped(shop: Shop) -> None:
    shop.registered(extension="", directory=sysconfig.get_path("scripts"))
    shop.options(f'environment.MAILADDON_HOME = "{shop.home}"\nenvironment.MAILADDON_BACKEND = "executable"')
    sentence = shop.refused(NotConfigured, *LIST)
    assert sentence.startswith("the add-on calls itself: its programs use the home ")


# How a program ends


def test_words_on_standard_output_come_first(shop: Shop) -> None:
    shop.program("EAddUser.sh", "echo 'The disk\n  is full'; echo noise >&2; exit 1")
    assert shop.refused(AddonFailed, *ADD_USER) == "The disk is full"


def test_words_on_standard_error(shop: Shop) -> None:
    shop.program("EAddUser.sh", "echo; echo 'The disk is full' >&2; exit 1")
    assert shop.refused(AddonFailed, *ADD_USER) == "The disk is full"


@pytest.mark.parametrize("status", [1, 2, 255])
def test_nothing_said_and_failed(shop: Shop, status: int) -> None:
    shop.program("EAddUser.sh", f"exit {status}")
    assert shop.refused(AddonFailed, *ADD_USER) == f"EAddUser.sh failed with exit status {status} and said nothing"


def test_killed_by_a_signal(shop: Shop) -> None:
    shop.program("EAddUser.sh", "kill -KILL $$")
    assert shop.refused(AddonFailed, *ADD_USER) == "EAddUser.sh was ended by signal 9"
    shop.program("EAddUser.sh", "echo 'out of memory' >&2; kill -SEGV $$")
    assert shop.refused(AddonFailed, *ADD_USER) == "EAddUser.sh was ended by signal 11: out of memory"


def test_a_failed_list_prints_nothing(shop: Shop) -> None:
    shop.program("EGetForwardList.sh", "echo a@b.com; echo 'The disk is full'; exit 1")
    assert shop.refused(AddonFailed, *LIST) == "a@b.com The disk is full"


def test_codes_of_ours_come_back_as_what_they_are(shop: Shop) -> None:
    shop.program("EAddUser.sh", "echo 'EAddUser: user u1@xyz.com already exists [already-exists]' >&2; exit 1")
    assert shop.refused(AlreadyExists, *ADD_USER) == "user u1@xyz.com already exists"
    shop.program("EAddUser.sh", "echo 'UserName: no such name [invalid-argument]'; exit 1")
    assert shop.refused(InvalidArgument, *ADD_USER) == "UserName: no such name"
    shop.program("EAddUser.sh", "echo 'The licence: it expired [x-acme-licence]'; exit 1")
    assert shop.refused(VendorError, *ADD_USER) == "The licence: it expired"
    for words in ("it failed [somehow]", "it failed [x-acme]", "[x y]", "[not-found]"):
        shop.program("EAddUser.sh", f"echo '{words}'; exit 1")
        assert shop.refused(AddonFailed, *ADD_USER) == words


def test_the_parameter_to_blame_comes_back(shop: Shop) -> None:
    shop.program("EAddUser.sh", "echo 'EAddUser: UserName: no such name [invalid-argument]' >&2; exit 1")
    with pytest.raises(InvalidArgument) as refusal:
        shop.call(*ADD_USER)
    assert (refusal.value.parameter, refusal.value.message) == ("UserName", "no such name")


def test_an_error_and_yet_0(shop: Shop) -> None:
    for words in ("ERROR: no such user", "EAddUser: user u1@xyz.com already exists [already-exists]"):
        shop.program("EAddUser.sh", f"echo '{words}'")
        sentence = shop.refused(BadResult, *ADD_USER)
        assert sentence == f"EAddUser.sh ended with 0, which means that it succeeded, but said: {words}"
    shop.program("EAddUser.sh", "echo 'user added'; echo 'errors: 0'")
    assert shop.call(*ADD_USER) is None
    shop.program(
        "EAddUser.sh", f"seq 1 20000; echo 'terror: none'; echo 'Error {PASSWORD}'; seq 1 20; echo at last >&2"
    )
    sentence = shop.refused(BadResult, *ADD_USER)
    assert sentence == "EAddUser.sh ended with 0, which means that it succeeded, but said: Error ******"
    shop.program("EGetForwardList.sh", "echo a@b.com; echo 'error: the rest is unreadable' >&2")
    assert shop.refused(BadResult, *LIST).endswith("but said: error: the rest is unreadable")
    shop.options("errors = []")
    assert shop.call(*LIST) == ["a@b.com"]
    shop.program("EAddUser.sh", "echo 'error: none'")
    assert shop.call(*ADD_USER) is None


def test_an_error_in_a_list_and_yet_0(shop: Shop) -> None:
    sentence = shop.refused_printing(b"Error: no such user\n")
    assert sentence.startswith("line 1 of the list is none of its items: 'Error: no such user' is not an address")


def test_passwords_are_masked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.program("EAddUser.sh", 'echo "cannot set the password $3 ($3)" >&2; exit 1')
    assert shop.refused(AddonFailed, *ADD_USER) == "cannot set the password ****** (******)"
    late(shop, monkeypatch)
    shop.program("EAddUser.sh", f'echo "$@"; touch "{shop.folder}/pid"; sleep 600')
    assert "xyz.com u1 ****** Ann Lee 1 1 1" in shop.refused(Unavailable, *ADD_USER)


def test_passwords_are_masked_where_words_are_cut(shop: Shop) -> None:
    password = "".join(chr(ord("a") + number % 26) for number in range(1000))
    shop.program("EAddUser.sh", 'i=0; while [ $i -lt 99 ]; do printf "%s-" "$3"; i=$((i+1)); done; exit 1')
    with pytest.raises(AddonFailed) as refusal:
        shop.call(*ADD_USER[:3], password, *ADD_USER[4:])
    assert "bcd" not in str(refusal.value)
    assert "******" in str(refusal.value)


def test_long_words_are_cut(shop: Shop) -> None:
    shop.program("EAddUser.sh", "echo begin; seq 1 500000; echo end; exit 1")
    sentence = shop.refused(AddonFailed, *ADD_USER)
    assert sentence.startswith("begin 1 2 3 ")
    assert sentence.endswith(" 500000 end")
    assert MOST_WORDS < len(sentence) <= MOST_WORDS + len(" … ")
    shop.program("EAddUser.sh", "seq 1 1000; exit 1")
    sentence = shop.refused(AddonFailed, *ADD_USER)
    assert sentence.startswith("1 2 3 ")
    assert sentence.endswith(" 999 1000")
    assert MOST_WORDS < len(sentence) <= MOST_WORDS + len(" … ")


def test_what_a_terminal_would_obey_is_left_out(shop: Shop) -> None:
    shop.program("EAddUser.sh", r"printf 'red \033[31m\a text\r\n'; exit 1")
    assert shop.refused(AddonFailed, *ADD_USER) == "red [31m text"


# Time


def late(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a program be late as soon as the file `pid` is there, and not before, however slow the machine is."""
    begun = False

    def now() -> float:
        nonlocal begun
        has_acted = begun and (shop.folder / "pid").exists()
        begun = True  # the first look at the clock sets the deadline; a program may have acted before it
        return time.monotonic() + 10_000 * has_acted

    shop.options("timeout = 5000")
    monkeypatch.setattr(running, "_LONGEST", 0.02)
    monkeypatch.setattr(running, "time", SimpleNamespace(monotonic=now, sleep=time.sleep))


def test_late_by_the_clock(shop: Shop) -> None:
    shop.options("timeout = 1")
    shop.program("EAddUser.sh", "sleep 600")
    sentence = shop.refused(Unavailable, *ADD_USER)
    assert sentence == "EAddUser.sh did not end within 1 seconds, so it was ended"


def test_a_time_longer_than_the_system_can_wait(shop: Shop) -> None:
    shop.options("timeout = 1000000000")
    shop.program("EAddUser.sh", "exit 0")
    assert shop.call(*ADD_USER) is None


def test_late(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    late(shop, monkeypatch)
    here = shop.folder
    shop.program("EAddUser.sh", f"sleep 600 & echo waiting; echo $! >'{here}/new'; mv '{here}/new' '{here}/pid'; wait")
    sentence = shop.refused(Unavailable, *ADD_USER)
    assert sentence == "EAddUser.sh did not end within 5000 seconds, so it was ended; it said: waiting"
    pid = int((shop.folder / "pid").read_text())
    wait_for(lambda: not alive(pid))


def test_late_and_deaf_to_sigterm(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "GRACE", 0.2)
    late(shop, monkeypatch)
    here = shop.folder
    deaf = f"trap '' TERM; echo $$ >'{here}/new'; mv '{here}/new' '{here}/pid'; while :; do sleep 1; done"
    shop.program("EAddUser.sh", deaf)
    assert shop.refused(Unavailable, *ADD_USER) == "EAddUser.sh did not end within 5000 seconds, so it was ended"
    assert not alive(int((here / "pid").read_text()))


def test_late_with_a_child_that_is_deaf_to_sigterm(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    late(shop, monkeypatch)
    here = shop.folder
    deaf = f"trap '' TERM; echo $$ >'{here}/new'; mv '{here}/new' '{here}/pid'; while :; do sleep 1; done"
    shop.program("deaf", deaf)
    shop.program("EAddUser.sh", f"'{here}/deaf' & sleep 600")
    shop.refused(Unavailable, *ADD_USER)
    pid = int((here / "pid").read_text())
    wait_for(lambda: not alive(pid))


def test_late_where_the_end_cannot_be_waited_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    shop.options("timeout = 1")
    shop.program("EAddUser.sh", "exec sleep 600")
    shop.refused(Unavailable, *ADD_USER)
    shop.options("timeout = 600")
    shop.program("EAddUser.sh", "exec >&- 2>&-; sleep 0.1; exit 3")
    assert shop.refused(AddonFailed, *ADD_USER) == "EAddUser.sh failed with exit status 3 and said nothing"


def test_a_time_for_single_commands(shop: Shop) -> None:
    shop.options("timeout = 600\n[backends.executable.timeouts]\neadduser = 1")
    shop.program("EAddUser.sh", "sleep 600")
    shop.refused(Unavailable, *ADD_USER)


def test_which_errors_are_retryable() -> None:
    assert Unavailable.retryable
    assert not AddonFailed.retryable


def test_a_child_that_lingers_with_the_pipes(shop: Shop) -> None:
    here = shop.folder
    shop.program("EGetForwardList.sh", f"sleep 600 & echo $! >'{here}/pid'; echo a@b.com")
    assert shop.call(*LIST) == ["a@b.com"]
    pid = int((here / "pid").read_text())
    assert alive(pid), "a daemon that a program starts may stay"
    os.kill(pid, signal.SIGKILL)


def test_a_child_that_lingers_and_writes_on(shop: Shop) -> None:
    here = shop.folder
    shop.program("EGetForwardList.sh", f"(while echo b@c.com; do :; done) & echo $! >'{here}/pid'; echo a@b.com")
    assert shop.call(*LIST) in (["a@b.com"], ["a@b.com", "b@c.com"])
    pid = int((here / "pid").read_text())
    wait_for(lambda: not alive(pid))  # there is nobody to write to


def test_a_child_in_a_session_of_its_own_hangs_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    here = shop.folder
    late(shop, monkeypatch)
    shop.program("own", f"echo $$ >'{here}/new'; mv '{here}/new' '{here}/pid'; exec sleep 600")
    shop.program("EAddUser.sh", f"setsid '{here}/own' & sleep 600")
    shop.refused(Unavailable, *ADD_USER)
    os.kill(int((here / "pid").read_text()), signal.SIGKILL)


def test_a_process_that_ignores_sigchld(shop: Shop) -> None:
    shop.program("EAddUser.sh", "exit 1")
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        shop.refused(AddonFailed, *ADD_USER)
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_a_thread_of_a_process_that_ignores_sigchld(shop: Shop) -> None:
    shop.program("EAddUser.sh", "exit 1")
    said = []
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        thread = threading.Thread(target=lambda: said.append(shop.refused(NotConfigured, *ADD_USER)))
        thread.start()
        thread.join()
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert said == ["this process ignores SIGCHLD, so it cannot learn how a program ends"]


@pytest.mark.parametrize("early", [True, False])
def test_a_process_that_takes_every_exit_status(shop: Shop, monkeypatch: pytest.MonkeyPatch, *, early: bool) -> None:
    """Before it is noticed that the program has ended, or after that."""
    shop.program("EAddUser.sh", "exit 1")
    waitid = os.waitid

    def taken(kind: int, pid: int, options: int) -> "os.waitid_result | None":
        if early:
            os.waitpid(pid, 0)
        found = waitid(kind, pid, options)
        if found is not None:
            os.waitpid(pid, 0)
        return found

    monkeypatch.setattr(os, "waitid", taken)
    assert shop.refused(NotConfigured, *ADD_USER) == "another part of this process has taken the program's exit status"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_terminated_command_ends_the_program(shop: Shop, number: signal.Signals) -> None:
    here = shop.folder
    shop.program("EAddUser.sh", f"echo $$ >'{here}/new'; mv '{here}/new' '{here}/pid'; exec sleep 600")
    command = subprocess.Popen(
        [os.path.join(sysconfig.get_path("scripts"), "EAddUser"), *ADD_USER[1:]],
        env={**os.environ, "MAILADDON_HOME": str(shop.home), "MAILADDON_BACKEND": "executable"},
        stderr=subprocess.PIPE,
    )
    wait_for((here / "pid").exists)
    command.send_signal(number)
    _output, errors = command.communicate(timeout=HANGS)
    assert (command.returncode, errors) == (1, f"EAddUser: ended by signal {number.value} [interrupted]\n".encode())
    pid = int((here / "pid").read_text())
    wait_for(lambda: not alive(pid))


def test_a_signal_that_comes_while_the_program_starts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    here = shop.folder
    shop.program("EAddUser.sh", f"echo $$ >'{here}/new'; mv '{here}/new' '{here}/pid'; exec sleep 600")
    spawn = os.posix_spawn

    def interrupted(*arguments: Any, **options: Any) -> int:
        pid = spawn(*arguments, **options)
        wait_for((here / "pid").exists)
        os.kill(os.getpid(), signal.SIGINT)
        return pid

    monkeypatch.setattr(os, "posix_spawn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        shop.call(*ADD_USER)
    assert not alive(int((here / "pid").read_text()))

    def failing(*_arguments: Any, **_options: Any) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        raise PermissionError(13, "not permitted")

    monkeypatch.setattr(os, "posix_spawn", failing)
    with pytest.raises(KeyboardInterrupt):
        shop.call(*ADD_USER)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupted_caller_ends_the_program(shop: Shop) -> None:
    here = shop.folder
    shop.program("EAddUser.sh", f"echo $$ >'{here}/new'; mv '{here}/new' '{here}/pid'; exec sleep 600")

    def interrupt() -> None:
        wait_for((here / "pid").exists)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        shop.call(*ADD_USER)
    thread.join()
    assert not alive(int((here / "pid").read_text()))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_many_threads_at_once(shop: Shop) -> None:
    shop.program("EGetForwardList.sh", 'echo "$2@b.com"; seq 1 20000 >&2')
    found: dict[str, object] = {}

    def call(user: str) -> None:
        found[user] = shop.call("EGetForwardList", "xyz.com", user)

    threads = [threading.Thread(target=call, args=(f"u{number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {f"u{number}": [f"u{number}@b.com"] for number in range(16)}
