"""What systemd and logrotate are told about a host, as texts."""

import shlex

from mailaddon import home

from .layout import Instance
from .services import program


def _quoted(text: str) -> str:
    """A word of a unit file: systemd expands % everywhere, and splits at spaces."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if escaped != text or " " in text else text


def _program() -> str:
    """Our own program, as a word of a command: there systemd expands $ as well."""
    return _quoted(program("mailaddon")).replace("$", "$$")


def units(instance: Instance) -> dict[str, str]:
    """The unit files by name. The machine's own Postfix and Dovecot have Debian's."""
    folder = instance.path("etc", "systemd")
    host, agent = f"{instance.label}.service", f"{instance.label}-agent.service"
    mlmmj = f"{instance.label}-lists"
    found = {
        f"{mlmmj}.service": _upkeep(instance, f"{mlmmj}.timer"),
        f"{mlmmj}.timer": _timer(instance, folder, f"{mlmmj}.timer"),
    }
    if not instance.system:
        found[host] = _host(instance, folder, host)
    if instance.in_postgresql:
        found[agent] = _agent(instance, folder, agent)
    return found


def switched_on(instance: Instance) -> list[str]:
    """The units that `host init` switches on for the machine's own host."""
    agent = [f"{instance.label}-agent.service"] if instance.in_postgresql else []
    return [f"{instance.label}-lists.timer", *agent]


def _head(instance: Instance, folder: str, name: str) -> str:
    enable = "" if instance.system else f"# Switched on by: systemctl enable --now {folder}/{name}\n"
    return f"# Written by `mailaddon host init`.\n{enable}"


def _host(instance: Instance, folder: str, name: str) -> str:
    command = f"{_program()} host"
    return f"""\
{_head(instance, folder, name)}
[Unit]
Description=Mail host in {instance.root.replace("%", "%%")}
Wants=network-online.target
After=network-online.target nss-lookup.target

[Service]
Type=oneshot
RemainAfterExit=yes
Environment={_quoted(f"MAILADDON_HOME={home.locate()}")}
ExecStart={command} start
ExecReload={command} reload
ExecStop={command} stop

[Install]
WantedBy=multi-user.target
"""


def _agent(instance: Instance, folder: str, name: str) -> str:
    whole = "postfix.service dovecot.service" if instance.system else f"{instance.label}.service"
    return f"""\
{_head(instance, folder, name)}
[Unit]
Description=Agent of the mail host in {instance.root.replace("%", "%%")}
Before={whole}
# One that EStartMailServer has started has its place for as long as it lives.
StartLimitIntervalSec=0

[Service]
Environment={_quoted(f"MAILADDON_HOME={home.locate()}")}
ExecStart={_program()} host follow
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
"""


def _upkeep(instance: Instance, started_by: str) -> str:
    return f"""\
# Written by `mailaddon host init`. {started_by} starts it.

[Unit]
Description=Upkeep of the mailing lists in {instance.path("lists").replace("%", "%%")}

[Service]
Type=oneshot
Environment={_quoted(f"MAILADDON_HOME={home.locate()}")}
ExecStart={_program()} host maintain
"""


def _timer(instance: Instance, folder: str, name: str) -> str:
    return f"""\
{_head(instance, folder, name)}
[Unit]
Description=Upkeep of mailing lists every two hours

[Timer]
OnCalendar=00/2:00
RandomizedDelaySec=5min
Persistent=yes

[Install]
WantedBy=timers.target
"""


def logrotate(instance: Instance) -> str:
    """How logs are kept: Postfix and Dovecot have to be told to begin new ones."""
    logs = " ".join(f'"{instance.path("log", name)}"' for name in ("postfix.log", "dovecot.log", "effects.log"))
    command = f"MAILADDON_HOME={shlex.quote(home.locate())} {shlex.quote(program('mailaddon'))}"
    use = "" if instance.system else "\n# To use it, link it into /etc/logrotate.d."
    return f"""\
# Written by `mailaddon host init`.{use}
{logs} {{
    weekly
    rotate 8
    compress
    delaycompress
    missingok
    notifempty
    create
    sharedscripts
    postrotate
        {command} host reload
    endscript
}}
"{instance.path("log", "follow.log")}" {{
    weekly
    rotate 8
    compress
    missingok
    notifempty
    copytruncate
}}
"""
