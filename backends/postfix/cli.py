"""`mailaddon host`: making, running and trying out a mail host."""

import contextlib
import os
import socket
import sys
from typing import TYPE_CHECKING, Any

import click

from mailaddon import home, settings
from mailaddon.errors import NotConfigured, NotFound, StorageFailed, Unavailable, UsageError

from . import PostfixBackend, agent, databases, layout, root, services
from .layout import Instance

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.group("host")
def group() -> None:
    """A real mail host: Postfix and Dovecot on the mail directory."""


def _configured() -> "tuple[str, dict[str, object]]":
    """Where the directory is, and the options of this backend."""
    loaded = settings.load(home.locate())
    return loaded["directory"], dict(loaded.backends.get("postfix", {}))


def _instance() -> Instance:
    directory, options = _configured()
    return Instance(options, directory)


@contextlib.contextmanager
def _backend() -> "Iterator[PostfixBackend]":
    """The backend in force, which has to be this one."""
    from mailaddon.service import Service

    with Service.open() as service:
        if not isinstance(service.backend.plugin, PostfixBackend):
            raise NotConfigured("the backend is not postfix")
        yield service.backend.plugin


@group.command()
@click.option(
    "--private", "root", type=click.Path(), help="A host in this folder, with ports of its own; a short path."
)
@click.option("--system", is_flag=True, help="The machine's own Postfix and Dovecot, with the standard ports.")
@click.option("--port-base", type=click.IntRange(1024, 61000), help="What a private host adds to the usual ports.")
@click.option("--hostname", help="What the host calls itself.")
@click.option("--relay", metavar="HOST:PORT", help="Takes mail to the outside.")
@click.option("--listen", multiple=True, metavar="ADDRESS", help="An address of the services; may be given again.")
@click.option("--user", help="The service user, who runs the commands instead of root.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Change a mail server that runs without asking.")
def init(*, root: str | None, system: bool, dry_run: bool, yes: bool, **given: Any) -> None:
    """Make a mail host, or bring one up to date; what is not said here is as in the settings."""
    from . import installing, service

    directory, _present = _configured()
    instance = Instance(_options(root, given, system=system), directory)
    said = {name for name, value in (*given.items(), ("root", root), ("system", system)) if value}
    service.check_options(instance, home.locate(), said)
    changes = list(installing.plan(instance, in_full=dry_run))
    click.echo("\n".join(changes) if changes else f"{instance.root} is as it has to be")
    if not dry_run:
        running = services.running(instance) if changes else []
        restart = bool(running) and installing.takes_a_restart(instance)
        if running and not yes:
            _ask(f"{_named(instance, running)}. Change the configuration and {'restart' if restart else 'reload'} it?")
        with services.Paused(instance) if restart else contextlib.nullcontext():
            installing.install(instance, running)
        if running and not restart:
            services.reload(instance)
            services.reload_dovecot(instance)
    _settle_settings(instance, dry_run=dry_run)
    if not dry_run:
        service.give_home(instance, home.locate())


def _options(root: str | None, given: "dict[str, Any]", *, system: bool) -> "dict[str, object]":
    """The options of the host: the given ones, and those of the settings."""
    _directory, options = _configured()
    if root and system:
        raise UsageError("--private and --system exclude each other")
    if system and not options.get("system"):
        options = {name: value for name, value in options.items() if name not in {"root", "port_base", "listen"}}
        options["system"] = True
        if not given["hostname"] and not options.setdefault("hostname", _full_name()):
            raise UsageError("this machine has no name with a domain; --hostname gives the host one")
    if root:
        options |= {"system": False, "root": os.path.abspath(root)}
    if not options.get("root") and not options.get("system"):
        raise UsageError("--private FOLDER or --system is needed, as the settings name no host")
    return options | {name: list(value) if name == "listen" else value for name, value in given.items() if value}


def _full_name() -> str:
    name = socket.getfqdn()
    return name if "." in name and not name.startswith("localhost") else ""


def _named(instance: Instance, running: "list[str]") -> str:
    waiting = services.waiting(instance)
    queue = f", and {waiting} {'message waits' if waiting == 1 else 'messages wait'} in the queue" if waiting else ""
    whose = "this machine" if instance.system else instance.root
    return f"{' and '.join(name.capitalize() for name in running)} of {whose} run{queue}"


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise Unavailable(f"{question} There is nobody to ask; --yes says so")
    click.confirm(question, abort=True)


def _settle_settings(instance: Instance, *, dry_run: bool) -> None:
    from . import installing

    path = os.path.join(home.locate(), settings.FILE)
    text = installing.settings_text(instance)
    if not os.path.exists(path):
        click.echo(f"{path}:\n{text}")
        if not dry_run:
            home.ensure(home.locate())
            home.replace_file(path, text.encode())
        return
    loaded = settings.load(home.locate())
    agrees = loaded["backend"] == "postfix" and loaded["directory"] == instance.directory
    try:
        agrees &= vars(Instance(loaded.backends.get("postfix", {}), loaded["directory"])) == vars(instance)
    except NotConfigured:
        agrees = False
    if not agrees:
        click.echo(f"{path} exists and is left alone; for the commands to work on this host it has to say:\n{text}")


@group.command()
@click.option("--yes", is_flag=True, help="Stop a mail server that runs without asking.")
def restore(*, yes: bool) -> None:
    """Put back what `host init` has replaced outside the host's own folder; the mail and the directory stay."""
    from . import keeping, units

    instance = _instance()
    if not keeping.in_force(instance):
        raise NotFound(f"nothing has been replaced by the host in {instance.root}")
    running = services.running(instance)
    if running and not yes:
        _ask(f"{_named(instance, running)}. Stop it and put back what was here before?")
    before = keeping.running_before(instance)
    services.systemctl(instance, "disable", "--now", *units.switched_on(instance))
    agent.stop(instance)
    with services.Exclusively(instance):
        services.stop(instance)
        done = keeping.put_back(instance)
        services.systemctl(instance)
        for name in before if running else []:
            services.launch(instance, name)
    click.echo("\n".join(done))


@group.command()
def start() -> None:
    """Start Postfix and Dovecot."""
    instance = _instance()
    root.do(instance, "start")
    agent.start(instance, home.locate())
    _say_status(instance)


@group.command()
def stop() -> None:
    """Stop Postfix and Dovecot."""
    instance = _instance()
    agent.stop(instance)
    root.do(instance, "stop")
    _say_status(instance)


@group.command()
def follow() -> None:
    """Stay beside a host whose directory is in PostgreSQL, and do what commands cannot; `start` starts it."""
    with _backend() as backend:
        try:
            backend.follow()
        except OSError as error:
            raise StorageFailed(f"{error.filename} cannot be used: {error.strerror}") from None


@group.command()
@click.argument("name")
def forget(name: str) -> None:
    """Strike out a host that shared the directory and is gone for good."""
    from .databases import forget as struck_out

    struck_out(_instance(), name)
    click.echo(f"{name} is forgotten")


@group.command()
def reload() -> None:
    """Have both read their configuration anew."""
    instance = _instance()
    root.do(instance, "reload-postfix")
    root.do(instance, "reload-dovecot")


@group.command()
def rebuild() -> None:
    """After a restore, make everything again that follows from the directory.

    Mailboxes that are missing (empty ones), the owner of all mail, automatic replies, mailing lists, addresses.
    """
    with _backend() as backend:
        domains, made = backend.rebuild()
    click.echo(f"{domains} domains rebuilt, {made} mailboxes made")


@group.command()
def status() -> None:
    """Say what runs, and where it listens; status 1 unless everything does."""
    sys.exit(0 if _say_status(_instance()) else 1)


def _say_status(instance: Instance) -> bool:
    running = True
    processes = dict(zip(("Postfix", "Dovecot"), services.processes(instance), strict=True))
    if instance.in_postgresql:
        processes["Agent"] = agent.pid(instance)
    for name, pid in processes.items():
        click.echo(f"{name:12} {f'runs, process {pid}' if pid else 'does not run'}")
        running &= bool(pid)
    for name, offset in layout.PORTS.items():
        silent = services.silent(instance, offset)
        for address in instance.addresses(offset):
            answer = "no answer" if address in silent else "answers"
            click.echo(f"{name:12} {address} port {instance.port(offset)}: {answer}")
    return running


@group.command()
@click.option("--lines", "count", type=click.IntRange(1), default=40, show_default=True)
def log(count: int) -> None:
    """Print the last lines of the logs."""
    instance = _instance()
    for name in ("postfix.log", "dovecot.log", "effects.log", agent.LOG):
        try:
            with open(instance.path("log", name), encoding="utf-8", errors="replace") as file:
                lines = file.readlines()[-count:]
        except FileNotFoundError:
            continue
        click.echo(f"{name}:\n{databases.shown(''.join(lines))}")


@group.command()
def check() -> None:
    """Look for what is wrong, and say the mend; status 1 if anything is."""
    from .checking import problems

    found = problems(_instance(), home.locate())
    for problem in found:
        click.echo(f"{problem.subject}: {problem.problem}\n  mend: {problem.mend}")
    if not found:
        click.echo("nothing is wrong")
    sys.exit(1 if any(problem.severe for problem in found) else 0)


@group.command()
def maintain() -> None:
    """Do what mailing lists need every two hours: drop members whose mail bounces, send digests, learn who left.

    The status is 1 if a list could not be maintained; the others are.
    """
    from mailaddon.directory.outbox import Outbox
    from mailaddon.directory.store import open_directory

    from .effects import perform
    from .maintenance import maintain as maintained

    instance = _instance()
    directory = open_directory(home.locate(), settings.load(home.locate()).values)
    outbox = Outbox(directory, instance.path("run", "effects.lock"), lambda one: perform(instance, directory, one))
    failed = False
    try:
        for address, text, well in maintained(instance, directory, outbox):
            click.echo(f"{address}: {text}", err=not well)
            failed |= not well
    finally:
        directory.close()
    sys.exit(1 if failed else 0)


@group.command()
@click.argument("recipients", nargs=-1, required=True)
@click.option("--from", "sender", default="someone@outside.example", show_default=True)
@click.option("--subject", default="A message from mailaddon host send", show_default=True)
@click.option("--text", default="It arrived.", show_default=True)
def send(recipients: tuple[str, ...], sender: str, subject: str, text: str) -> None:
    """Hand a message to the host by SMTP, as a stranger would."""
    import smtplib

    from . import mail

    try:
        mail.send(_instance(), sender, list(recipients), subject, text)
    except smtplib.SMTPRecipientsRefused as error:
        reasons = (f"{who}: {code} {reason.decode()}" for who, (code, reason) in error.recipients.items())
        raise Unavailable("; ".join(reasons)) from None
    except (smtplib.SMTPException, OSError) as error:
        raise Unavailable(f"the host does not take it: {error}") from None
    click.echo("accepted")


@group.command()
@click.argument("user")
@click.option("--password", prompt=True, hide_input=True, envvar="MAILADDON_PASSWORD")
def read(user: str, password: str) -> None:
    """Log in by IMAP as USER (name@domain) and print the inbox."""
    import imaplib

    from . import mail

    try:
        session = mail.login(_instance(), user, password)
    except (imaplib.IMAP4.error, OSError) as error:
        raise Unavailable(f"no login as {user}: {error}") from None
    with session:
        found = mail.messages(session)
    for content in found:
        click.echo(mail.readable(content))
    click.echo(f"{len(found)} messages")


@group.command()
def demo() -> None:
    """Show a mail host at work, in a temporary folder: users, an alias, a message, an automatic reply."""
    from .demonstration import show

    try:
        show()
    except OSError as error:
        raise StorageFailed(f"the demonstration ends: {error}") from None
    except KeyError as error:
        raise NotConfigured(f"the demonstration ends: {error}") from None
