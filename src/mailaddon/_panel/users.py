# Written by docs/generate.py; change the table that it reads.
"""Methods of `Panel`: users, their aliases and forwards, autoresponders, and catch-alls."""

from __future__ import annotations

from . import Performing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..records import AutoResponder


class UserMethods(Performing):
    """A method for each operation on users, their aliases and forwards, autoresponders, and catch-alls."""

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
