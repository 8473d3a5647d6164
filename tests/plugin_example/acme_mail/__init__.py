"""A backend for Acme's mail server, which keeps what it knows in one JSON file."""

import os

from mailaddon import CONTRACT, AlreadyExists, Context, NotConfigured, NotFound, VendorError, hookimpl, records

from .store import Domain, Store


class AcmeBackend:
    """What Acme's mail server can do: domains, users, aliases. It has no lists, and it cannot suspend."""

    contract = CONTRACT

    def __init__(self, context: Context) -> None:
        self._store = Store(str(context.options.get("path", os.path.join(context.home, "acme.json"))))
        self._licensed = context.options.get("licensed_users", 0)
        if not isinstance(self._licensed, int):
            raise NotConfigured("licensed_users in [backends.acme] is not a number")

    @hookimpl
    def add_domain(self, request: records.NewDomain) -> records.Change:
        with self._store.changed() as domains:
            if request.domain in domains:
                raise AlreadyExists(f"domain {request.domain} already exists")
            self._check_licence(domains)
            domains[request.domain] = {request.owner: []}
        return records.Change(after={"owner": request.owner})

    @hookimpl
    def delete_domain(self, request: records.DomainRef) -> None:
        with self._store.changed() as domains:
            self._users(domains, request.domain)
            del domains[request.domain]

    @hookimpl
    def add_user(self, request: records.NewUser) -> None:
        with self._store.changed() as domains:
            users = self._users(domains, request.domain)
            if request.user in users:
                raise AlreadyExists(f"user {request.user}@{request.domain} already exists")
            self._check_licence(domains)
            users[request.user] = []

    @hookimpl
    def delete_user(self, request: records.UserRef) -> None:
        with self._store.changed() as domains:
            self._aliases(domains, request.domain, request.user)
            del domains[request.domain][request.user]

    @hookimpl
    def add_user_alias(self, request: records.UserAlias) -> None:
        with self._store.changed() as domains:
            aliases = self._aliases(domains, request.domain, request.user)
            if request.alias in aliases:
                raise AlreadyExists(f"{request.alias} is an alias already")
            aliases.append(request.alias)

    @hookimpl
    def get_user_alias_list(self, request: records.UserRef) -> list[str]:
        return self._aliases(self._store.read(), request.domain, request.user)

    @hookimpl
    def get_mail_url(self, request: records.DomainRef) -> str:
        self._users(self._store.read(), request.domain)
        return f"https://acme.example/{request.domain}"

    @hookimpl
    def list_domains(self) -> list[str]:
        return list(self._store.read())

    def _users(self, domains: dict[str, Domain], domain: str) -> Domain:
        if domain not in domains:
            raise NotFound(f"domain {domain} does not exist")
        return domains[domain]

    def _aliases(self, domains: dict[str, Domain], domain: str, user: str) -> list[str]:
        users = self._users(domains, domain)
        if user not in users:
            raise NotFound(f"user {user}@{domain} does not exist")
        return users[user]

    def _check_licence(self, domains: dict[str, Domain]) -> None:
        if self._licensed and sum(map(len, domains.values())) >= self._licensed:
            raise VendorError("x-acme-licence", f"the licence is for {self._licensed} users", retryable=False)
