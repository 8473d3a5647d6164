"""The closed list of errors: every way in which an operation can be refused.

A refusal has a stable code, a sentence, and, where one argument is to blame, the name of that parameter. The codes are
an interface: panels compare them, so none is ever renamed. A vendor's plugin adds codes of its own as `VendorError`
with the prefix `x-<vendor>-`.

    MailAddonError
      UsageError         usage              the number of arguments is wrong, or the command is unknown
      InvalidArgument    invalid-argument   an argument is not what its parameter accepts
      NotFound           not-found          a domain, user, alias, list, member, filter or file does not exist
      AlreadyExists      already-exists     the name or the entry exists already
      LimitReached       limit-reached      MaxMailBoxes leaves no room
      FeatureDisabled    feature-disabled   the domain's or the user's flag switches the feature off
      ForwardLoop        forward-loop       mail would run in a circle that nobody keeps a copy of
      Conflict           conflict           the request contradicts the present state
      InvalidExport      invalid-export     the exported data is unsealed, damaged or of another format
      NotSupported       not-supported      the backend does not implement the operation
      NotConfigured      not-configured     a setting is missing or wrong
      Unavailable        unavailable        the backend does not answer or is busy; the same call may succeed later
      StorageFailed      storage-failed     mail storage could not be read or written
      BackendUnusable    backend-unusable   the configured backend cannot be loaded
      UpgradeNeeded      upgrade-needed     the directory was written by another version
      BadResult          bad-result         the backend broke the contract
      AddonFailed        addon-failed       a registered add-on's program failed, with the words that it said
      Interrupted        interrupted        a signal ended the command before it was done
      InternalError      internal           a defect; the log has the details under the reference in the message

Nothing here imports anything: a refused argument must cost no more than the interpreter's own start.
"""


class MailAddonError(Exception):
    """An operation was refused.

    Attributes:
        code: the stable code, `already-exists` for example.
        message: one sentence for a person, without the code and without any password.
        parameter: the guide's name of the argument to blame, or "".
        retryable: whether the same call may succeed later without anything being changed first.
        exit_status: what a command exits with; the guide knows 0 and 1 only.
        http_status: the status that a front door over HTTP answers with (RFC 9110).
    """

    code = "internal"
    retryable = False
    exit_status = 1
    http_status = 500

    def __init__(self, message: str, *, parameter: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.parameter = parameter

    def __str__(self) -> str:
        """The sentence on one line, preceded by the parameter's name where there is one."""
        message = " ".join(self.message.split())
        return f"{self.parameter}: {message}" if self.parameter else message


class UsageError(MailAddonError):
    """The number of arguments is wrong, or the command is unknown."""

    code = "usage"
    http_status = 400


class InvalidArgument(MailAddonError):
    """An argument is not what its parameter accepts."""

    code = "invalid-argument"
    http_status = 400


class NotFound(MailAddonError):
    """A domain, user, alias, list, member, filter or file does not exist."""

    code = "not-found"
    http_status = 404


class AlreadyExists(MailAddonError):
    """The name or the entry exists already."""

    code = "already-exists"
    http_status = 409


class LimitReached(MailAddonError):
    """MaxMailBoxes leaves no room."""

    code = "limit-reached"
    http_status = 409


class FeatureDisabled(MailAddonError):
    """The domain's or the user's flag switches the feature off."""

    code = "feature-disabled"
    http_status = 403


class ForwardLoop(MailAddonError):
    """Mail would run in a circle that nobody keeps a copy of."""

    code = "forward-loop"
    http_status = 409


class Conflict(MailAddonError):
    """The request contradicts the present state."""

    code = "conflict"
    http_status = 409


class InvalidExport(MailAddonError):
    """The exported data is unsealed, damaged or of another format."""

    code = "invalid-export"
    http_status = 422


class NotSupported(MailAddonError):
    """The backend does not implement the operation."""

    code = "not-supported"
    http_status = 501


class NotConfigured(MailAddonError):
    """A setting is missing or wrong."""

    code = "not-configured"


class Unavailable(MailAddonError):
    """The backend does not answer or is busy; the same call may succeed later."""

    code = "unavailable"
    retryable = True
    http_status = 503


class StorageFailed(MailAddonError):
    """Mail storage could not be read or written."""

    code = "storage-failed"
    retryable = True
    http_status = 507


class BackendUnusable(MailAddonError):
    """The configured backend cannot be loaded."""

    code = "backend-unusable"


class UpgradeNeeded(MailAddonError):
    """The directory was written by another version."""

    code = "upgrade-needed"
    http_status = 503


class BadResult(MailAddonError):
    """The backend broke the contract."""

    code = "bad-result"
    http_status = 502


class AddonFailed(MailAddonError):
    """A registered add-on's program failed; the sentence is its own, as far as it said something.

    Attributes:
        program_status: the program's exit status; the negative number of the signal that ended it.
    """

    code = "addon-failed"
    http_status = 502
    program_status = 1


class Interrupted(MailAddonError):
    """A signal ended the command before it was done."""

    code = "interrupted"
    retryable = True
    http_status = 503


class InternalError(MailAddonError):
    """A defect; the log has the details under the reference in the message."""


class VendorError(MailAddonError):
    """An error that only one vendor's mail server knows.

    Args:
        code: `x-<vendor>-<name>` in lower case, for example `x-acme-licence-expired`.
        message: one sentence, as for every error.
        parameter: the guide's name of the argument to blame, or "".
        retryable: whether the same call may succeed later.

    Raises:
        ValueError: the code lacks the prefix.
    """

    def __init__(self, code: str, message: str, *, parameter: str = "", retryable: bool = False) -> None:
        if not code.startswith("x-") or code.count("-") < 2:  # noqa: PLR2004 - x-<vendor>-<name> has two
            raise ValueError(f"a vendor's error code is x-<vendor>-<name>, not {code!r}")
        super().__init__(message, parameter=parameter)
        self.code = code
        self.retryable = retryable


#: code -> class, in the order of the docstring; the one list that docs, JSON and front doors read.
ERRORS: dict[str, type[MailAddonError]] = {
    cls.code: cls
    for cls in (
        UsageError,
        InvalidArgument,
        NotFound,
        AlreadyExists,
        LimitReached,
        FeatureDisabled,
        ForwardLoop,
        Conflict,
        InvalidExport,
        NotSupported,
        NotConfigured,
        Unavailable,
        StorageFailed,
        BackendUnusable,
        UpgradeNeeded,
        BadResult,
        AddonFailed,
        Interrupted,
        InternalError,
    )
}
