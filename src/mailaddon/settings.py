"""Settings: `mailaddon.toml` in the home, the environment above it, defaults below it."""

import os

from . import _bundle, _compiled
from .errors import NotConfigured
from .home import SETTINGS_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FILE = SETTINGS_FILE
_KEPT = ".mailaddon.toml.compiled"


class Setting:
    """One setting: its dotted name, default, what it may be, and what it does."""

    __slots__ = ("choices", "default", "description", "least", "name")

    def __init__(
        self, name: str, default: "Any", description: str, *, choices: tuple[str, ...] = (), least: int | None = None
    ) -> None:
        self.name = name
        self.default = default
        self.description = description
        self.choices = choices
        self.least = least

    def check(self, value: "Any") -> "Any":
        """The value, if it may stand here.

        Raises:
            NotConfigured: it may not; the error says what may.
        """
        wanted = type(self.default)
        if type(value) is not wanted:
            raise NotConfigured(f"setting {self.name} is {value!r}; {_TYPES[wanted]} is needed")
        if self.choices and value not in self.choices:
            raise NotConfigured(f"setting {self.name} is {value!r}; one of {', '.join(self.choices)} is needed")
        if self.least is not None and value < self.least:
            raise NotConfigured(f"setting {self.name} is {value!r}; at least {self.least} is needed")
        if wanted is list and not all(isinstance(item, str) for item in value):
            raise NotConfigured(f"setting {self.name} is {value!r}; a list of texts is needed")
        return value


_TYPES = {str: "a text", int: "a whole number", bool: "true or false", list: "a list"}

SETTINGS = (
    Setting(
        "backend",
        _bundle.get("backend", "embedded"),
        "The backend: a name that `mailaddon backends` lists, or a registered add-on's, VENDOR/SERVER/VERSION."
        " MAILADDON_BACKEND overrides it.",
    ),
    Setting(
        "directory",
        "",
        "The directory: an SQLite file's absolute path, or postgresql://user@host/name."
        " Empty: directory.sqlite3 in the home.",
    ),
    Setting("plugins", [], "Further plugins that wrap the backend's hooks, by name, outermost first."),
    Setting(
        "messages",
        "stderr",
        "Where an E* command prints a refusal.",
        choices=("stderr", "stdout", "both"),
    ),
    Setting("events", True, "Whether each change is appended to events.jsonl in the home."),
    Setting("lock_timeout", 60, "How many seconds a command waits for other writers before it gives up.", least=1),
    Setting("webmail.url", "", "What EGetMailURL prints; {domain} stands for the domain. Empty: no web interface."),
    Setting("forwards.keep_copy", True, "Whether a forwarding user keeps a copy of each message in the mailbox."),
    Setting(
        "password.scheme",
        "ARGON2ID",
        "How new passwords are hashed.",
        choices=("ARGON2ID", "BLF-CRYPT", "SHA512-CRYPT"),
    ),
    Setting("password.accept_hashes", False, "Whether a password given as {SCHEME}hash is stored as that hash."),
    Setting("password.argon2id_time", 2, "ARGON2ID: passes over the memory.", least=1),
    Setting("password.argon2id_memory", 19456, "ARGON2ID: memory in KiB.", least=8),
    Setting("password.argon2id_parallelism", 1, "ARGON2ID: lanes.", least=1),
    Setting("password.blf_crypt_cost", 10, "BLF-CRYPT: base-2 logarithm of the rounds, 4 to 31.", least=4),
    Setting("password.sha512_crypt_rounds", 100_000, "SHA512-CRYPT: rounds, 1000 to 999999999.", least=1000),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


class Settings:
    """The settings in force.

    Attributes:
        values: every setting by its dotted name.
        sources: where each comes from: `default`, the file's path, or the environment variable.
        backends: the tables `[backends.<name>]`, each a vendor's own.
    """

    __slots__ = ("backends", "sources", "values")

    def __init__(self, given: "Mapping[str, Any]", backends: "Mapping[str, Any]", path: str) -> None:
        self.values = {setting.name: given.get(setting.name, setting.default) for setting in SETTINGS}
        self.sources = dict.fromkeys(_BY_NAME, "default") | dict.fromkeys(given, path)
        self.backends = backends
        chosen = os.environ.get("MAILADDON_BACKEND")
        if chosen:
            self.values["backend"] = chosen
            self.sources["backend"] = "MAILADDON_BACKEND"

    def __getitem__(self, name: str) -> "Any":
        return self.values[name]


def load(home: str) -> Settings:
    """The settings of a home.

    Raises:
        NotConfigured: the file cannot be read, is not TOML, or has an unknown or unfit setting.
    """
    path = os.path.join(home, FILE)
    try:
        given, backends = _compiled.load(path, os.path.join(home, _KEPT), _parse)
    except FileNotFoundError:
        return Settings({}, {}, path)
    except OSError as error:
        raise NotConfigured(f"{path} cannot be read: {error.strerror}") from None
    return Settings(given, backends, path)


def _parse(path: str) -> "tuple[dict[str, Any], dict[str, Any]]":
    import tomllib

    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)
    except OSError as error:
        raise NotConfigured(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise NotConfigured(f"{path} is not valid TOML: {error}") from None
    backends = tables.pop("backends", {})
    if not isinstance(backends, dict):
        raise NotConfigured(f"{path}: 'backends' is not a table; write [backends.<name>]")
    given = {}
    for name, value in _flat(tables, ""):
        setting = _BY_NAME.get(name)
        if setting is None:
            raise NotConfigured(f"{path}: {name!r} is not a setting; `mailaddon settings` lists them all")
        given[name] = setting.check(value)
    return given, _plain(backends)


def _flat(table: "Mapping[str, Any]", prefix: str) -> "list[tuple[str, Any]]":
    found = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", value))
    return found


def _plain(value: "Any") -> "Any":
    """The same with dates as text, which is what the compiled form can hold."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) else str(value)
