"""Records: small, immutable, equal by value, and with the fields that their annotations say."""

import ast
import inspect
from pathlib import Path

import pytest

import mailaddon
from mailaddon import records
from mailaddon.records import DomainRef, NewUser, Record, Resolution, Secret, UserChange, UserRef

PUBLIC = {name: getattr(records, name) for name in records.__all__}
RECORDS = [value for value in PUBLIC.values() if isinstance(value, type) and issubclass(value, Record)]
NEW_USER = {
    "domain": "xyz.com",
    "user": "u1",
    "password": Secret("mark3d"),
    "first_name": "Ann",
    "middle_name": "",
    "last_name": "Lee",
    "forwards": True,
    "autoresponders": True,
    "web_access": False,
}


def test_fields_come_from_the_arguments() -> None:
    user = NewUser(**NEW_USER)
    assert {field: getattr(user, field) for field in NEW_USER} == NEW_USER
    assert user.as_dict() == NEW_USER
    assert not hasattr(user, "__dict__")


def test_inherited_fields_come_first() -> None:
    assert list(UserChange(**NEW_USER).as_dict())[:3] == ["forwards", "autoresponders", "web_access"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "UserRef needs domain"),
        ({"domain": "xyz.com"}, "UserRef needs user"),
        ({"domain": "xyz.com", "user": "u1", "usr": "u1"}, "UserRef has no usr"),
    ],
)
def test_arguments_are_the_fields(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        UserRef(**arguments)


def test_default_is_used_and_not_shared_with_the_class() -> None:
    assert Resolution(address="a@b.c", action="outside", reason="").targets == ()
    assert records.Change().as_dict() == {"before": None, "after": None}
    assert records.DomainChange._defaults == {"ip_based": None}  # noqa: SLF001


def test_record_is_immutable() -> None:
    reference = DomainRef(domain="xyz.com")
    with pytest.raises(AttributeError, match=r"DomainRef is immutable; make another one with .replace\(domain=…\)"):
        reference.domain = "foo.com"  # type: ignore[misc]
    with pytest.raises(TypeError):
        del reference.domain
    assert reference.replace(domain="foo.com").domain == "foo.com"
    assert reference.domain == "xyz.com"
    with pytest.raises(TypeError, match="has no name"):
        reference.replace(name="foo.com")


def test_records_are_equal_and_hashed_by_value() -> None:
    assert DomainRef(domain="xyz.com") == DomainRef(domain="xyz.com")
    assert len({DomainRef(domain="xyz.com"), DomainRef(domain="xyz.com"), DomainRef(domain="foo.com")}) == 2
    assert DomainRef(domain="xyz.com") != DomainRef(domain="foo.com")
    assert DomainRef(domain="xyz.com") != "xyz.com"
    assert NewUser(**NEW_USER) != UserChange(**NEW_USER), "another record is another request"


def test_representation_masks_passwords() -> None:
    text = repr(NewUser(**NEW_USER))
    assert text.startswith("NewUser(forwards=True, autoresponders=True, web_access=False, domain='xyz.com', user='u1'")
    assert "password='******'" in text
    assert "mark3d" not in text


def test_every_record_has_its_annotated_fields() -> None:
    """On every Python: a module that defines records keeps its annotations as they stand."""
    for record in RECORDS:
        annotated = [name for base in reversed(record.__mro__) for name in inspect.get_annotations(base)]
        assert [name for name in annotated if not name.startswith("_")] == list(record._fields)
    for path in Path(mailaddon.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bases = {
            base.id
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for base in node.bases
            if isinstance(base, ast.Name)
        }
        if "Record" in bases:
            futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
            assert futures, path


def test_all_records_are_public_and_there_when_they_are_asked_for() -> None:
    defined = {
        node.name
        for path in Path(records.__file__).parent.glob("_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    }
    assert defined | {"Record", "Secret"} == set(PUBLIC)
    assert set(PUBLIC) <= set(dir(records))
    assert all(record.__doc__ for record in RECORDS)
    with pytest.raises(AttributeError, match="has no attribute 'NewDomian'"):
        records.NewDomian  # type: ignore[attr-defined] # noqa: B018
