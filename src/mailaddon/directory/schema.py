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

MIGRATIONS = (_VERSION_1,)
