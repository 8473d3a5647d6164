"""A password for each user that is added: no backend tells one, but some tell its hash, and some take a hash instead.

In this order: the password that the file of names has; the hash, if the target takes hashes of its scheme; a new one,
which is written to a file for whoever has to hand it out.
"""

import os
import secrets

from ..errors import NotConfigured, StorageFailed
from ..home import PRIVATE_FILE
from ..values import Secret, shown
from .inventory import Side, UserState

#: Octets of randomness in a new password.
_RANDOM = 15


class NewPasswords:
    """A private file of new passwords, a line each: `u1@xyz.com password`. What it has already is not made again.

    Raises:
        NotConfigured: it cannot be opened, others can read it, or it has other lines.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE)
            with open(self._descriptor, encoding="utf-8", closefd=False) as file:
                lines = file.read().splitlines()
            others = os.fstat(self._descriptor).st_mode & 0o077
        except (OSError, UnicodeDecodeError) as error:
            raise NotConfigured(f"{path} cannot be a file of new passwords: {error}") from None
        if others:
            raise NotConfigured(f"{path} is for others too; a file of passwords is for its owner alone (chmod 600)")
        for line in lines:
            address, space, password = line.partition(" ")
            if space and "@" in address and password:
                self._known[address] = password
            elif line:
                raise NotConfigured(f"{path} has other lines than {shown('u1@xyz.com password')}")

    def password(self, address: str) -> Secret:
        """The user's new password, once it stands in the file.

        Raises:
            StorageFailed: it cannot be written there.
        """
        if address not in self._known:
            password = secrets.token_urlsafe(_RANDOM)
            try:
                os.write(self._descriptor, f"{address} {password}\n".encode())
                os.fsync(self._descriptor)
            except OSError as error:
                raise StorageFailed(f"{self._path} cannot be written: {error.strerror}") from None
            self._known[address] = password
        return Secret(self._known[address])

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class Passwords:
    """Where each user's password comes from.

    Attributes:
        moved: the users whose hash the target gets.
        given: the users whose password the file of names has.
        new: the users who get a new one.
        why_new: why they do, by scheme, or by "" where the source tells no hash.

    Args:
        source: which may tell hashes.
        target: which may take them.
        file: new passwords; None where nothing is going to be done.
    """

    def __init__(self, source: Side, target: Side, file: NewPasswords | None) -> None:
        self._file = file
        schemes = target.ask("password-schemes") if target.has("password-schemes") else []
        self._schemes = {scheme.upper() for scheme in schemes}
        self._known: dict[str, Secret] = {}
        self._names = source.name, target.name
        self.moved: list[str] = []
        self.given: list[str] = []
        self.new: list[str] = []
        self.why_new: set[str] = set()

    def prepare(self, address: str, state: UserState) -> None:
        """Decide about a user."""
        hash_ = state.get("password_hash", "")
        scheme = hash_.partition("}")[0].removeprefix("{").upper()
        if "password" in state:
            self.given.append(address)
            self._known[address] = Secret(state["password"])
        elif scheme and scheme in self._schemes:
            self.moved.append(address)
            self._known[address] = Secret(hash_)
        else:
            self.new.append(address)
            source, target = self._names
            self.why_new.add(
                f"{target} takes no hashes of the scheme {scheme}" if scheme else f"{source} tells no hash"
            )

    def of(self, address: str) -> Secret:
        """The password to add a user with.

        Raises:
            StorageFailed: a new one cannot be kept.
        """
        if address in self._known:
            return self._known[address]
        assert self._file is not None, "a plan that needs new passwords is refused without a file for them"
        return self._file.password(address)
