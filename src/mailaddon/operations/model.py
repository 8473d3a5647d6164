"""The shape of the operation table's rows: kinds of arguments, parameters, operations."""

from .. import values
from ..errors import InvalidArgument, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .._record import Record


class Kind:
    """What an argument may be.

    Attributes:
        key: a short stable name.
        parse: text to value; raises `InvalidArgument`.
        accepts: what is accepted, as help and documentation say it.
        secret: whether the value must never be shown, logged or recorded.
        example: a value for the documentation.
        write: a value back to the text that means it.
        type: what a value is: text, a whole number or a truth value.
    """

    __slots__ = ("accepts", "example", "key", "parse", "secret", "type", "write")

    def __init__(
        self,
        key: str,
        parse: "Callable[[str], Any]",
        accepts: str,
        example: str,
        *,
        secret: bool = False,
        write: "Callable[[Any], str]" = str,
        type: "type[str | int | bool]" = str,  # noqa: A002 - it is one
    ) -> None:
        self.key = key
        self.parse = parse
        self.accepts = accepts
        self.example = example
        self.secret = secret
        self.write = write
        self.type = type


DOMAIN = Kind(
    "domain",
    values.domain_name,
    "a domain name of at least two labels; internationalised names are stored in their ASCII form",
    "xyz.com",
)
FQDN = Kind("fqdn", values.domain_name, "a fully qualified host name", "mail.example.net")
IP = Kind("ip", values.ip_address, "an IPv4 or IPv6 address", "192.0.2.10")
PATH = Kind(
    "path",
    values.absolute_path,
    "an absolute path, not the root, without '..' and without symbolic links",
    "/var/mail/xyz.com",
)
LIMIT = Kind("int", values.mailbox_limit, "-1 for unlimited, or a number from 1", "10", type=int)
FLAG = Kind("flag01", values.flag, "1 for enabling, 0 for disabling", "1", write=values.flag_text, type=bool)
LOCAL_PART = Kind(
    "localpart",
    values.local_part,
    "a local part: letters, digits, '.', '_', '-', at most 64, no dot first, last or doubled; case does not matter",
    "u1",
)
USER = Kind("username", values.local_part, LOCAL_PART.accepts, "u1")
ADDRESS = Kind(
    "email",
    values.address,
    "an e-mail address as in RFC 5321 and RFC 6531, hosted here or outside; case does not matter",
    "u1@xyz.com",
)
ADDRESS_OR_NONE = Kind("email", values.optional_address, ADDRESS.accepts + '; "" for none', "u1@xyz.com")
PASSWORD = Kind("password", values.password, "plain text, not empty, at most 1024 octets", "s3cret", secret=True)
PASSWORD_OR_NONE = Kind(
    "password", values.kept_password, 'plain text, at most 1024 octets; "" keeps the present one', "", secret=True
)
NAME = Kind("text", values.name, 'one line, at most 255 characters; may be ""', "Ann")
SUBJECT = Kind("text", values.subject, 'one line, at most 998 octets; may be ""', "On holiday")
MESSAGE = Kind("multiline", values.message, 'any lines, at most 1 MiB; may be ""', "Back on Monday.")
FILTER_TYPE = Kind("enum", values.filter_type, "EMAIL, IP or DOMAIN, in any case", "EMAIL")
FILTER_ADDRESS = Kind(
    "address|domain|ip",
    values.filter_address,
    "an e-mail address, a domain (its subdomains included), an IP address or a network in CIDR form",
    "spammer@example.org",
)
LINE = Kind("text", values.required_text, "one line of text, not empty", "Acme")
NULLABLE_LINE = Kind("text", values.name, 'one line of text; "" for none', "")
EXTENSION = Kind("extension", values.extension, 'a file name extension such as exe or vbs; "" for none', "exe")
COMPLIANCE = Kind(
    "flag01", values.compliance_flag, "1 for an add-on written for 3.X; anything else is not", "1", type=bool
)


class Parameter:
    """One argument of a command.

    Attributes:
        name: the guide's name, as usage and errors show it.
        field: the field of the request record that it fills.
        kind: what it accepts.
        option: its long option in `mailaddon run`, without the dashes.
        note: what it is, for the documentation.
        optional: whether it may be left out at the end.
        key: whether it says which thing is meant; such values stand in change events.
    """

    __slots__ = ("field", "key", "kind", "name", "note", "option", "optional")

    def __init__(
        self, name: str, field: str, kind: Kind, note: str, *, option: str, key: bool = False, optional: bool = False
    ) -> None:
        self.name = name
        self.field = field
        self.kind = kind
        self.note = note
        self.option = option
        self.key = key
        self.optional = optional

    def parse(self, text: str) -> "Any":
        """The value of one argument.

        Raises:
            InvalidArgument: the text is not what the parameter accepts; the error names the parameter.
        """
        try:
            if not text.isascii():
                text.encode()
            return self.kind.parse(text)
        except UnicodeEncodeError:
            raise InvalidArgument("the text is not valid UTF-8", parameter=self.name) from None
        except InvalidArgument as error:
            error.parameter = self.name
            raise


class Operation:
    """One row of the table: everything that is known about a command.

    Attributes:
        command: the canonical name without an extension; operations beside the guide's have a lower-case name.
        other_names: further spellings in the guide, each a name of the same command.
        executables: the names under which programs are installed.
        hook: the hook of the plugin contract, or "" where no backend is involved.
        request: the name of the record in `records` that the hook gets.
        parameters: in the order of the arguments.
        longer: the parameters of the longer form that is accepted too, or ().
        output: `none`, `lines`, `text`, `autoresponder`, or the name of a record in `records`.
        item: what each line of the output `lines` is, else None.
        scope: `domain`, `user`, `server`, `registration` (as in the guide), or `sdk`.
        summary: what it does, in one line.
        notes: sentences about what is not obvious.
        errors: the codes that its own rules can refuse with, beside those that every command has.
        changes: whether it changes anything.
        since: `3.X` or `10.3.1`, for the SDK's own operations the SDK's version.
        legacy_status: `unchanged`, `updated` or `new` against 3.X.
        legacy_parameters: the names of the 3.X parameters, or None where 3.X had no such command.
        legacy_output: what 3.X printed, where it differed.
        example: arguments, and the lines printed, for the documentation.
        check: a rule about several arguments together, or None.
        placeholder: whether a backend without the hook succeeds, as the guide grants for what it cannot do.
    """

    __slots__ = (
        "changes",
        "check",
        "command",
        "errors",
        "example",
        "executables",
        "hook",
        "item",
        "legacy_output",
        "legacy_parameters",
        "legacy_status",
        "longer",
        "notes",
        "other_names",
        "output",
        "parameters",
        "placeholder",
        "request",
        "scope",
        "since",
        "summary",
    )

    def __init__(
        self,
        command: str,
        hook: str,
        request: str,
        scope: str,
        parameters: tuple[Parameter, ...],
        summary: str,
        *,
        output: str = "none",
        item: Kind | None = None,
        notes: tuple[str, ...] = (),
        errors: tuple[str, ...] = (),
        changes: bool = True,
        since: str = "3.X",
        legacy: tuple[str, ...] | None = None,
        legacy_output: str = "",
        other_names: tuple[str, ...] = (),
        executables: tuple[str, ...] | None = None,
        longer: tuple[Parameter, ...] = (),
        example: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
        check: "Callable[[dict[str, Any]], None] | None" = None,
        placeholder: bool = False,
    ) -> None:
        self.command = command
        self.hook = hook
        self.request = request
        self.scope = scope
        self.parameters = parameters
        self.summary = summary
        self.output = output
        self.item = item
        self.notes = notes
        self.errors = errors
        self.changes = changes
        self.since = since
        names = tuple([parameter.name for parameter in parameters])
        self.legacy_parameters = None if since != "3.X" else names if legacy is None else legacy
        self.legacy_status = "new" if since != "3.X" else "unchanged" if legacy is None else "updated"
        self.legacy_output = legacy_output
        self.other_names = other_names
        self.executables = (command,) if executables is None else executables
        self.longer = longer
        self.example = example
        self.check = check
        self.placeholder = placeholder

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of the command: the guide's spellings, and the programs'."""
        return tuple(dict.fromkeys((self.command, *self.other_names, *self.executables)))

    @property
    def usage(self) -> str:
        """The synopsis: the name and the parameters in order."""
        names = [f"[{parameter.name}]" if parameter.optional else parameter.name for parameter in self.parameters]
        return " ".join([self.command, *names])

    def form(self, count: int) -> tuple[Parameter, ...]:
        """The parameters that this many arguments fill.

        Raises:
            UsageError: no form of the command takes this many.
        """
        required = len([parameter for parameter in self.parameters if not parameter.optional])
        if required <= count <= len(self.parameters):
            return self.parameters[:count]
        if self.longer and count == len(self.longer):
            return self.longer
        most = len(self.longer or self.parameters)
        wanted = str(required) if required == most else f"{required} or {most}"
        plural = "" if wanted == "1" else "s"
        raise UsageError(f"{wanted} argument{plural} expected, {count} given; usage: {self.usage}")

    def parse(self, arguments: "Sequence[str]") -> "dict[str, Any]":
        """Positional arguments to the fields of the request record.

        Raises:
            UsageError: their number is wrong.
            InvalidArgument: one of them is not what its parameter accepts.
        """
        fields = {}
        for parameter, argument in zip(self.form(len(arguments)), arguments, strict=True):
            fields[parameter.field] = parameter.parse(argument)
        if self.check is not None:
            self.check(fields)
        return fields

    def arguments(self, request: "Record") -> list[str]:
        """The positional arguments that say what a request says: `parse` backwards.

        The longer form is taken if it says something that the other one does not.
        """
        form = self.parameters
        if self.longer and all(getattr(request, parameter.field) is not None for parameter in self.longer):
            form = self.longer
        return [parameter.kind.write(getattr(request, parameter.field)) for parameter in form]
