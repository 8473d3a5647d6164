"""Backends that the tests of replays call: what has been recorded on the embedded one comes out otherwise on them."""

from typing import ClassVar

from mailaddon.backends.embedded import EmbeddedBackend

from mailaddon import hookimpl, records


class Losing(EmbeddedBackend):
    """Adds no alias after the first, and says it has."""

    @hookimpl
    def add_user_alias(self, request: records.UserAlias) -> None:  # type: ignore[override]
        if request.alias == "a11":
            super().add_user_alias(request)


class Noting(EmbeddedBackend):
    """Keeps the passwords and folders that it is given."""

    seen: ClassVar[list[str]] = []

    @hookimpl
    def add_domain(self, request: records.NewDomain) -> None:
        self.seen.extend((str(request.owner_password), request.mailbox_directory))

    @hookimpl
    def add_user(self, request: records.NewUser) -> None:
        self.seen.append(str(request.password))

    @hookimpl
    def edit_user(self, request: records.UserChange) -> None:
        self.seen.append(str(request.password))
        raise RuntimeError(request.password)
