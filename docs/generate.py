"""Writes the reference from the operation table, the error list and the settings.

python docs/generate.py            writes docs/commands/, docs/man/, docs/errors.md, docs/settings.md, docs/lookups.md,
                                   docs/capabilities.md, docs/commands.schema.json, README's table, the tables of
                                   docs/calling-add-ons.md, docs/mailhost.md, docs/moving-3x-add-ons.md and
                                   docs/plugin-contract.md, docs/conformance-cases.md, and src/mailaddon/_panel/
python docs/generate.py --check    writes nothing; fails and shows the difference where one of them is out of date
"""

import difflib
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import duties
import legacy_run
import panel_methods
from mailaddon.backends.embedded import EmbeddedBackend
from mailaddon.backends.executable import ExecutableBackend, legacy
from mailaddon.backends.executable.options import OPTIONS
from mailaddon.backends.postfix import PostfixBackend, lookups, policy, privileged, rights
from mailaddon.backends.postfix.layout import Instance

from mailaddon import ERRORS, __version__, capabilities, operations
from mailaddon._help import COMMON_ERRORS, errors_of, example, meaning, output_of
from mailaddon._loading import LoadedBackend
from mailaddon.cli._schema import schema
from mailaddon.operations.model import Operation
from mailaddon.readiness import REASONS
from mailaddon.settings import SETTINGS, Setting

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
BEGIN = "<!-- begin of what docs/generate.py writes -->\n"
END = "<!-- end of what docs/generate.py writes -->\n"
NOTICE = "<!-- Written by docs/generate.py; change the table that it reads. -->\n\n"
EXIT_STATUS = "The exit status is 0, or 1 after one line on standard error that says why."
COMMANDS = operations.COMMANDS
ALL = (*COMMANDS, operations.REGISTER)
CHAPTERS = {
    "domain": "Domains",
    "server": "The server",
    "user": "Users, lists' members, catch-all",
    "registration": "Registration",
}


def main() -> int:
    """Write or check every generated file; the exit status."""
    wanted = generated()
    stale = [path for folder in ("commands", "man") for path in (DOCS / folder).glob("*") if path not in wanted]
    if sys.argv[1:] == ["--check"]:
        differences = [
            *(difference(path, text) for path, text in wanted.items()),
            *(f"{path} is stale\n" for path in stale),
        ]
        sys.stdout.write("".join(differences))
        return int(any(differences))
    for path in stale:
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def generated() -> dict[Path, str]:
    """Every generated file and what it has to contain."""
    files = {DOCS / "commands" / f"{operation.command}.md": page(operation) for operation in ALL}
    for operation in ALL:
        for name in operation.executables:
            text = manual_page(operation) if name == operation.command else f".so man1/{operation.command}.1\n"
            files[DOCS / "man" / f"{name}.1"] = text
    files[DOCS / "errors.md"] = errors()
    files[DOCS / "settings.md"] = settings()
    files[DOCS / "lookups.md"] = mail_lookups()
    files[DOCS / "capabilities.md"] = supported()
    files[DOCS / "commands.schema.json"] = json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"
    files[DOCS / "conformance-cases.md"] = cases()
    for name, text in panel_methods.modules().items():
        files[ROOT / "src" / "mailaddon" / "_panel" / f"{name}.py"] = text
    tables = {
        ROOT / "README.md": commands(),
        DOCS / "calling-add-ons.md": calling(),
        DOCS / "mailhost.md": privileges(),
        DOCS / "moving-3x-add-ons.md": changed_since_3x(),
        DOCS / "plugin-contract.md": "\n"
        + table(duties.HEADS, [duties.row(operation) for operation in COMMANDS])
        + "\n",
    }
    for path, text in tables.items():
        before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
        files[path] = before + BEGIN + text + END + rest.partition(END)[2]
    return files


def difference(path: Path, wanted: str) -> str:
    """How a file differs from what it has to contain; "" if it does not."""
    name = str(path.relative_to(ROOT))
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(present.splitlines(True), wanted.splitlines(True), name, f"{name} (generated)")
    return "".join(lines)


# Markdown


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table; a bar in a cell is not taken for the cell's end."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def code(text: str) -> str:
    """Text as code."""
    return f"`{text}`" if text else ""


def privileges() -> str:
    """A mail host's two tables: what a service user can have done as root, and who may do what with which file."""
    verbs = [
        (f"`{' '.join(filter(None, (verb, form)))}`", purpose)
        for verb, (_work, _least, form, purpose) in privileged.VERBS.items()
    ]
    host = Instance({"root": "/srv/mail/host", "user": "mailaddon"})
    return f"{table(('Verb', 'What is done as root'), verbs)}\n{rights.documented(host)}"


def commands() -> str:
    """README's tables of the commands, one per chapter of the guide."""
    text = ""
    for scope, title in CHAPTERS.items():
        rows = [
            (
                f"[{operation.command}](docs/commands/{operation.command}.md)",
                code(arguments(operation)),
                operation.summary,
            )
            for operation in ALL
            if operation.scope == scope
        ]
        text += f"\n### {title}\n\n" + table(("Command", "Arguments", "What it does"), rows)
    return text + "\n"


def arguments(operation: Operation) -> str:
    """The names of a command's parameters; a long list of flags is cut short."""
    names = operation.usage.split()[1:]
    flags = [name for name in names if "Enable" in name]
    if len(flags) == 8:  # noqa: PLR2004 - the domain's eight features
        return " ".join([*names[: names.index(flags[0])], "<8 flags>"])
    return " ".join(names)


def page(operation: Operation) -> str:
    """A command's page."""
    usage = [operation.usage]
    if operation.longer:
        usage.append(" ".join([operation.command, *(parameter.name for parameter in operation.longer)]))
    parameters = [
        (
            code(parameter.name),
            f"{parameter.note} {sentence(parameter.kind.accepts)}"
            + (" May be left out." if parameter.optional else ""),
            code(f"--{parameter.option}"),
        )
        for parameter in operation.parameters
    ]
    parts = [
        f"# {operation.command}\n\n{NOTICE}{operation.summary}\n",
        "```\n" + "\n".join(usage) + "\n```\n",
        "".join(f"- {note}\n" for note in operation.notes),
    ]
    if parameters:
        heads = ("Parameter", "What it is, and what is accepted", "Option of `mailaddon run`")
        parts.append("## Parameters\n\n" + table(heads, parameters))
    parts += [
        f"## Output\n\n{output_of(operation)} {EXIT_STATUS}\n",
        "## Errors\n\n" + table(("Code", "When"), [(code(name), meaning(name)) for name in errors_of(operation)]),
        "## Example\n\n```\n" + "\n".join(example(operation, operation.command)) + "\n```\n",
        vendors(operation),
        "## For old callers\n\n" + background(operation),
    ]
    return "\n".join(part for part in parts if part)


def vendors(operation: Operation) -> str:
    """What a backend's hook behind a command must do; nothing for a command that has none."""
    if not operation.hook:
        return ""
    listing = "".join(f"- {duty}\n" for duty in duties.duties(operation))
    hook = f"`{operation.hook}(request: {operation.request})`"
    return f"## For vendors\n\nThe hook {hook}, see the [contract](../plugin-contract.md):\n\n{listing}"


def background(operation: Operation) -> str:
    """A command's other spellings, and what it was in 3.X."""
    lines = []
    others = [*operation.executables[1:], *operation.other_names]
    if others:
        lines.append(f"- Other spellings: {', '.join(map(code, dict.fromkeys(others)))}.")
    if operation.legacy_parameters is None:
        lines.append("- 3.X had no such command.")
    elif operation.legacy_status == "unchanged":
        lines.append("- 3.X had the same parameters.")
    else:
        lines.append(f"- 3.X: `{' '.join([operation.command, *operation.legacy_parameters])}`.")
    if operation.legacy_output:
        lines.append(f"- 3.X printed: {operation.legacy_output}.")
    return "\n".join(lines) + "\n"


def sentence(text: str) -> str:
    """Text that begins like a sentence and ends like one."""
    return f"{text[0].upper()}{text[1:]}."


def errors() -> str:
    """The page of the error list."""
    rows = [
        (
            code(name),
            meaning(name),
            "yes" if cls.retryable else "no",
            str(cls.exit_status),
            str(cls.http_status),
            code(cls.__name__),
        )
        for name, cls in ERRORS.items()
    ]
    heads = ("Code", "When", "Retryable", "Exit status", "HTTP status", "Class")
    return f"# Errors\n\n{NOTICE}{ABOUT_ERRORS}\n{table(heads, rows)}\n{ABOUT_VENDORS}"


ABOUT_ERRORS = """\
A refusal is one line that ends with a stable code in brackets:

```
EAddUser: user u1@xyz.com already exists [already-exists]
```

The codes are an interface: none is ever renamed. A program compares them; the sentences before them may change.
Retryable means that the same call may succeed later without anything being changed first. The HTTP status is what a
front door over HTTP answers with.
"""
ABOUT_VENDORS = """\
Any command can end with these: {common}. What else a command can end with stands on its page.

A vendor's plugin adds codes of its own, `x-<vendor>-<name>`, by raising `VendorError`.
""".format(common=", ".join(map(code, COMMON_ERRORS)))


def supported() -> str:
    """The page of what the built-in backends support, and of what a backend's check may find."""
    classes = {"embedded": EmbeddedBackend, "executable": ExecutableBackend, "postfix": PostfixBackend}
    found = {
        name: capabilities.of(LoadedBackend(name, name, cls.__new__(cls)), as_set_up=False)  # the classes alone count
        for name, cls in classes.items()
    }
    cells = [
        (operation.command, *[_supported(one[operation.command]) for one in found.values()])
        for operation in operations.OPERATIONS
    ]
    levels = table(("Support", "What it means"), [(code(one), str(one.__doc__)) for one in capabilities.Support])
    matrix = table(("Operation", *found), cells)
    reasons = table(("Code", "When"), [(code(name), sentence(when)) for name, when in REASONS.items()])
    ready = f"## Readiness\n\n{ABOUT_READY}\n{reasons}"
    return f"# Capabilities\n\n{NOTICE}{ABOUT_SUPPORT}\n{levels}\n{matrix}\n{ready}"


def _supported(one: capabilities.Capability) -> str:
    succeeds = "the command succeeds without doing anything" if one.succeeds else ""
    return "; ".join(filter(None, [f"{one.support}{': ' * bool(one.reason)}{one.reason}", succeeds]))


ABOUT_SUPPORT = """\
How far the built-in backends support each operation. `mailaddon backends --capabilities` shows it for all that are
installed, `mailaddon backends NAME --capabilities` for one as it is set up, with the reasons: of a registered add-on
what its programs are there for. [The contract](plugin-contract.md#capabilities) says how a plugin declares it.
"""
ABOUT_READY = """\
Whether a backend could work now is apart from what it can do. `mailaddon backends NAME --ready`, `mailaddon doctor` and
RegisterMailAddon ask its [check](plugin-contract.md#readiness), which changes nothing. What is wrong has one of these
codes, or a vendor's `x-<vendor>-<name>`. They are an interface, as the codes of [errors](errors.md) are.
"""


def cases() -> str:
    """The page of all cases of the conformance kit."""
    from mailaddon.conformance import GROUPS, VERSION, all_cases

    lines = [
        "<!-- Written by docs/generate.py. -->\n",
        "# The cases of the conformance kit\n",
        f"Version {VERSION} of the kit has {len(all_cases())} cases. What the kit is and how to run it:",
        "[conformance](conformance.md). `mailaddon conformance --only PATTERN --list` prints some of these lines.\n",
    ]
    for group in GROUPS:
        rows = [(code(one.name), one.since, one.title) for one in all_cases() if one.group == group]
        lines += [f"## {group}\n", table(("Case", "Since", "What has to hold"), tuple(rows))]
    return "\n".join(lines)


def settings() -> str:
    """The page of the settings."""
    rows = [(code(s.name), code(toml(s.default)), accepted(s), s.description) for s in SETTINGS]
    listing = table(("Setting", "Default", "Values", "What it does"), rows)
    return f"# Settings\n\n{NOTICE}{ABOUT_SETTINGS}\n{listing}\n{ABOUT_ENVIRONMENT}"


ABOUT_SETTINGS = """\
Settings stand in `mailaddon.toml` in the home, the folder that `MAILADDON_HOME` names. A name with a dot is a key in a
table: `password.scheme` is `scheme` under `[password]`. An unknown name or an unfit value is refused, not ignored.
`mailaddon settings` prints the settings in force and where each comes from.

```toml
backend = "embedded"
messages = "both"

[webmail]
url = "https://webmail.{domain}/"

[password]
scheme = "SHA512-CRYPT"
```
"""
ABOUT_ENVIRONMENT = """\
The table `[backends.<name>]` belongs to the backend of that name, which gets it as it stands there: see
[executable](calling-add-ons.md#options).

## Environment

- `MAILADDON_HOME`: the folder of all state, an absolute path. Without it the home is `/var/lib/mailaddon` for root,
  `$XDG_DATA_HOME/mailaddon` or `~/.local/share/mailaddon` for another user, and `%PROGRAMDATA%\\mailaddon` on Windows.
- `MAILADDON_BACKEND`: overrides the setting `backend`.
- `MAILADDON_TRACE`: a file in which every call is recorded; see [tracing](tracing.md).
"""


def mail_lookups() -> str:
    """The page of what a mail host's daemons ask the directory."""
    parts = [f"# What a mail host looks up\n\n{NOTICE}{ABOUT_LOOKUPS}\n## Postfix\n\n{ABOUT_MAPS}"]
    parts += [query(f"`{name}`", text) for name, text in lookups.MAPS.items()]
    parts += ["## Dovecot\n\n`%n` is the local part, `%d` the domain, `%s` the service that asks, as `imap`.\n\n"]
    parts += [query(f"`{name}`", text) for name, text in lookups.dovecot(Instance({"root": "/srv/mail"})).items()]
    shared = Instance({"root": "/srv/mail", "host": "a"}, "postgresql://host/name")
    parts += ["## Several hosts\n\nA host that shares its directory, here `a`, asks otherwise, or besides:\n\n"]
    several = lookups.maps(shared) | lookups.dovecot(shared)
    parts += [query(f"`{name}`", text) for name, text in several.items() if lookups.MAPS.get(name) != text]
    parts += ["## The spam filters\n\nThe policy service asks with the recipient's domain and everything that would\n"]
    parts += ["block the sender or the client: its address, its domain and those above, the networks it is in.\n\n"]
    parts += [query("`policy`", policy.QUERY.format("?, …"))]
    return "".join(parts).rstrip("\n") + "\n"


ABOUT_LOOKUPS = """\
Every query that the backend `postfix` has its daemons ask, as it stands in their configuration. Each follows indexes in
SQLite and in PostgreSQL, which a test makes sure of. The views are described in [the directory](directory.md).
"""
ABOUT_MAPS = """\
Postfix puts in what it looks for: `%s` the whole key, `%u` its local part, `%d` its domain. It looks for an address,
then for the address without its extension, then for `@domain`; a query with `%u` is not asked for the last.

"""


def query(name: str, text: str) -> str:
    """A query under its name, one clause per line."""
    text = re.sub(r" (?=(FROM|CROSS JOIN|WHERE|UNION|\) SELECT) )", "\n", text)
    return f"{name}\n\n```sql\n{text.strip()}\n```\n\n"


def toml(value: object) -> str:
    """A default as it is written in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def accepted(setting: Setting) -> str:
    """What a setting may be."""
    if setting.choices:
        return ", ".join(f'`"{choice}"`' for choice in setting.choices)
    if setting.least is not None:
        return f"a whole number, at least {setting.least}"
    return {str: "a text", bool: "`true` or `false`", list: "a list of texts"}[type(setting.default)]


# Calling add-ons


def calling() -> str:
    """The tables of the page about registered add-ons."""
    options = [(code(name), code(toml(default)), what) for name, (default, what) in OPTIONS.items()]
    told = [
        (code(command), "<br>".join(map(code, calls)), outcome, old_remarks(operations.find(command)))
        for command, (calls, outcome) in legacy_run.outcomes().items()
    ]
    heads = ("Option", "Default", "What it does")
    return (
        f"\n## Options\n\nIn the table `[backends.executable]`:\n\n{table(heads, options)}"
        f"\n## What a 3.X add-on cannot be told\n\n{table(UNSAID_HEADS, unsaid())}"
        f"\n## The commands of a 3.X add-on\n\n{ABOUT_LEGACY}\n{table(LEGACY_HEADS, told)}\n"
    )


ABOUT_LEGACY = """\
What came of calling each command, with the guide's arguments and everything enabled, for the sample
[`legacy.vbs`](../tests/addons/legacy.vbs): this table is written from that run.
"""
LEGACY_HEADS = ("Command", "The add-on's programs that are called", "What comes of it", "Remarks")
UNSAID_HEADS = ("Parameter", "What it does in any case", "Done without", "Refused", "Why")


def unsaid() -> list[tuple[str, ...]]:
    """The new parameters of old commands, and which of their values are accepted."""
    found: dict[str, tuple[str, ...]] = {}
    for operation in COMMANDS:
        for parameter in (*operation.parameters, *operation.longer):
            rule = legacy.UNSAID.get(parameter.field)
            if rule and parameter.name not in (operation.legacy_parameters or (parameter.name,)):
                refused = [value for value in ("0", "1") if value not in (*rule.same, *rule.reported)]
                values = (rule.same, rule.reported, refused)
                cells = [", ".join(map(code, column)) for column in values]
                found[parameter.name] = (code(parameter.name), *cells, sentence(rule.reason))
    return list(found.values())


def old_remarks(operation: Operation) -> str:
    """What else there is to say about a command of a 3.X add-on."""
    remarks = [legacy.SPECIAL.get(operation.hook, "")]
    if operation.legacy_output:
        remarks.append(f"It prints the {operation.legacy_output.partition(';')[0]}; the pattern finds the item.")
    return " ".join(filter(None, remarks))


def changed_since_3x() -> str:
    """The tables of what an add-on for 3.X has to change."""
    rows = [
        (
            f"[{operation.command}](commands/{operation.command}.md)",
            code(" ".join(operation.legacy_parameters or ())),
            code(arguments(operation)),
            operation.legacy_output and f"It printed: {operation.legacy_output.partition(';')[0]}.",
        )
        for operation in COMMANDS
        if operation.legacy_status == "updated" or operation.legacy_output
    ]
    new = ", ".join(operation.command for operation in COMMANDS if operation.legacy_status == "new")
    heads = ("Command", "Arguments in 3.X", "Arguments in 10.3.1", "Output in 3.X")
    return f"\n{table(heads, rows)}\nNew in 10.3.1: {new}.\n\n"


# Manual pages


def manual_page(operation: Operation) -> str:
    """A command's page for man(1)."""
    name = operation.command
    parameters = "".join(
        f".TP\n.I {roff(p.name)}\n{roff(f'{p.note} {sentence(p.kind.accepts)}')}"
        + (" May be left out.\n" if p.optional else "\n")
        for p in operation.parameters
    )
    notes = "".join(f".PP\n{roff(note)}\n" for note in operation.notes)
    codes = "".join(f".TP\n.B {roff(found)}\n{roff(meaning(found))}\n" for found in errors_of(operation))
    shown = "\n".join(roff(line) for line in example(operation, name))
    synopsis = " ".join([f".B {name}\n.I", *(roff(word) for word in operation.usage.split()[1:])])
    sections = {
        "NAME": f"{name} \\- {roff(operation.summary[0].lower() + operation.summary[1:].rstrip('.'))}\n",
        "SYNOPSIS": (synopsis if operation.parameters else f".B {name}")
        + f'\n.br\n.B {name}\n.BR \\-\\-help " | " \\-\\-version\n',
        "PARAMETERS": parameters,
        "NOTES": notes.removeprefix(".PP\n"),
        "OUTPUT": roff(output_of(operation)) + "\n",
        "EXIT STATUS": ".TP\n.B 0\nsuccess\n.TP\n.B 1\nanything else; one line on standard error says why\n",
        "ERRORS": codes,
        "EXAMPLE": f".nf\n{shown}\n.fi\n",
        "ENVIRONMENT": ".TP\n.B MAILADDON_HOME\nThe folder of all state.\n"
        ".TP\n.B MAILADDON_BACKEND\nThe backend, whatever the settings say.\n",
    }
    body = "".join(f".SH {title}\n{text}" for title, text in sections.items() if text)
    head = f'.TH {name} 1 "" "mail\\-addon\\-sdk {__version__}" "Mail Server API"'
    return f'.\\" Written by docs/generate.py\n{head}\n{body}'


def roff(text: str) -> str:
    """Text that roff prints as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{text}" if text.startswith(".") else text


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
