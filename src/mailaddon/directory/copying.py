"""Copying a whole directory into another one, between SQLite and PostgreSQL or within one of them."""

from ..errors import Conflict, StorageFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ._database import Connection, Database
    from .store import Directory

    Rows = list[tuple[object, ...]]

#: Tables in an order in which rows refer to rows that are there; others come after them.
_ORDER = ("server", "domain", "domain_name", "address", "user")


def copy(source: "Directory", target: "Directory") -> dict[str, int]:
    """Fill an empty directory with what another one has, under the same ids, in one transaction.

    Nothing changes in the source meanwhile. What killed processes left behind is put right before; commits whose mail
    is still to be purged are copied, too.

    Returns:
        How many rows each table has.

    Raises:
        Conflict: the target is not empty.
        Unavailable, StorageFailed, UpgradeNeeded: one of the directories cannot be used, or the copy is not the same;
            nothing has been copied.
    """
    if source.name == target.name:
        raise Conflict(f"{source.name} cannot be copied to itself")
    with source.write():
        pass
    with source.write(dry_run=True) as tx:
        # Not a transaction of the kit: the home's journals belong to the source.
        return _filled(source.database, tx.connection, target.database)


def _filled(origin: "Database", source: "Connection", database: "Database") -> dict[str, int]:
    target, upkeep = database.begin(writes=True), database.upkeep()
    try:
        tables = upkeep.columns(target)
        _check_empty(database.name, target, tables)
        names = [*_ORDER, *sorted(set(tables).difference(_ORDER))]
        content = {table: _rows(source, table, tables[table]) for table in names}
        for table, rows in _steps(content, tables):
            upkeep.fill(target, table, tables[table], rows)
        for table, last in origin.upkeep().last_ids(source).items():
            upkeep.set_last_id(target, table, last)
        _check_same(database.name, target, tables, content)
        database.commit(target)
    except BaseException as error:
        database.roll_back(target)
        if isinstance(error, database.error):
            raise database.failure(error) from error
        raise
    finally:
        database.close()
    return {table: len(content[table]) for table in names}


def _check_empty(name: str, target: "Connection", tables: "Iterable[str]") -> None:
    for table in tables:
        if target.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608 - names are ours
            raise Conflict(f"{name} is not empty: there is something in {table}")


def _check_same(
    name: str, target: "Connection", tables: "Mapping[str, Sequence[str]]", content: "dict[str, Rows]"
) -> None:
    for table, rows in content.items():
        if _rows(target, table, tables[table]) != rows:
            raise StorageFailed(f"the copy of {table} in {name} is not the same; nothing is copied")


def _rows(connection: "Connection", table: str, columns: "Sequence[str]") -> "Rows":
    listed = ", ".join(columns)
    order = ", ".join(str(number) for number in range(1, len(columns) + 1))
    return connection.execute(f"SELECT {listed} FROM {table} ORDER BY {order}").fetchall()  # noqa: S608 - names are ours


def _steps(content: "dict[str, Rows]", tables: "Mapping[str, Sequence[str]]") -> "Iterator[tuple[str, Rows]]":
    """The rows in an order in which each refers to rows that are there."""
    aliases: Rows = []
    for table, rows in content.items():
        if table == "domain":  # triggers count its users as they come
            place = tables[table].index("mailboxes")
            yield table, [(*row[:place], 0, *row[place + 1 :]) for row in rows]
        elif table == "address":
            place = tables[table].index("user_id")
            aliases = [row for row in rows if row[place] is not None]
            yield table, [row for row in rows if row[place] is None]
        else:
            yield table, rows
        if table == "user":
            yield "address", aliases
