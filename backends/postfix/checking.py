"""What is wrong with a mail host, and the mend."""

import grp
import os
import pwd

from mailaddon.errors import MailAddonError, NotConfigured
from mailaddon.readiness import reason_of
from mailaddon.records import Problem

from . import agent, certificates, databases, layout, rights, service, services, versions
from .configuration import files
from .files import split_block
from .installing import bare, missing_packages, read
from .layout import Instance

_INIT = "run `mailaddon host init`"
_START = "run EStartMailServer"


def problems(instance: Instance, home: str) -> list[Problem]:
    """Everything that is wrong, as far as who asks may know it.

    Args:
        instance: the host.
        home: the home of the commands.
    """
    missing = [*missing_packages(instance), *service.missing_packages(instance)]
    if missing:
        packages = " ".join(missing)
        return [
            Problem(
                subject="packages",
                problem=f"missing: {packages}",
                mend=f"apt-get install --no-install-recommends {packages}",
                code="missing-program",
            )
        ]
    try:
        counts, storages, trouble = service.as_commands(instance, lambda: _told(instance))
        return [
            *versions.problems(instance),
            *_accounts(instance),
            *_folders(instance),
            *_files(instance),
            *_certificate(instance),
            *service.problems(instance, home),
            *rights.of_home(instance, home),
            *rights.problems(instance, storages),
            *_services(instance),
            *_effects(instance, counts, trouble),
        ]
    except NotConfigured as error:
        return [reason_of(error, "settings").replace(mend=f"change mailaddon.toml, and {_INIT}")]


def _accounts(instance: Instance) -> list[Problem]:
    try:
        members = grp.getgrnam(instance.group).gr_mem
        pwd.getpwnam(instance.policy_user)
        pwd.getpwnam(instance.list_user)
        pwd.getpwnam(instance.owner)
    except KeyError as error:
        return [Problem(subject="accounts", problem=f"{error.args[0]}", mend=_INIT, code="not-ready")]
    if "postfix" not in members:
        problem = f"postfix is not in the group {instance.group}"
        return [Problem(subject="accounts", problem=problem, mend=_INIT, code="no-permission")]
    return []


def _folders(instance: Instance) -> list[Problem]:
    found = []
    above = instance.root
    while above != "/":
        above = os.path.dirname(above)
        if not os.stat(above).st_mode & 0o001:
            mend = f"chmod o+x {above}"
            found.append(
                Problem(subject=above, problem="the daemons cannot pass through it", mend=mend, code="no-permission")
            )
    return found


def _files(instance: Instance) -> list[Problem]:
    found = [
        Problem(
            subject=file.path,
            problem="it is not what `mailaddon host init` writes",
            mend="`mailaddon host init --dry-run` shows the difference",
            severe=False,
            code="misconfigured",
        )
        for file in files(instance)
        if os.access(file.path, os.R_OK) and bare(read(file.path)) != bare(file.text)
    ]
    if instance.in_postgresql:
        found += databases.problems(instance)
    elif not os.path.exists(instance.directory):
        found.append(Problem(subject=instance.directory, problem="it does not exist", mend=_INIT, code="missing-file"))
    return found


def _certificate(instance: Instance) -> list[Problem]:
    """What is wrong with an administrator's certificate; our own is made again by `mailaddon host init`."""
    if not instance.certificate:
        return []
    block = split_block(read(os.path.join(instance.postfix, "main.cf")))[1]
    name = block.partition("myhostname = ")[2].partition("\n")[0] or instance.hostname
    return certificates.faults(instance, name)


def _services(instance: Instance) -> list[Problem]:
    try:
        postfix, dovecot = services.processes(instance)
    except MailAddonError as error:
        return [reason_of(error, "services").replace(mend="run this as root", code="no-permission")]
    if not postfix and not dovecot:
        return _taken(instance)
    if not (postfix and dovecot):
        name = "Dovecot" if postfix else "Postfix"
        return [Problem(subject=name, problem="it does not run", mend=_START, code="not-ready")]
    if instance.in_postgresql and not agent.pid(instance):
        problem = "`mailaddon host follow` does not run, so Postfix asks late after the database was away"
        return [Problem(subject="agent", problem=problem, mend=_START, severe=False, code="not-ready")]
    silent = [name for name, offset in layout.PORTS.items() if not services.answers(instance, offset)]
    if silent:
        problem = f"no answer: {', '.join(silent)}"
        return [Problem(subject="ports", problem=problem, mend="`mailaddon host log`", code="unreachable")]
    return []


def _taken(instance: Instance) -> list[Problem]:
    taken = [
        name
        for name, offset in layout.PORTS.items()
        if len(services.silent(instance, offset)) < len(instance.addresses(offset))
    ]
    if not taken:
        return []
    mend = "choose another port_base in [backends.postfix]"
    problem = f"another program has: {', '.join(taken)}"
    return [Problem(subject="ports", problem=problem, mend=mend, code="occupied")]


def _told(instance: Instance) -> tuple[dict[str, int], list[str], list[str]]:
    """What the directory says: effects of each host that wait, and where mail is; or its name and its trouble."""
    from mailaddon.directory.store import Directory

    if not instance.in_postgresql and not os.path.exists(instance.directory):
        return {}, [], []
    directory = Directory(instance.path("run"), 5, instance.directory)
    try:
        with directory.read() as tx:
            rows = tx.all("SELECT host, count(*) FROM effect GROUP BY host ORDER BY host")
            folders = tx.column("SELECT storage FROM domain WHERE mail_host = ? ORDER BY storage", instance.host)
            return dict(rows), folders, []
    except MailAddonError as error:
        return {}, [], [directory.name, error.message, reason_of(error).code]
    finally:
        directory.close()


def _effects(instance: Instance, counts: dict[str, int], trouble: list[str]) -> list[Problem]:
    if trouble:
        return [Problem(subject=trouble[0], problem=trouble[1], mend="see the message", code=trouble[2])]
    found = []
    for host, count in counts.items():
        problem = f"{count} are not performed yet"
        mend = f"{instance.path('log', 'effects.log')} says why; the next command that changes anything tries again"
        if host != instance.host:
            problem = f"{count} wait for the host {host}"
            mend = "run `mailaddon host check` there; its agent, `mailaddon host follow`, performs them"
        found.append(
            Problem(subject="effects", problem=problem, mend=mend, severe=host == instance.host, code="behind")
        )
    return found
