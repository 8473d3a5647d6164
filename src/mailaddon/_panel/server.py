# Written by docs/generate.py; change the table that it reads.
"""Methods of `Panel`: the server, and what only this SDK's backends tell."""

from __future__ import annotations

from . import Performing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..records import DomainInfo, MailingListInfo, Resolution


class ServerMethods(Performing):
    """A method for each operation on the server, and what only this SDK's backends tell."""

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
