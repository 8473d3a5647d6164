"""The operation table: the one place where commands are written down.

52 backend commands and RegisterMailAddon of the Mail Server API Guide (10.3.1), in the guide's order, and the SDK's
own read operations behind them. Parsing, help, usage errors, installed programs, options, documentation, the plugin
contract and the tests' cases are derived from here. A further command is one entry here and one hook, and nothing else.
"""

from ..errors import UsageError
from ..values import shown
from .domains import DOMAIN_OPERATIONS
from .model import (
    COMPLIANCE,
    DOMAIN,
    EXTENSION,
    LINE,
    LOCAL_PART,
    NULLABLE_LINE,
    Operation,
)
from .parameters import (
    ABSENT,
    DOMAIN_REF,
    NEW,
    THE_ADDRESS,
    THE_DOMAIN,
    THE_MLIST,
    USER_REF,
    P,
)
from .users import USER_OPERATIONS

REGISTER = Operation(
    "RegisterMailAddon",
    "",
    "",
    "registration",
    (
        P("VendorName", "vendor", LINE, "Name of the vendor.", option="vendor-name", key=True),
        P("MailServerName", "server", LINE, "Name of the mail server.", option="mail-server-name", key=True),
        P("MailServerVersion", "version", LINE, "Version of the mail server.", option="mail-server-version", key=True),
        P("MailAPIExtension", "extension", EXTENSION, "Extension of the programs.", option="mail-api-extension"),
        P("MailAPIInterpreter", "interpreter", NULLABLE_LINE, "What runs them.", option="mail-api-interpreter"),
        P(
            "MailAPIInterpreterParams",
            "interpreter_parameters",
            NULLABLE_LINE,
            "Parameters of the interpreter, separated by spaces or commas.",
            option="mail-api-interpreter-params",
        ),
        P(
            "3.XCompliantAPI",
            "compliant_3x",
            COMPLIANCE,
            "Whether it is an add-on for 3.X.",
            option="3x-compliant-api",
            optional=True,
        ),
    ),
    "Registers a mail add-on with the panel.",
    notes=(
        "Registering the same vendor, server and version again replaces the registration.",
        "--directory DIR before or after the arguments says where the programs are; the current folder otherwise.",
        "A program that is missing there is a warning, not a failure.",
        "This SDK's own programs are registered if their backend is ready; if not, the refusal says why, and the mend.",
    ),
    errors=("not-found", "storage-failed"),
    since=NEW,
    example=(("VendorName", "MailServerName", "MailServerVersion", "vbs", "cscript", "//nologo"), ()),
)

#: Read operations beside the guide's: no program, a hook each, optional for a backend.
SDK_OPERATIONS = (
    Operation(
        "resolve",
        "resolve_address",
        "EmailAddress",
        "sdk",
        (THE_ADDRESS,),
        "Says where a message to an address would go, and why.",
        output="Resolution",
        changes=False,
        since="0.1",
        example=(("u1@xyz.com",), ()),
    ),
    Operation(
        "show",
        "get_domain",
        "DomainRef",
        "sdk",
        DOMAIN_REF,
        "Shows all that a domain has.",
        output="DomainInfo",
        errors=ABSENT,
        changes=False,
        since="0.1",
        example=(("xyz.com",), ()),
    ),
    Operation(
        "domains",
        "list_domains",
        "Server",
        "sdk",
        (),
        "Lists the names of all domains.",
        output="lines",
        item=DOMAIN,
        changes=False,
        since="0.1",
    ),
    Operation(
        "users",
        "list_users",
        "DomainRef",
        "sdk",
        DOMAIN_REF,
        "Lists the users of a domain, without @.",
        output="lines",
        item=LOCAL_PART,
        errors=ABSENT,
        changes=False,
        since="0.1",
        example=(("xyz.com",), ()),
    ),
    Operation(
        "mailing-list",
        "get_mailing_list",
        "ListRef",
        "sdk",
        (THE_DOMAIN, THE_MLIST),
        "Shows a mailing list's members with their names.",
        output="MailingListInfo",
        errors=ABSENT,
        changes=False,
        since="0.1",
        example=(("xyz.com", "news"), ()),
    ),
    Operation(
        "password-hash",
        "get_password_hash",
        "UserRef",
        "sdk",
        USER_REF,
        "Prints the hash of a user's password as {SCHEME}hash, to be moved elsewhere.",
        output="text",
        errors=ABSENT,
        changes=False,
        since="0.1",
        example=(("xyz.com", "u1"), ()),
    ),
    Operation(
        "password-schemes",
        "list_password_schemes",
        "Server",
        "sdk",
        (),
        "Lists the schemes of hashes that may be given as {SCHEME}hash in place of a password.",
        output="lines",
        item=LINE,
        changes=False,
        since="0.1",
    ),
)

#: The guide's 52 backend commands, in its order.
COMMANDS = DOMAIN_OPERATIONS + USER_OPERATIONS
#: Every operation that a backend can have a hook for.
OPERATIONS = COMMANDS + SDK_OPERATIONS

_BY_NAME = {
    name.lower(): operation
    for operation in (*OPERATIONS, REGISTER)
    for name in (operation.command, *operation.other_names)
}


def find(name: str) -> Operation:
    """The operation with this name, in any case, with or without `.exe`.

    Raises:
        UsageError: there is none.
    """
    operation = _BY_NAME.get(name.lower().removesuffix(".exe"))
    if operation is None:
        raise UsageError(f"{shown(name)} is not a command; `mailaddon commands` lists them all")
    return operation
