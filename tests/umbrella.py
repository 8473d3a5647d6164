"""What the tests of RegisterMailAddon and of `mailaddon` share: how to start them, and a small backend."""

import json
import os
import subprocess
import sys
import sysconfig
from typing import Any

from click.testing import CliRunner, Result
from patience import HANGS

from mailaddon import Context, NotFound, VendorError, hookimpl, records
from mailaddon.cli._application import application

SCRIPTS = sysconfig.get_path("scripts")
FLAGS = ("1",) * 8


def mailaddon(*arguments: str, given: "str | bytes | None" = None) -> Result:
    """Run the umbrella command in this process."""
    return CliRunner().invoke(application, list(arguments), input=given, prog_name="mailaddon")


def answer(*arguments: str, given: "str | bytes | None" = None) -> Any:
    """What the command prints as JSON, once it has succeeded."""
    result = mailaddon(*arguments, given=given)
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert content["version"] == 1
    return content


def program(*command: "str | bytes", **options: Any) -> "subprocess.CompletedProcess[bytes]":
    """Run an installed program as a panel does."""
    call = [os.path.join(SCRIPTS, str(command[0])), *command[1:]]
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(call, capture_output=True, timeout=HANGS, check=False, **options)


def domain(name: str = "xyz.com", limit: str = "10", flags: tuple[str, ...] = FLAGS) -> None:
    """Add a domain through the umbrella command's batch."""
    mail = os.path.join(os.environ["MAILADDON_HOME"], "mail", name)
    batch(["EAddDomain", name, "192.0.2.10", mail, limit, "admin", "s3cret", "0", *flags])


def batch(*calls: list[str]) -> None:
    """Run commands that succeed."""
    lines = "".join(json.dumps({"command": call[0], "arguments": call[1:]}) + "\n" for call in calls)
    result = mailaddon("batch", given=lines)
    assert result.exit_code == 0, result.output


class Small:
    """A backend that implements a few hooks and fails in every way."""

    contract = (1, 0)

    def __init__(self, context: Context) -> None:
        self.context = context

    @hookimpl
    def get_user_alias_list(self, request: records.UserRef) -> list[str]:
        if request.user == "vendor":
            raise VendorError("x-acme-licence", "the licence has\nexpired", retryable=True)
        if request.user == "absent":
            raise NotFound(f"user {request.user}@{request.domain} does not exist")
        return ["a12", "a11"]

    @hookimpl
    def add_user(self, request: records.NewUser) -> None:
        raise RuntimeError(f"cannot store {request.password}")

    @hookimpl
    def edit_user(self, request: records.UserChange) -> None:
        sys.stderr.write(f"got {request.password == 's3cret'}\n")

    @hookimpl
    def edit_domain(self, request: records.DomainChange) -> None:
        sys.stderr.write(f"ip_based={request.ip_based}\n")

    @hookimpl
    def set_catchall_user(self, request: records.CatchAll) -> None:
        sys.stderr.write(f"address={request.address!r}\n")

    @hookimpl
    def check(self) -> list[records.Problem]:
        return [records.Problem(subject="licence", problem="it has expired", mend="buy another", severe=False)]
