# Written by docs/generate.py; change the table that it reads.
"""Methods of `Panel`: lists, their members, and spam filters."""

from __future__ import annotations

from . import Performing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class ListMethods(Performing):
    """A method for each operation on lists, their members, and spam filters."""

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
