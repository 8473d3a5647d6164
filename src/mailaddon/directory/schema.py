"""The tables, as numbered migrations.

Migration N takes the schema from version N - 1 to version N (`PRAGMA user_version`). A migration that has been released
is never edited; a change is a new one. What the tables mean is documented in docs/directory.md.

Names are stored in lower case, domain names in their ASCII form, times as seconds since 1970 (UTC), flags as 0 and 1.
Ids are never reused (AUTOINCREMENT).
"""

_FLAG = "INTEGER NOT NULL CHECK ({0} IN (0, 1))"


def _flags(*names: str) -> str:
    return ",\n    ".join(f"{name} {_FLAG.format(name)}" for name in names)


_VERSION_1 = f"""
-- The server's own address, once EChangeNetworkSettings has recorded one.
CREATE TABLE server (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    ip_address TEXT NOT NULL,
    fqdn TEXT NOT NULL
) STRICT;

-- A mail domain. Its names are in domain_name; the number of its users is kept by triggers, so that the limit is a
-- constraint and costs no counting.
CREATE TABLE domain (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ip_address TEXT NOT NULL,
    {_flags("ip_based")},
    mailbox_directory TEXT NOT NULL,
    {_flags("made_directory")},
    storage TEXT NOT NULL UNIQUE,
    max_mailboxes INTEGER NOT NULL CHECK (max_mailboxes = -1 OR max_mailboxes >= 1),
    mailboxes INTEGER NOT NULL DEFAULT 0 CHECK (mailboxes >= 0),
    owner_id INTEGER NOT NULL,
    catch_all_local_part TEXT,
    catch_all_domain TEXT,
    {_flags("suspended")},
    {_flags("mailing_lists", "domain_aliases", "distribution_lists", "spam_filters")},
    {_flags("user_aliases", "forwards", "autoresponders", "web_access")},
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    CONSTRAINT mailbox_limit CHECK (max_mailboxes = -1 OR mailboxes <= max_mailboxes),
    CHECK ((catch_all_local_part IS NULL) = (catch_all_domain IS NULL)),
    FOREIGN KEY (id, owner_id) REFERENCES user (domain_id, id) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX domain_ip_address ON domain (ip_address);
CREATE INDEX domain_catch_all ON domain (catch_all_domain, catch_all_local_part) WHERE catch_all_domain IS NOT NULL;

-- Every name of every domain: one namespace per server.
CREATE TABLE domain_name (
    name TEXT PRIMARY KEY,
    domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('primary', 'alias'))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX domain_name_primary ON domain_name (domain_id) WHERE kind = 'primary';
CREATE INDEX domain_name_domain ON domain_name (domain_id, kind, name);

-- Every local part of every domain: one namespace per domain. An alias belongs to a user of the same domain.
CREATE TABLE address (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
    local_part TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'alias', 'distribution', 'mailing')),
    user_id INTEGER,
    created INTEGER NOT NULL,
    UNIQUE (domain_id, local_part),
    UNIQUE (id, kind),
    UNIQUE (id, domain_id, kind),
    CHECK ((kind = 'alias') = (user_id IS NOT NULL)),
    FOREIGN KEY (domain_id, user_id) REFERENCES user (domain_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX address_kind ON address (domain_id, kind, local_part);
CREATE INDEX address_alias ON address (domain_id, user_id, local_part) WHERE user_id IS NOT NULL;

-- A user is an address of the kind 'user' with a mailbox.
CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    domain_id INTEGER NOT NULL,
    kind TEXT NOT NULL DEFAULT 'user' CHECK (kind = 'user'),
    password TEXT NOT NULL CHECK (password GLOB '{{*}}?*'),
    first_name TEXT NOT NULL,
    middle_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    {_flags("suspended", "keep_copy", "forwards", "autoresponders", "web_access")},
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    UNIQUE (domain_id, id),
    FOREIGN KEY (id, domain_id, kind) REFERENCES address (id, domain_id, kind) ON DELETE CASCADE
) STRICT;
CREATE TRIGGER user_added AFTER INSERT ON user BEGIN
    UPDATE domain SET mailboxes = mailboxes + 1 WHERE id = NEW.domain_id;
END;
CREATE TRIGGER user_deleted AFTER DELETE ON user BEGIN
    UPDATE domain SET mailboxes = mailboxes - 1 WHERE id = OLD.domain_id;
END;

-- Where a user's mail is forwarded to; the target may be hosted here or not.
CREATE TABLE forward (
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    domain TEXT NOT NULL,
    local_part TEXT NOT NULL,
    PRIMARY KEY (user_id, domain, local_part)
) STRICT, WITHOUT ROWID;
CREATE INDEX forward_target ON forward (domain, local_part);

-- The members of both kinds of lists. Only a mailing list's member has a display name.
CREATE TABLE list_member (
    list_id INTEGER NOT NULL,
    list_kind TEXT NOT NULL CHECK (list_kind IN ('distribution', 'mailing')),
    domain TEXT NOT NULL,
    local_part TEXT NOT NULL,
    display_name TEXT,
    PRIMARY KEY (list_id, domain, local_part),
    CHECK ((list_kind = 'mailing') = (display_name IS NOT NULL)),
    FOREIGN KEY (list_id, list_kind) REFERENCES address (id, kind) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX list_member_address ON list_member (domain, local_part);

CREATE TABLE spam_filter (
    domain_id INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('EMAIL', 'IP', 'DOMAIN')),
    PRIMARY KEY (domain_id, address, type)
) STRICT, WITHOUT ROWID;

CREATE TABLE autoresponder (
    user_id INTEGER PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    changed INTEGER NOT NULL
) STRICT;

-- Which storage journals belong to committed transactions (see journal.py).
CREATE TABLE storage_commit (
    token TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
"""  # noqa: S608 - the columns are ours

_VERSION_2 = """
-- What mail servers look up. Only what is in force: names, aliases, lists and forwards whose feature is switched off
-- are not here. Every view is joined from the name that is asked for, so a lookup follows indexes all the way.

CREATE VIEW lookup_name AS
SELECT n.name, n.kind, n.domain_id
FROM domain_name AS n JOIN domain AS d ON d.id = n.domain_id
WHERE n.kind = 'primary' OR d.domain_aliases = 1;

-- Mailboxes, under every name of their domain.
CREATE VIEW lookup_mailbox AS
SELECT a.id, a.local_part, n.name AS domain, a.local_part || '@' || p.name AS address, p.name AS primary_domain,
    u.password, d.storage || '/' || a.local_part AS home,
    CASE WHEN u.suspended = 1 OR d.suspended = 1 THEN 1 ELSE 0 END AS suspended,
    CASE WHEN u.keep_copy = 0 AND u.suspended = 0 AND d.suspended = 0 AND u.forwards = 1 AND d.forwards = 1
        AND EXISTS (SELECT 1 FROM forward AS f WHERE f.user_id = u.id) THEN 0 ELSE 1 END AS keeps_mail
FROM lookup_name AS n
JOIN domain AS d ON d.id = n.domain_id
JOIN domain_name AS p ON p.domain_id = d.id AND p.kind = 'primary'
JOIN address AS a ON a.domain_id = d.id AND a.kind = 'user'
JOIN user AS u ON u.id = a.id;

-- What an address stands for. A mailbox stands for itself, or the catch-all would take its mail.
CREATE VIEW lookup_alias AS
SELECT local_part, domain, address AS target FROM lookup_mailbox WHERE keeps_mail = 1
UNION ALL
SELECT a.local_part, n.name, f.local_part || '@' || f.domain
FROM lookup_name AS n
JOIN domain AS d ON d.id = n.domain_id AND d.forwards = 1 AND d.suspended = 0
JOIN address AS a ON a.domain_id = d.id
JOIN user AS u ON u.id = a.id AND u.forwards = 1 AND u.suspended = 0
JOIN forward AS f ON f.user_id = u.id
UNION ALL
SELECT a.local_part, n.name, t.local_part || '@' || p.name
FROM lookup_name AS n
JOIN domain AS d ON d.id = n.domain_id AND d.user_aliases = 1
JOIN domain_name AS p ON p.domain_id = d.id AND p.kind = 'primary'
JOIN address AS a ON a.domain_id = d.id AND a.kind = 'alias'
JOIN address AS t ON t.id = a.user_id
UNION ALL
SELECT a.local_part, n.name, m.local_part || '@' || m.domain
FROM lookup_name AS n
JOIN domain AS d ON d.id = n.domain_id AND d.distribution_lists = 1
JOIN address AS a ON a.domain_id = d.id AND a.kind = 'distribution'
JOIN list_member AS m ON m.list_id = a.id
UNION ALL
SELECT a.local_part, n.name, a.local_part || '@' || p.name
FROM lookup_name AS n
JOIN domain AS d ON d.id = n.domain_id AND d.mailing_lists = 1
JOIN domain_name AS p ON p.domain_id = d.id AND p.kind = 'primary'
JOIN address AS a ON a.domain_id = d.id AND a.kind = 'mailing';

CREATE VIEW lookup_catch_all AS
SELECT n.name AS domain, d.catch_all_local_part || '@' || d.catch_all_domain AS target
FROM lookup_name AS n JOIN domain AS d ON d.id = n.domain_id
WHERE d.catch_all_domain IS NOT NULL;

-- Mailing lists, for the transport to the list manager.
CREATE VIEW lookup_mailing_list AS
SELECT a.id, a.local_part, n.name AS domain, a.local_part || '@' || n.name AS address
FROM domain_name AS n
JOIN domain AS d ON d.id = n.domain_id AND d.mailing_lists = 1
JOIN address AS a ON a.domain_id = d.id AND a.kind = 'mailing'
WHERE n.kind = 'primary';

-- Addresses that a message is not taken for now, and what the sender is told. One row at the most per address.
CREATE VIEW lookup_refusal AS
SELECT a.local_part, n.name AS domain,
    CASE
        WHEN d.suspended = 1 THEN '450 4.2.1 Domain temporarily suspended'
        WHEN u.suspended = 1 OR t.suspended = 1 THEN '450 4.2.1 Mailbox temporarily suspended'
        ELSE '550 5.2.1 Address disabled'
    END AS action
FROM lookup_name AS n
JOIN domain AS d ON d.id = n.domain_id
JOIN address AS a ON a.domain_id = d.id
LEFT JOIN user AS u ON u.id = a.id
LEFT JOIN user AS t ON t.id = a.user_id
WHERE d.suspended = 1 OR u.suspended = 1 OR t.suspended = 1
    OR (a.kind = 'alias' AND d.user_aliases = 0)
    OR (a.kind = 'distribution' AND d.distribution_lists = 0)
    OR (a.kind = 'mailing' AND d.mailing_lists = 0);

-- Which login may send as an address.
CREATE VIEW lookup_sender AS
SELECT local_part, domain, address AS login FROM lookup_mailbox
UNION ALL
SELECT a.local_part, n.name, t.local_part || '@' || p.name
FROM lookup_name AS n
JOIN domain AS d ON d.id = n.domain_id AND d.user_aliases = 1
JOIN domain_name AS p ON p.domain_id = d.id AND p.kind = 'primary'
JOIN address AS a ON a.domain_id = d.id AND a.kind = 'alias'
JOIN address AS t ON t.id = a.user_id;

-- Replies in force.
CREATE VIEW lookup_autoresponder AS
SELECT m.id, m.local_part, m.domain, m.address, r.subject, r.message, r.changed
FROM lookup_mailbox AS m
JOIN user AS u ON u.id = m.id AND u.autoresponders = 1
JOIN domain AS d ON d.id = u.domain_id AND d.autoresponders = 1
JOIN autoresponder AS r ON r.user_id = u.id;
"""

_VERSION_3 = """
-- What a backend still has to do outside the directory for changes that are committed (see outbox.py).
CREATE TABLE effect (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL
) STRICT;
"""

_VERSION_4 = """
-- What mail servers look up besides, so that the role they read with sees views only.

CREATE VIEW lookup_domain AS
SELECT n.name, n.kind, d.suspended, d.ip_address
FROM lookup_name AS n JOIN domain AS d ON d.id = n.domain_id;

-- Distribution lists, under every name of their domain.
CREATE VIEW lookup_list AS
SELECT a.id, a.local_part, n.name AS domain
FROM lookup_name AS n
JOIN domain AS d ON d.id = n.domain_id AND d.distribution_lists = 1
JOIN address AS a ON a.domain_id = d.id AND a.kind = 'distribution';

-- Their members. One that is a list is one whether it is in force or not.
CREATE VIEW lookup_list_member AS
SELECT m.list_id, m.local_part, m.domain,
    CASE WHEN EXISTS (
        SELECT 1 FROM domain_name AS n
        JOIN address AS a ON a.domain_id = n.domain_id AND a.local_part = m.local_part AND a.kind = 'distribution'
        WHERE n.name = m.domain
    ) THEN 1 ELSE 0 END AS is_list
FROM list_member AS m
WHERE m.list_kind = 'distribution';

CREATE VIEW lookup_spam_filter AS
SELECT n.name AS domain, f.address
FROM lookup_name AS n
JOIN domain AS d ON d.id = n.domain_id AND d.spam_filters = 1
JOIN spam_filter AS f ON f.domain_id = d.id;
"""

_VERSION_5 = """
-- Mail hosts that share this directory, and the address and ports where the others reach them.
CREATE TABLE host (
    name TEXT PRIMARY KEY CHECK (name <> ''),
    address TEXT NOT NULL,
    smtp_port INTEGER NOT NULL,
    lmtp_port INTEGER NOT NULL,
    imap_port INTEGER NOT NULL,
    sieve_port INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The host that stores a domain's mail, and the one that an effect is for; '' where there is one host only.
ALTER TABLE domain ADD COLUMN mail_host TEXT NOT NULL DEFAULT '';
CREATE INDEX domain_mail_host ON domain (mail_host);
ALTER TABLE effect ADD COLUMN host TEXT NOT NULL DEFAULT '';
CREATE INDEX effect_host ON effect (host, id);

-- Where a domain's mail is, under every name of the domain.
CREATE VIEW lookup_host AS
SELECT n.name AS domain, h.name AS host, h.address, h.smtp_port, h.lmtp_port, h.imap_port, h.sieve_port
FROM lookup_name AS n
JOIN domain AS d ON d.id = n.domain_id
JOIN host AS h ON h.name = d.mail_host;
"""

_VERSION_6 = """
-- How far work has come that a kill may interrupt, stored in the same transactions as the work itself.
CREATE TABLE progress (
    name TEXT PRIMARY KEY,
    position TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

MIGRATIONS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6)
