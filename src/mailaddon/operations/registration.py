"""RegisterMailAddon, the one command of the guide that no backend has a part in."""

from .model import COMPLIANCE, EXTENSION, LINE, NULLABLE_LINE, Operation
from .parameters import NEW, P

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
