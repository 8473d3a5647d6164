"""What there is: domains with everything in them, as records."""

from ..records import (
    DomainFeatures,
    DomainInfo,
    ListInfo,
    MailingListInfo,
    MailingListMember,
    UserFeatures,
    UserInfo,
)
from .lists import MAILING, filters, list_id
from .names import DOMAIN_FEATURES, USER_FEATURES, Domain, User, get_domain, users_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .store import Transaction


def domain_names(tx: "Transaction") -> list[str]:
    """The primary names of all domains."""
    return tx.column("SELECT name FROM domain_name WHERE kind = 'primary'")


def domain_info(tx: "Transaction", name: str) -> DomainInfo:
    """All that a domain has.

    Raises:
        NotFound: there is no such domain.
    """
    domain = get_domain(tx, name)
    (owner,) = tx.column("SELECT local_part FROM address WHERE id = ?", domain.owner_id)
    return DomainInfo(
        id=domain.id,
        domain=domain.name,
        aliases=tx.column(
            "SELECT name FROM domain_name WHERE domain_id = ? AND kind = 'alias' ORDER BY name", domain.id
        ),
        ip_address=domain.ip_address,
        ip_based=bool(domain.ip_based),
        mailbox_directory=domain.mailbox_directory,
        owner=owner,
        catch_all=domain.catch_all,
        max_mailboxes=domain.max_mailboxes,
        mailboxes=domain.mailboxes,
        suspended=bool(domain.suspended),
        features=DomainFeatures(**{feature: bool(getattr(domain, feature)) for feature in DOMAIN_FEATURES}),
        users=[_user_info(tx, domain, user) for user in users_of(tx, domain)],
        lists=_lists(tx, domain),
        spam_filters=filters(tx, name),
    )


def mailing_list_info(tx: "Transaction", domain: str, name: str) -> MailingListInfo:
    """A mailing list with its members, by address.

    Raises:
        NotFound: there is no such list.
    """
    row_id = list_id(tx, MAILING, get_domain(tx, domain), name)
    rows = tx.all(
        "SELECT local_part || '@' || domain, display_name FROM list_member WHERE list_id = ? ORDER BY 1", row_id
    )
    members = [MailingListMember(domain=domain, name=name, address=row[0], display_name=row[1]) for row in rows]
    return MailingListInfo(domain=domain, name=name, members=members)


def _user_info(tx: "Transaction", domain: Domain, user: User) -> UserInfo:
    return UserInfo(
        id=user.id,
        user=user.name,
        suspended=bool(user.suspended),
        first_name=user.first_name,
        middle_name=user.middle_name,
        last_name=user.last_name,
        features=UserFeatures(**{feature: bool(getattr(user, feature)) for feature in USER_FEATURES}),
        aliases=tx.column(
            "SELECT local_part FROM address WHERE domain_id = ? AND user_id = ? ORDER BY local_part", domain.id, user.id
        ),
        forwards=sorted(tx.column("SELECT local_part || '@' || domain FROM forward WHERE user_id = ?", user.id)),
        keep_copy=bool(user.keep_copy),
        autoresponder=tx.one("SELECT 1 FROM autoresponder WHERE user_id = ?", user.id) is not None,
    )


def _lists(tx: "Transaction", domain: Domain) -> list[ListInfo]:
    rows = tx.all(
        "SELECT a.id, a.local_part, a.kind, (SELECT count(*) FROM list_member AS m WHERE m.list_id = a.id)"
        " FROM address AS a WHERE a.domain_id = ? AND a.kind IN ('distribution', 'mailing') ORDER BY a.local_part",
        domain.id,
    )
    return [ListInfo(id=row[0], name=row[1], kind=row[2], members=row[3]) for row in rows]
