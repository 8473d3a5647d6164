"""`mailaddon commands`: the table, whole."""

from umbrella import answer, mailaddon

from mailaddon.operations import COMMANDS, OPERATIONS, REGISTER


def test_the_table_as_text() -> None:
    lines = mailaddon("commands").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["COMMAND", *[one.command for one in (*OPERATIONS, REGISTER)]]
    assert len({line.index(one.summary) for line, one in zip(lines[1:], (*OPERATIONS, REGISTER), strict=True)}) == 1
    assert lines[2].split()[:4] == ["EEditDomain", "10", "or", "11"]


def test_the_table_as_json_has_every_command_and_parameter() -> None:
    found = {one["name"]: one for one in answer("commands", "--json")["commands"]}
    assert list(found) == [one.command for one in (*OPERATIONS, REGISTER)]
    for operation in (*OPERATIONS, REGISTER):
        one = found[operation.command]
        assert [parameter["name"] for parameter in one["parameters"]] == [p.name for p in operation.parameters]
        assert [parameter["field"] for parameter in one["parameters"]] == [p.field for p in operation.parameters]
        assert one["output"] == operation.output
        assert one["legacy"]["status"] == operation.legacy_status
        assert set(operation.errors) <= set(one["errors"])
    assert len([one for one in found.values() if one["executables"]]) == len(COMMANDS) + 1


def test_one_command_in_full() -> None:
    found = {one["name"]: one for one in answer("commands", "--json")["commands"]}
    one = found["EGetUserAliasList"]
    assert one["other_names"] == ["EgetUserAliasList"]
    assert one["legacy"]["output"] == "alias plus UserName; exact line format not public"
    assert one["example"] == {"arguments": ["xyz.com", "u1"], "output": ["a11", "a12"]}
    assert one["parameters"][1] == {
        "name": "UserName",
        "field": "user",
        "option": "--user-name",
        "kind": "username",
        "accepts": one["parameters"][1]["accepts"],
        "note": "Name of the mail domain user.",
        "secret": False,
        "optional": False,
        "key": True,
    }
    assert [parameter["name"] for parameter in found["EEditDomain"]["longer"]][2] == "SiteType"
    assert found["EAddDistributionList"]["legacy"]["parameters"] is None
    assert found["resolve"]["executables"] == []
