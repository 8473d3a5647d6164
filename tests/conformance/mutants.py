"""Deliberately broken add-ons: the shell sample with one mutation each, and the case that must catch it.

A mutation replaces a text that is in the sample exactly once.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from addon_sets import ADDONS

from mailaddon.conformance import AddonPrograms
from mailaddon.operations import COMMANDS
from mailaddon.registrations import Registration

SAMPLES = {"shell": ("addon.sh", "sh", "-u"), "perl": ("addon.pl", "perl", "-w")}


class Mutant(NamedTuple):
    """One mutation.

    Attributes:
        fault: what the add-on does wrong.
        old: the text that goes.
        new: what comes in its place.
        case: the name of the case that must fail.
    """

    fault: str
    old: str
    new: str
    case: str


def m(fault: str, case: str, old: str, new: str) -> Mutant:
    """A mutation, the case before the texts."""
    return Mutant(fault, old, new, case)


def _stale(command: str) -> str:
    """In place of the lock: reads all state, then waits for the lock, and writes what it has read."""
    return (
        f"case $command in\n{command})\n"
        '    cp -R "$home/db" "$home/db.$$"\n    sleep 0.2\n    flock 9\n'
        '    rm -rf "$home/db"\n    mv "$home/db.$$" "$home/db"\n    ;;\n'
        "*) flock 9 ;;\nesac\n"
    )


MUTANTS = (
    m("loses updates in parallel", "parallel/EAddForward/none-lost", "flock 9\n", _stale("EAddForward")),
    m("lets several win at the same time", "parallel/EAddUserAlias/one-wins", "flock 9\n", _stale("EAddUserAlias")),
    m("adds users beyond the limit in parallel", "parallel/limit", "flock 9\n", _stale("EAddUser")),
    m(
        "exits 0 on failure",
        "basic/EAddDomain/repeated",
        '    printf \'%s: %s [%s]\\n\' "$command" "$2" "$1" >&2\n    exit 1\n}\n\n# Files',
        '    printf \'%s: %s [%s]\\n\' "$command" "$2" "$1" >&2\n    exit 0\n}\n\n# Files',
    ),
    m(
        "prints the error into the list",
        "forwards/EGetForwardList/absent-user",
        '"$command" "$2" "$1" >&2\n    exit 1\n}\n\n# Files',
        '"$command" "$2" "$1"\n    exit 1\n}\n\n# Files',
    ),
    m(
        "refuses without a word",
        "basic/EAddUser/repeated",
        '    bring_back\n    printf \'%s: %s [%s]\\n\' "$command" "$2" "$1" >&2\n',
        "    bring_back\n",
    ),
    m(
        "ends with another status than 1",
        "basic/EAddDomain/IpAddress/refused",
        "    exit 1\n}\n\nnot_a()",
        "    exit 3\n}\n\nnot_a()",
    ),
    m("says that it has succeeded", "basic/EAddUser/succeeds", "\nexit 0\n", "\necho done\nexit 0\n"),
    m("takes any number of arguments", "basic/EAddUser/counts", "if [ $# != $count ]; then", "if false; then"),
    m(
        "minds the case of names",
        "basic/EAddUser/upper-case",
        "case $1 in *[A-Z]*) fitting=",
        "case $1 in '') fitting=",
    ),
    m(
        "accepts ../ as a name",
        "basic/EAddUser/UserName/refused",
        "'' | .* | *. | *..* | *[!a-z0-9._-]*) not_a",
        "'') not_a",
    ),
    m("accepts any flag", "basic/EAddDomain/flags/refused", "flag) case $2 in 0 | 1)", "flag) case $2 in *)"),
    m(
        "accepts any IP address",
        "basic/EAddDomain/IpAddress/refused",
        "is_ip() { # TEXT\n",
        "is_ip() {\n    return 0\n",
    ),
    m(
        "accepts an empty password",
        "basic/a-password-is-kept-or-replaced",
        'if [ -z "$2" ] && [ "$1" = password ]; then',
        "if false; then",
    ),
    m(
        "keeps the password in a file",
        "secrets/no-password-is-kept",
        'insert_user "$1" "$2" "$4" "$5"',
        'put "$d/password" "$3"\n        insert_user "$1" "$2" "$4" "$5"',
    ),
    m(
        "shows a password in a refusal",
        "secrets/no-refusal-shows-a-password",
        '*password) unfit invalid-argument "a password is $2" ;;',
        "*password) unfit invalid-argument \"'$value': a password is $2\" ;;",
    ),
    m(
        "lets the owner be deleted",
        "basic/the-owner-stays",
        'if [ "$(get "$d/owner")" = "$2" ]; then',
        "if false; then",
    ),
    m("does not mind the limit", "basic/a-limit-holds", '[ "$(count_users "$1")" -ge "$most" ]', "false"),
    m("allows a user more than the limit", "basic/a-limit-holds", '-ge "$most" ]', '-gt "$most" ]'),
    m(
        "forgets the owner when it counts",
        "basic/a-limit-is-raised-and-lowered",
        'count=$(count_users "$1")',
        "count=1",
    ),
    m(
        "edits a domain and keeps its limit",
        "basic/a-limit-is-raised-and-lowered",
        '        put "$d/most" "$2"\n',
        "",
    ),
    m(
        "deletes the domains below a domain too",
        "basic/deleting-a-domain-leaves-the-others",
        "        forget \"$1\" 1 ''\n",
        '        forget "$1" 1 \'\'\n        for file in domains/*."$1"; do drop "$file"; done\n',
    ),
    m(
        "deletes the users of this name everywhere",
        "basic/users-of-two-domains-have-nothing-in-common",
        'for name in $gone; do delete_name "$name"; done',
        'for name in $gone; do for file in domains/*/names/"$name"; do drop "$file"; done; done',
    ),
    m(
        "adds a user over an existing one",
        "basic/EAddUser/repeated",
        '        check_free "$1" "$2" user\n',
        "",
    ),
    m(
        "deletes what does not exist",
        "basic/EDeleteUser/repeated",
        '    if [ "$kind" != "$1" ]; then\n',
        '    if [ "$kind" != "$1" ]; then\n        case $command in EDeleteUser) exit 0 ;; esac\n',
    ),
    m(
        "forgets aliases on delete",
        "aliases/aliases-go-with-their-user",
        "gone=\"$2 $(aliases_of \"$2\" | tr '\\n' ' ')\"",
        'gone="$2 "',
    ),
    m(
        "gives an alias the name of a user",
        "aliases/an-alias-of-a-users-name",
        'check_free "$1" "$3" alias',
        'if [ -e "$d/names/$3/user" ]; then check_free "$1" "$3" alias; fi',
    ),
    m(
        "gives a user the name of an alias",
        "aliases/alias-then-user-of-that-name",
        'check_free "$1" "$2" user',
        'if [ ! -e "$d/names/$2/user" ]; then check_free "$1" "$2" user; fi',
    ),
    m(
        "deletes another user's alias",
        "aliases/an-alias-belongs-to-one-user",
        '|| [ "$(get "$d/names/$3/user")" != "$2" ]',
        "",
    ),
    m(
        "lists aliases in another order",
        "aliases/aliases-are-listed-sorted",
        'aliases_of "$2" | sort',
        'aliases_of "$2" | sort -r',
    ),
    m(
        "lists the user among its aliases",
        "aliases/an-alias-belongs-to-one-user",
        'aliases_of "$2" | sort',
        '{ echo "$2"; aliases_of "$2"; } | sort',
    ),
    m(
        "hides the aliases when they are switched off",
        "aliases/switched-off",
        '        aliases_of "$2" | sort',
        '        check_feature user_aliases "$1"\n        aliases_of "$2" | sort',
    ),
    m(
        "does not mind what is switched off",
        "aliases/switched-off",
        'if [ "$(get "$d/$1")" = 0 ]; then refuse',
        "if false; then refuse",
    ),
    m(
        "does not mind what is switched off for a user",
        "forwards/switched-off-for-the-user",
        'if [ $# = 3 ] && [ "$(get "$d/names/$3/$1")" = 0 ]; then',
        "if false; then",
    ),
    m(
        "prints a word for no forwards",
        "forwards/forwards-go-with-their-user",
        'show "$n/forward"',
        'show "$n/forward"\n        [ "$(ls "$n/forward")" ] || echo none',
    ),
    m(
        "lets a user forward to itself",
        "forwards/a-forward-to-oneself",
        'if [ "$target" = "$2@$1" ]; then refuse forward-loop "UserForward',
        'if false; then refuse forward-loop "UserForward',
    ),
    m(
        "adds a forward twice",
        "forwards/EAddForward/repeated",
        'if [ -e "$n/forward/$encoded" ]; then',
        "if false; then",
    ),
    m(
        "deletes a forward that is not there",
        "forwards/EDeleteForward/repeated",
        'if [ ! -e "$n/forward/$encoded" ]; then',
        "if false; then",
    ),
    m(
        "deletes all forwards at once",
        "forwards/deleting-a-forward-leaves-the-others",
        'drop "$n/forward/$encoded"',
        'for file in "$n"/forward/*; do drop "$file"; done',
    ),
    m(
        "forgets forwards when the user is edited",
        "forwards/forwards-stay-when-their-user-is-edited",
        '        user_fields "$1" "$2" "$4"',
        '        for file in "$n"/forward/*; do drop "$file"; done\n        user_fields "$1" "$2" "$4"',
    ),
    m(
        "ends a message with a line end",
        "autoresponders/an-autoresponder-is-printed-byte-for-byte",
        'get "$n/message"',
        'get "$n/message"\n            echo',
    ),
    m(
        "keeps the first autoresponder",
        "autoresponders/an-autoresponder-replaces-the-earlier-one",
        'put "$n/message" "$4"',
        '[ -e "$n/message" ] || put "$n/message" "$4"',
    ),
    m("keeps a deleted autoresponder", "autoresponders/a-deleted-autoresponder-is-gone", 'drop "$n/subject"', ":"),
    m(
        "interprets a message",
        "autoresponders/ESetAutoResponder/Message/literal",
        'put "$n/message" "$4"',
        'put "$n/message" "$(printf "%b." "$4" | sed "s/\\.\\$//")"',
    ),
    m(
        "refuses to delete an autoresponder that is not there",
        "autoresponders/EDeleteAutoResponder/repeated",
        'drop "$n/subject"',
        '[ -e "$n/subject" ] || refuse not-found "no autoresponder"\n        drop "$n/subject"',
    ),
    m(
        "resumes users with their domain",
        "suspension/resuming-a-domain-resumes-no-user",
        'put "$d/suspended" 0 ;;',
        'put "$d/suspended" 0; for file in "$d"/names/*/suspended; do put "$file" 0; done ;;',
    ),
    m(
        "does not suspend",
        "suspension/suspending-is-kept",
        'case $command in ESuspend*) put "$n/suspended" 1 ;;',
        "case $command in ESuspend*) ;;",
    ),
    m(
        "refuses to suspend twice",
        "suspension/ESuspendUser/repeated",
        'case $command in ESuspend*) put "$n/suspended" 1 ;;',
        'case $command in ESuspend*) [ "$(get "$n/suspended")" = 0 ] || refuse conflict suspended\n'
        '        put "$n/suspended" 1 ;;',
    ),
    m(
        "refuses to delete a suspended domain",
        "suspension/a-suspended-domain-is-deleted",
        '        remove "$(get "$d/storage")"\n',
        '        [ "$(get "$d/suspended")" = 0 ] || refuse conflict suspended\n        remove "$(get "$d/storage")"\n',
    ),
    m(
        "keeps deleted users on lists",
        "distribution-lists/a-deleted-user-leaves",
        'forget "$1" 1 " $gone "',
        'forget "$1" 0 " $gone "',
    ),
    m(
        "keeps a deleted domain's users on lists",
        "mailing-lists/a-deleted-domains-users-leave",
        "forget \"$1\" 1 ''",
        "forget \"$1\" 0 ''",
    ),
    m(
        "gives a list the name of a user",
        "distribution-lists/a-list-of-a-users-name",
        '        check_free "$1" "$2" "$list"\n',
        "",
    ),
    m(
        "deletes a list of the other kind",
        "mailing-lists/a-list-of-the-other-kind",
        '        entry "$list" "$1" "$2"\n        delete_name "$2"',
        '        domain "$1"\n        delete_name "$2"',
    ),
    m(
        "takes the member's name for its address",
        "mailing-lists/members-are-listed-sorted",
        'set -- "$1" "$2" "$4"',
        'set -- "$1" "$2" "$3"',
    ),
    m(
        "adds a member twice",
        "distribution-lists/a-member-twice",
        'if [ -e "$n/member/$encoded" ]; then',
        "if false; then",
    ),
    m(
        "prints a heading",
        "distribution-lists/lists-are-listed-sorted",
        'names_of_kind "$list" | sort',
        'echo LISTS\n        names_of_kind "$list" | sort',
    ),
    m(
        "shadows a list by the catch-all",
        "catch-all/a-catch-all-beside-a-list",
        '        put "$d/catch_all" "$2"\n',
        '        put "$d/catch_all" "$2"\n        for file in "$d"/names/*/member; do drop "${file%/member}"; done\n',
    ),
    m(
        "makes no catch-all with a domain",
        "catch-all/the-owner-is-the-first-catch-all",
        'put "$d/catch_all" "$5@$1"',
        "put \"$d/catch_all\" ''",
    ),
    m(
        "keeps a catch-all whose user is gone",
        "catch-all/a-deleted-user-clears-the-catch-all",
        "then put \"$file\" ''; fi",
        "then :; fi",
    ),
    m(
        "takes a catch-all that does not exist",
        "catch-all/a-catch-all-that-does-not-exist",
        'if [ -n "$2" ] && ! found_at "$2" && [ -n "$owner" ]; then',
        "if false; then",
    ),
    m(
        "does not clear the catch-all",
        "catch-all/a-catch-all-replaces-the-earlier-one",
        '        put "$d/catch_all" "$2"\n',
        '        [ -z "$2" ] || put "$d/catch_all" "$2"\n',
    ),
    m(
        "adds a domain over an alias",
        "domain-aliases/alias-then-domain-of-that-name",
        'check_name_free "$1"',
        'if [ -d "domains/$1" ]; then check_name_free "$1"; fi',
    ),
    m(
        "deletes a domain alias that is not there",
        "domain-aliases/EDeleteDomainAlias/repeated",
        'if [ ! -e "$d/aliases/$2" ]; then',
        "if false; then",
    ),
    m(
        "minds the case of a filter's type",
        "filters/a-filters-type-in-any-case",
        'fitting=$(printf %s "$2" | tr a-z A-Z)',
        "fitting=$2",
    ),
    m(
        "deletes filters that end alike",
        "filters/deleting-a-filter-leaves-the-others",
        'drop "$d/filters/$encoded"',
        'for file in "$d"/filters/*"$encoded"; do drop "$file"; done',
    ),
    m(
        "cuts a list off",
        "filters/filters-of-all-types-are-listed",
        'show "$d/filters"',
        'show "$d/filters" | head -n 3',
    ),
    m("moves a server that has moved", "server/the-server-moves", '&& [ "$present" != "$3 $4" ]; then', "; then"),
    m(
        "leaves a deleted user's mail",
        "leftovers/a-deleted-user-leaves-no-folder",
        '        remove "$(get "$d/storage")/$2"\n',
        "",
    ),
    m(
        "leaves a deleted domain's mail",
        "leftovers/a-deleted-domain-leaves-no-file",
        '        remove "$(get "$d/storage")"\n',
        "",
    ),
    m(
        "leaves a process behind",
        "leftovers/no-process-is-left",
        "\nexit 0\n",
        "\nsleep 30 >/dev/null 2>&1 9>&- &\nexit 0\n",
    ),
    m(
        "adds half a domain when it is killed",
        "faults/EAddDomain",
        '        insert_user "$new_domain" "$new_owner"',
        '        kept=0\n        rm -rf "$undo"\n        mkdir "$undo"\n        sleep 0.3\n'
        '        insert_user "$new_domain" "$new_owner"',
    ),
)


def mutated(mutant: "Mutant | None") -> str:
    """The sample's text, with the mutation if there is one."""
    text = ADDONS.joinpath("addon.sh").read_text(encoding="utf-8")
    if mutant is None:
        return text
    assert text.count(mutant.old) == 1, (mutant.fault, text.count(mutant.old))
    return text.replace(mutant.old, mutant.new)


@contextmanager
def target(kind: str = "shell", mutant: "Mutant | None" = None) -> Iterator[AddonPrograms]:
    """A sample add-on, perhaps broken, with a state of its own."""
    program, interpreter, parameters = SAMPLES[kind]
    with tempfile.TemporaryDirectory(prefix="mailaddon-mutant-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        for part in ("programs", "state", "mail"):
            folder.joinpath(part).mkdir()
        source = folder / program
        source.write_text(mutated(mutant) if kind == "shell" else ADDONS.joinpath(program).read_text("utf-8"), "utf-8")
        for operation in COMMANDS:
            if not operation.request.endswith("Transfer"):
                folder.joinpath("programs", operation.command + source.suffix).symlink_to(source)
        addon = Registration(
            vendor="Acme",
            server=kind,
            version="1",
            extension=source.suffix.removeprefix("."),
            interpreter=interpreter,
            interpreter_parameters=parameters,
            compliant_3x=False,
            directory=str(folder / "programs"),
        )
        environment = {"ADDON_STATE": str(folder / "state")}
        yield AddonPrograms(addon, folder / "mail", environment=environment, watched=[folder / "state"])
