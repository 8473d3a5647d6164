"""The server's own address and host name."""

from ..errors import Conflict
from ..records import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..records import NetworkChange
    from .store import Transaction


def change_network(tx: "Transaction", change: "NetworkChange") -> Change:
    """Take the server from its old address and host name to the new ones, and the domains at the old address with it.

    With nothing recorded, the old pair is taken to be in force.

    Raises:
        Conflict: neither pair is in force.
    """
    old = (change.old_ip, change.old_fqdn)
    new = (change.new_ip, change.new_fqdn)
    present = tx.one("SELECT ip_address, fqdn FROM server") or old
    if present not in {old, new}:
        raise Conflict(
            f"the server is {' '.join(present)}, neither the old {' '.join(old)} nor the new {' '.join(new)}"
        )
    if present == old:
        tx.run("DELETE FROM server")
        tx.insert("server", id=1, ip_address=change.new_ip, fqdn=change.new_fqdn)
        tx.run(
            "UPDATE domain SET ip_address = ?, changed = ? WHERE ip_address = ?", change.new_ip, tx.now, change.old_ip
        )
    return Change(before=_pair(present), after=_pair(new))


def _pair(pair: tuple[str, ...]) -> dict[str, object]:
    return {"ip_address": pair[0], "fqdn": pair[1]}
