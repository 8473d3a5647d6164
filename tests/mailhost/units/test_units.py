"""What systemd and logrotate are told, as they understand it."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from mailhost.host import Host
from mailhost.machine import Machine
from patience import HANGS


@pytest.fixture
def spare() -> Iterator[Host]:
    """A host of one test's own, made but not started."""
    with Host() as made:
        made.init()
        yield made


def verify(*units: Path) -> str:
    """What systemd has to say against unit files; it ends with 0 also when it ignores a line."""
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        encoding="utf-8",
        timeout=HANGS,
        check=False,
    )
    return done.stdout + done.stderr + f"status {done.returncode}" * (done.returncode != 0)


def command(unit: Path, name: str) -> list[str]:
    """A command of a unit whose words need no quotes, as systemd runs it."""
    (line,) = [line for line in unit.read_text(encoding="utf-8").splitlines() if line.startswith(f"{name}=")]
    return [word.replace("\\;", ";") for word in line.partition("=")[2].split()]


def environment(unit: Path) -> dict[str, str]:
    lines = unit.read_text(encoding="utf-8").splitlines()
    words = [line.removeprefix("Environment=") for line in lines if line.startswith("Environment=")]
    return {"PATH": "/usr/bin:/bin"} | dict(word.split("=", 1) for word in words)


def test_systemd_accepts_the_units_of_a_private_host(spare: Host) -> None:
    units = sorted((spare.root / "etc" / "systemd").iterdir())
    assert [unit.name.removeprefix(f"mailhost-{spare.base}") for unit in units] == [
        "-lists.service",
        "-lists.timer",
        ".service",
    ]
    assert verify(*units) == ""
    broken = spare.folder / "broken.service"
    broken.write_text(units[2].read_text(encoding="utf-8").replace("ExecStop=", "ExecStopp="), encoding="utf-8")
    assert "ExecStopp" in verify(broken)


def test_systemd_accepts_the_units_of_the_machines_own_host() -> None:
    with Machine() as machine:
        machine.prints("mailaddon", "host", "init", "--system", "--hostname", "mail.sys.test")
        folder = "/etc/systemd/system"
        units = [f"{folder}/mailhost-lists.service", f"{folder}/mailhost-lists.timer"]
        assert all((machine.root / unit.lstrip("/")).exists() for unit in units)
        assert machine.prints("/usr/bin/systemd-analyze", "verify", "--man=no", *units) == ""


def test_the_units_commands_start_and_stop_the_host(spare: Host) -> None:
    unit = spare.root / "etc" / "systemd" / f"mailhost-{spare.base}.service"

    def run(name: str) -> None:
        subprocess.run(command(unit, name), env=environment(unit), timeout=HANGS, check=True, stdout=subprocess.DEVNULL)

    run("ExecStart")
    assert spare.run("mailaddon", "host", "status").returncode == 0
    run("ExecReload")
    run("ExecStop")
    assert spare.run("mailaddon", "host", "status").returncode == 1


def test_the_upkeep_of_lists_visits_every_list(spare: Host) -> None:
    domain, other = spare.add_domain(), spare.add_domain()
    for name in (domain, other):
        spare.prints("EAddMailingList", name, "news")
    folders = [spare.root / "lists" / name / "news" for name in (domain, other)]
    unit = spare.root / "etc" / "systemd" / f"mailhost-{spare.base}-lists.service"
    upkeep = command(unit, "ExecStart")
    done = subprocess.run(upkeep, env=environment(unit), capture_output=True, timeout=HANGS, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    for folder in folders:
        report = folder / "mlmmj-maintd.lastrun.log"
        assert report.stat().st_uid == folder.stat().st_uid
        assert report.stat().st_uid != 0


def test_a_path_with_special_characters_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mailaddon.backends.postfix.layout import Instance
    from mailaddon.backends.postfix.units import units

    monkeypatch.setenv("MAILADDON_HOME", "/srv/a b$HOME%h")
    for name, text in units(Instance({"root": '/srv/a b%h"c'})).items():
        assert name.endswith(".timer") or 'Environment="MAILADDON_HOME=/srv/a b$HOME%%h"\n' in text
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert verify(*tmp_path.iterdir()) == ""
    assert '/srv/a b%%h"c/lists\n' in (tmp_path / "mailhost-20000-lists.service").read_text(encoding="utf-8")


def test_a_host_on_postgresql_has_a_unit_for_its_agent(tmp_path: Path) -> None:
    from mailaddon.backends.postfix.layout import Instance
    from mailaddon.backends.postfix.units import switched_on, units

    for options in ({"root": "/srv/host", "port_base": 20000}, {"system": True}):
        instance = Instance(options, "postgresql://writer@db.test/mail")
        found = {tmp_path / name: text for name, text in units(instance).items()}
        for path, text in found.items():
            path.write_text(text, encoding="utf-8")
        assert verify(*found) == ""
        assert f"{instance.label}-agent.service" in switched_on(instance)
        unit = tmp_path / f"{instance.label}-agent.service"
        assert command(unit, "ExecStart")[1:] == ["host", "follow"]
        assert Path(command(unit, "ExecStart")[0]).exists()


def test_logs_begin_anew(spare: Host) -> None:
    spare.prints("EStartMailServer")
    domain = spare.add_domain("u1")
    spare.takes(f"u1@{domain}", subject="before")
    assert spare.subjects(f"u1@{domain}") == ["before"]
    rules = spare.root / "etc" / "logrotate.d" / f"mailhost-{spare.base}"
    rotate = shutil.which("logrotate", path="/usr/sbin")
    assert rotate
    subprocess.run([rotate, "--force", "--state", spare.folder / "state", rules], check=True, timeout=HANGS)
    for name in ("postfix.log", "dovecot.log"):
        assert (spare.root / "log" / f"{name}.1").stat().st_size > 0
    spare.takes(f"u1@{domain}", subject="after")
    assert spare.subjects(f"u1@{domain}") == ["after", "before"]
    assert f"to=<u1@{domain}>" in spare.log("postfix.log")
    assert "Login: user=" in spare.log("dovecot.log")
