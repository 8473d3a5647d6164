"""The one folder of all state, `MAILADDON_HOME`: settings, registrations, the directory, events and logs.

A second home is a second, independent installation.
"""

import os
import sys

from .errors import NotConfigured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pwd import struct_passwd

#: The variable that names the file of a trace; see docs/tracing.md.
TRACE = "MAILADDON_TRACE"
#: The home of a system service.
OF_A_SERVICE = "/var/lib/mailaddon"
#: Where the settings are, in the home.
SETTINGS_FILE = "mailaddon.toml"
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def locate() -> str:
    """The home's absolute path: `MAILADDON_HOME`, else the platform's place for a service or for the user.

    Raises:
        NotConfigured: `MAILADDON_HOME` is not an absolute path.
    """
    home = os.environ.get("MAILADDON_HOME", "")
    if home:
        if not os.path.isabs(home):
            raise NotConfigured(f"MAILADDON_HOME is {home!r}; an absolute path is needed")
        return os.path.normpath(home)
    if sys.platform == "win32":
        return os.path.join(os.environ.get("PROGRAMDATA", "C:\\ProgramData"), "mailaddon")
    if os.geteuid() == 0 or _is_ours(OF_A_SERVICE):
        return OF_A_SERVICE
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(data, "mailaddon")


def _is_ours(path: str) -> bool:
    try:
        return os.stat(path).st_uid == os.geteuid()
    except OSError:
        return False


def become_owner(home: str) -> None:
    """Where root works in somebody else's home, become its owner, for good.

    The owner can write what a command of root would trust: the settings, for example, name code to be run.

    Raises:
        NotConfigured: the owner has no name.
    """
    if getattr(os, "geteuid", int)() != 0 or not os.path.isdir(home):
        return
    status = os.stat(home)
    if status.st_uid == 0:
        return
    import pwd

    try:
        entry = pwd.getpwuid(status.st_uid)
    except KeyError:
        raise NotConfigured(f"{home} belongs to user {status.st_uid}, who does not exist") from None
    os.environ["MAILADDON_HOME"] = home  # the place of the new user would be another
    become(entry)


def check_owner(home: str) -> None:
    """Make sure that root does not work in somebody else's home, where it cannot become that user.

    Raises:
        NotConfigured: it would.
    """
    if getattr(os, "geteuid", int)() != 0 or not os.path.isdir(home):
        return
    owner = os.stat(home).st_uid
    if owner != 0:
        raise NotConfigured(
            f"the home {home} belongs to user {owner}, who can have code run by writing its settings; run this as that"
            " user, not as root"
        )


def become(user: "struct_passwd") -> None:
    """Be another user, for good; for root only."""
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def ensure(home: str) -> None:
    """Make the home for its owner alone, if it does not exist.

    Raises:
        NotConfigured: it cannot be made.
    """
    if os.path.isdir(home):
        return
    try:
        os.makedirs(home, PRIVATE_FOLDER, exist_ok=True)
    except OSError as error:
        raise NotConfigured(f"the folder {home} cannot be made ({error.strerror}); set MAILADDON_HOME") from None


def replace_file(path: str, content: bytes) -> None:
    """Write a private file whole or not at all, also when the process or the machine dies.

    Raises:
        OSError: the folder cannot be written to.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINK, PRIVATE_FILE)
    try:
        try:
            while content:
                content = content[os.write(descriptor, content) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def append_line(path: str, line: bytes) -> None:
    """Append one line to a private file in a single write, so that lines of many processes never mix.

    Raises:
        OSError: the file cannot be written to.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
