"""What stands in a replay for what a trace does not have, passwords, and for what is not to be touched, paths."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any

from .._tracing import TOO_LONG, WITH_NUL
from ..operations.model import PATH
from ..values import MAX_PASSWORD

if TYPE_CHECKING:
    from ..operations.model import Operation, Parameter

_OCTETS = 12


class StandIns:
    """Generated passwords, the same for the same one in the trace, and paths below a folder.

    Args:
        folder: where paths are; "" for where they were recorded.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._passwords: dict[str, str] = {}

    def arguments(self, operation: Operation, recorded: list[Any]) -> list[str]:
        """The arguments to call an operation with."""
        forms = {len(form): form for form in (operation.longer, operation.parameters)}
        form = forms.get(len(recorded), ())
        given = [*form, *[None] * (len(recorded) - len(form))]
        return [self._argument(parameter, value) for parameter, value in zip(given, recorded, strict=True)]

    def result(self, value: Any) -> Any:
        """A result, with the paths as they were recorded."""
        if isinstance(value, str):
            return value.replace(self._folder, "") if self._folder else value
        if isinstance(value, list):
            return [self.result(item) for item in value]
        if isinstance(value, dict):
            return {key: self.result(item) for key, item in value.items()}
        return value

    def _argument(self, parameter: Parameter | None, value: Any) -> str:
        if isinstance(value, dict):
            return self._password(value["secret"], value.get("form", ""))
        if parameter is None or parameter.kind is not PATH or not self._folder:
            return str(value)
        return self._path(value)

    def _password(self, secret: str, form: str) -> str:
        if secret not in self._passwords:
            self._passwords[secret] = secrets.token_urlsafe(_OCTETS)
        made = self._passwords[secret]
        return {TOO_LONG: made * MAX_PASSWORD, WITH_NUL: f"{made}\0"}.get(form, made)

    def _path(self, path: str) -> str:
        if not path.startswith("/") or not path.strip("/"):
            return path  # refused, as it was
        moved = self._folder + path
        try:
            # Where it was recorded, what is above it was there.
            os.makedirs(os.path.dirname(os.path.normpath(moved)), exist_ok=True)
        except (OSError, ValueError):
            return moved  # the backend says what is wrong with it
        return moved
