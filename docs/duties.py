"""What each hook must do and may do, from the operation table: for the commands' pages and the contract's.

The words MUST, MUST NOT and MAY are used as in RFC 2119.
"""

from mailaddon.operations.model import Operation

RETURNS = {
    "none": "`None` or a `Change`",
    "lines": "an iterable of texts, in any order",
    "text": "a text",
    "autoresponder": "an `AutoResponder`, or `None` where there is none",
}
HEADS = ("Hook", "Returns", "Repeated with the same request", "Refuses with", "Where it is missing")


def row(operation: Operation) -> tuple[str, ...]:
    """A hook's row in the contract's table."""
    return (
        f"[`{operation.hook}`](commands/{operation.command}.md)",
        RETURNS[operation.output],
        repeated(operation),
        ", ".join(f"`{code}`" for code in operation.errors),
        missing(operation),
    )


def duties(operation: Operation) -> list[str]:
    """A hook's duties, one sentence each."""
    found = [f"MUST return {RETURNS[operation.output]}."]
    if operation.changes:
        found += [
            "MUST happen whole or not at all, also when the process is killed at any instant.",
            "MUST keep what other processes change at the same time.",
        ]
    else:
        found.append("MUST change nothing that another command shows.")
    if operation.output == "lines":
        found.append("MUST return all items or raise; a part of a list is worse than none.")
    found.append(f"Repeated with the same request, it {_must(repeated(operation))}.")
    if operation.errors:
        codes = ", ".join(f"`{code}`" for code in operation.errors)
        found.append(f"MUST refuse before it changes anything, with one of {codes} as they apply, or a vendor's own.")
    if any(parameter.kind.secret for parameter in operation.parameters):
        found.append("MUST NOT show the password: in no message, log, file or list; it is kept as a hash only.")
    found += ["MUST NOT print.", f"MAY be missing: the command then {missing(operation)}."]
    return found


def _must(text: str) -> str:
    """A rule about repetition as a duty."""
    verb, _, rest = text.partition(" ")
    return {"succeeds": "MUST succeed", "answers": "MUST answer", "refused": "MUST be refused"}[verb] + f" {rest}"


def repeated(operation: Operation) -> str:
    """What comes of the same call once more, once it has succeeded."""
    command = operation.command
    if command.startswith("EGet"):
        return "answers the same"
    if command.startswith("EAdd"):
        return "refused with `already-exists`"
    if command.startswith("EDelete") and "not-found" in operation.errors and command != "EDeleteAutoResponder":
        return "refused with `not-found`"
    return "succeeds again, with nothing more to show for it"


def missing(operation: Operation) -> str:
    """What a command does where its hook is missing."""
    return "succeeds without doing anything" if operation.placeholder else "fails with `not-supported`"
