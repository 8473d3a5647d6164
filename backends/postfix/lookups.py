"""What Postfix asks the directory, map by map. Values stand in single quotes, which Postfix escapes."""

_AT = "substr('%s', 1, 1) = '@'"  # the key is @domain, not an address

#: The distribution lists in force that an address stands for: itself, and the lists in it. A list may be in itself by a
#: detour, which Postfix would follow for ever.
_LISTS = """
WITH RECURSIVE inside (id) AS (
    SELECT a.id FROM lookup_name AS n
    JOIN domain AS d ON d.id = n.domain_id AND d.distribution_lists = 1
    JOIN address AS a ON a.domain_id = n.domain_id AND a.local_part = '%u' AND a.kind = 'distribution'
    WHERE n.name = '%d'
    UNION
    SELECT a.id FROM inside
    JOIN list_member AS m ON m.list_id = inside.id
    JOIN lookup_name AS n ON n.name = m.domain
    JOIN domain AS d ON d.id = n.domain_id AND d.distribution_lists = 1
    JOIN address AS a ON a.domain_id = n.domain_id AND a.local_part = m.local_part AND a.kind = 'distribution'
)
SELECT m.local_part || '@' || m.domain FROM inside
JOIN list_member AS m ON m.list_id = inside.id
LEFT JOIN domain_name AS n ON n.name = m.domain
LEFT JOIN address AS a ON a.domain_id = n.domain_id AND a.local_part = m.local_part AND a.kind = 'distribution'
WHERE a.id IS NULL
"""
_OTHERS = (
    " UNION ALL SELECT target FROM lookup_alias WHERE local_part = '%u' AND domain = '%d'"
    " AND NOT EXISTS (SELECT 1 FROM inside)"
)
_EMPTY_LISTS = """
SELECT '550 5.2.0 The list has no members' FROM lookup_name AS n
JOIN address AS a ON a.domain_id = n.domain_id AND a.local_part = '%u' AND a.kind = 'distribution'
WHERE n.name = '%d' AND NOT EXISTS (SELECT 1 FROM list_member AS m WHERE m.list_id = a.id) LIMIT 1
"""


def _line(query: str) -> str:
    return " ".join(query.split())


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
    "suspended-domains": "SELECT '450 4.2.1 Domain temporarily suspended' FROM lookup_name AS n"
    " JOIN domain AS d ON d.id = n.domain_id WHERE n.name = '%s' AND d.suspended = 1",
    "refusals": "SELECT action FROM lookup_refusal WHERE local_part = '%u' AND domain = '%d'",
    "empty-lists": _line(_EMPTY_LISTS),
    "outgoing": "SELECT 'from-' || replace(d.ip_address, ':', '_') || ':' FROM lookup_name AS n"  # noqa: S608 - our text
    f" JOIN domain AS d ON d.id = n.domain_id WHERE n.name = '%d' AND {_AT}",
}
