"""Small immutable typed objects, without the 20 ms that importing `dataclasses` costs every process.

To a type checker a `Record` is a frozen, keyword-only dataclass. A subclass inherits its base's fields. A module that
defines one begins with `from __future__ import annotations`: from Python 3.14 on, other annotations are not there yet
when a class is made.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_options):  # noqa: ANN003, ANN202 - the checker sees typing's
        """Stand in for typing's decorator, which says something to type checkers only."""
        return lambda decorated: decorated


class _RecordType(type):
    """Turns annotations into slots and their values into defaults."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: "dict[str, Any]") -> "_RecordType":
        own = [field for field in namespace.get("__annotations__", ()) if not field.startswith("_")]
        defaults = {field: namespace.pop(field) for field in own if field in namespace}
        namespace["__slots__"] = tuple(own)
        cls = super().__new__(mcs, name, bases, namespace)
        inherited = [base for base in reversed(cls.__mro__[1:]) if isinstance(base, mcs)]
        cls._fields = tuple(dict.fromkeys([field for base in inherited for field in base._own] + own))  # noqa: SLF001 - of this class
        cls._defaults = {key: value for base in inherited for key, value in base._defaults.items()} | defaults  # noqa: SLF001
        cls._own = tuple(own)
        return cls

    _fields: tuple[str, ...]
    _own: tuple[str, ...]
    _defaults: "dict[str, Any]"


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record(metaclass=_RecordType):
    """Base of all records: keyword arguments in, attributes out; immutable, equal and hashed by value."""

    _fields: "ClassVar[tuple[str, ...]]"
    _defaults: "ClassVar[dict[str, Any]]"

    def __init__(self, **values: "Any") -> None:
        for field in self._fields:
            if field in values:
                value = values.pop(field)
            elif field in self._defaults:
                value = self._defaults[field]
            else:
                raise TypeError(f"{type(self).__name__} needs {field}")
            object.__setattr__(self, field, value)
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")

    def __setattr__(self, field: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; make another one with .replace({field}=…)")

    __delattr__ = None  # type: ignore[assignment] # immutable in this way too

    def replace(self, **changes: "Any") -> "Self":
        """A copy with some fields changed."""
        return type(self)(**{**self.as_dict(), **changes})

    def as_dict(self) -> "dict[str, Any]":
        """The fields in order, by name. Nested records stay records."""
        return {field: getattr(self, field) for field in self._fields}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash((type(self), *self.as_dict().values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.as_dict().items())})"
