"""A backend with every hook, which keeps what it gets and returns what the contract wants."""

from typing import Any

from mailaddon import Context, hookimpl, records
from mailaddon.operations import OPERATIONS, Operation

FEATURES = records.DomainFeatures(**dict.fromkeys(records.DomainFeatures._fields, True))
NEWS = records.MailingListInfo(domain="xyz.com", name="news", members=())
HERE = records.Resolution(address="u1@xyz.com", action="mailbox", reason="")
DOMAIN = records.DomainInfo(
    id=1,
    domain="xyz.com",
    aliases=(),
    ip_address="192.0.2.10",
    ip_based=False,
    mailbox_directory="/var/mail/xyz.com",
    owner="admin",
    catch_all="admin@xyz.com",
    max_mailboxes=-1,
    mailboxes=1,
    suspended=False,
    features=FEATURES,
    users=(),
    lists=(),
    spam_filters=(),
)
RESULTS: dict[str, Any] = {
    "none": None,
    "lines": ["b", "a"],
    "text": "https://webmail.example/",
    "autoresponder": records.AutoResponder(subject="Away", message="Back on Monday."),
    "Resolution": HERE,
    "DomainInfo": DOMAIN,
    "MailingListInfo": NEWS,
}
REQUESTS: list[Any] = []


class Recorder:
    """Does nothing and is content with everything."""

    contract = (1, 0)

    def __init__(self, context: Context) -> None:
        self.context = context


def _hook(operation: Operation) -> Any:
    def hook(_self: Recorder, request: Any) -> Any:
        REQUESTS.append(request)
        return RESULTS[operation.output]

    return hookimpl(hook)


for _operation in OPERATIONS:
    setattr(Recorder, _operation.hook, _hook(_operation))
