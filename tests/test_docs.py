"""The documentation says what is so: it is generated anew, its links lead somewhere, and its examples are run."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from addon_sets import sample
from conftest import ALL_ON, SCRIPTS, Panel

from mailaddon import operations
from mailaddon._panel.records import STATES
from mailaddon.directory.schema import MIGRATIONS
from mailaddon.migration import names
from mailaddon.migration.inventory import DomainState, UserState
from mailaddon.records import DomainFeatures

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("**/*.md")])
GUIDE = [*operations.COMMANDS, operations.REGISTER]


def code(page: Path, language: str) -> list[str]:
    """The blocks of a page that are in this language; "" for those that say none."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, DOCS / "generate.py", "--check"], check=False, capture_output=True, encoding="utf-8"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_check_shows_what_is_out_of_date(tmp_path: Path) -> None:
    for name in ("docs", "README.md"):
        subprocess.run(["cp", "-r", ROOT / name, tmp_path], check=True)
    tmp_path.joinpath("tests").symlink_to(ROOT / "tests")  # a part is written from what the samples there do
    page = tmp_path / "docs" / "commands" / "EAddUser.md"
    page.write_text(page.read_text().replace("mailbox", "letterbox"))
    (tmp_path / "docs" / "man" / "EAddNobody.1").touch()
    command = [sys.executable, tmp_path / "docs" / "generate.py"]
    done = subprocess.run([*command, "--check"], check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    assert "-Adds a user with a letterbox." in done.stdout
    assert "EAddNobody.1 is stale" in done.stdout
    subprocess.run(command, check=True)
    assert page.read_text() == (DOCS / "commands" / "EAddUser.md").read_text()
    assert not (tmp_path / "docs" / "man" / "EAddNobody.1").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if target.startswith("https:"):
            continue
        path, _, anchor = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), target
        lines = found.read_text().splitlines() if anchor else []
        headings = {re.sub(r"[^\w ]", "", line.lower().replace("-", " ")).strip() for line in lines}
        assert not anchor or anchor.replace("-", " ") in headings, target


def test_every_command_has_its_pages() -> None:
    assert {path.stem for path in (DOCS / "commands").iterdir()} == {operation.command for operation in GUIDE}
    programs = {name for operation in GUIDE for name in operation.executables}
    assert {path.stem for path in (DOCS / "man").iterdir()} == programs


@pytest.mark.parametrize("operation", GUIDE, ids=lambda operation: operation.command)
def test_a_commands_page_says_everything_that_the_table_says(operation: operations.Operation) -> None:
    page = (DOCS / "commands" / f"{operation.command}.md").read_text()
    manual = (DOCS / "man" / f"{operation.command}.1").read_text()
    for parameter in operation.parameters:
        assert f"| `{parameter.name}` |" in page
        assert f"\n.I {parameter.name}\n" in manual
    for code_ in operation.errors:
        assert f"| `{code_}` |" in page
        assert f"\n.B {code_.replace('-', chr(92) + '-')}\n" in manual
    for note in operation.notes:
        assert note in page


def test_manual_pages_are_roff_that_man_accepts() -> None:
    """No line begins with a control character but a known macro."""
    macros = {"TH", "SH", "TP", "B", "I", "BR", "PP", "nf", "fi", "br", "so"}
    for path in (DOCS / "man").iterdir():
        for line in path.read_text().splitlines():
            assert not line.startswith("'"), path
            if line.startswith(".") and not line.startswith('.\\"'):
                assert line[1:].split(" ")[0] in macros, (path, line)


def transcript() -> list[tuple[str, str]]:
    """The calls of the README's transcript, and what each prints."""
    (session,) = [block for block in code(ROOT / "README.md", "") if block.startswith("$ EAddDomain")]
    return [(call, output) for call, output in re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", session, re.MULTILINE)]


def test_the_readmes_transcript_is_what_really_happens(panel: Panel) -> None:
    status = 0
    for call, output in transcript():
        if call == "echo $?":
            assert output == f"{status}\n"
            continue
        program, *arguments = shlex.split(call.replace("/var/mail", str(panel.mail)))
        done = panel.run(program, *arguments)
        status = done.returncode
        assert (done.stdout + done.stderr).decode() == output, call


def test_the_programs_that_the_pages_call_are_installed() -> None:
    for page in PAGES:
        if page.name == "tutorial.md":
            continue  # a test of its own runs it
        for block in code(page, ""):
            for call in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
                words = [word for word in shlex.split(call) if "=" not in word]
                assert words[0] == "echo" or (SCRIPTS / words[0]).exists(), (page, call)


def test_the_batch_example_is_what_really_happens(panel: Panel) -> None:
    requests, answers = code(DOCS / "json.md", "json")[:2]
    panel.add_domain()
    panel.add_user("u1")
    done = panel.run("mailaddon", "batch", stdin=None, input=requests.encode())
    assert done.stdout.decode() == answers


def test_the_event_example_is_what_really_happens(panel: Panel) -> None:
    example = json.loads(code(DOCS / "json.md", "json")[2])
    panel.add_domain()
    panel.add_user("u1")
    panel.prints("ESuspendUser", "xyz.com", "u1")
    event = json.loads((panel.home / "events.jsonl").read_text().splitlines()[-1])
    assert {**event, "time": example["time"]} == example
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
    assert list(event) == list(example)


def test_the_settings_example_is_accepted(panel: Panel) -> None:
    (example,) = code(DOCS / "settings.md", "toml")
    panel.settings(example)
    panel.add_domain()
    assert panel.prints("EGetMailURL", "xyz.com") == "https://webmail.xyz.com/\n"


def test_the_settings_for_add_ons_are_accepted(panel: Panel) -> None:
    first, *further = code(DOCS / "calling-add-ons.md", "toml")
    assert len(further) == 2
    for table in further:
        panel.settings(first + table)
        assert panel.refusal("EStartMailServer").endswith(
            " no add-on 'Acme/Mail/7.1' is registered; registered: none [not-configured]"
        )


def test_the_panels_example_is_what_really_happens(panel: Panel, tmp_path: Path) -> None:
    page = DOCS / "calling-add-ons.md"
    (example,) = code(page, "python")
    (printed,) = [block for block in code(page, "") if block.startswith("ann: ")]
    state = tmp_path / "state"
    state.mkdir()
    sample(panel.home, state, program="addon.sh", interpreter="sh")
    panel.settings(f"[backends.executable.environment]\nADDON_STATE = '{state}'\n")
    script = tmp_path / "order.py"
    script.write_text(example.replace("/var/mail", str(panel.mail)))
    done = subprocess.run([sys.executable, script], env=panel.env, check=False, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")
    assert typed(tmp_path, panel.env, "order.py") == "Success: no issues found in 1 source file\n"


def test_the_states_of_a_probe_are_documented() -> None:
    section = (DOCS / "calling-add-ons.md").read_text().partition("### Probing")[2].partition("### ")[0]
    assert re.findall(r"^\| `([a-z0-9.-]+)` \|", section, re.MULTILINE) == list(STATES)
    assert all(f"`{state}`" in (DOCS / "json.md").read_text() for state in STATES)


def test_the_directorys_page_has_every_table_and_column() -> None:
    page = (DOCS / "directory.md").read_text()
    documented = {}
    for section in page.partition("## Tables")[2].partition("## Queries")[0].split("### ")[1:]:
        table = re.findall(r"`(\w+)`", section)[0]
        cells = re.findall(r"^\| (`[^|]*)\|", section, re.MULTILINE)
        documented[table] = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert documented == columns(MIGRATIONS)


def columns(migrations: tuple[str, ...]) -> dict[str, set[str]]:
    """The tables that migrations lead to, and their columns."""
    import sqlite3

    connection = sqlite3.connect(":memory:")
    try:
        for migration in migrations:
            connection.executescript(migration)
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        return {
            table: {row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
            for (table,) in names.fetchall()
        }
    finally:
        connection.close()


def test_the_directorys_queries_find_what_they_say(panel: Panel) -> None:
    import sqlite3

    password, folder = code(DOCS / "directory.md", "sql")
    panel.add_domain()
    panel.add_user("u1")
    panel.prints("EAddUserAlias", "xyz.com", "u1", "a11")
    panel.prints("EAddDomainAlias", "xyz.com", "xyz.net")
    connection = sqlite3.connect(panel.home / "directory.sqlite3")
    try:
        ((found,),) = connection.execute(password, {"local_part": "u1", "domain": "xyz.com"}).fetchall()
        assert found.startswith("{ARGON2ID}$argon2id$")
        for name, domain in (("u1", "xyz.com"), ("a11", "xyz.com"), ("a11", "xyz.net")):
            ((found,),) = connection.execute(folder, {"local_part": name, "domain": domain}).fetchall()
            assert Path(found, "new").is_dir()
        panel.prints("ESuspendUser", "xyz.com", "u1")
        assert not connection.execute(password, {"local_part": "u1", "domain": "xyz.com"}).fetchall()
    finally:
        connection.close()


def test_the_export_formats_page_has_every_field(panel: Panel) -> None:
    page = (DOCS / "export-format.md").read_text()
    panel.add_domain()
    panel.add_user("u1")
    for command in (
        ("EAddDomainAlias", "xyz.com", "xyz.net"),
        ("EAddUserAlias", "xyz.com", "u1", "a11"),
        ("EAddForward", "xyz.com", "u1", "u1@mymail.com"),
        ("ESetAutoResponder", "xyz.com", "u1", "On holiday", "Back on Monday."),
        ("EAddDistributionList", "xyz.com", "team"),
        ("EAddDistributionListMember", "xyz.com", "team", "u1@xyz.com"),
        ("EAddMailingList", "xyz.com", "news"),
        ("EAddMailingListMember", "xyz.com", "news", "Ann", "u1@xyz.com"),
        ("EAddSpamFilter", "xyz.com", "casino.example", "DOMAIN"),
        ("EPostExportDomain", "xyz.com", str(panel.mail), str(panel.home.parent / "export"), "admin", *ALL_ON),
    ):
        panel.prints(*command)
    export = panel.home.parent / "export" / "xyz.com.mailaddon"
    assert {path.name for path in export.iterdir()} == {"settings.json", "mail", "SHA256SUMS", "seal.json"}
    seal = json.loads((export / "seal.json").read_text())
    settings = json.loads((export / "settings.json").read_text())
    domain, user = settings["domain"], settings["users"][1]
    for name in [*seal, *seal["counts"], *domain["distribution_lists"][0], *domain["mailing_lists"][0]]:
        assert f"`{name}`" in page, name
    for name in [*domain["mailing_lists"][0]["members"][0], *domain["spam_filters"][0], *user["autoresponder"]]:
        assert f"`{name}`" in page, name
    documented = {
        name for cell in re.findall(r"^\| (`[^|]*)\|", page, re.MULTILINE) for name in re.findall(r"`([^`]*)`", cell)
    }
    documented = {name for name in documented if name.startswith(("domain.", "users[]."))}
    assert documented == {f"domain.{name}" for name in domain} | {f"users[].{name}" for name in user}
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=export, check=True)


@pytest.fixture
def vendor(panel: Panel) -> Panel:
    """The plugins of the contract's page, installed as pip would, for the programs that the panel runs."""
    folder = panel.home.parent / "vendor"
    information = folder / "acme_mail-1.0.dist-info"
    information.mkdir(parents=True)
    backend, declaring, wrapper = code(DOCS / "plugin-contract.md", "python")
    (folder / "acme_mail.py").write_text(backend)
    (folder / "one_address.py").write_text(declaring)
    (folder / "notebook.py").write_text(wrapper)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-mail\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[mailaddon.backends]\nacme = acme_mail:AcmeBackend\nnotebook = notebook:Notebook\n"
        "oneaddress = one_address:OneAddress\n"
    )
    panel.env["PYTHONPATH"] = str(folder)
    return panel


def test_the_contracts_example_is_a_working_backend(vendor: Panel) -> None:
    vendor.settings(code(DOCS / "plugin-contract.md", "toml")[1])
    vendor.add_domain()
    vendor.add_user("u1")
    vendor.prints("EAddUserAlias", "xyz.com", "u1", "a11")
    assert vendor.prints("EGetUserAliasList", "xyz.com", "u1") == "a11\n"
    assert vendor.refusal("EAddUserAlias", "xyz.com", "u1", "a11").endswith("[already-exists]")
    assert vendor.refusal("EAddUser", "foo.com", "u1", "p", "", "", "", "1", "1", "1").endswith("[not-found]")
    assert vendor.refusal("EAddMailingList", "xyz.com", "news").endswith("not supported by acme [not-supported]")
    vendor.prints("ESuspendDomain", "xyz.com")
    vendor.prints("EDeleteDomain", "xyz.com")
    assert (vendor.home / "notebook").read_text() == "u1@xyz.com\n", "the wrapper sees only what succeeded"
    (vendor.home / "acme.json").write_text(json.dumps({f"d{number}.com": {} for number in range(1000)}))
    arguments = ("xyz.com", "192.0.2.10", str(vendor.mail), "10", "admin", "s3cret", "0", *ALL_ON)
    assert vendor.refusal("EAddDomain", *arguments).endswith("the licence is for 1000 domains [x-acme-licence]")


def test_the_contracts_declarations_are_told(vendor: Panel) -> None:
    vendor.env["MAILADDON_BACKEND"] = "oneaddress"
    refusal = re.search("^EChangeDomainIP: .*", (DOCS / "plugin-contract.md").read_text(), re.MULTILINE)
    assert refusal
    assert vendor.refusal("EChangeDomainIP", "xyz.com", "192.0.2.1") == refusal[0]
    lines = vendor.prints("mailaddon", "backends", "oneaddress", "--capabilities").splitlines()
    assert sum("partial" in line for line in lines) == 1


def test_the_contracts_example_satisfies_a_type_checker(vendor: Panel) -> None:
    folder, files = Path(vendor.env["PYTHONPATH"]), ("acme_mail.py", "notebook.py", "one_address.py")
    assert typed(folder, vendor.env, *files) == "Success: no issues found in 3 source files\n"
    source = (folder / "acme_mail.py").read_text()
    (folder / "acme_mail.py").write_text(source.replace("request: records.NewUser", "request: records.NewDomain"))
    assert 'Argument 1 of "add_user" is incompatible with supertype' in typed(folder, vendor.env, *files)


def typed(folder: Path, environment: Mapping[str, str], *files: str) -> str:
    """What mypy says about files in a folder."""
    inherited = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, *files]
    return subprocess.run(command, cwd=folder, env=inherited, check=False, capture_output=True, encoding="utf-8").stdout


def test_the_demo_ends_well(panel: Panel) -> None:
    done = subprocess.run(
        [sys.executable, DOCS / "demo.py"], env=panel.env, check=False, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"all {len(operations.COMMANDS)} commands" in done.stdout.splitlines()[-1]
    assert "\033" not in done.stdout


def test_the_example_of_a_file_of_names_is_one(tmp_path: Path) -> None:
    (example,) = [text for text in code(DOCS / "migrating.md", "") if text.startswith("# a domain")]
    file = tmp_path / "names"
    file.write_text(example)
    assert {name: sorted(state["users"]) for name, state in names.read(str(file)).items()} == {
        "xyz.com": ["u1"],
        "abc.com": ["boss", "u2"],
    }


def test_the_fields_of_a_file_of_names_are_all_documented() -> None:
    page = (DOCS / "migrating.md").read_text()
    documented = set(re.findall(r"`(\w+)`", page.partition("| Field |")[2].partition("\n\n")[0]))
    fields = {*DomainState.__annotations__, *UserState.__annotations__}
    assert fields | {*DomainFeatures._fields, "subject", "message", "true", "false", "null"} == documented
