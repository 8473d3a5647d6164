"""A mail host: Postfix, Dovecot and mlmmj on one directory.

The daemons look everything up in the directory, so most changes need nothing but their commit. What is left to do here
are the effects of a few changes: see `effects`. A mail host that does not run is no error.
"""

import os

from mailaddon import hookimpl
from mailaddon.directory.outbox import Outbox
from mailaddon.directory_backend import DirectoryBackend
from mailaddon.errors import MailAddonError, NotConfigured, StorageFailed

from .kinds import DOMAIN, FAR, FLUSH, IMPORT, KICK, LIST, MAILBOX, MEMBER, NETWORK, RELOAD, SIEVE, STORAGE
from .layout import Instance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mailaddon import Context, records
    from mailaddon.directory.folders import Folders
    from mailaddon.directory.outbox import Effect, Prepare
    from mailaddon.directory.store import Transaction


class PostfixBackend(DirectoryBackend):
    """The hooks on a directory that a mail host reads, and what the host needs besides."""

    #: Who asks mlmmj, or starts and stops daemons, takes the effects' lock, whose owner may wait for the directory's.
    alone = DirectoryBackend.alone | {
        "add_mailing_list_member",
        "delete_mailing_list_member",
        "get_mailing_list_member_list",
        "start_mail_server",
        "stop_mail_server",
    }

    def __init__(self, context: "Context") -> None:
        self.instance = Instance(context.options, context.settings["directory"])
        if context.settings["directory"] != self.instance.directory:
            raise NotConfigured(
                f"the setting directory is neither {self.instance.directory}, which is what this mail host reads,"
                " nor a PostgreSQL URL"
            )
        super().__init__(context)
        self._home = context.home
        self.outbox = Outbox(self._directory, self.instance.path("run", "effects.lock"), self._perform)
        self._directory.outbox = self.outbox
        self._directory.host = self.instance.host
        self._directory.reclaim = self._reclaim

    def _reclaim(self, path: str) -> None:
        from . import root

        try:
            root.do(self.instance, "take", path)
        except MailAddonError as error:
            raise PermissionError(error.message) from None

    def _perform(self, effect: "Effect") -> bool:
        from .effects import perform

        return perform(self.instance, self._directory, effect)

    def _with(
        self,
        effects: "tuple[Effect, ...]",
        hook: "Callable[[Any], Any]",
        request: object,
        *,
        domain: str = "",
        user: str = "",
    ) -> "Any":
        """Call a hook of the directory whose change has effects.

        Args:
            effects: what has to be done once the change is committed.
            hook: the directory's.
            request: its request.
            domain: whose mail folders have been made, and have to belong to the mail's owner; "" for none.
            user: of that domain; "" for all.
        """

        def own(tx: "Transaction") -> None:
            from .ownership import own_mail

            own_mail(tx, self.instance, domain, user)

        directed = tuple((kind, key, "") for kind, key in effects if kind not in FAR)
        prepare: Prepare | None = own if domain else None
        if self.instance.host:
            from .shared import directed_to

            directed, prepare = directed_to(self._directory, effects, request, prepare)
        self.outbox.expect(*directed, prepare=prepare)
        try:
            return hook(request)
        finally:
            self.outbox.expect()

    # Domains

    @hookimpl
    def add_domain(self, request: "records.NewDomain") -> None:
        self._with(((NETWORK, ""), (RELOAD, "")), super().add_domain, request, domain=request.domain)

    @hookimpl
    def edit_domain(self, request: "records.DomainChange") -> "records.Change":
        return self._with(((DOMAIN, request.domain), (RELOAD, "")), super().edit_domain, request)  # type: ignore[no-any-return] # the hook's own

    @hookimpl
    def suspend_domain(self, request: "records.DomainRef") -> "records.Change":
        return self._with(((KICK, f"*@{request.domain}"),), super().suspend_domain, request)  # type: ignore[no-any-return]

    @hookimpl
    def resume_domain(self, request: "records.DomainRef") -> "records.Change":
        return self._with(((FLUSH, ""),), super().resume_domain, request)  # type: ignore[no-any-return]

    @hookimpl
    def delete_domain(self, request: "records.DomainRef") -> "records.Change":
        domain = request.domain
        effects = ((RELOAD, ""), (KICK, f"*@{domain}"), (DOMAIN, domain), (STORAGE, ""), (NETWORK, ""))
        return self._with(effects, super().delete_domain, request)  # type: ignore[no-any-return]

    @hookimpl
    def change_domain_ip(self, request: "records.DomainAddress") -> "records.Change":
        return self._with(((NETWORK, ""),), super().change_domain_ip, request)  # type: ignore[no-any-return]

    @hookimpl
    def add_domain_alias(self, request: "records.DomainAlias") -> None:
        self._with(((DOMAIN, request.domain), (RELOAD, "")), super().add_domain_alias, request)

    @hookimpl
    def delete_domain_alias(self, request: "records.DomainAlias") -> None:
        self._with(((DOMAIN, request.domain), (RELOAD, "")), super().delete_domain_alias, request)

    @hookimpl
    def post_import_domain(self, request: "records.DomainTransfer") -> None:
        self._import(request, "", (DOMAIN, request.domain), (NETWORK, ""), (RELOAD, ""))

    @hookimpl
    def post_import_user(self, request: "records.UserTransfer") -> None:
        self._import(request, request.user, (SIEVE, f"{request.user}@{request.domain}"))

    def _mail(self) -> "Folders":
        from .transfer import Mailboxes

        return Mailboxes(self.instance)

    def _import(self, request: "records.DomainTransfer | records.UserTransfer", user: str, *effects: "Effect") -> None:
        """Import; the mail follows the commit, without keeping other commands from their effects."""
        from mailaddon.directory import importing

        from .transfer import Mailboxes

        def apply(_request: object) -> None:
            importing.apply(self._directory, request, mail)

        with Mailboxes(self.instance) as mail:
            self._with(((IMPORT, request.domain), *effects), apply, request, domain=request.domain, user=user)
            mail.finish()
        self.outbox.perform()

    # Users

    @hookimpl
    def add_user(self, request: "records.NewUser") -> None:
        effects = ((MAILBOX, f"{request.user}@{request.domain}"),)
        self._with(effects, super().add_user, request, domain=request.domain, user=request.user)

    @hookimpl
    def edit_user(self, request: "records.UserChange") -> "records.Change":
        return self._of_user(SIEVE, super().edit_user, request)  # type: ignore[no-any-return]

    @hookimpl
    def suspend_user(self, request: "records.UserRef") -> "records.Change":
        return self._of_user(KICK, super().suspend_user, request)  # type: ignore[no-any-return]

    @hookimpl
    def resume_user(self, request: "records.UserRef") -> "records.Change":
        return self._with(((FLUSH, ""),), super().resume_user, request)  # type: ignore[no-any-return]

    @hookimpl
    def delete_user(self, request: "records.UserRef") -> None:
        address = f"{request.user}@{request.domain}"
        self._with(((KICK, address), (SIEVE, address), (MAILBOX, address)), super().delete_user, request)

    @hookimpl
    def add_user_alias(self, request: "records.UserAlias") -> None:
        self._of_user(SIEVE, super().add_user_alias, request)

    @hookimpl
    def delete_user_alias(self, request: "records.UserAlias") -> None:
        self._of_user(SIEVE, super().delete_user_alias, request)

    @hookimpl
    def set_autoresponder(self, request: "records.AutoResponderSetting") -> "records.Change":
        return self._of_user(SIEVE, super().set_autoresponder, request)  # type: ignore[no-any-return]

    @hookimpl
    def delete_autoresponder(self, request: "records.UserRef") -> None:
        self._of_user(SIEVE, super().delete_autoresponder, request)

    def _of_user(self, kind: str, hook: "Callable[[Any], Any]", request: "Any") -> "Any":
        return self._with(((kind, f"{request.user}@{request.domain}"),), hook, request)

    # Mailing lists

    @hookimpl
    def add_mailing_list(self, request: "records.ListRef") -> None:
        self._of_list(super().add_mailing_list, request)

    @hookimpl
    def delete_mailing_list(self, request: "records.ListRef") -> None:
        self._of_list(super().delete_mailing_list, request)

    @hookimpl
    def add_mailing_list_member(self, request: "records.MailingListMember") -> None:
        self._of_member(super().add_mailing_list_member, request)

    @hookimpl
    def delete_mailing_list_member(self, request: "records.ListMember") -> None:
        self._of_member(super().delete_mailing_list_member, request)

    @hookimpl
    def get_mailing_list_member_list(self, request: "records.ListRef") -> list[str]:
        self._learn(request)
        return super().get_mailing_list_member_list(request)

    def _of_list(self, hook: "Callable[[Any], Any]", request: "Any") -> None:
        self._with(((LIST, f"{request.name}@{request.domain}"),), hook, request)

    def _of_member(self, hook: "Callable[[Any], Any]", request: "Any") -> None:
        self._learn(request)
        self._with(((MEMBER, f"{request.name}@{request.domain} {request.address}"),), hook, request)

    def _learn(self, request: "Any") -> None:
        """Have the directory know who subscribed and who left by mail."""
        from .lists import learn

        if self.instance.host:
            from .shared import learnt_elsewhere

            if learnt_elsewhere(self._directory, self.outbox, request.name, request.domain):
                return
        try:
            with self.outbox.held():
                learn(self.instance, self._directory, request.name, request.domain)
        except OSError as error:
            raise StorageFailed(f"the list {request.name}@{request.domain} cannot be read: {error}") from None

    # The server

    @hookimpl
    def start_mail_server(self) -> None:
        from . import agent, root

        root.do(self.instance, "start")
        agent.start(self.instance, self._home)
        self.outbox.perform()

    def follow(self) -> None:
        """Be the host's agent, until SIGTERM.

        Raises:
            NotConfigured: a directory in a file needs none.
            Unavailable: there is one already.
            OSError: its lock cannot be used.
        """
        from . import agent

        if not self.instance.in_postgresql:
            raise NotConfigured("only a directory in PostgreSQL is followed")
        agent.follow(self.instance, self._directory, self.outbox)

    @hookimpl
    def stop_mail_server(self) -> None:
        from . import agent, root

        agent.stop(self.instance)
        root.do(self.instance, "stop")

    @hookimpl
    def change_network_settings(self, request: "records.NetworkChange") -> "records.Change":
        return self._with(((NETWORK, ""),), super().change_network_settings, request)  # type: ignore[no-any-return]

    def rebuild(self) -> tuple[int, int]:
        """See `rebuilding`."""
        from .rebuilding import rebuild

        return rebuild(self.instance, self._directory, self.outbox)

    @hookimpl
    def check(self) -> "list[records.Problem]":
        from .checking import problems

        found = problems(self.instance, self._directory.home)
        there = self.instance.in_postgresql or os.path.exists(self.instance.directory)
        return found + super().check() if there else found
