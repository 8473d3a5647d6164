"""The archive that an export leaves: names, seal, checksums. The format is documented in docs/export-format.md.

    <location>/xyz.com.mailaddon/          a domain; u1@xyz.com.mailaddon/ for a user
        settings.json                      what the directory had, passwords as hashes
        mail/<user>/Maildir/…              mail, as it was stored
        SHA256SUMS                         of all files above, as `sha256sum` writes and checks them
        seal.json                          format, version, kind, name, parts, counts, and the SHA-256 of SHA256SUMS

An export that is being written is in `….partial`; only a sealed one gets the final name.
"""

import fcntl
import hashlib
import json
import os

from ..errors import InvalidExport, NotFound, Unavailable
from ..home import replace_file
from . import storage, trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FORMAT = "mailaddon-export"
VERSION = 1
SETTINGS = "settings.json"
MAIL = "mail"
SUMS = "SHA256SUMS"
SEAL = "seal.json"
_SUFFIX = ".mailaddon"


class Place:
    """Where the export of one domain or user is.

    Attributes:
        name: `xyz.com` or `u1@xyz.com`.
        final: the sealed export.
        partial: the one that is being written.
    """

    def __init__(self, location: str, name: str) -> None:
        self.location = location
        self.name = name
        self.final = os.path.join(location, name + _SUFFIX)
        self.partial = self.final + ".partial"
        self._old = self.final + ".old"

    def begin(self) -> int:
        """Make the folder to write to, and lock it until the returned descriptor is closed.

        Raises:
            OSError: the file system refuses.
            Unavailable: another process writes the same export.
        """
        storage.make(self.partial, self.location)
        descriptor = storage.open_folder(self.partial)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Unavailable(f"another export is being written to {self.partial}; try again") from None
        return descriptor

    def finish(self) -> None:
        """Give the sealed export its final name, in place of an earlier one.

        Raises:
            OSError: the file system refuses.
        """
        self._put_back()
        if storage.exists(self.final):
            storage.move(self.final, self._old)
        storage.move(self.partial, self.final)
        storage.purge(self._old)

    def _put_back(self) -> None:
        """A process that was killed between the two renames left the earlier export under another name."""
        if storage.exists(self._old):
            if storage.exists(self.final):
                storage.purge(self._old)
            else:
                storage.move(self._old, self.final)

    def sealed(self) -> str:
        """The folder of the sealed export.

        Raises:
            OSError: the location cannot be read.
            InvalidExport: the export was begun but not sealed.
            NotFound: there is none.
        """
        for folder in (self.final, self._old):
            if storage.exists(folder):
                return folder
        if storage.exists(self.partial):
            raise InvalidExport(
                f"the export of {self.name} in {self.location} is not sealed: EPostExport… has not finished"
            )
        raise NotFound(f"no export of {self.name} in {self.location}", parameter="ExportImportDataLocation")


def write_settings(folder: str, settings: "Mapping[str, Any]") -> None:
    """Write settings.json.

    Raises:
        OSError: the file system refuses.
    """
    text = json.dumps(settings, indent=1, ensure_ascii=False, sort_keys=True)
    replace_file(os.path.join(folder, SETTINGS), text.encode() + b"\n")


def seal(folder: str, description: "Mapping[str, Any]") -> None:
    """Write the checksums and, once everything is on disk, the seal.

    Args:
        folder: the export.
        description: the seal's fields `kind`, `name`, `created`, `parts`, `counts`.

    Raises:
        OSError: the file system refuses.
    """
    names = [name for name in trees.files(folder) if name not in {SUMS, SEAL}]
    lines = [_sum_line(trees.digest_file(os.path.join(folder, name)), name) for name in names]
    content = b"".join(lines)
    replace_file(os.path.join(folder, SUMS), content)
    os.sync()
    whole = {"format": FORMAT, "version": VERSION, **description, "sha256sums": hashlib.sha256(content).hexdigest()}
    replace_file(os.path.join(folder, SEAL), json.dumps(whole, indent=1, sort_keys=True).encode() + b"\n")


def _sum_line(digest: str, name: str) -> bytes:
    """As coreutils writes it: a name with a backslash or a line break is escaped, and the line says so in front."""
    octets = os.fsencode(name)
    escaped = octets.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"\\" if escaped != octets else b"") + digest.encode() + b"  " + escaped + b"\n"


def _parse_sum_line(line: bytes) -> tuple[str, str]:
    escaped = line.startswith(b"\\")
    digest, separator, name = line.removeprefix(b"\\").partition(b"  ")
    if escaped:
        name = name.replace(b"\\\\", b"\0").replace(b"\\n", b"\n").replace(b"\\r", b"\r").replace(b"\0", b"\\")
    if not separator or not name:
        raise InvalidExport(f"{SUMS} has a line that is no checksum")
    return os.fsdecode(name), digest.decode("ascii", "replace")


class Export:
    """A sealed export, its seal and its list of files checked; the files' own checksums are checked as they are read.

    Attributes:
        folder: where it is.
        sums: relative path -> SHA-256.

    Raises:
        InvalidExport: the seal is missing, damaged, of another format, or does not cover the files that are there.
        OSError: it cannot be read.
    """

    def __init__(self, folder: str, kind: str, name: str) -> None:
        self.folder = folder
        seal = _json(self._read(SEAL), SEAL)
        if not isinstance(seal, dict) or seal.get("format") != FORMAT:
            raise InvalidExport(f"{folder} is not an export: {SEAL} does not say {FORMAT}")
        if seal.get("version") != VERSION:
            raise InvalidExport(f"{folder} has version {seal.get('version')!r} of the format; this SDK reads {VERSION}")
        if (seal.get("kind"), seal.get("name")) != (kind, name):
            raise InvalidExport(
                f"{folder} is the export of {seal.get('kind')} {seal.get('name')}, not of {kind} {name}"
            )
        content = self._read(SUMS)
        if hashlib.sha256(content).hexdigest() != seal.get("sha256sums"):
            raise InvalidExport(f"{folder} is damaged: {SUMS} is not what was sealed")
        self.sums = dict(_parse_sum_line(line) for line in content.split(b"\n") if line)
        present = {found for found in trees.files(folder) if found not in {SUMS, SEAL}}
        if present != set(self.sums):
            odd = min(present.symmetric_difference(self.sums))
            raise InvalidExport(f"{folder} is damaged: {odd!r} is {'not sealed' if odd in present else 'missing'}")
        self.counts = seal.get("counts")

    def _read(self, name: str) -> bytes:
        try:
            return trees.read_file(os.path.join(self.folder, name))
        except FileNotFoundError:
            raise InvalidExport(f"{self.folder} is not a sealed export: {name} is missing") from None

    def settings(self) -> "Any":
        """What settings.json says.

        Raises:
            InvalidExport: it is damaged.
        """
        content = self._read(SETTINGS)
        self.check(SETTINGS, hashlib.sha256(content).hexdigest())
        return _json(content, SETTINGS)

    def check(self, name: str, digest: str) -> None:
        """Compare a file's checksum.

        Raises:
            InvalidExport: it differs.
        """
        if self.sums.get(name) != digest:
            raise InvalidExport(f"{self.folder} is damaged: {name!r} has another checksum than the seal")

    def check_all(self) -> None:
        """Compare every file's checksum.

        Raises:
            InvalidExport: one differs.
            OSError: one cannot be read.
        """
        for name in self.sums:
            self.check(name, trees.digest_file(os.path.join(self.folder, name)))


def _json(content: bytes, name: str) -> "Any":
    try:
        return json.loads(content)
    except ValueError:
        raise InvalidExport(f"{name} is not JSON") from None
