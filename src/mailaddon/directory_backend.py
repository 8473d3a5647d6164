"""The hooks on a mail directory: what a backend inherits whose mail server reads the directory.

Each hook opens one transaction and calls one function of the directory kit. What a call does not need is not imported.
A backend overrides the hooks after which its mail server needs something more.
"""

from ._contract import CONTRACT, Context, hookimpl
from .directory.store import open_directory
from .errors import NotConfigured
from .values import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import records
    from .directory._group import Group
    from .directory.folders import Folders


class DirectoryBackend:
    """The whole of the guide's semantics on a `Directory`."""

    contract = CONTRACT
    #: Exports write files that no transaction takes back, and imports begin before theirs.
    alone = frozenset(
        {
            "pre_export_domain",
            "post_export_domain",
            "pre_import_domain",
            "post_import_domain",
            "pre_export_user",
            "post_export_user",
            "pre_import_user",
            "post_import_user",
        }
    )

    def __init__(self, context: Context) -> None:
        self._settings = context.settings
        self._directory = open_directory(context.home, context.settings)

    def close(self) -> None:
        """Close the directory."""
        self._directory.close()

    def transaction(self, *, rehearsal: bool = False) -> "Group":
        """Make this thread's calls in one `with` block one transaction."""
        return self._directory.together(rehearsal=rehearsal)

    def remember(self, name: str, text: str) -> None:
        """Store a text with the transaction that is under way, in place of an earlier one; "" forgets it."""
        with self._directory.write() as tx:
            tx.run("DELETE FROM progress WHERE name = ?", name)
            if text:
                tx.insert("progress", name=name, position=text)

    def remembered(self, name: str) -> str:
        """What `remember` has stored, or ""."""
        with self._directory.read() as tx:
            row = tx.one("SELECT position FROM progress WHERE name = ?", name)
        return str(row[0]) if row else ""

    def _hashed(self, password: str) -> str:
        from .directory import passwords

        group = self._directory.group
        costly = group is None or not group.rehearsal
        return passwords.hashed(password, self._settings if costly else {**self._settings, **passwords.CHEAP})

    def _mail(self) -> "Folders":
        """How mail is exported and imported, for one call."""
        from .directory.folders import Folders

        return Folders()

    # Domains

    @hookimpl
    def add_domain(self, request: "records.NewDomain") -> None:
        from .directory import domains

        with self._directory.read() as tx:
            domains.check_new(tx, request.domain, request.mailbox_directory)
        password = self._hashed(request.owner_password)
        with self._directory.write() as tx:
            domains.add(tx, request, password)

    @hookimpl
    def edit_domain(self, request: "records.DomainChange") -> "records.Change":
        from .directory import domains

        with self._directory.write() as tx:
            return domains.edit(tx, request)

    @hookimpl
    def suspend_domain(self, request: "records.DomainRef") -> "records.Change":
        from .directory import domains

        with self._directory.write() as tx:
            return domains.set_suspended(tx, request.domain, suspended=True)

    @hookimpl
    def resume_domain(self, request: "records.DomainRef") -> "records.Change":
        from .directory import domains

        with self._directory.write() as tx:
            return domains.set_suspended(tx, request.domain, suspended=False)

    @hookimpl
    def delete_domain(self, request: "records.DomainRef") -> "records.Change":
        from .directory import domains

        with self._directory.write() as tx:
            return domains.delete(tx, request.domain)

    @hookimpl
    def change_domain_ip(self, request: "records.DomainAddress") -> "records.Change":
        from .directory import domains

        with self._directory.write() as tx:
            return domains.change_ip(tx, request)

    @hookimpl
    def get_mail_url(self, request: "records.DomainRef") -> str:
        from .directory.names import get_domain

        with self._directory.read() as tx:
            get_domain(tx, request.domain)
        url: str = self._settings["webmail.url"].replace("{domain}", request.domain)
        if not url:
            raise NotConfigured("there is no web interface; the setting webmail.url names one")
        if not url.isprintable() or " " in url:
            raise NotConfigured(f"the setting webmail.url is {shown(url)}, which is not a URL")
        return url

    @hookimpl
    def add_domain_alias(self, request: "records.DomainAlias") -> None:
        from .directory import domains

        with self._directory.write() as tx:
            domains.add_alias(tx, request)

    @hookimpl
    def delete_domain_alias(self, request: "records.DomainAlias") -> None:
        from .directory import domains

        with self._directory.write() as tx:
            domains.delete_alias(tx, request)

    @hookimpl
    def get_domain_alias_list(self, request: "records.DomainRef") -> list[str]:
        from .directory import domains

        with self._directory.read() as tx:
            return domains.aliases(tx, request.domain)

    # Export and import

    @hookimpl
    def pre_export_domain(self, request: "records.DomainTransfer") -> None:
        from .directory import exporting

        exporting.begin(self._directory, request, self._mail())

    @hookimpl
    def post_export_domain(self, request: "records.DomainTransfer") -> None:
        from .directory import exporting

        exporting.finish(self._directory, request, self._mail())

    @hookimpl
    def pre_import_domain(self, request: "records.DomainTransfer") -> None:
        from .directory import importing

        importing.verify(self._directory, request)

    @hookimpl
    def post_import_domain(self, request: "records.DomainTransfer") -> None:
        from .directory import importing

        importing.apply(self._directory, request, self._mail())

    @hookimpl
    def pre_export_user(self, request: "records.UserTransfer") -> None:
        from .directory import exporting

        exporting.begin(self._directory, request, self._mail())

    @hookimpl
    def post_export_user(self, request: "records.UserTransfer") -> None:
        from .directory import exporting

        exporting.finish(self._directory, request, self._mail())

    @hookimpl
    def pre_import_user(self, request: "records.UserTransfer") -> None:
        from .directory import importing

        importing.verify(self._directory, request)

    @hookimpl
    def post_import_user(self, request: "records.UserTransfer") -> None:
        from .directory import importing

        importing.apply(self._directory, request, self._mail())

    # Lists and filters

    @hookimpl
    def add_distribution_list(self, request: "records.ListRef") -> None:
        from .directory import lists

        with self._directory.write() as tx:
            lists.add(tx, lists.DISTRIBUTION, request.domain, request.name)

    @hookimpl
    def delete_distribution_list(self, request: "records.ListRef") -> None:
        from .directory import lists

        with self._directory.write() as tx:
            lists.delete(tx, lists.DISTRIBUTION, request.domain, request.name)

    @hookimpl
    def get_distribution_list_list(self, request: "records.DomainRef") -> list[str]:
        from .directory import lists

        with self._directory.read() as tx:
            return lists.lists(tx, lists.DISTRIBUTION, request.domain)

    @hookimpl
    def add_mailing_list(self, request: "records.ListRef") -> None:
        from .directory import lists

        with self._directory.write() as tx:
            lists.add(tx, lists.MAILING, request.domain, request.name)

    @hookimpl
    def delete_mailing_list(self, request: "records.ListRef") -> None:
        from .directory import lists

        with self._directory.write() as tx:
            lists.delete(tx, lists.MAILING, request.domain, request.name)

    @hookimpl
    def get_mailing_list_list(self, request: "records.DomainRef") -> list[str]:
        from .directory import lists

        with self._directory.read() as tx:
            return lists.lists(tx, lists.MAILING, request.domain)

    @hookimpl
    def add_distribution_list_member(self, request: "records.ListMember") -> None:
        from .directory import lists

        with self._directory.write() as tx:
            lists.add_member(tx, lists.DISTRIBUTION, request.domain, request.name, request.address)

    @hookimpl
    def delete_distribution_list_member(self, request: "records.ListMember") -> None:
        from .directory import lists

        with self._directory.write() as tx:
            lists.delete_member(tx, lists.DISTRIBUTION, request.domain, request.name, request.address)

    @hookimpl
    def get_distribution_list_member_list(self, request: "records.ListRef") -> list[str]:
        from .directory import lists

        with self._directory.read() as tx:
            return lists.members(tx, lists.DISTRIBUTION, request.domain, request.name)

    @hookimpl
    def add_mailing_list_member(self, request: "records.MailingListMember") -> None:
        from .directory import lists

        with self._directory.write() as tx:
            lists.add_member(tx, lists.MAILING, request.domain, request.name, request.address, request.display_name)

    @hookimpl
    def delete_mailing_list_member(self, request: "records.ListMember") -> None:
        from .directory import lists

        with self._directory.write() as tx:
            lists.delete_member(tx, lists.MAILING, request.domain, request.name, request.address)

    @hookimpl
    def get_mailing_list_member_list(self, request: "records.ListRef") -> list[str]:
        from .directory import lists

        with self._directory.read() as tx:
            return lists.members(tx, lists.MAILING, request.domain, request.name)

    @hookimpl
    def add_spam_filter(self, request: "records.SpamFilter") -> None:
        from .directory import lists

        with self._directory.write() as tx:
            lists.add_filter(tx, request)

    @hookimpl
    def delete_spam_filter(self, request: "records.SpamFilterRef") -> None:
        from .directory import lists

        with self._directory.write() as tx:
            lists.delete_filter(tx, request.domain, request.address)

    @hookimpl
    def get_spam_filter_list(self, request: "records.DomainRef") -> list[str]:
        from .directory import lists

        with self._directory.read() as tx:
            return lists.filters(tx, request.domain)

    # The server

    @hookimpl
    def change_network_settings(self, request: "records.NetworkChange") -> "records.Change":
        from .directory import server

        with self._directory.write() as tx:
            return server.change_network(tx, request)

    # Users

    @hookimpl
    def add_user(self, request: "records.NewUser") -> None:
        from .directory import users
        from .directory.names import get_domain

        with self._directory.read() as tx:
            users.check_new(tx, get_domain(tx, request.domain), request.user)
        password = self._hashed(request.password)
        with self._directory.write() as tx:
            users.add(tx, request, password)

    @hookimpl
    def edit_user(self, request: "records.UserChange") -> "records.Change":
        from .directory import users

        password = self._hashed(request.password) if request.password else ""
        with self._directory.write() as tx:
            return users.edit(tx, request, password)

    @hookimpl
    def suspend_user(self, request: "records.UserRef") -> "records.Change":
        from .directory import users

        with self._directory.write() as tx:
            return users.set_suspended(tx, request.domain, request.user, suspended=True)

    @hookimpl
    def resume_user(self, request: "records.UserRef") -> "records.Change":
        from .directory import users

        with self._directory.write() as tx:
            return users.set_suspended(tx, request.domain, request.user, suspended=False)

    @hookimpl
    def delete_user(self, request: "records.UserRef") -> None:
        from .directory import users

        with self._directory.write() as tx:
            users.delete(tx, request.domain, request.user)

    @hookimpl
    def add_user_alias(self, request: "records.UserAlias") -> None:
        from .directory import users

        with self._directory.write() as tx:
            users.add_alias(tx, request)

    @hookimpl
    def delete_user_alias(self, request: "records.UserAlias") -> None:
        from .directory import users

        with self._directory.write() as tx:
            users.delete_alias(tx, request)

    @hookimpl
    def get_user_alias_list(self, request: "records.UserRef") -> list[str]:
        from .directory import users

        with self._directory.read() as tx:
            return users.aliases(tx, request.domain, request.user)

    @hookimpl
    def add_forward(self, request: "records.Forward") -> None:
        from .directory import users

        with self._directory.write() as tx:
            users.add_forward(tx, request, keep_copy=self._settings["forwards.keep_copy"])

    @hookimpl
    def delete_forward(self, request: "records.Forward") -> None:
        from .directory import users

        with self._directory.write() as tx:
            users.delete_forward(tx, request)

    @hookimpl
    def get_forward_list(self, request: "records.UserRef") -> list[str]:
        from .directory import users

        with self._directory.read() as tx:
            return users.forwards(tx, request.domain, request.user)

    @hookimpl
    def set_catchall_user(self, request: "records.CatchAll") -> "records.Change":
        from .directory import routing

        with self._directory.write() as tx:
            return routing.set_catch_all(tx, request.domain, request.address)

    @hookimpl
    def get_catchall_user(self, request: "records.DomainRef") -> list[str]:
        from .directory import routing

        with self._directory.read() as tx:
            address = routing.catch_all(tx, request.domain)
        return [address] if address else []

    @hookimpl
    def set_autoresponder(self, request: "records.AutoResponderSetting") -> "records.Change":
        from .directory import users

        with self._directory.write() as tx:
            return users.set_autoresponder(tx, request)

    @hookimpl
    def get_autoresponder(self, request: "records.UserRef") -> "records.AutoResponder | None":
        from .directory import users

        with self._directory.read() as tx:
            return users.autoresponder(tx, request.domain, request.user)

    @hookimpl
    def delete_autoresponder(self, request: "records.UserRef") -> None:
        from .directory import users

        with self._directory.write() as tx:
            users.delete_autoresponder(tx, request.domain, request.user)

    # What there is

    @hookimpl
    def resolve_address(self, request: "records.EmailAddress") -> "records.Resolution":
        from .directory import resolving

        with self._directory.read() as tx:
            return resolving.resolve(tx, request.address)

    @hookimpl
    def get_domain(self, request: "records.DomainRef") -> "records.DomainInfo":
        from .directory import info

        with self._directory.read() as tx:
            return info.domain_info(tx, request.domain)

    @hookimpl
    def list_domains(self) -> list[str]:
        from .directory import info

        with self._directory.read() as tx:
            return info.domain_names(tx)

    @hookimpl
    def list_users(self, request: "records.DomainRef") -> list[str]:
        from .directory import names

        with self._directory.read() as tx:
            return [user.name for user in names.users_of(tx, names.get_domain(tx, request.domain))]

    @hookimpl
    def get_mailing_list(self, request: "records.ListRef") -> "records.MailingListInfo":
        from .directory import info

        with self._directory.read() as tx:
            return info.mailing_list_info(tx, request.domain, request.name)

    @hookimpl
    def get_password_hash(self, request: "records.UserRef") -> str:
        from .directory import users

        with self._directory.read() as tx:
            return users.password_hash(tx, request.domain, request.user)

    @hookimpl
    def list_password_schemes(self) -> list[str]:
        from .directory import passwords

        return passwords.accepted(self._settings)

    @hookimpl
    def check(self) -> "list[records.Problem]":
        from .directory import checking

        return checking.problems(self._directory)
