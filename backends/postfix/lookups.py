"""What Postfix and Dovecot ask the directory. They read views only, so that is all that their role has to see.

Values stand in single quotes, which Postfix and Dovecot escape.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .layout import Instance

_AT = "substr('%s', 1, 1) = '@'"  # the key is @domain, not an address

#: The distribution lists in force that an address stands for: itself, and the lists in it. A list may be in itself by a
#: detour, which Postfix would follow for ever. SQLite cannot know that few lists are inside; CROSS JOIN keeps it from
#: beginning with the members of all lists, and means nothing to PostgreSQL.
_LISTS = """
WITH RECURSIVE inside (id) AS (
    SELECT id FROM lookup_list WHERE local_part = '%u' AND domain = '%d'
    UNION
    SELECT l.id FROM inside
    CROSS JOIN lookup_list_member AS m
    CROSS JOIN lookup_list AS l
    WHERE m.list_id = inside.id AND l.domain = m.domain AND l.local_part = m.local_part
)
SELECT m.local_part || '@' || m.domain FROM inside
CROSS JOIN lookup_list_member AS m WHERE m.list_id = inside.id AND m.is_list = 0
"""
_OTHERS = (
    " UNION ALL SELECT target FROM lookup_alias WHERE local_part = '%u' AND domain = '%d'"
    " AND NOT EXISTS (SELECT 1 FROM inside)"
)
_EMPTY_LISTS = """
SELECT '550 5.2.0 The list has no members' FROM lookup_list AS l
WHERE local_part = '%u' AND domain = '%d'
AND NOT EXISTS (SELECT 1 FROM lookup_list_member AS m WHERE m.list_id = l.id) LIMIT 1
"""


def _line(query: str) -> str:
    return " ".join(query.split())


#: Postfix's maps.
MAPS = {
    "domains": "SELECT name FROM lookup_name WHERE name = '%s' AND kind = 'primary'",
    "alias-domains": "SELECT name FROM lookup_name WHERE name = '%s' AND kind = 'alias'",
    "mailboxes": "SELECT 1 FROM lookup_mailbox WHERE local_part = '%u' AND domain = '%d'"
    " UNION ALL SELECT 1 FROM lookup_mailing_list WHERE local_part = '%u' AND domain = '%d'",
    "aliases": _line(_LISTS) + _OTHERS,
    "catch-alls": f"SELECT target FROM lookup_catch_all WHERE domain = '%d' AND {_AT}",  # noqa: S608 - our text
    "lists": "SELECT 'mlmmj:' || domain || '/' || local_part FROM lookup_mailing_list"
    " WHERE local_part = '%u' AND domain = '%d'",
    "senders": "SELECT login FROM lookup_sender WHERE local_part = '%u' AND domain = '%d'",
    "suspended-domains": "SELECT '450 4.2.1 Domain temporarily suspended' FROM lookup_domain"
    " WHERE name = '%s' AND suspended = 1",
    "refusals": "SELECT action FROM lookup_refusal WHERE local_part = '%u' AND domain = '%d'",
    "empty-lists": _line(_EMPTY_LISTS),
    "outgoing": "SELECT 'from-' || replace(ip_address, ':', '_') || ':' FROM lookup_domain"  # noqa: S608 - our text
    f" WHERE name = '%d' AND {_AT}",
}


def dovecot(instance: "Instance") -> dict[str, str]:
    """Dovecot's queries. Postfix asks as the service smtp, and knows no `nologin`: it finds no suspended user."""
    # While it is not connected to PostgreSQL, Dovecot 2.3 puts '' in the place of every value. A query for nobody would
    # find nobody, and mail would bounce; one that fails is asked again.
    connected = " AND 1 / length('%s') >= 0" if instance.in_postgresql else ""
    return {
        "password_query": "SELECT address AS user, password,"  # noqa: S608 - our text
        " CASE WHEN suspended = 1 THEN 'y' END AS nologin,"
        " CASE WHEN suspended = 1 THEN 'Account suspended' END AS reason"
        " FROM lookup_mailbox WHERE local_part = '%n' AND domain = '%d' AND (suspended = 0 OR '%s' <> 'smtp')"
        f"{connected}",
        "user_query": f"SELECT address AS user, home, {instance.mail_uid} AS uid, {instance.mail_gid} AS gid,"  # noqa: S608 - numbers
        " CASE WHEN suspended = 1 AND '%s' = 'lmtp' THEN 'y' END AS tempfail"
        f" FROM lookup_mailbox WHERE local_part = '%n' AND domain = '%d'{connected}",
        "iterate_query": "SELECT local_part AS username, domain FROM lookup_mailbox WHERE domain = primary_domain",
    }
