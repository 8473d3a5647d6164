"""What systemd and logrotate are told about a host, as texts."""

import os
import shlex
import sys
import sysconfig

from mailaddon import home

from .layout import Instance

MAINTAIN = "/usr/bin/mlmmj-maintd"


def program(name: str) -> str:
    """Where one of our programs is installed."""
    folder = os.path.dirname(sys.executable) if getattr(sys, "frozen", False) else sysconfig.get_path("scripts")
    return os.path.join(folder, name)


def _quoted(text: str) -> str:
    """A word of a unit file: systemd expands % everywhere and $ in commands, and splits at spaces."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != text or " " in text else text


def units(instance: Instance) -> dict[str, str]:
    """The unit files by name. The machine's own Postfix and Dovecot have Debian's."""
    folder = instance.path("etc", "systemd")
    name = f"{instance.label}.service"
    mlmmj = f"{instance.label}-lists"
    own = {} if instance.system else {name: _host(instance, folder, name)}
    return own | {
        f"{mlmmj}.service": _upkeep(instance, f"{mlmmj}.timer"),
        f"{mlmmj}.timer": _timer(instance, folder, f"{mlmmj}.timer"),
    }


def timer(instance: Instance) -> str:
    """The unit that `host init` switches on for the machine's own host."""
    return f"{instance.label}-lists.timer"


def _head(instance: Instance, folder: str, name: str) -> str:
    enable = "" if instance.system else f"# Switched on by: systemctl enable --now {folder}/{name}\n"
    return f"# Written by `mailaddon host init`.\n{enable}"


def _host(instance: Instance, folder: str, name: str) -> str:
    command = f"{_quoted(program('mailaddon'))} host"
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


def _upkeep(instance: Instance, started_by: str) -> str:
    lists = _quoted(instance.path("lists"))
    run = f"/usr/sbin/runuser -u {instance.list_user} -- {MAINTAIN} -F -L"
    return f"""\
# Written by `mailaddon host init`. {started_by} starts it.

[Unit]
Description=Upkeep of the mailing lists in {instance.path("lists").replace("%", "%%")}
Documentation=man:mlmmj-maintd(1)

[Service]
Type=oneshot
# A list's folder belongs to the lists' owner, who may pass through the folders above it and no more.
ExecStart=/usr/bin/find {lists} -mindepth 2 -maxdepth 2 -type d -exec {run} {{}} \\;
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
    sharedscripts
    postrotate
        {command} host reload
    endscript
}}
"""
