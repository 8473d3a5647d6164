"""What hooks get and give: one immutable record per shape of request, and the few shapes of results.

Every text in a request has been validated and is in its canonical form (lower case, ASCII domain names), so a hook
never checks a name again. Fields have the field's own names; which guide parameter fills which one stands in the
operation table. A field added later has a default, so a plugin written today keeps working.

A record is made when it is first asked for (PEP 562): a command needs few of them, and making all takes it longer
than its own work does.
"""

from .._record import Record
from ..values import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._domains import (
        CatchAll,
        DomainAddress,
        DomainAlias,
        DomainChange,
        DomainFeatures,
        DomainRef,
        DomainTransfer,
        NewDomain,
    )
    from ._info import DomainInfo, ListInfo, MailingListInfo, Resolution, UserInfo
    from ._lists import ListMember, ListRef, MailingListMember, SpamFilter, SpamFilterRef
    from ._results import AutoResponder, Change, Problem
    from ._server import EmailAddress, NetworkChange, Server
    from ._users import (
        AutoResponderSetting,
        Forward,
        NewUser,
        UserAlias,
        UserChange,
        UserFeatures,
        UserRef,
        UserTransfer,
    )

__all__ = [
    "AutoResponder",
    "AutoResponderSetting",
    "CatchAll",
    "Change",
    "DomainAddress",
    "DomainAlias",
    "DomainChange",
    "DomainFeatures",
    "DomainInfo",
    "DomainRef",
    "DomainTransfer",
    "EmailAddress",
    "Forward",
    "ListInfo",
    "ListMember",
    "ListRef",
    "MailingListInfo",
    "MailingListMember",
    "NetworkChange",
    "NewDomain",
    "NewUser",
    "Problem",
    "Record",
    "Resolution",
    "Secret",
    "Server",
    "SpamFilter",
    "SpamFilterRef",
    "UserAlias",
    "UserChange",
    "UserFeatures",
    "UserInfo",
    "UserRef",
    "UserTransfer",
]

#: In which module a record is.
_HOMES = {
    "AutoResponder": "_results",
    "AutoResponderSetting": "_users",
    "CatchAll": "_domains",
    "Change": "_results",
    "DomainAddress": "_domains",
    "DomainAlias": "_domains",
    "DomainChange": "_domains",
    "DomainFeatures": "_domains",
    "DomainInfo": "_info",
    "DomainRef": "_domains",
    "DomainTransfer": "_domains",
    "EmailAddress": "_server",
    "Forward": "_users",
    "ListInfo": "_info",
    "ListMember": "_lists",
    "ListRef": "_lists",
    "MailingListInfo": "_info",
    "MailingListMember": "_lists",
    "NetworkChange": "_server",
    "NewDomain": "_domains",
    "NewUser": "_users",
    "Problem": "_results",
    "Resolution": "_info",
    "Server": "_server",
    "SpamFilter": "_lists",
    "SpamFilterRef": "_lists",
    "UserAlias": "_users",
    "UserChange": "_users",
    "UserFeatures": "_users",
    "UserInfo": "_info",
    "UserRef": "_users",
    "UserTransfer": "_users",
}


def __getattr__(name: str) -> object:
    """Load a record when it is first used."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import sys

    module = f"{__name__}.{home}"
    __import__(module)  # and not importlib, whose own import an E* command would pay for
    found: object = getattr(sys.modules[module], name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
