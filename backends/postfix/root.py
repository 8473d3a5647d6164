"""What only root may do: done in this process if it is root, and otherwise by the host's helper.

The helper is a program that `mailaddon host init` writes, and the only one that sudo lets the service user run as root.
It does what `privileged` lists and nothing else.
"""

import os

from mailaddon.errors import ERRORS, NotConfigured, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .layout import Instance

SUDO = "/usr/bin/sudo"
#: Stands for arguments on standard input, each ended by a zero; a program cannot be given very many otherwise.
MORE = "--more"
_MOST = 100_000  # octets of arguments
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def do(instance: "Instance", verb: str, *arguments: str) -> str:
    """Have one thing done; what it says.

    Args:
        instance: the host.
        verb: a name of `privileged.VERBS`.
        arguments: the verb's.

    Raises:
        MailAddonError: it is not possible, and why.
        OSError: the file system refuses.
    """
    if os.geteuid() == 0:
        from .privileged import perform

        return perform(instance, verb, arguments)
    if not instance.user:
        raise NotConfigured("this needs root, or a service user: `mailaddon host init --user` sets one up")
    return _helped(instance.helper, verb, *arguments)


def expect_children() -> None:
    """Have the system keep the exit status of children for us; who started this process may have said otherwise.

    Without it every program that fails would seem to have succeeded.

    Raises:
        NotConfigured: only the main thread could, and this is another one.
    """
    import _signal  # type: ignore[import-not-found] # what signal is made of, without importing enum

    if _signal.getsignal(_signal.SIGCHLD) == _signal.SIG_IGN:
        try:
            _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        except ValueError:
            raise NotConfigured("this process ignores SIGCHLD, so it cannot learn how a program ends") from None


def _helped(*command: str) -> str:
    """Run the helper; files in memory take what it says, since daemons that it starts would keep a pipe open."""
    expect_children()
    given = os.memfd_create("given")
    said, refused = os.memfd_create("said"), os.memfd_create("refused")
    try:
        helper, verb, *arguments = command
        if sum(len(os.fsencode(argument)) + 1 for argument in arguments) > _MOST:
            with open(os.dup(given), "wb") as file:
                file.write(b"".join(os.fsencode(argument) + b"\0" for argument in arguments))
            os.lseek(given, 0, os.SEEK_SET)
            command = (helper, verb, MORE)
        actions = [
            (os.POSIX_SPAWN_DUP2, given, 0),
            (os.POSIX_SPAWN_DUP2, said, 1),
            (os.POSIX_SPAWN_DUP2, refused, 2),
        ]
        try:
            process = os.posix_spawn(SUDO, [SUDO, "-n", "--", *command], _ENVIRONMENT, file_actions=actions)
        except OSError as error:
            raise Unavailable(f"{SUDO} does not work: {error.strerror}; apt-get install sudo") from None
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        if status == 0:
            return _content(said)
        raise _refusal(command[0], _content(refused))
    finally:
        for descriptor in (given, said, refused):
            os.close(descriptor)


def _content(descriptor: int) -> str:
    content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    return content.decode("utf-8", "replace")


def _refusal(helper: str, text: str) -> Exception:
    """What the helper's last line means: `<helper>: <sentence> [<code>]`; anything else comes from sudo."""
    line = text.strip().rpartition("\n")[2]
    sentence, bracket, code = line.rpartition(" [")
    error = ERRORS.get(code[:-1]) if bracket and code.endswith("]") else None
    if error is None or not line.startswith(f"{helper}: "):
        return Unavailable(f"{helper} cannot be run as root: {line or 'sudo says nothing'}; run `mailaddon host check`")
    return error(sentence.removeprefix(f"{helper}: "))
