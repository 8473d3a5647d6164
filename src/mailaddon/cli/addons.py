"""`mailaddon addons`: the add-ons that RegisterMailAddon registered.

JSON of `list`: `{"version": 1, "registrations": [{"vendor", "server", "version", "extension", "interpreter",
"interpreter_parameters", "compliant_3x", "directory", "active", "registered"}, …]}`. JSON of `show`: `{"version": 1,
"registration": {as above}, "parameters": […], "missing": […]}`: the interpreter's parameters one by one, and the file
names of the programs that are not in the directory.
"""

import click

from .. import home, registrations
from ..registrations import Registration, missing_programs
from ..values import decode
from ._output import json_option, paint, plain, table, write, write_json

_SHOWN_MISSING = 5


@click.group(no_args_is_help=True)
def addons() -> None:
    """List, show, activate and remove registered add-ons.

    An add-on is named VENDOR/SERVER/VERSION, in any case. RegisterMailAddon registers one.
    """


@addons.command("list")
@json_option
def list_addons(*, as_json: bool) -> None:
    """List the registered add-ons; an asterisk marks the active one."""
    found = registrations.load(home.locate())
    if as_json:
        write_json({"registrations": plain(found)})
    elif found:
        write(table(("", "NAME", "PROGRAMS", "3.X", "DIRECTORY"), map(_row, found)))
    else:
        write("no add-on is registered\n")


@addons.command()
@click.argument("name")
@json_option
def show(name: str, *, as_json: bool) -> None:
    """Show the add-on NAME."""
    found = registrations.find(registrations.load(home.locate()), _name(name))
    parameters, absent = registrations.split_parameters(found.interpreter_parameters), missing_programs(found)
    if as_json:
        write_json({"registration": plain(found), "parameters": parameters, "missing": absent})
    else:
        write(_text(found, parameters, absent))


@addons.command()
@click.argument("name")
def activate(name: str) -> None:
    """Make the add-on NAME the active one."""
    activated(name)


def activated(name: str) -> Registration:
    """Make an add-on the active one, and say so."""
    found = registrations.activate(home.locate(), _name(name))
    write(f"{found.name} is active\n")
    return found


@addons.command()
@click.argument("name")
def remove(name: str) -> None:
    """Forget the add-on NAME; its programs are left alone."""
    found = registrations.remove(home.locate(), _name(name))
    write(f"{found.name} is removed{'; no add-on is active now' if found.active else ''}\n")


def _name(argument: str) -> str:
    return decode(argument)


def _row(one: Registration) -> tuple[str, ...]:
    return "*" if one.active else "", one.name, _call(one), "yes" if one.compliant_3x else "no", one.directory


def _call(one: Registration) -> str:
    program = f"*.{one.extension}" if one.extension else "*"
    return " ".join(filter(None, (one.interpreter, one.interpreter_parameters, program)))


def _text(one: Registration, parameters: list[str], absent: list[str]) -> str:
    some = ", ".join(absent[:_SHOWN_MISSING]) + (", …" if len(absent) > _SHOWN_MISSING else "")
    return "".join(
        f"{label:12} {value}\n"
        for label, value in (
            ("vendor", one.vendor),
            ("server", one.server),
            ("version", one.version),
            ("active", "yes" if one.active else "no"),
            ("programs", _call(one)),
            ("parameters", " | ".join(parameters) or "none"),
            ("for 3.X", "yes" if one.compliant_3x else "no"),
            ("directory", one.directory),
            ("registered", one.registered),
            ("missing", paint(f"{len(absent)}: {some}", "yellow") if absent else "none"),
        )
    )
