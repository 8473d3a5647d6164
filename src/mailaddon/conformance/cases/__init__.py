"""All cases of the kit, in the order of a report."""

from functools import cache
from importlib import import_module

from ..case import GROUPS, Case

_MODULES = (
    "table",
    "domains",
    "names",
    "users",
    "lists",
    "catch_all",
    "transfer",
    "parallel",
    "faults",
    "circumstances",
    "mail_flow",
)


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case, by group, and within it from the simple to the intricate."""
    found = [case for name in _MODULES for case in import_module(f"{__name__}.{name}").CASES]
    return tuple(sorted(found, key=lambda case: GROUPS.index(case.group)))
