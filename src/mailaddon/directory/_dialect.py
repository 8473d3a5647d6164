"""The directory's SQL, as PostgreSQL wants it. It is written once, for SQLite; what differs is here.

A statement: `?` becomes `%s`, `%` is doubled, and the table `user`, a reserved word, is quoted; texts in quotes stay as
they are. The schema: see `statements`.
"""

import re
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_PARTS = re.compile(r"'[^']*'|\"[^\"]*\"|\?|%|\buser\b")
_WRITTEN = {"?": "%s", "%": "%%", "user": '"user"'}
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
_FOREIGN_KEY = re.compile(r",\n    (FOREIGN KEY [^\n]*?)(?=,\n|\n\))")
_TABLE = re.compile(r"CREATE TABLE (\S+)")
_TRIGGER = re.compile(r"CREATE TRIGGER (\w+) (AFTER \w+ ON \S+) BEGIN\n(.*?)END", re.DOTALL)
_TYPES = (
    ("INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    ("INTEGER", "BIGINT"),
    ("TEXT", 'TEXT COLLATE "C"'),  # compared octet by octet, as in SQLite, whatever the database's language is
    (" STRICT, WITHOUT ROWID", ""),
    (" STRICT", ""),
    ("GLOB '{*}?*'", "LIKE '{%}_%'"),
)


@lru_cache(maxsize=256)
def translated(sql: str) -> str:
    """A statement with values, for psycopg."""
    return _PARTS.sub(lambda part: _WRITTEN.get(part[0], part[0].replace("%", "%%")), sql)


def statements(migration: "Sequence[str]") -> list[str]:
    """The statements of a migration, from those for SQLite.

    Foreign keys of whole tables come after all tables, as tables refer to each other in circles. A trigger's body
    becomes a function.
    """
    found: list[str] = []
    keys: list[str] = []
    for statement in migration:
        text = _COMMENT.sub("", statement).strip().removesuffix(";")
        text = _PARTS.sub(lambda part: '"user"' if part[0] == "user" else part[0], text)
        for written, wanted in _TYPES:
            text = text.replace(written, wanted)
        if table := _TABLE.match(text):
            keys += [f"ALTER TABLE {table[1]} ADD {key}" for key in _FOREIGN_KEY.findall(text)]
            text = _FOREIGN_KEY.sub("", text)
        found += _trigger(*trigger.groups()) if (trigger := _TRIGGER.fullmatch(text)) else [text]
    return [*found, *keys]


def _trigger(name: str, event: str, body: str) -> list[str]:
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n{body}    RETURN NULL;\nEND;\n$$",
        f"CREATE TRIGGER {name} {event} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]
