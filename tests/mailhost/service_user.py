"""A mail host whose commands run as a service user, with an installation that such a user can reach."""

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any

from mailhost.host import Host
from patience import HANGS

USER = "mailaddon-commands"
SUDOERS = Path("/etc/sudoers.d")
#: What the SDK needs besides itself.
_LIBRARIES = (
    "argon2-cffi-bindings", "bcrypt", "cffi", "click", "idna", "libpass", "pluggy", "psycopg", "psycopg-binary",
    "pycparser", "typing-extensions",
)  # fmt: skip
#: Tries to read everything below a folder, and prints what it could open that is a file.
READER = """
import os, sys
def look(folder):
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        names = []
    for name in names:
        path = os.path.join(folder, name)
        if os.path.islink(path):
            continue
        if os.path.isdir(path):
            look(path)
        elif os.path.isfile(path):
            try:
                with open(path, "rb") as file:
                    content = file.read().replace(b"\\n\\n", b"\\n")
                sys.stdout.buffer.write(os.fsencode(path) + b"\\0" + content + b"\\n\\n")
            except OSError:
                continue
for path in sys.argv[1:]:
    look(path)
"""


class ServiceHost(Host):
    """The host, and the programs as the service user runs them."""

    def __init__(self, relay: int = 0, directory: str = "", reader: str = "", **options: object) -> None:
        super().__init__(relay, directory, reader, user=USER, **options)
        self.sudoers = SUDOERS / f"mailaddon-tmp-{self.folder.name}-i".replace("_", "-")
        self.removes(self.sudoers)
        self.scripts = installation(self.folder / "sdk")
        if not _same_python(self.scripts / "python"):  # compiled libraries are for the other one
            path = self.home / "mailaddon.toml"
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("[password]\n", '[password]\nscheme = "SHA512-CRYPT"\n'), encoding="utf-8")

    def as_root(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return self._run(program, *arguments)

    def init(self, *options: str) -> str:
        arguments = ["--private", str(self.root), "--port-base", str(self.base), "--hostname", "mail.host.test"]
        if self.outside_port:
            arguments += ["--relay", f"127.0.0.1:{self.outside_port}"]
        done = self.as_root("mailaddon", "host", "init", *arguments, *options)
        assert (done.returncode, done.stderr) == (0, b""), done
        return done.stdout.decode()

    def run(self, program: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
        return self._run(program, *arguments, environment=environment, **identity(USER))

    def _run(
        self, program: str, *arguments: str, environment: "dict[str, str] | None" = None, **options: Any
    ) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [self.scripts / program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**self.env, **(environment or {})},
            cwd="/",
            timeout=HANGS,
            check=False,
            **options,
        )

    def helper(self, *arguments: str, user: str = USER) -> "subprocess.CompletedProcess[bytes]":
        """Call the helper as whoever has become the service user can."""
        return subprocess.run(
            ["/usr/bin/sudo", "-n", "--", self.root / "etc" / "mailaddon-host-helper", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            timeout=HANGS,
            check=False,
            **identity(user),
        )


def identity(user: str) -> "dict[str, Any]":
    """What makes a process one of a user."""
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": os.getgrouplist(user, entry.pw_gid)}


def installation(folder: Path) -> Path:
    """Copy the installed SDK to where everybody can use it and only root can change it; the folder of its programs."""
    python = os.path.realpath(sys.executable)
    if not _can_be_reached(python):
        python = "/usr/bin/python3"
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    for name in ("mail-addon-sdk", *_LIBRARIES):
        (distribution, *_) = metadata.distributions(name=name, path=[sysconfig.get_path("purelib")])
        for file in distribution.files or ():
            target = (packages / file).resolve()
            if "__pycache__" not in file.parts:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(distribution.locate_file(file)), target)
    programs = folder / "bin"
    for program in programs.iterdir():
        if program.name[:1] == "E" or program.name in {"mailaddon", "RegisterMailAddon"}:
            _, _, text = program.read_text(encoding="utf-8").partition("\n")
            program.write_text(f"#!{programs / 'python'}\n{text}", encoding="utf-8")
    return programs


def _can_be_reached(path: str) -> bool:
    return all(above.stat().st_mode & 0o001 for above in Path(path).parents)


def _same_python(python: Path) -> bool:
    command = [python, "-c", "import sys; print(sys.version)"]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode().strip() == sys.version
