"""`mailaddon settings`: every setting, its value, and where that comes from.

JSON: `{"version": 1, "home": …, "home_source": …, "file": …, "exists": …, "settings": [{"name", "value", "default",
"source", "description", "choices", "least"}, …], "backends": {name: [keys of its table], …}}`. `source` is `default`,
the path of the file, or the name of an environment variable. The values in a vendor's table are not shown: some are
passwords. Nor is a password in a URL.
"""

import json
import os
import re

import click

from .. import home as _home
from ..errors import AlreadyExists, StorageFailed
from ..settings import FILE, SETTINGS, Setting, Settings, load
from ._output import json_option, paint, plain, write, write_json

_HEAD = """\
# Settings of the mail add-on SDK. Every line that begins with '# ' before a name shows the default.
# `mailaddon settings` prints what is in force; a vendor's own settings stand in a table [backends.<name>].
"""


@click.command()
@click.option("--init", is_flag=True, help="Write mailaddon.toml with every setting at its default, as comments.")
@json_option
def settings(*, init: bool, as_json: bool) -> None:
    """Print each setting, its value, and where that comes from."""
    home = _home.locate()
    path = os.path.join(home, FILE)
    if init:
        _write_template(home, path)
        if not as_json:
            write(f"{path} written\n")
            return
    present = load(home)
    if as_json:
        where = {"home": home, "home_source": _home_source(), "file": path, "exists": os.path.exists(path)}
        write_json({**where, **_described(present)})
    else:
        write(_text(present, home, path))


def _home_source() -> str:
    return "MAILADDON_HOME" if os.environ.get("MAILADDON_HOME") else "default"


def template() -> str:
    """A `mailaddon.toml` in which every setting stands as a comment, at its default."""
    lines, table = [_HEAD], ""
    for setting in SETTINGS:
        name = setting.name.rpartition(".")
        if name[0] != table:
            table = name[0]
            lines.append(f"[{table}]\n")
        lines.append(f"# {setting.description}{_limits(setting)}\n# {name[2]} = {_toml(setting.default)}\n")
    return "\n".join(lines)


def _write_template(home: str, path: str) -> None:
    _home.ensure(home)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _home.PRIVATE_FILE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError:
        raise AlreadyExists(f"{path} exists already and is left as it is") from None
    except OSError as error:
        raise StorageFailed(f"{path} cannot be written: {error.strerror}") from None


def _described(present: Settings) -> dict[str, object]:
    entries = [
        {
            "name": setting.name,
            "value": plain(_shown(present[setting.name])),
            "default": plain(setting.default),
            "source": present.sources[setting.name],
            "description": setting.description,
            "choices": list(setting.choices),
            "least": setting.least,
        }
        for setting in SETTINGS
    ]
    tables = {name: list(table) if isinstance(table, dict) else [] for name, table in present.backends.items()}
    return {"settings": entries, "backends": tables}


def _text(present: Settings, home: str, path: str) -> str:
    exists = "" if os.path.exists(path) else "  (does not exist; `mailaddon settings --init` writes it)"
    lines = [f"home: {home}  ({_home_source()})\nfile: {path}{exists}\n\n"]
    for setting in SETTINGS:
        source = present.sources[setting.name]
        where = source if source == "default" else paint(source, "yellow")
        value = _toml(_shown(present[setting.name]))
        lines.append(f"{setting.name} = {value}  ({where})\n    {setting.description}{_limits(setting)}\n")
    for name, table in present.backends.items():
        keys = ", ".join(table) if isinstance(table, dict) and table else "nothing"
        lines.append(f"[backends.{name}] sets {keys}; a vendor's values are not shown\n")
    return "".join(lines)


def _shown(value: object) -> object:
    """A setting without the password that a URL may have in it."""
    if not isinstance(value, str) or "://" not in value:
        return value
    hidden = re.sub(r"(?<=://)([^:/?#]*):.*@", r"\1:******@", value, flags=re.DOTALL)
    return re.sub(r"(?i)((?:ssl)?password=)[^&]*", r"\1******", hidden)


def _limits(setting: Setting) -> str:
    if setting.choices:
        return f" One of {', '.join(setting.choices)}."
    return f" At least {setting.least}." if setting.least is not None else ""


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # texts, whole numbers, truth values and lists are written alike
