"""One domain of PostfixAdmin as the settings of an export: docs/export-format.md says what stands where."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from .. import values
from ..errors import InvalidArgument
from . import passwords, replies
from .report import Report
from .routes import Forward, Routes
from .source import Row, Source

FEATURES = (
    "mailing_lists",
    "domain_aliases",
    "distribution_lists",
    "spam_filters",
    "user_aliases",
    "forwards",
    "autoresponders",
    "web_access",
)
USER_FEATURES = ("forwards", "autoresponders", "web_access")
_NOBODY = "postmaster"


class Options(NamedTuple):
    """What PostfixAdmin does not know.

    Attributes:
        ip_address: of all domains.
        owner: the local part of the owner; "" to choose one.
        scheme: of passwords without a prefix; "" for the one that their form shows.
        hashed: makes a hash of a clear password.
    """

    ip_address: str
    owner: str
    scheme: str
    hashed: Callable[[str], str]


class Plan(NamedTuple):
    """What becomes of a domain.

    Attributes:
        settings: of the export.
        maildirs: user -> the column `maildir`.
    """

    settings: dict[str, Any]
    maildirs: dict[str, str]

    @property
    def name(self) -> str:
        """The domain."""
        return str(self.settings["domain"]["name"])

    @property
    def owner(self) -> str:
        """The owner's local part."""
        return str(self.settings["domain"]["owner"])


class Mapper:
    """Maps the domains of a database.

    Attributes:
        domains: those that can be mapped, sorted.
        aliases: alias domain -> the domain that it is a name of.
    """

    def __init__(self, source: Source, report: Report, options: Options) -> None:
        self._source = source
        self._report = report
        self._options = options
        rows = {str(row["domain"]).lower(): row for row in source.table("domain")}
        self._fetchmail: defaultdict[str, list[Row]] = defaultdict(list)
        for row in source.table("fetchmail"):
            self._fetchmail[_domain_of(row["mailbox"])].append(row)
        rows.pop("all", None)  # stands for every domain, in the rights of administrators
        self.aliases = self._alias_domains(set(rows))
        self._rows = {name: row for name, row in rows.items() if name not in self.aliases}
        self.domains = sorted(name for name, row in self._rows.items() if self._can_be_hosted(name, row))
        hosted = set(self.domains)
        self._other_names: defaultdict[str, list[str]] = defaultdict(list)
        for alias, target in sorted(self.aliases.items()):
            self._other_names[target].append(alias)
            if target not in hosted:
                report.left_out(target, "alias_domain", alias, f"{target} is not imported")

    def _alias_domains(self, known: set[str]) -> dict[str, str]:
        found = {}
        for row in self._source.table("alias_domain"):
            alias, target = str(row["alias_domain"]).lower(), str(row["target_domain"]).lower()
            if not row["active"]:
                self._report.note(target, "alias_domain", alias, "it is inactive, so it did nothing there")
            elif target in known:
                found[alias] = target
            else:
                self._report.left_out(target, "alias_domain", alias, f"{target} is no domain there")
        for row in self._source.table("alias"):
            address, goto = str(row["address"]).lower(), str(row["goto"]).strip().lower()
            if address.startswith("@") and goto.startswith("@") and row["active"]:
                if goto[1:] in known and address[1:] != goto[1:]:
                    found.setdefault(address[1:], goto[1:])
                else:
                    reason = f"all mail of the domain to {goto}, a domain that is not here"
                    self._report.left_out(address[1:], "alias", address, reason)
        for alias in [alias for alias, target in found.items() if target in found]:
            target = found.pop(alias)
            self._report.left_out(target, "alias_domain", alias, f"{target} is an alias domain itself")
        return found

    def _can_be_hosted(self, name: str, row: Row) -> bool:
        try:
            values.domain_name(name)
        except InvalidArgument as error:
            self._report.left_out(name, "domain", name, error.message)
            return False
        if row["backupmx"]:
            self._report.left_out(name, "domain", name, "backup MX: its mail is only kept for another host")
            return False
        return True

    def remarks(self) -> None:
        """Report what belongs to no domain that is mapped, and what there is no equivalent of."""
        everywhere = {*self._rows, *self.aliases, "all"}
        for table, key in (("mailbox", "username"), ("alias", "address")):
            for domain in sorted(self._source.domains_of(table) - everywhere):
                for row in self._source.of_domain(table, domain):
                    self._report.left_out(domain, table, str(row[key]), f"there is no domain {domain}")
        for row in self._source.table("vacation"):
            if _domain_of(row["email"]) not in everywhere:
                self._report.left_out(
                    _domain_of(row["email"]), "vacation", str(row["email"]), "there is no such domain"
                )
        for domain in sorted(self._fetchmail.keys() - self._rows.keys()):
            for row in self._fetchmail[domain]:
                self._fetched(row)
        for _row in self._source.table("admin"):
            self._report.count("admin", "who administers what is the panel's business")

    def _fetched(self, row: Row) -> None:
        mailbox = str(row["mailbox"]).lower()
        reason = f"mail is not fetched from other hosts here ({row['src_user']} at {row['src_server']})"
        tell = self._report.left_out if row.get("active", True) else self._report.note
        tell(_domain_of(mailbox), "fetchmail", mailbox, reason)

    # One domain

    def plan(self, name: str, owner: str = "") -> Plan:
        """What becomes of a domain.

        Args:
            name: one of `domains`.
            owner: of the domain as it exists here already; "" if it does not.
        """
        row = self._rows[name]
        names = [name, *self._other_names[name]]
        self._refuse_rows_of_aliases(names)
        users, maildirs = self._users(name)
        routes = Routes(names, users, self._report)
        routes.read(
            row for row in self._source.of_domain("alias", name) if not str(row["goto"]).strip().startswith("@")
        )
        present = owner
        owner = owner or self._owner(name, users, routes)
        if owner not in users:
            targets = _taken(routes, owner)
            if present:
                reason = f"{owner} is the owner here already, and stays as it is"
                self._report.note(name, "domain", name, reason)
            else:
                users[owner] = self._made_owner(name, owner)
                routes.forwards |= {owner: Forward(targets, keep_copy=False)} if targets else {}
        for fetched in self._fetchmail[name]:
            self._fetched(fetched)
        for _administrator in self._source.of_domain("domain_admins", name):
            self._report.count("domain_admins", "who administers what is the panel's business")
        self._apply(users, routes)
        self._autoresponders(name, users, routes)
        settings = {
            "domain": self._domain(row, names, owner, routes, len({*users, owner})),
            "users": list(users.values()),
        }
        return Plan(settings, maildirs)

    def _domain(self, row: Row, names: list[str], owner: str, routes: Routes, users: int) -> dict[str, Any]:
        name = names[0]
        if not row["active"]:
            self._report.note(name, "domain", name, "it is inactive, so it is suspended: mail is deferred, not refused")
        if row.get("description"):
            self._report.count("domain", "a description; there is none here")
        for column in ("aliases", "maxquota", "quota"):
            if int(row[column] or 0) > 0:
                self._report.count("domain", f"a limit in the column {column}; there is none here")
        if row.get("password_expiry"):
            self._report.count("domain", "passwords that expire; they do not here")
        transport = str(row.get("transport") or "").rstrip(":")
        if transport not in {"", "virtual", "lmtp", "dovecot"} and not transport.startswith("lmtp:unix:"):
            self._report.left_out(name, "domain", name, f"its transport {transport}: mail is delivered here")
        return {
            "name": name,
            "ip_address": self._options.ip_address,
            "ip_based": False,
            "max_mailboxes": self._limit(name, int(row["mailboxes"] or 0), users),
            "suspended": not row["active"],
            "owner": owner,
            "catch_all": routes.catch_all,
            "features": dict.fromkeys(FEATURES, True),
            "aliases": names[1:],
            "distribution_lists": [
                {"name": name, "members": [{"address": address} for address in sorted(members)]}
                for name, members in sorted(routes.lists.items())
            ],
            "mailing_lists": [],
            "spam_filters": [],
        }

    def _limit(self, name: str, mailboxes: int, users: int) -> int:
        """-1 is none there and without limit here, 0 the other way round."""
        if mailboxes == 0:
            return -1
        if mailboxes >= users:
            return mailboxes
        self._report.note(name, "domain", name, f"its limit of {mailboxes} mailboxes is {users} now, as many as it has")
        return users

    def _refuse_rows_of_aliases(self, names: list[str]) -> None:
        """An alias domain may have addresses of its own there; here it is but another name."""
        rows = self._source.of_domain("alias", names[0])
        present = {str(row["address"]).lower(): str(row["goto"]).strip().lower() for row in rows if row["active"]}
        for alias in names[1:]:
            for row in self._source.of_domain("mailbox", alias):
                reason = f"{alias} is another name of {names[0]}, without mailboxes of its own"
                self._report.left_out(names[0], "mailbox", str(row["username"]), reason)
            for row in self._source.of_domain("alias", alias):
                address, goto = str(row["address"]).lower(), str(row["goto"]).strip().lower()
                same = f"{address.rpartition('@')[0]}@{names[0]}"
                if row["active"] and goto not in {same, address, present.get(same)}:
                    reason = f"{alias} is another name of {names[0]}, without addresses of its own"
                    self._report.left_out(names[0], "alias", address, reason)

    # Users

    def _users(self, domain: str) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
        users: dict[str, dict[str, Any]] = {}
        maildirs: dict[str, str] = {}
        for row in self._source.of_domain("mailbox", domain):
            address = str(row["username"]).lower()
            try:
                name = values.local_part(address.rpartition("@")[0])
            except InvalidArgument as error:
                self._report.left_out(domain, "mailbox", address, f"its name cannot be used: {error.message}")
                continue
            if address.rpartition("@")[2] != domain or name in users:
                self._report.left_out(domain, "mailbox", address, "its name and its column domain do not agree")
                continue
            users[name] = self._user(domain, name, row)
            maildirs[name] = str(row["maildir"])
        return users, maildirs

    def _user(self, domain: str, name: str, row: Row) -> dict[str, Any]:
        address = f"{name}@{domain}"
        if int(row.get("quota") or 0) > 0:
            self._report.count("mailbox", "a quota; there is none here")
        if row.get("phone") or row.get("email_other"):
            self._report.count(
                "mailbox", "a phone number or address to recover a password; there is no place for it here"
            )
        if not row["active"]:
            reason = "it is inactive, so it is suspended: mail is deferred, not refused"
            self._report.note(domain, "mailbox", address, reason)
        first, middle, last = self._names(domain, address, str(row.get("name") or ""))
        return _user(name, self._password(domain, address, str(row["password"] or "")), first, middle, last) | {
            "suspended": not row["active"]
        }

    def _password(self, domain: str, address: str, stored: str) -> str:
        try:
            scheme, rest = passwords.scheme_of(stored, self._options.scheme)
            return self._options.hashed(rest) if scheme == "PLAIN" else f"{{{scheme}}}{rest}"
        except (passwords.Unverifiable, InvalidArgument) as error:
            reason = f"{error}; nobody can log in until EEditUser sets another"
            self._report.left_out(domain, "mailbox", address, reason)
            return passwords.locked()

    def _names(self, domain: str, address: str, text: str) -> tuple[str, str, str]:
        """The name in three parts, which together are the name."""
        try:
            parts = values.name(text).split()
        except InvalidArgument as error:
            self._report.left_out(domain, "mailbox", address, f"its name: {error.message}")
            parts = []
        return (parts[0] if parts else "", " ".join(parts[1:-1]), parts[-1] if len(parts) > 1 else "")

    # The owner

    def _owner(self, domain: str, users: Iterable[str], routes: Routes) -> str:
        """The one that was asked for, an administrator of the domain, or whoever is its postmaster."""
        if self._options.owner:
            return self._options.owner
        present = set(users)
        administrators = sorted(
            str(row["username"]).lower().rpartition("@")[0]
            for row in self._source.of_domain("domain_admins", domain)
            if row["active"] and str(row["username"]).lower().rpartition("@")[2] == domain
        )
        for name in administrators:
            if name in present:
                return name
        return routes.user_aliases.get(_NOBODY, _NOBODY)

    def _made_owner(self, domain: str, owner: str) -> dict[str, Any]:
        """A user that nobody can log in as; what its address did before it goes on doing."""
        reason = (
            f"no mailbox can own it, so the user {owner} is made, whose password is locked until EEditUser sets one"
        )
        self._report.note(domain, "domain", domain, reason)
        return _user(owner, passwords.locked(), "", "", "")

    # What users have

    def _apply(self, users: dict[str, dict[str, Any]], routes: Routes) -> None:
        for alias, name in sorted(routes.user_aliases.items()):
            users[name]["aliases"].append(alias)
        for name, forward in routes.forwards.items():
            users[name] |= {"forwards": sorted(forward.targets), "keep_copy": forward.keep_copy}

    def _autoresponders(self, domain: str, users: dict[str, dict[str, Any]], routes: Routes) -> None:
        for row in self._source.of_domain("vacation", domain):
            address = str(row["email"]).lower()
            user = users.get(address.rpartition("@")[0])
            if user is None:
                self._report.left_out(domain, "vacation", address, "there is no such mailbox")
            elif not row["active"] or user["name"] not in routes.on_vacation:
                self._report.note(domain, "vacation", address, "the automatic reply is switched off")
            else:
                user["autoresponder"] = replies.autoresponder(row, domain, self._report)


def _user(name: str, password: str, first: str, middle: str, last: str) -> dict[str, Any]:
    return {
        "name": name,
        "password": password,
        "first_name": first,
        "middle_name": middle,
        "last_name": last,
        "suspended": False,
        "features": dict.fromkeys(USER_FEATURES, True),
        "aliases": [],
        "forwards": [],
        "keep_copy": True,
        "autoresponder": None,
    }


def _domain_of(address: object) -> str:
    return str(address).rpartition("@")[2].lower()


def _taken(routes: Routes, name: str) -> list[str]:
    """Take a name from the aliases; what it led to."""
    mailbox = routes.user_aliases.pop(name, "")
    return [routes.address(mailbox)] if mailbox else routes.lists.pop(name, [])
