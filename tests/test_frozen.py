"""The frozen programs do what the installed ones do, wherever they are, and without Python.

What the transcripts show of them stands in test_transcripts.py.
"""

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import EXAMPLE
from click.testing import CliRunner
from conftest import ALL_ON, Panel
from harness import Home
from patience import HANGS
from test_packaging import PROGRAMS, plain_environment, run

from mailaddon._help import manual
from mailaddon.cli._application import SUBCOMMANDS, application
from mailaddon.freezing.manifest import CHECKSUMS, SBOM
from mailaddon.freezing.modules import WITHOUT
from mailaddon.freezing.recipe import INSIDE
from mailaddon.operations import find

LARGEST = 40_000_000
#: Libraries of the machine that a bundle does not bring: the C library's, and zlib, which PyInstaller's loader needs.
OF_THE_MACHINE = re.compile(r"ld-linux.*|(libc|libdl|libm|libpthread|libutil|libz)\.so\.\d+")
#: Standard modules that this machine's Python has not, being those of others.
OF_OTHER_SYSTEMS = {
    "_msi", "_overlapped", "_scproxy", "_winapi", "_wmi", "msilib", "msvcrt", "nt", "winreg", "winsound",
}  # fmt: skip
#: Modules that do something when they are imported.
SPEAKING = {"antigravity", "this"}
PROBE = """
    import importlib, json, multiprocessing, os, ssl, subprocess, sys, warnings

    import psycopg

    from mailaddon import hookimpl

    class Probe:
        contract = (1, 0)

        def __init__(self, context):
            pass

        @hookimpl
        def get_mail_url(self, request):
            return "https://" + json.dumps(found())

    def found():
        warnings.simplefilter("ignore")
        missing = []
        for name in sys.stdlib_module_names - {"antigravity", "this"}:
            try:
                importlib.import_module(name)
            except ImportError:
                missing.append(name)
        fork = multiprocessing.get_context("fork")
        ours, theirs = fork.Pipe()
        child = fork.Process(target=lambda: theirs.send(os.getpid()))
        child.start()
        return {
            "missing": sorted(missing),
            "child": ours.recv() != os.getpid(),
            "environment": subprocess.run(["/usr/bin/env", "-0"], stdout=-1).stdout.decode().split("\\0")[:-1],
            "path": sys.path,
            "driver": psycopg.pq.__impl__,
            "openssl": [ssl.OPENSSL_VERSION, ssl.get_default_verify_paths().openssl_cafile],
        }
"""


def frozen(panel: Panel, bundle: Path) -> Panel:
    """A panel that runs the bundle's programs and gives them nothing but their home."""
    panel.programs = bundle
    panel.env = {"MAILADDON_HOME": str(panel.home)}
    return panel


def test_the_bundle_has_all_programs_as_files_of_their_own(bundle: Path) -> None:
    assert {path.name for path in bundle.iterdir()} == PROGRAMS | {INSIDE, SBOM, CHECKSUMS}
    for name in PROGRAMS:
        assert (bundle / name).is_file()
        assert not (bundle / name).is_symlink()
        assert (bundle / name).stat().st_nlink == 1


def test_the_bundle_is_no_larger_than_it_may_be(bundle: Path) -> None:
    assert (bundle / "_internal" / "psycopg_binary").is_dir()
    # How large a folder is depends on the file system.
    files = (path for path in bundle.rglob("*") if not path.is_dir())
    assert sum(path.lstat().st_size for path in files) <= LARGEST


def test_no_library_is_there_twice(bundle: Path) -> None:
    names = [
        re.sub(r"-[0-9a-f]{8}(?=\.so)", "", path.name) for path in bundle.rglob("lib*.so*") if not path.is_symlink()
    ]
    assert sorted(set(names)) == sorted(names)
    assert {"libcrypto.so.3", "libssl.so.3", "libsqlite3.so.0"} <= set(names)
    assert not [
        name for name in names if name.startswith(("libgnutls", "libreadline", "libdb-", "libgdbm", "libtirpc"))
    ]


@pytest.mark.parametrize("scheme", ["ARGON2ID", "BLF-CRYPT", "SHA512-CRYPT"])
def test_the_programs_work(bundle: Path, panel: Panel, scheme: str) -> None:
    panel.settings(f'[password]\nscheme = "{scheme}"\nblf_crypt_cost = 4\nsha512_crypt_rounds = 1000\n')
    prints = frozen(panel, bundle).prints
    prints("EAddDomain", "bücher.example", "192.0.2.10", str(panel.mail), "10", "admin", "s3cret", "0", *ALL_ON)
    prints("EAddSpamFilter", "bücher.example", "2001:db8::/32", "IP")
    export = ("bücher.example", str(panel.mail), str(panel.home.parent / "export"), "admin", *ALL_ON)
    prints("EPostExportDomain", *export)
    prints("EDeleteDomain", "bücher.example")
    prints("EPostImportDomain", *export)
    assert prints("EGetCatchallUser", "bücher.example") == "admin@xn--bcher-kva.example\n"
    assert f"{{{scheme}}}" in (panel.home.parent / "export/xn--bcher-kva.example.mailaddon/settings.json").read_text()
    assert "mailbox" in prints("mailaddon", "resolve", "nobody@bücher.example")
    assert "embedded" in prints("mailaddon", "backends")
    assert "schema version" in prints("mailaddon", "directory", "status")
    assert "xn--bcher-kva.example" in prints("mailaddon", "inventory")
    assert "PROBLEM" not in prints("mailaddon", "doctor")
    assert panel.refusal("EAddUser").endswith("[usage]")


def test_a_directory_in_postgresql(bundle: Path, postgresql_home: Home) -> None:
    env = {"MAILADDON_HOME": str(postgresql_home.path)}
    run(bundle / "EAddUserAlias", "xyz.com", "u1", "a11", env=env)
    assert run(bundle / "EGetUserAliasList", "xyz.com", "u1", env=env) == "a11\n"


def test_the_help_is_the_same(bundle: Path) -> None:
    for name in sorted(PROGRAMS - {"mailaddon"}):
        assert run(bundle / name, "--help", env={}) == manual(find(name), name)
    for name in SUBCOMMANDS:
        shown = CliRunner().invoke(application, [name, "--help"], prog_name="mailaddon", terminal_width=78).stdout
        assert run(bundle / "mailaddon", name, "--help", env={}) == shown


def test_a_mail_host(bundle: Path, panel: Panel) -> None:
    shown = run(bundle / "mailaddon", "host", "demo", env={**plain_environment(), "MAILADDON_HOME": str(panel.home)})
    assert "450 4.2.1 <ann@example.test>: Recipient address rejected: Mailbox temporarily suspended" in shown
    assert "Subject: On holiday" in shown


@pytest.fixture
def moved(bundle: Path, panel: Panel) -> Iterator[Path]:
    """The bundle in a folder with spaces and umlauts, which nobody can write to."""
    place = panel.home.parent / "Öffentliche Programme" / "für alle"
    shutil.copytree(bundle, place, symlinks=True)
    for path in (place, *place.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o555)
    yield place
    for path in (place, *place.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def test_moved_read_only_and_as_another_user(moved: Path, panel: Panel) -> None:
    user = 12345 if os.geteuid() == 0 else os.geteuid()
    for folder in (panel.home, panel.mail):
        os.chown(folder, user, -1)
    path = panel.home
    while path != path.parent and os.geteuid() == 0:
        path = path.parent
        path.chmod(path.stat().st_mode | 0o055)
    before = {path: path.lstat().st_mtime_ns for path in moved.rglob("*")}
    given = {"env": {"MAILADDON_HOME": str(panel.home)}, "user": user, "stdin": subprocess.DEVNULL}
    run(moved / "EAddDomain", "xyz.com", "192.0.2.10", str(panel.mail), "10", "admin", "s3cret", "0", *ALL_ON, **given)
    run(moved / "EAddUserAlias", "xyz.com", "admin", "a11", **given)
    assert run(moved / "EGetUserAliasList", "xyz.com", "admin", **given) == "a11\n"
    assert "└─ admin@xyz.com" in run(moved / "mailaddon", "resolve", "a11@xyz.com", **given)
    (panel.home.parent / "EGetUserAliasList").symlink_to(moved / "EGetUserAliasList")
    assert run(panel.home.parent / "EGetUserAliasList", "xyz.com", "admin", **given) == "a11\n"
    assert before == {path: path.lstat().st_mtime_ns for path in moved.rglob("*")}


def test_an_empty_environment(bundle: Path) -> None:
    assert run(bundle / "EAddUser", "--version", env={}).startswith("EAddUser ")
    assert "EAddUser" in run(bundle / "mailaddon", "commands", "--json", env={})
    refused = subprocess.run([bundle / "EAddUser", "é"], env={}, check=False, capture_output=True)
    assert (refused.returncode, refused.stdout) == (1, b"")


def test_a_machine_without_python(bundle: Path, panel: Panel) -> None:
    root = panel.home.parent / "root"
    shutil.copytree(bundle, root / "bundle", symlinks=True)
    for folder in ("home", "mail", "tmp"):
        (root / folder).mkdir()
    python = str(sysconfig.get_config_var("INSTSONAME"))
    listed = run("ldd", bundle / "EAddUser") + run("ldd", bundle / INSIDE / python)
    libraries = {
        Path(path) for path in re.findall(r"(/\S+\.so\S*)", listed) if OF_THE_MACHINE.fullmatch(Path(path).name)
    }
    assert {"libc.so.6", "libz.so.1"} <= {path.name for path in libraries}
    for path in libraries:
        target = root / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        target.chmod(0o755)
    enter = ["/usr/sbin/chroot", root] if os.geteuid() == 0 else ["/usr/bin/unshare", "-r", "/usr/sbin/chroot", root]
    env = {"MAILADDON_HOME": "/home"}

    def prints(program: str, *arguments: str) -> str:
        return run(*enter, f"/bundle/{program}", *arguments, env=env)

    prints("EAddDomain", "xyz.com", "192.0.2.10", "/mail", "10", "admin", "s3cret", "0", *ALL_ON)
    assert prints("EGetCatchallUser", "xyz.com") == "admin@xyz.com\n"
    assert "admin@xyz.com" in prints("mailaddon", "resolve", "x@xyz.com")


def with_plugins(bundle: Path, folder: Path) -> Path:
    """The bundle with a folder of plugins beside its programs: links, but for the programs that are run."""
    place = folder / "with plugins"
    (place / "plugins").mkdir(parents=True)
    for name in ("EGetMailURL", "EAddDomain", "EGetUserAliasList", "EAddUserAlias", "mailaddon"):
        shutil.copy(bundle / name, place)
    shutil.copytree(bundle / "_internal", place / "_internal", symlinks=True, copy_function=os.link)
    return place


def test_a_wheel_in_the_folder_of_plugins(bundle: Path, panel: Panel) -> None:
    frozen(panel, with_plugins(bundle, panel.home.parent))
    source = shutil.copytree(EXAMPLE, panel.home.parent / "source")
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", panel.home.parent)
    run(*pip, source, env=plain_environment())
    with zipfile.ZipFile(next(panel.home.parent.glob("*.whl"))) as wheel:
        wheel.extractall(panel.programs / "plugins")
    assert "acme-mail 2.1" in panel.prints("mailaddon", "backends")
    panel.settings('backend = "acme"\n')
    panel.add_domain()
    panel.prints("EAddUserAlias", "xyz.com", "admin", "a11")
    assert panel.prints("EGetUserAliasList", "xyz.com", "admin") == "a11\n"
    assert (panel.home / "acme.json").exists()


def test_a_module_in_the_folder_of_plugins_and_what_it_can_use(bundle: Path, panel: Panel) -> None:
    frozen(panel, with_plugins(bundle, panel.home.parent))
    (panel.programs / "plugins" / "probe.py").write_text(textwrap.dedent(PROBE))
    panel.settings('backend = "probe:Probe"\n')
    panel.env["LD_LIBRARY_PATH"] = "/of/the/caller"
    panel.env["VIRTUAL_ENV"] = "/of/the/caller"
    done = panel.run("EGetMailURL", "xyz.com")
    assert (done.returncode, done.stderr) == (0, b"")
    found = json.loads(done.stdout.decode().removeprefix("https://"))
    assert set(found["missing"]) - OF_OTHER_SYSTEMS <= WITHOUT
    assert found["child"]
    assert sorted(found["environment"]) == sorted(f"{name}={value}" for name, value in panel.env.items())
    assert found["path"][0] == str(panel.programs / "_internal")
    assert found["path"][-1] == str(panel.programs / "plugins")
    assert found["driver"] == "binary"
    assert found["openssl"] == [ssl.OPENSSL_VERSION, ssl.get_default_verify_paths().openssl_cafile]


def test_a_bundle_registers_itself(bundle: Path, panel: Panel) -> None:
    inner = panel.home.parent / "inner"
    inner.mkdir(mode=0o700)
    frozen(panel, bundle)
    panel.prints("RegisterMailAddon", "Acme", "Mail", "1", "", "", "", cwd=bundle)
    assert f"{bundle}" in panel.prints("mailaddon", "addons", "list", "--json")
    panel.settings(f'[backends.executable.environment]\nMAILADDON_HOME = "{inner}"\n')
    domain = ("xyz.com", "192.0.2.10", str(panel.mail), "10", "admin", "s3cret", "0", *ALL_ON)
    panel.prints("mailaddon", "panel", "call", "EAddDomain", *domain)
    assert panel.prints("mailaddon", "panel", "call", "EGetCatchallUser", "xyz.com") == "admin@xyz.com\n"
    assert (inner / "directory.sqlite3").exists()
    panel.settings(f'backend = "executable"\n[backends.executable.environment]\nMAILADDON_HOME = "{inner}"\n')
    assert panel.prints("EGetCatchallUser", "xyz.com") == "admin@xyz.com\n"
    assert panel.refusal("EAddUserAlias", "xyz.com", "nobody", "a11").endswith("[not-found]")


def test_a_start_reads_no_archive_and_little_else(bundle: Path, panel: Panel) -> None:
    frozen(panel, bundle).add_domain()
    panel.prints("EGetUserAliasList", "xyz.com", "admin")
    trace = panel.home.parent / "trace"
    strace = ("strace", "-f", "-o", trace, "-e", "trace=execve,openat,open,clone,fork,vfork")
    run(*strace, bundle / "EGetUserAliasList", "xyz.com", "admin", env=panel.env, timeout=HANGS)
    calls = trace.read_text().splitlines()
    assert len([line for line in calls if "execve(" in line]) == 2  # PyInstaller's loader starts itself once more
    assert not [line for line in calls if re.search(r"fork\(|clone\(", line)]
    opened = [line for line in calls if "open" in line and "ENOENT" not in line]
    read = {match[1] for line in opened if (match := re.search(r"/_internal/([^\"]+)\.pyc\"", line))}
    assert not [line for line in opened if ".zip" in line]
    assert not {"inspect", "zipfile", "typing", "re/__init__", "enum", "ctypes/__init__", "pkgutil", "site"} & read
    assert {name for name in read if not name.startswith("mailaddon/")} <= {
        "__future__", "collections/__init__", "encodings/__init__", "encodings/aliases", "encodings/utf_8", "functools",
        "keyword", "operator", "reprlib", "types",
    }  # fmt: skip
    assert len(opened) <= 75
