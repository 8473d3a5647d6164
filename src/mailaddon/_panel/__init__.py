"""The methods of `Panel`, one for each operation of the table, named after its hook.

Arguments are named after the fields of the table. A list is an iterator over its items. What refuses an operation is
raised as one of the errors in `mailaddon.errors`; nothing has been changed then. docs/generate.py writes the modules.
"""

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Performing(ABC):
    """What the methods need: how an operation is run, `Panel` says."""

    @abstractmethod
    def _perform(self, hook: str, **values: object) -> "Any":
        """Run an operation with values by field; None for an argument that is left out."""
