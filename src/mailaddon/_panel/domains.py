# Written by docs/generate.py; change the table that it reads.
"""Methods of `Panel`: domains and their aliases."""

from __future__ import annotations

from . import Performing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class DomainMethods(Performing):
    """A method for each operation on domains and their aliases."""

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
