"""Mail in exports and imports: Dovecot's own tools copy it, so folders, flags, dates and UIDs are what they were.

An export is a copy that doveadm brings up to date. An import is a sync in one direction: it adds what the export has,
keeps what else is there, and knows a message again, so doing it twice adds nothing.

Mail comes into the mailboxes after the commit that makes their users, since a mailbox has to exist and may be in use.
The transaction moves the staged copy below the domain's folder, where it stays until all of it is in the mailboxes. If
the command is killed before, the effect IMPORT, which is stored with the same transaction, does the rest.
"""

import fcntl
import os

from mailaddon.directory import storage, trees
from mailaddon.directory.folders import Folders
from mailaddon.directory.names import find_domain
from mailaddon.errors import MailAddonError, StorageFailed, Unavailable

from . import root, services
from .ownership import check_place, give_tree, owners, take_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from mailaddon.directory.journal import Journal
    from mailaddon.directory.store import Directory

    from .layout import Instance

_STAGED = ".mailaddon-import-"
#: Half a mailbox looks to Dovecot as if the other half had been deleted. So what is no longer needed gets this name
#: before it is removed.
_DONE = ".mailaddon-done-"
_AGAIN = 2  # doveadm: the mailbox changed meanwhile
_TRIES = 5
#: What Dovecot makes anew when it is missing; it belongs to a server, not to mail.
_CACHES = frozenset(
    {"dovecot.index.cache", "dovecot.list.index", "dovecot.list.index.log", "dovecot.mailbox.log", "maildirsize"}
)
#: A dovecot-uidlist of no messages.
_NO_UIDS = b"3\n"
_SCRIPTS = "sieve"
_ACTIVE = ".dovecot.sieve"


class Mailboxes(Folders):
    """The mailboxes of a host, for one export or import; for an import it is a context manager.

    Args:
        instance: the host.
    """

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._staged = ""
        self._lock = -1

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._lock >= 0:
            os.close(self._lock)

    def copy(self, address: str, home: str, target: str) -> None:
        """See `Folders.copy`."""
        if not storage.exists(target):  # else it may be the mail's owner's, if the helper was killed
            storage.make(target, target)
        maildir = os.path.join(target, storage.MAILDIR)
        try:
            if storage.exists(home):
                _finish_imports(self._instance, os.path.dirname(home))
                root.do(self._instance, "export", address, home, target)
                _tidy(maildir)
                return
        except (MailAddonError, OSError):
            if storage.exists(home):
                raise
        for name in trees.names(target):  # the user has been deleted
            storage.purge(os.path.join(target, name))

    def install(self, journal: "Journal", staging: str, domain_folder: str, new: set[str]) -> None:  # noqa: ARG002 - Dovecot finds out
        """See `Folders.install`; nobody else touches the staged mail until the import is finished or has died."""
        self._staged = os.path.join(domain_folder, _STAGED + journal.token)
        try:
            self._lock = storage.open_folder(staging)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            journal.move(staging, self._staged)
        except OSError as error:
            raise storage.refused("put in place", staging, error) from None

    def finish(self) -> None:
        """The users are there: bring the staged mail into their mailboxes.

        Raises:
            StorageFailed, Unavailable: it cannot be done now; the next command that changes anything tries again.
        """
        if self._staged:
            try:
                _merge(self._instance, self._staged)
            except OSError as error:
                raise storage.refused("imported", self._staged, error) from None
            except MailAddonError as error:
                raise StorageFailed(
                    f"settings are imported, mail is not yet complete: {error.message}; what is missing is kept,"
                    " and the next command that changes anything, or a repeated import, tries again"
                ) from None


def finish_imports(instance: "Instance", directory: "Directory", domain_name: str) -> bool:
    """Finish what killed imports have left in a domain; whether nothing is left.

    Raises:
        StorageFailed, Unavailable, OSError: it cannot be done now.
    """
    with directory.read() as tx:
        domain = find_domain(tx, domain_name)
    return domain is None or _finish_imports(instance, domain.storage)


def _finish_imports(instance: "Instance", domain_folder: str) -> bool:
    done = True
    try:
        found = sorted(trees.names(domain_folder))
    except FileNotFoundError:
        return True
    for name in found:
        if name.startswith(_STAGED):
            staged = os.path.join(domain_folder, name)
            try:
                lock = storage.open_folder(staged)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if storage.exists(staged):
                    _merge(instance, staged)
            except BlockingIOError:  # its process lives and is at it
                done = False
            finally:
                os.close(lock)
    return done


def _merge(instance: "Instance", staged: str) -> None:
    """Bring the staged mail of a domain into the mailboxes; one that fails does not keep the others from theirs."""
    failure: MailAddonError | None = None
    domain_folder = os.path.dirname(staged)
    for user in sorted(trees.names(staged)):
        source, done = os.path.join(staged, user), os.path.join(staged, _DONE + user)
        home = os.path.join(domain_folder, user)
        if user.startswith(_DONE):
            continue
        try:
            if storage.exists(home):
                root.do(instance, "import", f"{user}@{os.path.basename(domain_folder)}", home, source)
            storage.move(source, done)
            root.do(instance, "take", done)
            storage.purge(done)
        except OSError as error:
            failure = storage.refused("imported", source, error)
        except MailAddonError as error:
            failure = error
    if failure is not None:
        raise failure
    storage.purge(staged)


class _Turn:
    """Let one process at a time work on a copy: the helper of a command that was killed may still be at it.

    Args:
        path: the copy.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> None:
        self._descriptor = storage.open_folder(self._path)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_error: object) -> None:
        os.close(self._descriptor)


def take_in(instance: "Instance", address: str, home: str, source: str) -> None:
    """Bring one user's staged mail and scripts into its mailbox; only root can.

    Args:
        instance: the host.
        address: the user's.
        home: where the user's mail is.
        source: the staged mail.

    Raises:
        StorageFailed, OSError: it cannot be done.
    """
    with _Turn(source):
        _take_in(instance, address, home, source)


def _take_in(instance: "Instance", address: str, home: str, source: str) -> None:
    give_tree(instance, source)
    maildir = os.path.join(source, storage.MAILDIR)
    if storage.exists(maildir):
        if _has_messages(os.path.join(home, storage.MAILDIR)):
            _forget_history(instance, maildir)
        home_folder, source_folder = storage.open_folder(home), storage.open_folder(source)
        try:
            for _try in range(_TRIES):
                status, text = services.merge(instance, address, home_folder, source_folder)
                if status != _AGAIN:
                    break
        finally:
            os.close(home_folder)
            os.close(source_folder)
        if status != 0:
            raise StorageFailed(f"the mail of {address} cannot be imported: {text or f'doveadm ends with {status}'}")
    _place_scripts(instance, home, source)


def _has_messages(maildir: str) -> bool:
    try:
        return any(name.split("/")[-2:-1] in (["cur"], ["new"]) for name in trees.files(maildir))
    except (FileNotFoundError, NotADirectoryError):  # the latter is for doveadm to complain about
        return False


def _forget_history(instance: "Instance", maildir: str) -> None:
    """Give the copy's messages other UIDs than the mailbox's, which may have been imported from the same mailbox.

    Where both begin with the same messages, Dovecot would take what only one of them has for deleted in the other, and
    delete it. Now it compares messages alone, by the names that they had first.
    """
    for name in list(trees.files(maildir)):
        if name.rpartition("/")[2].startswith("dovecot.index"):
            storage.purge(os.path.join(maildir, name))
    for folder in (maildir, *(os.path.join(maildir, name) for name in trees.names(maildir) if name.startswith("."))):
        path = os.path.join(folder, "dovecot-uidlist")
        _write(instance, path, renumbered(_read(instance, path) if storage.exists(path) else _NO_UIDS))


def _read(instance: "Instance", path: str) -> bytes:
    return trees.read_file(path, owners(instance))


def _write(instance: "Instance", path: str, content: bytes) -> None:
    trees.write_file(path, content, (instance.mail_uid, instance.mail_gid))


def renumbered(uidlist: bytes) -> bytes:
    """A dovecot-uidlist with the same messages, as that of another folder: other UIDs, another UIDVALIDITY.

    One that is damaged counts as none: Dovecot gives the messages numbers then.
    """
    shift = 1_000_000 + int.from_bytes(os.urandom(3))
    try:
        first, *lines = uidlist.splitlines()
        records = [(int(uid) + shift, rest) for uid, _, rest in (line.partition(b" ") for line in lines)]
    except ValueError:
        return renumbered(_NO_UIDS)
    version, *fields = first.split(b" ")
    kept = [field for field in fields if field[:1] not in {b"V", b"N", b"G"}]
    following = max((uid for uid, _rest in records), default=shift) + 1
    header = b" ".join([version, b"V%d" % shift, b"N%d" % following, *kept])
    return header + b"\n" + b"".join(b"%d %b\n" % record for record in records)


def copy_out(instance: "Instance", address: str, home: str, target: str) -> None:
    """Copy one user's mail and scripts, or bring a copy up to date; only root can.

    While doveadm does it, the copy belongs to the mail's owner; then it belongs to who runs the commands.

    Args:
        instance: the host.
        address: the user's.
        home: where the user's mail is.
        target: the copy.

    Raises:
        StorageFailed, Unavailable, OSError: it cannot be done.
    """
    check_place(instance, target)
    with _Turn(target):
        _copy_out(instance, address, home, target)


def _copy_out(instance: "Instance", address: str, home: str, target: str) -> None:
    give_tree(instance, target)
    try:
        _back_up(instance, address, home, target)
        _copy_scripts(instance, home, target)
    finally:
        take_tree(instance, target)


def _back_up(instance: "Instance", address: str, home: str, target: str) -> None:
    home_folder, target_folder = storage.open_folder(home), storage.open_folder(target)
    try:
        for again in range(_TRIES):
            status, text = services.backup(instance, address, home_folder, target_folder)
            if status == 0:
                return
            if status != _AGAIN and again == 0:
                # Perhaps it is the copy of another mailbox: the user was deleted and added again.
                storage.purge(os.path.join(target, storage.MAILDIR))
            elif status != _AGAIN:
                break
    finally:
        os.close(home_folder)
        os.close(target_folder)
    if status == _AGAIN:
        raise Unavailable(f"the mailbox of {address} keeps changing while it is copied; try again")
    raise StorageFailed(f"the mail of {address} cannot be copied: {text or f'doveadm ends with {status}'}")


def _tidy(maildir: str) -> None:
    """Remove from an export what is no mail."""
    for name in list(trees.files(maildir)):
        folder, _, file = name.rpartition("/")
        passing = file.endswith(".lock") or folder.rpartition("/")[2] == "tmp"
        if passing or file in _CACHES or file.startswith("dovecot-uidvalidity"):
            storage.purge(os.path.join(maildir, name))


# The user's own Sieve scripts: files in a folder, and a link to the active one, which an export has as a file


def _copy_scripts(instance: "Instance", home: str, target: str) -> None:
    source, copy = os.path.join(home, _SCRIPTS), os.path.join(target, _SCRIPTS)
    names = _scripts(source)
    for name in (_scripts(copy) - names) if names else ():
        storage.purge(os.path.join(copy, name))
    if names:
        _make_folder(instance, copy)
        for name in names:
            _write(instance, os.path.join(copy, name), _read(instance, os.path.join(source, name)))
    else:
        storage.purge(copy)
    active = _active(instance, home)
    if active is None:
        storage.purge(os.path.join(target, _ACTIVE))
    else:
        _write(instance, os.path.join(target, _ACTIVE), active)


def _make_folder(instance: "Instance", path: str) -> None:
    """Make a folder of the mail's owner, unless it is there."""

    def make(folder: int, name: str) -> None:
        try:
            os.mkdir(name, storage.PRIVATE, dir_fd=folder)
        except FileExistsError:
            return
        made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        os.fchown(made, instance.mail_uid, instance.mail_gid)
        os.close(made)

    storage.within(path, make)


def _scripts(folder: str) -> set[str]:
    try:
        return {name for name in trees.names(folder) if name.endswith(".sieve")}
    except FileNotFoundError:
        return set()


def _active(instance: "Instance", home: str) -> bytes | None:
    """The script that is in force."""
    path = os.path.join(home, _ACTIVE)
    try:
        link = storage.within(path, lambda folder, name: os.readlink(name, dir_fd=folder))
    except FileNotFoundError:
        return None
    except OSError:  # not a link
        return _read(instance, path)
    folder, _, name = link.rpartition("/")
    if os.path.normpath(os.path.join(home, folder)) != os.path.join(home, _SCRIPTS):
        return None
    try:
        return _read(instance, os.path.join(home, _SCRIPTS, name))
    except FileNotFoundError:
        return None


def _place_scripts(instance: "Instance", home: str, source: str) -> None:
    """Give a user the scripts of an export that the user does not have; the user's own stay in force."""
    folder = os.path.join(home, _SCRIPTS)
    new = _scripts(os.path.join(source, _SCRIPTS)) - _scripts(folder)
    if new and not storage.exists(folder):
        storage.move(os.path.join(source, _SCRIPTS), folder)
    else:
        for name in new:
            storage.move(os.path.join(source, _SCRIPTS, name), os.path.join(folder, name))
    active = os.path.join(source, _ACTIVE)
    if not storage.exists(active) or storage.exists(os.path.join(home, _ACTIVE)):
        return
    content = _read(instance, active)
    for name in sorted(_scripts(folder)):
        if _read(instance, os.path.join(folder, name)) == content:
            storage.within(
                os.path.join(home, _ACTIVE),
                lambda parent, link, name=name: os.symlink(f"{_SCRIPTS}/{name}", link, dir_fd=parent),  # type: ignore[misc]
            )
            return
    storage.move(active, os.path.join(home, _ACTIVE))
