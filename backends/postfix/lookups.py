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


def maps(instance: "Instance") -> dict[str, str]:
    """The maps of a host. Where several share the directory, mail for what another one stores goes there."""
    if not instance.host:
        return MAPS
    host = instance.host
    return MAPS | {
        # The addresses are final: the other host only puts the mail where it belongs.
        "elsewhere": "SELECT 'lmtp:inet:[' || address || ']:' || lmtp_port FROM lookup_host"  # noqa: S608 - a checked name
        f" WHERE domain = '%s' AND host <> '{host}'",
        "lists": f"SELECT CASE WHEN h.host <> '{host}' THEN 'smtp:[' || h.address || ']:' || h.smtp_port"  # noqa: S608
        " ELSE 'mlmmj:' || l.domain || '/' || l.local_part END"
        " FROM lookup_mailing_list AS l LEFT JOIN lookup_host AS h ON h.domain = l.domain"
        " WHERE l.local_part = '%u' AND l.domain = '%d'",
    }


def dovecot(instance: "Instance") -> dict[str, str]:
    """Dovecot's queries. Postfix asks as the service smtp, and knows no `nologin`: it finds no suspended user."""
    # While it is not connected to PostgreSQL, Dovecot 2.3 puts '' in the place of every value. A query for nobody would
    # find nobody, and mail would bounce; one that fails is asked again.
    connected = " AND 1 / length('%s') >= 0" if instance.in_postgresql else ""
    own = {
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
    return own | _shared(instance, connected) if instance.host else own


def _shared(instance: "Instance", connected: str) -> dict[str, str]:
    """The queries of a host that has mailboxes of its own, and passes on the sessions of all others."""
    elsewhere = f"h.host <> '{instance.host}'"
    passed_on = f"{elsewhere} AND m.suspended = 0 AND '%s' IN ('imap', 'sieve')"
    source = (
        " FROM lookup_mailbox AS m LEFT JOIN lookup_host AS h ON h.domain = m.domain"
        f" WHERE m.local_part = '%n' AND m.domain = '%d'{connected}"
    )
    return {
        "password_query": "SELECT m.address AS user, m.password,"
        " CASE WHEN m.suspended = 1 THEN 'y' END AS nologin,"
        " CASE WHEN m.suspended = 1 THEN 'Account suspended' END AS reason,"
        f" CASE WHEN {passed_on} THEN 'y' END AS proxy,"
        f" CASE WHEN {passed_on} THEN h.address END AS host,"
        f" CASE WHEN {passed_on} THEN CASE WHEN '%s' = 'sieve' THEN h.sieve_port ELSE h.imap_port END END AS port,"
        f" CASE WHEN {passed_on} THEN 'any-cert' END AS starttls"
        f"{source} AND (m.suspended = 0 OR '%s' <> 'smtp')",
        "user_query": f"SELECT m.address AS user, m.home, {instance.mail_uid} AS uid, {instance.mail_gid} AS gid,"
        f" CASE WHEN (m.suspended = 1 OR {elsewhere}) AND '%s' = 'lmtp' THEN 'y' END AS tempfail{source}",
        "iterate_query": "SELECT m.local_part AS username, m.domain FROM lookup_mailbox AS m"  # noqa: S608 - a checked name
        f" JOIN lookup_host AS h ON h.domain = m.domain AND h.host = '{instance.host}'"
        " WHERE m.domain = m.primary_domain",
    }
