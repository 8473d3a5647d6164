"""What is wrong with a mail host, and the mend."""

import grp
import os
import pwd

from mailaddon.errors import MailAddonError, NotConfigured
from mailaddon.records import Problem

from . import agent, certificates, databases, layout, services, versions
from .configuration import files
from .files import split_block
from .installing import bare, folders, gid_of, missing_packages, read
from .layout import Instance

_INIT = "run `mailaddon host init`"


def problems(instance: Instance) -> list[Problem]:
    """Everything that is wrong; the running of the services is asked for as far as root may."""
    missing = missing_packages(instance)
    if missing:
        packages = " ".join(missing)
        return [
            Problem(
                subject="packages",
                problem=f"missing: {packages}",
                mend=f"apt-get install --no-install-recommends {packages}",
            )
        ]
    try:
        return [
            *versions.problems(instance),
            *_accounts(instance),
            *_folders(instance),
            *_files(instance),
            *_certificate(instance),
            *_services(instance),
            *_effects(instance),
        ]
    except NotConfigured as error:
        return [Problem(subject="settings", problem=error.message, mend=f"change mailaddon.toml, and {_INIT}")]


def _accounts(instance: Instance) -> list[Problem]:
    try:
        members = grp.getgrnam(instance.group).gr_mem
        pwd.getpwnam(instance.policy_user)
        pwd.getpwnam(instance.list_user)
    except KeyError as error:
        return [Problem(subject="accounts", problem=f"{error.args[0]}", mend=_INIT)]
    if "postfix" not in members:
        return [Problem(subject="accounts", problem=f"postfix is not in the group {instance.group}", mend=_INIT)]
    return []


def _folders(instance: Instance) -> list[Problem]:
    found = []
    above = instance.root
    while above != "/":
        above = os.path.dirname(above)
        if not os.stat(above).st_mode & 0o001:
            found.append(
                Problem(subject=above, problem="the daemons cannot pass through it", mend=f"chmod o+x {above}")
            )
    for path, mode, owner, group in folders(instance):
        found += _rights(path, mode, owner, group)
    return found


def _rights(path: str, mode: int, owner: str, group: str) -> list[Problem]:
    try:
        status = os.stat(path)
        wanted = (pwd.getpwnam(owner).pw_uid, gid_of(group), mode)
    except FileNotFoundError:
        return [Problem(subject=path, problem="it does not exist", mend=_INIT)]
    except KeyError as error:
        return [Problem(subject=path, problem=f"{error.args[0]}", mend=_INIT)]
    if (status.st_uid, status.st_gid, status.st_mode & 0o7777) == wanted:
        return []
    return [Problem(subject=path, problem=f"its rights are not {owner}:{group} {mode:04o}", mend=_INIT)]


def _files(instance: Instance) -> list[Problem]:
    found = []
    for file in files(instance):
        found += _rights(file.path, file.mode, "root", file.group or "root")
        if os.path.exists(file.path) and bare(read(file.path)) != bare(file.text):
            found.append(
                Problem(
                    subject=file.path,
                    problem="it is not what `mailaddon host init` writes",
                    mend="`mailaddon host init --dry-run` shows the difference",
                    severe=False,
                )
            )
    if instance.in_postgresql:
        found += databases.problems(instance)
    elif os.path.exists(instance.directory):
        found += _rights(instance.directory, 0o660, "root", instance.group)
    else:
        found.append(Problem(subject=instance.directory, problem="it does not exist", mend=_INIT))
    return found


def _certificate(instance: Instance) -> list[Problem]:
    """What is wrong with an administrator's certificate; our own is made again by `mailaddon host init`."""
    if not instance.certificate:
        return []
    block = split_block(read(os.path.join(instance.postfix, "main.cf")))[1]
    name = block.partition("myhostname = ")[2].partition("\n")[0] or instance.hostname
    return certificates.faults(instance, name)


def _services(instance: Instance) -> list[Problem]:
    postfix, dovecot = services.postfix_pid(instance), services.dovecot_pid(instance)
    if not postfix and not dovecot:
        taken = [
            name
            for name, offset in layout.PORTS.items()
            if len(services.silent(instance, offset)) < len(instance.addresses(offset))
        ]
        if taken:
            mend = "choose another port_base in [backends.postfix]"
            return [Problem(subject="ports", problem=f"another program has: {', '.join(taken)}", mend=mend)]
        return []
    if not (postfix and dovecot):
        name = "Dovecot" if postfix else "Postfix"
        return [Problem(subject=name, problem="it does not run", mend="run EStartMailServer")]
    if instance.in_postgresql and not agent.pid(instance):
        problem = "`mailaddon host follow` does not run, so Postfix asks late after the database was away"
        return [Problem(subject="agent", problem=problem, mend="run EStartMailServer", severe=False)]
    silent = [name for name, offset in layout.PORTS.items() if not services.answers(instance, offset)]
    if silent:
        return [Problem(subject="ports", problem=f"no answer: {', '.join(silent)}", mend="`mailaddon host log`")]
    return []


def _effects(instance: Instance) -> list[Problem]:
    from mailaddon.directory.store import Directory

    if not instance.in_postgresql and not os.path.exists(instance.directory):
        return []
    directory = Directory(instance.path("run"), 5, instance.directory)
    try:
        with directory.read() as tx:
            (count,) = tx.column("SELECT count(*) FROM effect")
    except MailAddonError as error:
        return [Problem(subject=directory.name, problem=error.message, mend="see the message")]
    finally:
        directory.close()
    if not count:
        return []
    mend = f"{instance.path('log', 'effects.log')} says why; the next command that changes anything tries again"
    return [Problem(subject="effects", problem=f"{count} are not performed yet", mend=mend)]
