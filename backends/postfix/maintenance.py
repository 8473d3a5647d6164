"""`mailaddon host maintain`: what has to be done from time to time, for every mailing list that is on this host."""

import os

from mailaddon.directory.names import split
from mailaddon.errors import MailAddonError

from . import root
from .lists import MEMBERS, agree, learn
from .mlmmj import folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailaddon.directory.outbox import Outbox
    from mailaddon.directory.store import Directory

    from .layout import Instance

_LISTS = (
    "SELECT a.id, a.local_part || '@' || n.name FROM address AS a"
    " JOIN domain_name AS n ON n.domain_id = a.domain_id AND n.kind = 'primary' WHERE a.kind = 'mailing' ORDER BY 2"
)


def maintain(instance: "Instance", directory: "Directory", outbox: "Outbox") -> "Iterator[tuple[str, str, bool]]":
    """Bring the settings of each list up to date, have mlmmj do what is due, and learn who is a member.

    A list that cannot be maintained does not stop the others.

    Yields:
        The list's address, what there is to say of it, and whether it was maintained.

    Raises:
        MailAddonError: the directory cannot be used.
    """
    with directory.read() as tx:
        lists = tx.all(_LISTS)
    for row_id, address in lists:
        name, domain = split(address)
        if not os.path.isdir(folder(instance, name, domain)):
            continue
        try:
            changes = _maintain(instance, directory, outbox, row_id, address)
        except (MailAddonError, OSError) as error:
            yield address, str(error), False
        else:
            yield address, changes, True


def _maintain(instance: "Instance", directory: "Directory", outbox: "Outbox", row_id: int, address: str) -> str:
    """Maintain one list; who has come and gone."""
    name, domain = split(address)
    with outbox.held(), directory.read() as tx:
        agree(instance, tx, address)
        before = set(tx.column(MEMBERS, row_id))
    root.do(instance, "list-maintain", address)
    with outbox.held():
        learn(instance, directory, name, domain)
    with directory.read() as tx:
        after = set(tx.column(MEMBERS, row_id))
    changes = [f"new: {', '.join(sorted(after - before))}"] if after - before else []
    changes += [f"gone: {', '.join(sorted(before - after))}"] if before - after else []
    return "; ".join(changes) or f"{len(after)} member{'' if len(after) == 1 else 's'}"
