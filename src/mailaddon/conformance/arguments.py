"""Arguments for every command, out of the operation table: such that succeed, and such that have to be refused."""

from collections.abc import Sequence

from ..errors import InvalidArgument
from ..operations import COMMANDS, find
from ..operations.model import Operation, Parameter
from .case import GROUP_OF, MANDATORY
from .kit import OWNER, Kit

USER, NEW_USER, LIST = "u1", "u2", "team"
#: Field -> a value that suits every command that has it, where its kind alone does not say so.
_VALUES = {"owner": OWNER, "user": USER, "name": LIST, "alias": "a11", "type": "EMAIL"}
_OUTSIDE = "ann@example.org"

_RIGHT_TO_LEFT = "\u202egro.elpmaxe"
#: Kind -> what is tried as an argument of it; what the kind accepts of these is left out.
TRIED: dict[str, tuple[str, ...]] = {
    "domain": (
        *("", "xyz", "a..example", "-a.example", "a b.example", "../x.example", "a/b.example", "x.example\ny.example"),
        *("x" * 64 + ".example", "a_b.example", "192.0.2.1", "*.example", "'x.example", _RIGHT_TO_LEFT, "-x"),
    ),
    "fqdn": ("", "a b.example", "-a.example", "a..example", "a/b.example", "x.example\ny.example"),
    "localpart": (
        *("", ".a", "a.", "a..b", "a b", "../x", "a/b", "a@b", "a\nb", "\u00fc", "x" * 65, "a+b", "*", "a'b", 'a"b'),
        *("$(id)", _RIGHT_TO_LEFT, ".."),
    ),
    "email": (
        *("", "u1", "@example.org", "u1@", "a b@example.org", "u1@-x.example", ".u@example.org", "a@b@example.org"),
        *("u\n1@example.org", "u1@example.org\nu2@example.org", "x" * 65 + "@example.org", "u1@a..b", "../x"),
    ),
    "ip": ("", "192.0.2", "300.1.1.1", "192.0.2.1/24", "localhost", "192.0.2.1\n", "::g", "192.0.2.1 192.0.2.2"),
    "path": ("", "relative", "/", "/srv/../etc", "/srv/a\nb"),
    "int": ("", "0", "-2", "x", "1.0", "1 2", "--"),
    "flag01": ("", "2", "true", "-1", "10"),
    "password": ("", "x" * 1025),
    "text": ("a\nb", "x" * 1000, "a\rb"),
    "enum": ("", "MAIL", "IPV4", "EMAIL IP"),
    "address|domain|ip": ("", "a b", "@", "300.1.1.1", "a@", "a b@example.org", "x.example\ny.example", "../x"),
}
TRIED["username"] = TRIED["localpart"]
#: Kind -> what must be taken literally, whatever a shell or an options parser would make of it.
LITERAL: dict[str, tuple[str, ...]] = {
    "username": ("-x", "u_1", "u.1", "x" * 64, "0"),
    "localpart": ("-y", "a_1", "a.1", "y" * 64, "7"),
    "email": ("o'neil@example.org", "a+b@example.org", "a%b@example.org", "-x@example.org", '"a b"@example.org'),
    "password": ("--help", "--version", "-1", " ", "'\"$(id)\\", "p\u00e4ssw\u00f6rd", "a\nb", "x" * 1024),
    "text": ("", "-x", "--help", "\u00d8. 'q\" $HOME `id` \\n %s", "\u65e5\u672c"),
    "multiline": ("", "-n", "--", "two\nlines\n", "\n", "a\\nb %s $HOME", "\u65e5\u672c \U0001f3d6"),
}


def refused_values(parameter: Parameter) -> list[str]:
    """What a parameter has to refuse."""
    return [text for text in TRIED.get(parameter.kind.key, ()) if not accepted(parameter, text)]


def literal_values(parameter: Parameter) -> list[str]:
    """What a parameter has to take as it is."""
    return [text for text in LITERAL.get(parameter.kind.key, ()) if accepted(parameter, text)]


def accepted(parameter: Parameter, text: str) -> bool:
    """Whether a text is what a parameter accepts."""
    try:
        parameter.parse(text)
    except InvalidArgument:
        return False
    return True


def lists_of(group: str) -> list[str]:
    """The commands that tell what there is of a group, by domain, user or list."""
    found = [
        operation.command
        for operation in COMMANDS
        if operation.output in {"lines", "autoresponder"} and GROUP_OF[operation.command] == group
    ]
    return found or ["EGetCatchallUser"]


def prepared(kit: Kit, operation: Operation) -> list[str]:
    """Make a domain in which a command succeeds; its arguments.

    Raises:
        Broken: the preparation is refused.
        Lacking: it needs a command that is not there.
    """
    if operation.command == "EAddDomain":
        return kit.domain_arguments(kit.new_name())
    if not operation.parameters or operation.parameters[0].field != "domain":
        return [_value(kit, operation, parameter, "") for parameter in operation.parameters]
    domain = kit.domain(USER) if any(one.field == "user" for one in operation.parameters) else kit.domain()
    arguments = [_value(kit, operation, parameter, domain) for parameter in operation.parameters]
    for command, given in before(operation, arguments):
        kit.ok(command, *given)
    return arguments


def before(operation: Operation, arguments: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The calls without which a command would be refused."""
    command, given = operation.command, list(arguments)
    if operation.request.endswith("Transfer"):
        scope = "Domain" if operation.scope == "domain" else "User"
        steps = [f"EPreExport{scope}", f"EPostExport{scope}", f"EPreImport{scope}", f"EPostImport{scope}"]
        return [(step, given) for step in steps[: steps.index(command)]]
    calls: list[tuple[str, list[str]]] = []
    kind = next((kind for kind in ("DistributionList", "MailingList") if kind in command), "")
    if kind and any(one.field == "name" for one in operation.parameters) and command != f"EAdd{kind}":
        calls.append((f"EAdd{kind}", given[:2]))
    if command.startswith("EDelete") and GROUP_OF[command] not in {MANDATORY, "autoresponders"}:
        if command == "EDeleteSpamFilter":
            calls.append(("EAddSpamFilter", [*given, "EMAIL"]))
        elif command == "EDeleteMailingListMember":
            calls.append(("EAddMailingListMember", [*given[:2], "Ann Lee", given[2]]))
        elif command != f"EDelete{kind}":
            calls.append((command.replace("EDelete", "EAdd", 1), given))
    return calls


def _value(kit: Kit, operation: Operation, parameter: Parameter, domain: str) -> str:
    field = parameter.field
    known = {
        "domain": domain,
        "address": f"{OWNER}@{domain}" if operation.command == "ESetCatchallUser" else _OUTSIDE,
        "mailbox_directory": str(kit.target.mail),
        "location": kit.location() if field == "location" else "",
        "ip_address": "192.0.2.10",
    }
    if field == "user" and operation.command == "EAddUser":
        return NEW_USER
    if field == "alias" and parameter.kind.key == "domain":
        return f"alias-{domain}"
    if parameter.kind.secret:
        return kit.password
    return known.get(field) or _VALUES.get(field) or parameter.kind.example


def is_there(kit: Kit, operation: Operation, arguments: Sequence[str]) -> bool:
    """Whether what a command adds or deletes is there.

    Raises:
        Lacking: nothing tells.
    """
    command = operation.command
    if command in {"EAddDomain", "EDeleteDomain"}:
        return kit.domain_exists(arguments[0])
    if command in {"EAddUser", "EDeleteUser"}:
        return kit.user_exists(arguments[0], arguments[1])
    listing = command.replace("EAdd", "EGet", 1).replace("EDelete", "EGet", 1) + "List"
    last = 1 if "SpamFilter" in command else len(arguments) - 1
    given = list(arguments[: 1 if last == 1 else 2])
    return arguments[last] in kit.lines(find(listing).command, *given)
