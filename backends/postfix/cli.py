"""`mailaddon host`: making, running and trying out a mail host."""

import os
import sys

import click

from mailaddon import home, settings
from mailaddon.errors import NotConfigured, StorageFailed, Unavailable

from . import layout, services
from .layout import Instance


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


@group.command()
@click.option("--private", "root", required=True, type=click.Path(), help="The folder of the instance; a short path.")
@click.option("--port-base", type=click.IntRange(1024, 61000), default=20000, show_default=True)
@click.option("--hostname", default="mail.localhost", show_default=True)
@click.option("--relay", default="", metavar="HOST:PORT", help="Takes mail to the outside; without, it is refused.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Reload a running instance without asking.")
def init(root: str, port_base: int, hostname: str, relay: str, *, dry_run: bool, yes: bool) -> None:
    """Make a private mail host, or bring one up to date."""
    from . import installing

    options = {"root": os.path.abspath(root), "port_base": port_base, "hostname": hostname, "relay": relay}
    directory, present = _configured()
    kept = {name: value for name, value in present.items() if name not in options}
    instance = Instance(kept | options, directory)
    changes = list(installing.plan(instance))
    click.echo("\n".join(changes) if changes else f"{instance.root} is as it has to be")
    if not dry_run:
        running = services.postfix_pid(instance) or services.dovecot_pid(instance)
        if changes and running and not yes:
            click.confirm(f"The mail host in {instance.root} is running. Change and reload it?", abort=True)
        installing.install(instance)
        if changes and running:
            services.reload(instance)
            services.reload_dovecot(instance)
    _settle_settings(instance, dry_run=dry_run)


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
    wanted = {"root": instance.root, "port_base": instance.port_base}
    options = loaded.backends.get("postfix", {})
    agrees = all(options.get(name) == value for name, value in wanted.items())
    if loaded["backend"] != "postfix" or loaded["directory"] != instance.directory or not agrees:
        click.echo(f"{path} exists and is left alone; for the commands to work on this host it has to say:\n{text}")


@group.command()
def start() -> None:
    """Start Postfix and Dovecot."""
    instance = _instance()
    with services.Exclusively(instance):
        services.start(instance)
    _say_status(instance)


@group.command()
def stop() -> None:
    """Stop Postfix and Dovecot."""
    instance = _instance()
    with services.Exclusively(instance):
        services.stop(instance)
    _say_status(instance)


@group.command()
def reload() -> None:
    """Have both read their configuration anew."""
    instance = _instance()
    services.reload(instance)
    services.reload_dovecot(instance)


@group.command()
def status() -> None:
    """Say what runs, and where it listens; status 1 unless everything does."""
    sys.exit(0 if _say_status(_instance()) else 1)


def _say_status(instance: Instance) -> bool:
    running = True
    for name, pid in (("Postfix", services.postfix_pid(instance)), ("Dovecot", services.dovecot_pid(instance))):
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
    for name in ("postfix.log", "dovecot.log", "effects.log"):
        try:
            with open(instance.path("log", name), encoding="utf-8", errors="replace") as file:
                lines = file.readlines()[-count:]
        except FileNotFoundError:
            continue
        click.echo(f"{name}:\n{''.join(lines)}")


@group.command()
def check() -> None:
    """Look for what is wrong, and say the mend; status 1 if anything is."""
    from .checking import problems

    found = problems(_instance())
    for problem in found:
        click.echo(f"{problem.subject}: {problem.problem}\n  mend: {problem.mend}")
    if not found:
        click.echo("nothing is wrong")
    sys.exit(1 if any(problem.severe for problem in found) else 0)


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
