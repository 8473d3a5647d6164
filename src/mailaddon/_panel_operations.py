# Written by docs/generate.py; change the table that it reads.
"""The methods of `Panel`, one for each operation of the table, named after its hook.

Arguments are named after the fields of the table. A list is an iterator over its items. What refuses an operation is
raised as one of the errors in `mailaddon.errors`; nothing has been changed then.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .records import AutoResponder, DomainInfo, MailingListInfo, Resolution


class PanelOperations(ABC):
    """Every operation as a method; how one is run, a subclass says."""

    @abstractmethod
    def _perform(self, hook: str, **values: object) -> Any:
        """Run an operation with values by field; None for an argument that is left out."""

    def add_domain(
        self,
        *,
        domain: str,
        ip_address: str,
        mailbox_directory: str,
        max_mailboxes: int,
        owner: str,
        owner_password: str,
        ip_based: bool = False,
        mailing_lists: bool = True,
        domain_aliases: bool = True,
        distribution_lists: bool = True,
        spam_filters: bool = True,
        user_aliases: bool = True,
        forwards: bool = True,
        autoresponders: bool = True,
        web_access: bool = True,
    ) -> None:
        """EAddDomain. Adds a mail domain with its owner, and makes the owner the catch-all.

        The owner is the first user and counts as a mailbox. It happens whole or not at all.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            ip_address: IP address of the mail domain: an IPv4 or IPv6 address.
            mailbox_directory: folder in which the mail of this domain is stored: an absolute path, not the root,
                without '..' and without symbolic links.
            max_mailboxes: most mailboxes that the domain may have: -1 for unlimited, or a number from 1.
            owner: owner of the domain, its first user: a local part: letters, digits, '.', '_', '-', at most 64, no dot
                first, last or doubled; case does not matter.
            owner_password: the owner's password: plain text, not empty, at most 1024 octets.
            ip_based: True for an IP-based site, False for a name-based one.
            mailing_lists: with or without mailing lists.
            domain_aliases: with or without domain aliases.
            distribution_lists: with or without distribution lists.
            spam_filters: with or without spam filters.
            user_aliases: with or without user aliases.
            forwards: with or without forwards.
            autoresponders: with or without autoresponders.
            web_access: with or without web access.

        Raises:
            AlreadyExists, Conflict, StorageFailed: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "add_domain",
            domain=domain,
            ip_address=ip_address,
            mailbox_directory=mailbox_directory,
            max_mailboxes=max_mailboxes,
            owner=owner,
            owner_password=owner_password,
            ip_based=ip_based,
            mailing_lists=mailing_lists,
            domain_aliases=domain_aliases,
            distribution_lists=distribution_lists,
            spam_filters=spam_filters,
            user_aliases=user_aliases,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def edit_domain(
        self,
        *,
        domain: str,
        max_mailboxes: int,
        mailing_lists: bool,
        domain_aliases: bool,
        distribution_lists: bool,
        spam_filters: bool,
        user_aliases: bool,
        forwards: bool,
        autoresponders: bool,
        web_access: bool,
        ip_based: bool | None = None,
    ) -> None:
        """EEditDomain. Changes the limit and the features of a mail domain.

        A limit below the present number of users is refused, and then nothing changes. Data of a feature that is
        switched off is kept but has no effect on mail.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            max_mailboxes: most mailboxes that the domain may have: -1 for unlimited, or a number from 1.
            mailing_lists: with or without mailing lists.
            domain_aliases: with or without domain aliases.
            distribution_lists: with or without distribution lists.
            spam_filters: with or without spam filters.
            user_aliases: with or without user aliases.
            forwards: with or without forwards.
            autoresponders: with or without autoresponders.
            web_access: with or without web access.
            ip_based: True for an IP-based site, False for a name-based one; None leaves it as it is.

        Raises:
            NotFound, LimitReached: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "edit_domain",
            domain=domain,
            max_mailboxes=max_mailboxes,
            ip_based=ip_based,
            mailing_lists=mailing_lists,
            domain_aliases=domain_aliases,
            distribution_lists=distribution_lists,
            spam_filters=spam_filters,
            user_aliases=user_aliases,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def suspend_domain(self, *, domain: str) -> None:
        """ESuspendDomain. Suspends a mail domain: nobody can log in, and mail is deferred.

        Suspending a suspended domain succeeds. A backend that cannot suspend domains succeeds.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("suspend_domain", domain=domain)

    def resume_domain(self, *, domain: str) -> None:
        """EResumeDomain. Resumes a suspended mail domain.

        Users that were suspended one by one stay suspended. A backend that cannot suspend domains succeeds.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("resume_domain", domain=domain)

    def delete_domain(self, *, domain: str) -> None:
        """EDeleteDomain. Deletes a mail domain with its users, aliases, lists, filters and mail.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Raises:
            NotFound, StorageFailed: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("delete_domain", domain=domain)

    def pre_import_domain(
        self,
        *,
        domain: str,
        mailbox_directory: str,
        location: str,
        owner: str,
        mailing_lists: bool,
        domain_aliases: bool,
        distribution_lists: bool,
        spam_filters: bool,
        user_aliases: bool,
        forwards: bool,
        autoresponders: bool,
        web_access: bool,
    ) -> None:
        """EPreImportDomain. Verifies exported data before an import; changes nothing.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            mailbox_directory: folder in which the mail of this domain is stored: an absolute path, not the root,
                without '..' and without symbolic links.
            location: folder that holds the exported data: an absolute path, not the root, without '..' and without
                symbolic links.
            owner: owner of the domain, its first user: a local part: letters, digits, '.', '_', '-', at most 64, no dot
                first, last or doubled; case does not matter.
            mailing_lists: with or without mailing lists.
            domain_aliases: with or without domain aliases.
            distribution_lists: with or without distribution lists.
            spam_filters: with or without spam filters.
            user_aliases: with or without user aliases.
            forwards: with or without forwards.
            autoresponders: with or without autoresponders.
            web_access: with or without web access.

        Raises:
            NotFound, Conflict, AlreadyExists, LimitReached, ForwardLoop, InvalidExport, StorageFailed: the operation's
                own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "pre_import_domain",
            domain=domain,
            mailbox_directory=mailbox_directory,
            location=location,
            owner=owner,
            mailing_lists=mailing_lists,
            domain_aliases=domain_aliases,
            distribution_lists=distribution_lists,
            spam_filters=spam_filters,
            user_aliases=user_aliases,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def post_import_domain(
        self,
        *,
        domain: str,
        mailbox_directory: str,
        location: str,
        owner: str,
        mailing_lists: bool,
        domain_aliases: bool,
        distribution_lists: bool,
        spam_filters: bool,
        user_aliases: bool,
        forwards: bool,
        autoresponders: bool,
        web_access: bool,
    ) -> None:
        """EPostImportDomain. Imports an exported mail domain, into an existing domain or as a new one.

        The flags say which parts are imported. Repeating it changes nothing more.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            mailbox_directory: folder in which the mail of this domain is stored: an absolute path, not the root,
                without '..' and without symbolic links.
            location: folder that holds the exported data: an absolute path, not the root, without '..' and without
                symbolic links.
            owner: owner of the domain, its first user: a local part: letters, digits, '.', '_', '-', at most 64, no dot
                first, last or doubled; case does not matter.
            mailing_lists: with or without mailing lists.
            domain_aliases: with or without domain aliases.
            distribution_lists: with or without distribution lists.
            spam_filters: with or without spam filters.
            user_aliases: with or without user aliases.
            forwards: with or without forwards.
            autoresponders: with or without autoresponders.
            web_access: with or without web access.

        Raises:
            NotFound, Conflict, AlreadyExists, LimitReached, ForwardLoop, InvalidExport, StorageFailed: the operation's
                own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "post_import_domain",
            domain=domain,
            mailbox_directory=mailbox_directory,
            location=location,
            owner=owner,
            mailing_lists=mailing_lists,
            domain_aliases=domain_aliases,
            distribution_lists=distribution_lists,
            spam_filters=spam_filters,
            user_aliases=user_aliases,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def get_mail_url(self, *, domain: str) -> str:
        """EGetMailURL. Prints the URL of the web interface for a mail domain.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Returns:
            The text.

        Raises:
            NotFound, NotConfigured: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        result: str = self._perform("get_mail_url", domain=domain)
        return result

    def change_domain_ip(self, *, domain: str, ip_address: str) -> None:
        """EChangeDomainIP. Changes the IP address of a mail domain.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            ip_address: new IP address of the mail domain: an IPv4 or IPv6 address.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("change_domain_ip", domain=domain, ip_address=ip_address)

    def add_domain_alias(self, *, domain: str, alias: str) -> None:
        """EAddDomainAlias. Adds another name for a mail domain.

        DNS is left alone.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            alias: name of the domain alias: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled, ForwardLoop: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("add_domain_alias", domain=domain, alias=alias)

    def delete_domain_alias(self, *, domain: str, alias: str) -> None:
        """EDeleteDomainAlias. Deletes another name of a mail domain.

        DNS is left alone.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            alias: name of the domain alias: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("delete_domain_alias", domain=domain, alias=alias)

    def get_domain_alias_list(self, *, domain: str) -> Iterator[str]:
        """EGetDomainAliasList. Lists the other names of a mail domain.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Returns:
            The items, sorted.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("get_domain_alias_list", domain=domain))

    def pre_export_domain(
        self,
        *,
        domain: str,
        mailbox_directory: str,
        location: str,
        owner: str,
        mailing_lists: bool,
        domain_aliases: bool,
        distribution_lists: bool,
        spam_filters: bool,
        user_aliases: bool,
        forwards: bool,
        autoresponders: bool,
        web_access: bool,
    ) -> None:
        """EPreExportDomain. Begins an export: writes a first full copy of a domain's settings and mail.

        The flags say which parts are exported. The copy is no export before EPostExportDomain has sealed it.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            mailbox_directory: folder in which the mail of this domain is stored: an absolute path, not the root,
                without '..' and without symbolic links.
            location: folder that holds the exported data: an absolute path, not the root, without '..' and without
                symbolic links.
            owner: owner of the domain, its first user: a local part: letters, digits, '.', '_', '-', at most 64, no dot
                first, last or doubled; case does not matter.
            mailing_lists: with or without mailing lists.
            domain_aliases: with or without domain aliases.
            distribution_lists: with or without distribution lists.
            spam_filters: with or without spam filters.
            user_aliases: with or without user aliases.
            forwards: with or without forwards.
            autoresponders: with or without autoresponders.
            web_access: with or without web access.

        Raises:
            NotFound, Conflict, StorageFailed: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "pre_export_domain",
            domain=domain,
            mailbox_directory=mailbox_directory,
            location=location,
            owner=owner,
            mailing_lists=mailing_lists,
            domain_aliases=domain_aliases,
            distribution_lists=distribution_lists,
            spam_filters=spam_filters,
            user_aliases=user_aliases,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def post_export_domain(
        self,
        *,
        domain: str,
        mailbox_directory: str,
        location: str,
        owner: str,
        mailing_lists: bool,
        domain_aliases: bool,
        distribution_lists: bool,
        spam_filters: bool,
        user_aliases: bool,
        forwards: bool,
        autoresponders: bool,
        web_access: bool,
    ) -> None:
        """EPostExportDomain. Ends an export: brings the copy up to date and seals it.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            mailbox_directory: folder in which the mail of this domain is stored: an absolute path, not the root,
                without '..' and without symbolic links.
            location: folder that holds the exported data: an absolute path, not the root, without '..' and without
                symbolic links.
            owner: owner of the domain, its first user: a local part: letters, digits, '.', '_', '-', at most 64, no dot
                first, last or doubled; case does not matter.
            mailing_lists: with or without mailing lists.
            domain_aliases: with or without domain aliases.
            distribution_lists: with or without distribution lists.
            spam_filters: with or without spam filters.
            user_aliases: with or without user aliases.
            forwards: with or without forwards.
            autoresponders: with or without autoresponders.
            web_access: with or without web access.

        Raises:
            NotFound, Conflict, StorageFailed: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "post_export_domain",
            domain=domain,
            mailbox_directory=mailbox_directory,
            location=location,
            owner=owner,
            mailing_lists=mailing_lists,
            domain_aliases=domain_aliases,
            distribution_lists=distribution_lists,
            spam_filters=spam_filters,
            user_aliases=user_aliases,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def add_distribution_list(self, *, domain: str, name: str) -> None:
        """EAddDistributionList. Adds a distribution list: each message goes to all members.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            name: name of the list, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("add_distribution_list", domain=domain, name=name)

    def delete_distribution_list(self, *, domain: str, name: str) -> None:
        """EDeleteDistributionList. Deletes a distribution list and its members' entries.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            name: name of the list, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("delete_distribution_list", domain=domain, name=name)

    def get_distribution_list_list(self, *, domain: str) -> Iterator[str]:
        """EGetDistributionListList. Lists the distribution lists of a mail domain.

        The guide calls it EGetDistributionList as well; both programs are installed.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Returns:
            The items, sorted.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("get_distribution_list_list", domain=domain))

    def add_mailing_list(self, *, domain: str, name: str) -> None:
        """EAddMailingList. Adds a mailing list: members can leave, and replies go to the list.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            name: name of the list, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("add_mailing_list", domain=domain, name=name)

    def delete_mailing_list(self, *, domain: str, name: str) -> None:
        """EDeleteMailingList. Deletes a mailing list and its members' entries.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            name: name of the list, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("delete_mailing_list", domain=domain, name=name)

    def get_mailing_list_list(self, *, domain: str) -> Iterator[str]:
        """EGetMailingListList. Lists the mailing lists of a mail domain.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Returns:
            The items, sorted.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("get_mailing_list_list", domain=domain))

    def add_spam_filter(self, *, domain: str, address: str, type: str) -> None:
        """EAddSpamFilter. Blocks mail to a domain from an address, a domain or a host.

        The type says how the address is read, and the address has to fit it.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            address: what is blocked: an e-mail address, a domain (its subdomains included), an IP address or a network
                in CIDR form.
            type: how the address is read: EMAIL, IP or DOMAIN, in any case.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("add_spam_filter", domain=domain, address=address, type=type)

    def delete_spam_filter(self, *, domain: str, address: str) -> None:
        """EDeleteSpamFilter. Deletes every spam filter of a domain with this address, whatever its type.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            address: what is blocked: an e-mail address, a domain (its subdomains included), an IP address or a network
                in CIDR form.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("delete_spam_filter", domain=domain, address=address)

    def get_spam_filter_list(self, *, domain: str) -> Iterator[str]:
        """EGetSpamFilterList. Lists the addresses of a domain's spam filters of all types.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Returns:
            The items, sorted.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("get_spam_filter_list", domain=domain))

    def start_mail_server(self) -> None:
        """EStartMailServer. Starts the mail services.

        Starting what runs succeeds. A backend without services of its own succeeds.

        Raises:
            Unavailable: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("start_mail_server")

    def stop_mail_server(self) -> None:
        """EStopMailServer. Stops the mail services.

        Stopping what is stopped succeeds. A backend without services of its own succeeds.

        Raises:
            Unavailable: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("stop_mail_server")

    def change_network_settings(self, *, old_ip: str, old_fqdn: str, new_ip: str, new_fqdn: str) -> None:
        """EChangeNetworkSettings. Takes the mail server from its old to its new address and host name.

        Domains that had the old address get the new one. It succeeds when the new pair is in force already, and fails
        when neither is.

        Args:
            old_ip: old primary IP address of the server: an IPv4 or IPv6 address.
            old_fqdn: old full host name of the server: a fully qualified host name.
            new_ip: new primary IP address of the server: an IPv4 or IPv6 address.
            new_fqdn: new full host name of the server: a fully qualified host name.

        Raises:
            Conflict: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("change_network_settings", old_ip=old_ip, old_fqdn=old_fqdn, new_ip=new_ip, new_fqdn=new_fqdn)

    def add_user(
        self,
        *,
        domain: str,
        user: str,
        password: str,
        first_name: str = "",
        middle_name: str = "",
        last_name: str = "",
        forwards: bool = True,
        autoresponders: bool = True,
        web_access: bool = True,
    ) -> None:
        """EAddUser. Adds a user with a mailbox.

        A feature is in force for the user if both the domain and the user have it.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            password: the user's password: plain text, not empty, at most 1024 octets.
            first_name: first name of the user: one line, at most 255 characters; may be "".
            middle_name: middle name of the user: one line, at most 255 characters; may be "".
            last_name: last name of the user: one line, at most 255 characters; may be "".
            forwards: with or without forwards of the user.
            autoresponders: with or without autoresponders.
            web_access: with or without web access of the user.

        Raises:
            NotFound, AlreadyExists, LimitReached, Conflict, StorageFailed: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "add_user",
            domain=domain,
            user=user,
            password=password,
            first_name=first_name,
            middle_name=middle_name,
            last_name=last_name,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def edit_user(
        self,
        *,
        domain: str,
        user: str,
        password: str,
        first_name: str,
        middle_name: str,
        last_name: str,
        forwards: bool,
        autoresponders: bool,
        web_access: bool,
    ) -> None:
        """EEditUser. Replaces a user's password, names and features.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            password: the user's password: plain text, at most 1024 octets; "" keeps the present one.
            first_name: first name of the user: one line, at most 255 characters; may be "".
            middle_name: middle name of the user: one line, at most 255 characters; may be "".
            last_name: last name of the user: one line, at most 255 characters; may be "".
            forwards: with or without forwards of the user.
            autoresponders: with or without autoresponders.
            web_access: with or without web access of the user.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "edit_user",
            domain=domain,
            user=user,
            password=password,
            first_name=first_name,
            middle_name=middle_name,
            last_name=last_name,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def suspend_user(self, *, domain: str, user: str) -> None:
        """ESuspendUser. Suspends a user: no login, and mail is deferred.

        Suspending a suspended user succeeds.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("suspend_user", domain=domain, user=user)

    def delete_user(self, *, domain: str, user: str) -> None:
        """EDeleteUser. Deletes a user with aliases, forwards, autoresponder and mail.

        The user also leaves all lists and, where it was the target, the catch-all. The owner of a domain cannot be
        deleted while the domain exists.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Raises:
            NotFound, Conflict, StorageFailed: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("delete_user", domain=domain, user=user)

    def resume_user(self, *, domain: str, user: str) -> None:
        """EResumeUser. Resumes a suspended user.

        Resuming a user that is not suspended succeeds.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("resume_user", domain=domain, user=user)

    def pre_export_user(
        self,
        *,
        domain: str,
        user: str,
        mailbox_directory: str,
        location: str,
        forwards: bool,
        autoresponders: bool,
        web_access: bool,
    ) -> None:
        """EPreExportUser. Begins an export: writes a first full copy of a user's settings and mail.

        The flags say which parts are exported. The copy is no export before EPostExportUser has sealed it.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            mailbox_directory: folder in which the mail of this domain is stored: an absolute path, not the root,
                without '..' and without symbolic links.
            location: folder that holds the exported data: an absolute path, not the root, without '..' and without
                symbolic links.
            forwards: with or without forwards of the user.
            autoresponders: with or without autoresponders.
            web_access: with or without web access of the user.

        Raises:
            NotFound, Conflict, StorageFailed: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "pre_export_user",
            domain=domain,
            user=user,
            mailbox_directory=mailbox_directory,
            location=location,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def post_export_user(
        self,
        *,
        domain: str,
        user: str,
        mailbox_directory: str,
        location: str,
        forwards: bool,
        autoresponders: bool,
        web_access: bool,
    ) -> None:
        """EPostExportUser. Ends an export: brings the copy up to date and seals it.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            mailbox_directory: folder in which the mail of this domain is stored: an absolute path, not the root,
                without '..' and without symbolic links.
            location: folder that holds the exported data: an absolute path, not the root, without '..' and without
                symbolic links.
            forwards: with or without forwards of the user.
            autoresponders: with or without autoresponders.
            web_access: with or without web access of the user.

        Raises:
            NotFound, Conflict, StorageFailed: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "post_export_user",
            domain=domain,
            user=user,
            mailbox_directory=mailbox_directory,
            location=location,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def pre_import_user(
        self,
        *,
        domain: str,
        user: str,
        mailbox_directory: str,
        location: str,
        forwards: bool,
        autoresponders: bool,
        web_access: bool,
    ) -> None:
        """EPreImportUser. Verifies exported data before an import; changes nothing.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            mailbox_directory: folder in which the mail of this domain is stored: an absolute path, not the root,
                without '..' and without symbolic links.
            location: folder that holds the exported data: an absolute path, not the root, without '..' and without
                symbolic links.
            forwards: with or without forwards of the user.
            autoresponders: with or without autoresponders.
            web_access: with or without web access of the user.

        Raises:
            NotFound, Conflict, AlreadyExists, LimitReached, ForwardLoop, InvalidExport, StorageFailed: the operation's
                own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "pre_import_user",
            domain=domain,
            user=user,
            mailbox_directory=mailbox_directory,
            location=location,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def post_import_user(
        self,
        *,
        domain: str,
        user: str,
        mailbox_directory: str,
        location: str,
        forwards: bool,
        autoresponders: bool,
        web_access: bool,
    ) -> None:
        """EPostImportUser. Imports an exported user, into an existing user or as a new one.

        The flags say which parts are imported. Repeating it changes nothing more.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            mailbox_directory: folder in which the mail of this domain is stored: an absolute path, not the root,
                without '..' and without symbolic links.
            location: folder that holds the exported data: an absolute path, not the root, without '..' and without
                symbolic links.
            forwards: with or without forwards of the user.
            autoresponders: with or without autoresponders.
            web_access: with or without web access of the user.

        Raises:
            NotFound, Conflict, AlreadyExists, LimitReached, ForwardLoop, InvalidExport, StorageFailed: the operation's
                own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform(
            "post_import_user",
            domain=domain,
            user=user,
            mailbox_directory=mailbox_directory,
            location=location,
            forwards=forwards,
            autoresponders=autoresponders,
            web_access=web_access,
        )

    def add_user_alias(self, *, domain: str, user: str, alias: str) -> None:
        """EAddUserAlias. Adds another name for a user.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            alias: alias of the user, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled, ForwardLoop: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("add_user_alias", domain=domain, user=user, alias=alias)

    def delete_user_alias(self, *, domain: str, user: str, alias: str) -> None:
        """EDeleteUserAlias. Deletes another name of a user.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            alias: alias of the user, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("delete_user_alias", domain=domain, user=user, alias=alias)

    def get_user_alias_list(self, *, domain: str, user: str) -> Iterator[str]:
        """EGetUserAliasList. Lists the other names of a user.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Returns:
            The items, sorted.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("get_user_alias_list", domain=domain, user=user))

    def add_forward(self, *, domain: str, user: str, address: str) -> None:
        """EAddForward. Forwards a user's mail to another address.

        A copy stays in the mailbox unless the setting forwards.keep_copy says otherwise.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            address: address that mail is forwarded to: an e-mail address as in RFC 5321 and RFC 6531, hosted here or
                outside; case does not matter.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled, ForwardLoop: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("add_forward", domain=domain, user=user, address=address)

    def delete_forward(self, *, domain: str, user: str, address: str) -> None:
        """EDeleteForward. Deletes a forward of a user.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            address: address that mail is forwarded to: an e-mail address as in RFC 5321 and RFC 6531, hosted here or
                outside; case does not matter.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("delete_forward", domain=domain, user=user, address=address)

    def get_forward_list(self, *, domain: str, user: str) -> Iterator[str]:
        """EGetForwardList. Lists the addresses that a user's mail is forwarded to.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Returns:
            The items, sorted.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("get_forward_list", domain=domain, user=user))

    def add_distribution_list_member(self, *, domain: str, name: str, address: str) -> None:
        """EAddDistributionListMember. Adds a member to a distribution list.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            name: name of the list, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            address: address of the member: an e-mail address as in RFC 5321 and RFC 6531, hosted here or outside; case
                does not matter.

        Raises:
            AlreadyExists, NotFound, FeatureDisabled: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("add_distribution_list_member", domain=domain, name=name, address=address)

    def delete_distribution_list_member(self, *, domain: str, name: str, address: str) -> None:
        """EDeleteDistributionListMember. Deletes a member from a distribution list.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            name: name of the list, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            address: address of the member: an e-mail address as in RFC 5321 and RFC 6531, hosted here or outside; case
                does not matter.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("delete_distribution_list_member", domain=domain, name=name, address=address)

    def get_distribution_list_member_list(self, *, domain: str, name: str) -> Iterator[str]:
        """EGetDistributionListMemberList. Lists the members of a distribution list.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            name: name of the list, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Returns:
            The items, sorted.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("get_distribution_list_member_list", domain=domain, name=name))

    def add_mailing_list_member(self, *, domain: str, name: str, address: str, display_name: str = "") -> None:
        """EAddMailingListMember. Adds a member to a mailing list.

        The member's name stands before the address.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            name: name of the list, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            address: address of the member: an e-mail address as in RFC 5321 and RFC 6531, hosted here or outside; case
                does not matter.
            display_name: name of the member: one line, at most 255 characters; may be "".

        Raises:
            AlreadyExists, NotFound, FeatureDisabled: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("add_mailing_list_member", domain=domain, name=name, display_name=display_name, address=address)

    def delete_mailing_list_member(self, *, domain: str, name: str, address: str) -> None:
        """EDeleteMailingListMember. Deletes a member from a mailing list.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            name: name of the list, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            address: address of the member: an e-mail address as in RFC 5321 and RFC 6531, hosted here or outside; case
                does not matter.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("delete_mailing_list_member", domain=domain, name=name, address=address)

    def get_mailing_list_member_list(self, *, domain: str, name: str) -> Iterator[str]:
        """EGetMailingListMemberList. Lists the addresses of a mailing list's members.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            name: name of the list, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Returns:
            The items, sorted.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("get_mailing_list_member_list", domain=domain, name=name))

    def set_catchall_user(self, *, domain: str, address: str) -> None:
        """ESetCatchallUser. Sets where mail to unknown names of a domain goes.

        It replaces the present one. A target in a hosted domain has to exist.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            address: where mail to unknown names of the domain goes: an e-mail address as in RFC 5321 and RFC 6531,
                hosted here or outside; case does not matter; "" for none.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("set_catchall_user", domain=domain, address=address)

    def get_catchall_user(self, *, domain: str) -> Iterator[str]:
        """EGetCatchallUser. Prints where mail to unknown names of a domain goes.

        Nothing is printed when there is no catch-all.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Returns:
            The items, sorted.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("get_catchall_user", domain=domain))

    def set_autoresponder(self, *, domain: str, user: str, subject: str, message: str) -> None:
        """ESetAutoResponder. Sets the reply that a user's mailbox sends, in place of an earlier one.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.
            subject: subject of the reply: one line, at most 998 octets; may be "".
            message: text of the reply: any lines, at most 1 MiB; may be "".

        Raises:
            NotFound, FeatureDisabled: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("set_autoresponder", domain=domain, user=user, subject=subject, message=message)

    def get_autoresponder(self, *, domain: str, user: str) -> AutoResponder | None:
        """EGetAutoResponder. Prints a user's autoresponder: the subject on the first line, then the text.

        Nothing is printed when there is none. The text is printed as it was set, without a line end added.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Returns:
            The autoresponder; None if there is none.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        result: AutoResponder | None = self._perform("get_autoresponder", domain=domain, user=user)
        return result

    def delete_autoresponder(self, *, domain: str, user: str) -> None:
        """EDeleteAutoResponder. Deletes a user's autoresponder.

        It succeeds when there is none.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        self._perform("delete_autoresponder", domain=domain, user=user)

    def resolve_address(self, *, address: str) -> Resolution:
        """Says where a message to an address would go, and why.

        Args:
            address: any address: an e-mail address as in RFC 5321 and RFC 6531, hosted here or outside; case does not
                matter.

        Returns:
            The record `Resolution`.

        Raises:
            MailAddonError: as `Panel.call`.
        """
        result: Resolution = self._perform("resolve_address", address=address)
        return result

    def get_domain(self, *, domain: str) -> DomainInfo:
        """Shows all that a domain has.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Returns:
            The record `DomainInfo`.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        result: DomainInfo = self._perform("get_domain", domain=domain)
        return result

    def list_domains(self) -> Iterator[str]:
        """Lists the names of all domains.

        Returns:
            The items, sorted.

        Raises:
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("list_domains"))

    def list_users(self, *, domain: str) -> Iterator[str]:
        """Lists the users of a domain, without @.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.

        Returns:
            The items, sorted.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("list_users", domain=domain))

    def get_mailing_list(self, *, domain: str, name: str) -> MailingListInfo:
        """Shows a mailing list's members with their names.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            name: name of the list, without @: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Returns:
            The record `MailingListInfo`.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        result: MailingListInfo = self._perform("get_mailing_list", domain=domain, name=name)
        return result

    def get_password_hash(self, *, domain: str, user: str) -> str:
        """Prints the hash of a user's password as {SCHEME}hash, to be moved elsewhere.

        Args:
            domain: name of the mail domain: a domain name of at least two labels; internationalised names are stored in
                their ASCII form.
            user: name of the mail domain user: a local part: letters, digits, '.', '_', '-', at most 64, no dot first,
                last or doubled; case does not matter.

        Returns:
            The text.

        Raises:
            NotFound: the operation's own rules.
            MailAddonError: as `Panel.call`.
        """
        result: str = self._perform("get_password_hash", domain=domain, user=user)
        return result

    def list_password_schemes(self) -> Iterator[str]:
        """Lists the schemes of hashes that may be given as {SCHEME}hash in place of a password.

        Returns:
            The items, sorted.

        Raises:
            MailAddonError: as `Panel.call`.
        """
        return iter(self._perform("list_password_schemes"))
