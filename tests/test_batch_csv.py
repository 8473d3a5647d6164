"""`mailaddon batch --csv`: the lists that people have."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from harness import Home, disagreements
from umbrella import mailaddon

ON = ("--set", "UserEnableForwards=1", "--set", "userenableautoresponders=1", "--set", "web_access=1")
NAMES = ("--set", "MiddleName=")
USERS = ("--csv", "--command", "eadduser", *ON)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    made = Home(tmp_path)
    made.add_domain("xyz.com")
    monkeypatch.setenv("MAILADDON_HOME", str(made.path))
    return made


def run(table: "str | bytes", *options: str) -> Result:
    return mailaddon("batch", *options, given=table)


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def users(home: Home) -> dict[str, tuple[str, str, str]]:
    directory = home.directory
    with directory.read() as tx:
        rows = tx.all(
            "SELECT local_part, first_name, middle_name, last_name FROM user JOIN address ON address.id = user.id"
            " WHERE local_part <> 'admin'"
        )
    assert disagreements(home) == []
    return {row[0]: row[1:] for row in rows}


def test_headings_that_are_arguments_need_no_mapping(home: Home) -> None:
    table = "DomainName,username,Password,first_name,MiddleName,LASTNAME\nxyz.com,u1,pw,Ann,,Lee\n"
    result = run(table, *USERS)
    assert (result.exit_code, result.stderr) == (0, "")
    (answer,) = answers(result)
    assert answer == {"version": 1, "line": 2, "id": None, "command": "EAddUser", "ok": True, "result": None}
    assert users(home) == {"u1": ("Ann", "", "Lee")}


def test_columns_are_mapped_and_addresses_taken_apart(home: Home) -> None:
    table = (
        "No.;E-mail;Given name;Family name;Secret\r\n"
        '1;u1@XYZ.com;"Ann; the ""first""";Lee;"p;w"\r\n'
        '2; u2@xyz.com ;"two\r\nlines";Lee;pw\r\n'
        "\r\n;;;;\r\n"
        "3;u3@xyz.com;Bob;Müller;pw\r\n"
    )
    mapping = ("E-mail=UserName@DomainName", "given NAME=FirstName", "Family name=last_name", "Secret=Password")
    options = [part for text in mapping for part in ("--column", text)]
    result = run(table.encode("utf-8-sig"), *USERS, *options, *NAMES, "--delimiter", ";")
    assert [(one["line"], one["ok"]) for one in answers(result)] == [(2, True), (3, False), (7, True)]
    assert result.stderr == "mailaddon batch: columns that are no argument: 1\n"
    refused = answers(result)[1]["error"]
    assert (refused["code"], refused["parameter"], refused["column"]) == (
        "invalid-argument",
        "FirstName",
        "Given name",
    )
    assert refused["message"].startswith("column 'Given name': ")
    assert users(home) == {"u1": ('Ann; the "first"', "", "Lee"), "u3": ("Bob", "", "Müller")}


def test_quoted_line_ends_are_part_of_a_cell(home: Home) -> None:
    home.add_user("xyz.com", "u1")
    table = 'Who\tText\nu1\t"Back on\nMonday, ""early""\n"\nu9\tx\n'
    options = ("--column", "Who=UserName", "--column", "Text=AutoResponseMessage", "--set", "Subject=away")
    found = _parameters("ESetAutoResponder")
    options = ("--column", f"Who={found[1]}", "--column", f"Text={found[3]}", "--set", f"{found[2]}=away")
    result = run(
        table, "--csv", "--command", "ESetAutoResponder", "--set", "domain=xyz.com", "--delimiter", "tab", *options
    )
    assert [(one["line"], one["ok"]) for one in answers(result)] == [(2, True), (5, False)]
    assert home.must("EGetAutoResponder", "xyz.com", "u1") == 'away\nBack on\nMonday, "early"\n'


def _parameters(command: str) -> list[str]:
    from mailaddon.operations import find

    return [parameter.name for parameter in find(command).parameters]


ROW = "DomainName,UserName,Password,FirstName,MiddleName,LastName\n"


@pytest.mark.parametrize("encoding", ["cp1252", "iso-8859-15", "utf-16", "utf-8"])
def test_code_pages(home: Home, encoding: str) -> None:
    table = (ROW + "xyz.com,u1,pw,Zoë,,Müller\n").encode(encoding)
    assert run(table, *USERS, "--encoding", encoding).exit_code == 0
    assert users(home) == {"u1": ("Zoë", "", "Müller")}


def test_what_is_not_in_the_encoding_is_an_error_of_that_line_and_column(home: Home) -> None:
    rows = [b"xyz.com,u1,pw,Ann,,Lee\n", b"xyz.com,u2,pw,Ann,,M\xfcller\n", b"xyz.com,u3,pw,Ann,,Lee\n"]
    found = answers(run(ROW.encode() + b"".join(rows), *USERS))
    assert [(one["line"], one["ok"]) for one in found] == [(2, True), (3, False), (4, True)]
    assert found[1]["error"]["column"] == "LastName"
    assert found[1]["error"]["message"] == "column 'LastName': the text is not utf-8-sig"
    assert sorted(users(home)) == ["u1", "u3"]
    text = ROW + "".join(f"xyz.com,n{number},pw,Ann,,Lee\n" for number in range(500))
    whole = run(text.encode("utf-16") + b"\x00\xd8\x20\x00", *USERS, "--encoding", "utf-16", "--group", "300")
    assert whole.exit_code == 1
    assert "is not utf-16" in whole.stderr
    assert 0 < len(answers(whole)) <= 500  # what could be read was run, and every answer is there
    assert len(users(home)) == 2 + len(answers(whole))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("xyz.com,u2,s3cr3t-m4rk,Ann,", "the row has 5 cells, the heading has 6"),
        ("xyz.com,u2,s3cr3t-m4rk,Ann,,Lee,more", "the row has 7 cells, the heading has 6"),
        ('xyz.com,u2,"s3cr3t-m4rk"x,Ann,,Lee', "the line is not CSV that can be read: ',' expected after '\"'"),
        ("xyz.com,u 2,s3cr3t-m4rk,Ann,,Lee", "column 'UserName': "),
        (f"xyz.com,u2,{'s3cr3t-m4rk' * 100},Ann,,Lee", "column 'Password': "),
        ("no.com,u2,s3cr3t-m4rk,Ann,,Lee", "domain no.com does not exist"),
    ],
)
def test_a_bad_row_is_an_error_of_that_row_without_the_password(home: Home, row: str, message: str) -> None:
    result = run(f"{ROW}xyz.com,u1,pw,Ann,,Lee\n{row}\nxyz.com,u3,pw,Ann,,Lee\n", *USERS, "--group", "10")
    found = answers(result)
    assert [(one["line"], one["ok"]) for one in found] == [(2, True), (3, False), (4, True)]
    assert found[1]["error"]["message"].startswith(message)
    assert "s3cr3t-m4rk" not in result.output
    assert sorted(users(home)) == ["u1", "u3"]


def test_a_quote_that_does_not_end_is_an_error_of_its_line(home: Home) -> None:
    found = answers(run(f'{ROW}xyz.com,u1,pw,Ann,,Lee\nxyz.com,u2,"pw,Ann,,Lee\nxyz.com,u3,pw,Ann,,Lee\n', *USERS))
    assert [(one["line"], one["ok"]) for one in found] == [(2, True), (3, False)]
    assert "unexpected end of data" in found[1]["error"]["message"]
    assert sorted(users(home)) == ["u1"]


MAPPED = ("--column", "E-mail=UserName@DomainName")


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ("", (), "the table is empty"),
        (
            "xyz.com,u1,s3cr3t-m4rk,Ann,,Lee\n",
            (),
            "DomainName, UserName, Password, FirstName, MiddleName, LastName missing",
        ),
        (ROW, ("--column", "Nobody=UserName"), "no column has the heading 'Nobody'"),
        (ROW, ("--column", "UserName=Nonsense"), "EAddUser has no argument 'Nonsense'"),
        (ROW, ("--column", "UserName"), "no column has the heading ''"),
        (ROW, ("--column", "Password=UserName"), "missing"),
        (f"E-mail,{ROW}", MAPPED, "MiddleName"),
        ("a,a\n", ("--column", "a=UserName"), "two columns have the heading 'a'"),
        (f"UserName,{ROW}", (), "two columns have the heading 'UserName'"),
        (ROW, ("--set", "MiddleName"), "--set needs ARGUMENT=VALUE"),
        (ROW, ("--set", "Password=s3cr3t-m4rk"), "Password comes from a column"),
        (ROW, ("--set", "UserEnableForwards=yes"), "--set UserEnableForwards: 'yes' is not a flag"),
        (ROW, ("--delimiter", "::"), "--delimiter is one character, or tab"),
        (ROW, ("--encoding", "klingon"), "there is no klingon"),
        (ROW, ("--encoding", "base64"), "there is no base64"),
        ('"a"b\n', (), "line 1, with the headings, cannot be read"),
    ],
)
def test_a_mapping_that_does_not_fit_ends_the_run_before_it_begins(
    home: Home, table: str, options: tuple[str, ...], message: str
) -> None:
    result = run(table, *USERS, *options)
    if message == "MiddleName":  # both columns give the user; the mapped one counts, and the other is left
        assert result.stderr == "mailaddon batch: columns that are no argument: 2, 3\n"
        return
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert result.stderr.endswith("[usage]\n")
    assert "s3cr3t-m4rk" not in result.stderr
    assert users(home) == {}


def test_the_command_has_to_be_said() -> None:
    assert "--csv needs --command" in run(ROW, "--csv").stderr
    assert "is not a command" in run(ROW, "--csv", "--command", "nonsense").stderr
    assert "give --csv too" in run("", "--command", "EAddUser").stderr


@pytest.mark.parametrize("cell", ["u1", "u1@xyz.com@xyz.com", ""])
def test_what_is_no_address_is_not_taken_apart(cell: str) -> None:
    table = f"E-mail,Password,FirstName,MiddleName,LastName\n{cell},pw,Ann,,Lee\n"
    (one,) = answers(run(table, *USERS, *MAPPED))
    assert one["error"]["message"] == "column 'E-mail': the cell is not UserName@DomainName"
    assert one["error"]["column"] == "E-mail"


def test_a_dry_run_finds_what_is_twice_in_the_list_and_changes_nothing(home: Home) -> None:
    rows = "xyz.com,u1,pw,Ann,,Lee\nxyz.com,u2,pw,Ann,,Lee\nxyz.com,U1,pw,Ann,,Lee\nxyz.com,,pw,Ann,,Lee\n"
    found = answers(run(ROW + rows, *USERS, "--dry-run"))
    assert [one["ok"] for one in found] == [True, True, False, False]
    assert [one["error"]["code"] for one in found[2:]] == ["already-exists", "invalid-argument"]
    assert users(home) == {}


def test_the_longer_form_of_a_command() -> None:
    names = _parameters("EEditDomain")
    rows = f"{','.join(names)},SiteType\nxyz.com,7,{','.join('1' * 8)},1\n"
    assert run(rows, "--csv", "--command", "EEditDomain").exit_code == 0
    assert '"ip_based": true' in mailaddon("show", "xyz.com", "--json").stdout


def test_the_example_of_the_documentation(home: Home) -> None:
    page = (Path(__file__).parent.parent / "docs/json.md").read_text()
    (example,) = re.findall(r"^mailaddon (batch --csv (?:.*\\\n)*.*)$", page, re.MULTILINE)
    *call, name = shlex.split(example.replace("\\\n", " "))
    table = home.folder / name
    table.write_bytes("E-mail;Password;First name;Surname\nu1@xyz.com;pw;Zoë;Müller\n".encode("cp1252"))
    assert mailaddon(*call, str(table)).exit_code == 0
    assert users(home) == {}
    call.remove("--dry-run")
    assert mailaddon(*call, str(table)).exit_code == 0
    assert users(home) == {"u1": ("Zoë", "", "Müller")}
