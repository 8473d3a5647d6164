"""Small plugins for the tests, used by name: `plugins:Answering` and the like."""

import inspect
from collections.abc import Generator
from typing import Any

from mailaddon import CONTRACT, AlreadyExists, Backend, Context, VendorError, hookimpl, records
from mailaddon.operations import OPERATIONS


class Plugin:
    """What every plugin has."""

    contract = CONTRACT

    def __init__(self, context: Context | None = None) -> None:
        self.options = dict(context.options) if context else {}
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class Empty(Plugin):
    """A backend without any hook."""


def answering(hook: str, answer: Any) -> Plugin:
    """A backend with one hook, which returns what it is told to."""

    def method(self: Plugin, request: Any) -> Any:  # noqa: ARG001
        return answer

    return type("Answering", (Plugin,), {hook: hookimpl(method)})()


def raising(hook: str, error: BaseException) -> Plugin:
    """A backend with one hook, which raises what it is told to."""

    def method(self: Plugin, request: Any) -> Any:  # noqa: ARG001
        raise error

    return type("Raising", (Plugin,), {hook: hookimpl(method)})()


class Failing(Plugin):
    """A backend whose add_user fails as the option `how` says, with the password in the exception."""

    @hookimpl
    def add_user(self, request: records.NewUser) -> None:
        password = str(request.password)
        how = self.options["how"]
        if how == "refusal":
            raise AlreadyExists(f"user {request.user} already exists,\nand {password} is no password")
        if how == "vendor":
            raise VendorError("x-acme-licence-expired", "the licence expired")
        if how == "defect":
            raise RuntimeError(f"--password {password} {password!r} {request!r}")
        if how == "chain":
            try:
                raise ValueError(password)  # noqa: TRY301 - for its own sake
            except ValueError:
                raise KeyError(password) from None
        if how == "exit":
            raise SystemExit(7)
        if how == "interrupt":
            raise KeyboardInterrupt
        if how == "recursion":
            self.add_user(request)
        if how == "surrogate":
            raise AlreadyExists("half \ud800 a character")
        raise AssertionError(how)

    @hookimpl
    def get_forward_list(self, request: records.UserRef) -> list[str]:  # noqa: ARG002
        return ["fine@example.org", ""]


def _passing(hook: str) -> Any:
    def wrapper(self: Any, request: Any) -> Generator[None, Any, Any]:
        self.seen.append((hook, request))
        return (yield)

    return hookimpl(wrapper=True)(wrapper)


class Watching(Plugin):
    """A plugin that wraps every hook and changes nothing."""

    seen: list[tuple[str, Any]]

    def __init__(self, context: Context | None = None) -> None:
        super().__init__(context)
        self.seen = []


for _operation in OPERATIONS:
    if "request" in inspect.signature(getattr(Backend, _operation.hook)).parameters:
        setattr(Watching, _operation.hook, _passing(_operation.hook))


class Foreign(Plugin):
    """A backend of another contract."""

    contract = (CONTRACT[0] + 1, 0)


class Broken(Plugin):
    """A backend that does not start."""

    def __init__(self, context: Context) -> None:
        raise RuntimeError(f"no server for {context.name}")


class Misnamed(Plugin):
    """A plugin with a hook that the contract does not know."""

    @hookimpl
    def add_usr(self, request: records.NewUser) -> None: ...


class Misshapen(Plugin):
    """A plugin with a hook that wants what it does not get."""

    @hookimpl
    def add_user(self, domain: str) -> None: ...


class Talking(Plugin):
    """A backend that prints while it works."""

    @hookimpl
    def get_user_alias_list(self) -> list[str]:
        print("looking it up")  # noqa: T201
        return ["a11"]
