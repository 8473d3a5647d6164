"""The contract with vendors: one typed `firstresult` hook per operation.

A plugin is a class. The entry point in the group `mailaddon.backends` names it, the SDK makes it with a `Context`, and
its methods marked with `@hookimpl` are its hooks. Every hook is optional: the ones a plugin has are its capabilities.
The request is a record of validated values; a hook returns what its signature says or raises an error of
`mailaddon.errors`.

A hook that changes something may return a `Change` (before and after, for the change event) or None. It happens whole
or not at all, also when the process is killed, and also when many processes run it at once.

pluggy checks names and arguments when a plugin is linked, but no types. So `Backend` is a `Protocol` too: a plugin that
inherits from it, or is assigned to a variable of that type, has its signatures checked by a type checker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .errors import NotSupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .records import (
        AutoResponder,
        AutoResponderSetting,
        CatchAll,
        Change,
        DomainAddress,
        DomainAlias,
        DomainChange,
        DomainInfo,
        DomainRef,
        DomainTransfer,
        EmailAddress,
        Forward,
        ListMember,
        ListRef,
        MailingListInfo,
        MailingListMember,
        NetworkChange,
        NewDomain,
        NewUser,
        Problem,
        Resolution,
        Server,
        SpamFilter,
        SpamFilterRef,
        UserAlias,
        UserChange,
        UserRef,
        UserTransfer,
    )

Function = TypeVar("Function", bound="Callable[..., Any]")


def _hookspec(function: Function) -> Function:
    """Mark a specification as pluggy's `HookspecMarker("mailaddon")(firstresult=True)` would."""
    options = {"firstresult": True, "historic": False, "warn_on_impl": None, "warn_on_impl_args": None}
    function.mailaddon_spec = options  # type: ignore[attr-defined] # pluggy's own way of marking
    return function


class Backend(Protocol):
    """Everything that a plugin can implement. A method that it does not override is not supported.

    Attributes:
        contract: the version of the contract that the plugin was written for, major and minor.
    """

    contract: tuple[int, int]

    @_hookspec
    def add_domain(self, request: NewDomain) -> Change | None:
        """EAddDomain. Adds a mail domain with its owner, and makes the owner the catch-all.

        Raises:
            AlreadyExists, Conflict, StorageFailed: as the operation table says.
        """
        raise NotSupported("add_domain is not implemented")

    @_hookspec
    def edit_domain(self, request: DomainChange) -> Change | None:
        """EEditDomain. Changes the limit and the features of a mail domain.

        Raises:
            NotFound, LimitReached: as the operation table says.
        """
        raise NotSupported("edit_domain is not implemented")

    @_hookspec
    def suspend_domain(self, request: DomainRef) -> Change | None:
        """ESuspendDomain. Suspends a mail domain: nobody can log in, and mail is deferred.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("suspend_domain is not implemented")

    @_hookspec
    def resume_domain(self, request: DomainRef) -> Change | None:
        """EResumeDomain. Resumes a suspended mail domain.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("resume_domain is not implemented")

    @_hookspec
    def delete_domain(self, request: DomainRef) -> Change | None:
        """EDeleteDomain. Deletes a mail domain with its users, aliases, lists, filters and mail.

        Raises:
            NotFound, StorageFailed: as the operation table says.
        """
        raise NotSupported("delete_domain is not implemented")

    @_hookspec
    def pre_import_domain(self, request: DomainTransfer) -> Change | None:
        """EPreImportDomain. Verifies exported data before an import; changes nothing.

        Raises:
            NotFound, Conflict, AlreadyExists, LimitReached, ForwardLoop, InvalidExport, StorageFailed: as the operation
                table says.
        """
        raise NotSupported("pre_import_domain is not implemented")

    @_hookspec
    def post_import_domain(self, request: DomainTransfer) -> Change | None:
        """EPostImportDomain. Imports an exported mail domain, into an existing domain or as a new one.

        Raises:
            NotFound, Conflict, AlreadyExists, LimitReached, ForwardLoop, InvalidExport, StorageFailed: as the operation
                table says.
        """
        raise NotSupported("post_import_domain is not implemented")

    @_hookspec
    def get_mail_url(self, request: DomainRef) -> str:
        """EGetMailURL. Prints the URL of the web interface for a mail domain.

        Raises:
            NotFound, NotConfigured: as the operation table says.
        """
        raise NotSupported("get_mail_url is not implemented")

    @_hookspec
    def change_domain_ip(self, request: DomainAddress) -> Change | None:
        """EChangeDomainIP. Changes the IP address of a mail domain.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("change_domain_ip is not implemented")

    @_hookspec
    def add_domain_alias(self, request: DomainAlias) -> Change | None:
        """EAddDomainAlias. Adds another name for a mail domain.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled, ForwardLoop: as the operation table says.
        """
        raise NotSupported("add_domain_alias is not implemented")

    @_hookspec
    def delete_domain_alias(self, request: DomainAlias) -> Change | None:
        """EDeleteDomainAlias. Deletes another name of a mail domain.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("delete_domain_alias is not implemented")

    @_hookspec
    def get_domain_alias_list(self, request: DomainRef) -> Iterable[str]:
        """EGetDomainAliasList. Lists the other names of a mail domain.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_domain_alias_list is not implemented")

    @_hookspec
    def pre_export_domain(self, request: DomainTransfer) -> Change | None:
        """EPreExportDomain. Begins an export: writes a first full copy of a domain's settings and mail.

        Raises:
            NotFound, Conflict, StorageFailed: as the operation table says.
        """
        raise NotSupported("pre_export_domain is not implemented")

    @_hookspec
    def post_export_domain(self, request: DomainTransfer) -> Change | None:
        """EPostExportDomain. Ends an export: brings the copy up to date and seals it.

        Raises:
            NotFound, Conflict, StorageFailed: as the operation table says.
        """
        raise NotSupported("post_export_domain is not implemented")

    @_hookspec
    def add_distribution_list(self, request: ListRef) -> Change | None:
        """EAddDistributionList. Adds a distribution list: each message goes to all members.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled: as the operation table says.
        """
        raise NotSupported("add_distribution_list is not implemented")

    @_hookspec
    def delete_distribution_list(self, request: ListRef) -> Change | None:
        """EDeleteDistributionList. Deletes a distribution list and its members' entries.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("delete_distribution_list is not implemented")

    @_hookspec
    def get_distribution_list_list(self, request: DomainRef) -> Iterable[str]:
        """EGetDistributionListList. Lists the distribution lists of a mail domain.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_distribution_list_list is not implemented")

    @_hookspec
    def add_mailing_list(self, request: ListRef) -> Change | None:
        """EAddMailingList. Adds a mailing list: members can leave, and replies go to the list.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled: as the operation table says.
        """
        raise NotSupported("add_mailing_list is not implemented")

    @_hookspec
    def delete_mailing_list(self, request: ListRef) -> Change | None:
        """EDeleteMailingList. Deletes a mailing list and its members' entries.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("delete_mailing_list is not implemented")

    @_hookspec
    def get_mailing_list_list(self, request: DomainRef) -> Iterable[str]:
        """EGetMailingListList. Lists the mailing lists of a mail domain.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_mailing_list_list is not implemented")

    @_hookspec
    def add_spam_filter(self, request: SpamFilter) -> Change | None:
        """EAddSpamFilter. Blocks mail to a domain from an address, a domain or a host.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled: as the operation table says.
        """
        raise NotSupported("add_spam_filter is not implemented")

    @_hookspec
    def delete_spam_filter(self, request: SpamFilterRef) -> Change | None:
        """EDeleteSpamFilter. Deletes every spam filter of a domain with this address, whatever its type.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("delete_spam_filter is not implemented")

    @_hookspec
    def get_spam_filter_list(self, request: DomainRef) -> Iterable[str]:
        """EGetSpamFilterList. Lists the addresses of a domain's spam filters of all types.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_spam_filter_list is not implemented")

    @_hookspec
    def start_mail_server(self, request: Server) -> Change | None:
        """EStartMailServer. Starts the mail services.

        Raises:
            Unavailable: as the operation table says.
        """
        raise NotSupported("start_mail_server is not implemented")

    @_hookspec
    def stop_mail_server(self, request: Server) -> Change | None:
        """EStopMailServer. Stops the mail services.

        Raises:
            Unavailable: as the operation table says.
        """
        raise NotSupported("stop_mail_server is not implemented")

    @_hookspec
    def change_network_settings(self, request: NetworkChange) -> Change | None:
        """EChangeNetworkSettings. Takes the mail server from its old to its new address and host name.

        Raises:
            Conflict: as the operation table says.
        """
        raise NotSupported("change_network_settings is not implemented")

    @_hookspec
    def add_user(self, request: NewUser) -> Change | None:
        """EAddUser. Adds a user with a mailbox.

        Raises:
            NotFound, AlreadyExists, LimitReached, Conflict, StorageFailed: as the operation table says.
        """
        raise NotSupported("add_user is not implemented")

    @_hookspec
    def edit_user(self, request: UserChange) -> Change | None:
        """EEditUser. Replaces a user's password, names and features.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("edit_user is not implemented")

    @_hookspec
    def suspend_user(self, request: UserRef) -> Change | None:
        """ESuspendUser. Suspends a user: no login, and mail is deferred.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("suspend_user is not implemented")

    @_hookspec
    def delete_user(self, request: UserRef) -> Change | None:
        """EDeleteUser. Deletes a user with aliases, forwards, autoresponder and mail.

        Raises:
            NotFound, Conflict, StorageFailed: as the operation table says.
        """
        raise NotSupported("delete_user is not implemented")

    @_hookspec
    def resume_user(self, request: UserRef) -> Change | None:
        """EResumeUser. Resumes a suspended user.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("resume_user is not implemented")

    @_hookspec
    def pre_export_user(self, request: UserTransfer) -> Change | None:
        """EPreExportUser. Begins an export: writes a first full copy of a user's settings and mail.

        Raises:
            NotFound, Conflict, StorageFailed: as the operation table says.
        """
        raise NotSupported("pre_export_user is not implemented")

    @_hookspec
    def post_export_user(self, request: UserTransfer) -> Change | None:
        """EPostExportUser. Ends an export: brings the copy up to date and seals it.

        Raises:
            NotFound, Conflict, StorageFailed: as the operation table says.
        """
        raise NotSupported("post_export_user is not implemented")

    @_hookspec
    def pre_import_user(self, request: UserTransfer) -> Change | None:
        """EPreImportUser. Verifies exported data before an import; changes nothing.

        Raises:
            NotFound, Conflict, AlreadyExists, LimitReached, ForwardLoop, InvalidExport, StorageFailed: as the operation
                table says.
        """
        raise NotSupported("pre_import_user is not implemented")

    @_hookspec
    def post_import_user(self, request: UserTransfer) -> Change | None:
        """EPostImportUser. Imports an exported user, into an existing user or as a new one.

        Raises:
            NotFound, Conflict, AlreadyExists, LimitReached, ForwardLoop, InvalidExport, StorageFailed: as the operation
                table says.
        """
        raise NotSupported("post_import_user is not implemented")

    @_hookspec
    def add_user_alias(self, request: UserAlias) -> Change | None:
        """EAddUserAlias. Adds another name for a user.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled, ForwardLoop: as the operation table says.
        """
        raise NotSupported("add_user_alias is not implemented")

    @_hookspec
    def delete_user_alias(self, request: UserAlias) -> Change | None:
        """EDeleteUserAlias. Deletes another name of a user.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("delete_user_alias is not implemented")

    @_hookspec
    def get_user_alias_list(self, request: UserRef) -> Iterable[str]:
        """EGetUserAliasList. Lists the other names of a user.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_user_alias_list is not implemented")

    @_hookspec
    def add_forward(self, request: Forward) -> Change | None:
        """EAddForward. Forwards a user's mail to another address.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled, ForwardLoop: as the operation table says.
        """
        raise NotSupported("add_forward is not implemented")

    @_hookspec
    def delete_forward(self, request: Forward) -> Change | None:
        """EDeleteForward. Deletes a forward of a user.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("delete_forward is not implemented")

    @_hookspec
    def get_forward_list(self, request: UserRef) -> Iterable[str]:
        """EGetForwardList. Lists the addresses that a user's mail is forwarded to.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_forward_list is not implemented")

    @_hookspec
    def add_distribution_list_member(self, request: ListMember) -> Change | None:
        """EAddDistributionListMember. Adds a member to a distribution list.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled: as the operation table says.
        """
        raise NotSupported("add_distribution_list_member is not implemented")

    @_hookspec
    def delete_distribution_list_member(self, request: ListMember) -> Change | None:
        """EDeleteDistributionListMember. Deletes a member from a distribution list.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("delete_distribution_list_member is not implemented")

    @_hookspec
    def get_distribution_list_member_list(self, request: ListRef) -> Iterable[str]:
        """EGetDistributionListMemberList. Lists the members of a distribution list.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_distribution_list_member_list is not implemented")

    @_hookspec
    def add_mailing_list_member(self, request: MailingListMember) -> Change | None:
        """EAddMailingListMember. Adds a member to a mailing list.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled: as the operation table says.
        """
        raise NotSupported("add_mailing_list_member is not implemented")

    @_hookspec
    def delete_mailing_list_member(self, request: ListMember) -> Change | None:
        """EDeleteMailingListMember. Deletes a member from a mailing list.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("delete_mailing_list_member is not implemented")

    @_hookspec
    def get_mailing_list_member_list(self, request: ListRef) -> Iterable[str]:
        """EGetMailingListMemberList. Lists the addresses of a mailing list's members.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_mailing_list_member_list is not implemented")

    @_hookspec
    def set_catchall_user(self, request: CatchAll) -> Change | None:
        """ESetCatchallUser. Sets where mail to unknown names of a domain goes.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("set_catchall_user is not implemented")

    @_hookspec
    def get_catchall_user(self, request: DomainRef) -> Iterable[str]:
        """EGetCatchallUser. Prints where mail to unknown names of a domain goes.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_catchall_user is not implemented")

    @_hookspec
    def set_autoresponder(self, request: AutoResponderSetting) -> Change | None:
        """ESetAutoResponder. Sets the reply that a user's mailbox sends, in place of an earlier one.

        Raises:
            NotFound, FeatureDisabled: as the operation table says.
        """
        raise NotSupported("set_autoresponder is not implemented")

    @_hookspec
    def get_autoresponder(self, request: UserRef) -> AutoResponder | None:
        """EGetAutoResponder. Prints a user's autoresponder: the subject on the first line, then the text.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_autoresponder is not implemented")

    @_hookspec
    def delete_autoresponder(self, request: UserRef) -> Change | None:
        """EDeleteAutoResponder. Deletes a user's autoresponder.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("delete_autoresponder is not implemented")

    @_hookspec
    def resolve_address(self, request: EmailAddress) -> Resolution:
        """Says where a message to an address would go, and why."""
        raise NotSupported("resolve_address is not implemented")

    @_hookspec
    def get_domain(self, request: DomainRef) -> DomainInfo:
        """Shows all that a domain has.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_domain is not implemented")

    @_hookspec
    def list_domains(self, request: Server) -> Iterable[str]:
        """Lists the names of all domains."""
        raise NotSupported("list_domains is not implemented")

    @_hookspec
    def list_users(self, request: DomainRef) -> Iterable[str]:
        """Lists the users of a domain, without @.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("list_users is not implemented")

    @_hookspec
    def get_mailing_list(self, request: ListRef) -> MailingListInfo:
        """Shows a mailing list's members with their names.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_mailing_list is not implemented")

    @_hookspec
    def get_password_hash(self, request: UserRef) -> str:
        """Prints the hash of a user's password as {SCHEME}hash, to be moved elsewhere.

        Raises:
            NotFound: as the operation table says.
        """
        raise NotSupported("get_password_hash is not implemented")

    @_hookspec
    def list_password_schemes(self, request: Server) -> Iterable[str]:
        """Lists the schemes of hashes that may be given as {SCHEME}hash in place of a password."""
        raise NotSupported("list_password_schemes is not implemented")

    @_hookspec
    def check(self) -> Sequence[Problem]:
        """Whether the backend could work now: what is wrong, and the mend. Changes nothing."""
        raise NotSupported("check is not implemented")
