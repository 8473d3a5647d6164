#!/usr/bin/env python3
"""The project's tasks; Python 3.11 or newer is all that they need.

`python3 tasks.py demo` shows what the project does, `python3 tasks.py test` proves that it works. Both make the virtual
environment `.venv` as they need it, and install into it what the tree would ship: the wheel, built from the sdist.
"""

# Older interpreters have to get as far as the message in main(): no newer syntax and no newer imports at the top.
import contextlib
import glob
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, NoReturn

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
BUILD = os.path.join(ROOT, "build")
STAMP = os.path.join(VENV, "tasks.json")
OLDEST = (3, 11)
#: What ends up in the wheel, or decides what does.
SOURCES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "src", "commands", "backends", "register")
#: Folders and files that `clean` removes.
LEFTOVERS = (
    ".venv",
    ".coverage",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "build",
    "dist",
    "src/mail_addon_sdk.egg-info",
)
#: Programs that tests run, and the Debian packages that have them.
PROGRAMS = {
    "doveadm": "dovecot-core",
    "objdump": "binutils",
    "strace": "strace",
    "/usr/sbin/postfix": "postfix",
    "/usr/bin/sievec": "dovecot-sieve",
    "/usr/bin/mlmmj-receive": "mlmmj",
    "/usr/bin/openssl": "openssl",
    "ip": "iproute2",
    "/usr/sbin/logrotate": "logrotate",
    "systemd-analyze": "systemd",
    "/usr/bin/php": "php-cli",
    "/usr/sbin/mariadbd": "mariadb-server-core",
    "/usr/bin/sudo": "sudo",
}
#: Files that tests and their programs read, and their Debian packages.
FILES = {
    "/usr/share/i18n/charmaps/ISO-8859-1.gz": "locales",
    "/usr/lib/postfix/postfix-sqlite.so": "postfix-sqlite",
    "/usr/lib/postfix/postfix-pgsql.so": "postfix-pgsql",
    "/usr/lib/dovecot/imap": "dovecot-imapd",
    "/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
    "/usr/lib/dovecot/managesieve": "dovecot-managesieved",
    "/usr/lib/dovecot/modules/auth/libdriver_sqlite.so": "dovecot-sqlite",
    "/usr/lib/dovecot/modules/auth/libdriver_pgsql.so": "dovecot-pgsql",
    "/var/lib/dpkg/info/php-mbstring.list": "php-mbstring",
    "/var/lib/dpkg/info/php-mysql.list": "php-mysql",
    "/var/lib/dpkg/info/php-pgsql.list": "php-pgsql",
    "/var/lib/dpkg/info/php-sqlite3.list": "php-sqlite3",
}
#: Those of them that a mail host consists of.
HOST = (
    "dovecot-core",
    "dovecot-imapd",
    "dovecot-lmtpd",
    "dovecot-managesieved",
    "dovecot-sieve",
    "dovecot-sqlite",
    "mlmmj",
    "openssl",
    "postfix",
    "postfix-sqlite",
)
#: Packages whose files tests use, and which are not installed: this one would bring a web server along.
UNPACKED = ("postfixadmin",)
#: What keeps Debian from starting what it installs, as long as it stands there.
POLICY = "/usr/sbin/policy-rc.d"
STARTED = time.monotonic()


def heading(text: str) -> None:
    """Say what begins, and how long after the start."""
    minutes, seconds = divmod(int(time.monotonic() - STARTED), 60)
    print(f"\n=== {text} ({minutes}:{seconds:02} after the start)", flush=True)


def fail(message: str) -> "NoReturn":
    """End with status 1 and one line that says why."""
    sys.exit(f"tasks.py: {message}")


def run(*command: str, env: "Mapping[str, str] | None" = None) -> None:
    """Run a program in the project's folder; its failure is this task's."""
    if not succeeds(*command, env=env):
        fail(f"failed: {' '.join(command)}")


def succeeds(*command: str, env: "Mapping[str, str] | None" = None) -> bool:
    """Whether a program in the project's folder ends well."""
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode == 0


def python(*arguments: str) -> "list[str]":
    """A call of `.venv`'s interpreter."""
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return [os.path.join(VENV, folder, name), *arguments]


def pip(*arguments: str) -> "list[str]":
    """A call of `.venv`'s pip that installs something and says little."""
    return python("-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments)


# What the machine has to have


def debian(packages: "Sequence[str]") -> None:
    """Install Debian packages, or say which ones are missing."""
    if not packages:
        return
    command = "apt-get install --no-install-recommends " + " ".join(packages)
    if not shutil.which("apt-get"):
        fail(f"missing on this machine (names of Debian's packages): {' '.join(packages)}")
    if os.geteuid() != 0:
        fail(f"missing on this machine: {' '.join(packages)}; as root: {command}")
    heading(f"Debian packages: {' '.join(packages)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "-q", "update", env=quiet)
    with nothing_started():
        if "postfix" in packages:  # the tests bring a configuration of their own
            answer = "postfix postfix/main_mailer_type select No configuration\n"
            subprocess.run(["debconf-set-selections"], input=answer.encode(), check=True)  # noqa: S607 - Debian's
        run(*command.replace("install", "-q -y install", 1).split(), env=quiet)


def unpack(package: str) -> None:
    """Unpack a Debian package below `build`, unless it is there or installed."""
    target = os.path.join(BUILD, package)
    if os.path.exists(target) or os.path.exists(os.path.join("/usr/share", package)):
        return
    heading(f"Debian package: {package}, unpacked only")
    folder = os.path.join(BUILD, "packages")
    os.makedirs(folder, exist_ok=True)
    if os.geteuid() == 0:
        run("apt-get", "-q", "update")
    download = subprocess.run(["apt-get", "-q", "download", package], cwd=folder, check=False)  # noqa: S607 - Debian's
    found = glob.glob(os.path.join(folder, f"{package}_*.deb"))
    if download.returncode != 0 or not found:
        fail(f"failed: apt-get download {package}")
    run("dpkg-deb", "--extract", found[0], f"{target}.new")
    os.rename(f"{target}.new", target)


@contextlib.contextmanager
def nothing_started() -> "Iterator[None]":
    """Have Debian start no service that is installed meanwhile."""
    if os.path.exists(POLICY):
        yield
        return
    with open(POLICY, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexit 101\n")
    os.chmod(POLICY, 0o755)  # noqa: S103 - Debian runs it
    try:
        yield
    finally:
        os.unlink(POLICY)


def for_virtual_environments() -> "list[str]":
    """The Debian package that `python -m venv` needs, if it is missing."""
    if importlib.util.find_spec("ensurepip"):
        return []
    return [f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"]


def for_tests() -> "list[str]":
    """The Debian packages of the programs that tests run, as far as they are missing."""
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    missing += [package for path, package in FILES.items() if not os.path.exists(path)]
    if not glob.glob("/usr/lib/postgresql/*/bin/initdb"):  # not on the path: several versions may be installed
        missing.append("postgresql")
    library, folder = sysconfig.get_config_vars("INSTSONAME", "LIBDIR")
    if not os.path.exists(os.path.join(str(folder), str(library))):  # PyInstaller bundles it
        missing.append(f"libpython{sys.version_info[0]}.{sys.version_info[1]}")
    return missing


# The virtual environment


def stamp() -> "dict[str, Any]":
    """What `.venv` holds; nothing, if it was made by another interpreter or not to the end."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        found = {}
    maker = f"{sys.base_prefix} {sys.version}"
    return found if found.get("python") == maker else {"python": maker, "packages": [], "sources": ""}


def write_stamp(content: "Mapping[str, Any]") -> None:
    """Note what `.venv` holds now."""
    with open(STAMP, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)


def environment(*groups: str) -> None:
    """Make `.venv` have the project's dependencies and the tools of these optional groups."""
    import tomllib

    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        project = tomllib.load(file)["project"]
    wanted = [*project["dependencies"], "build>=1.2"]
    for group in groups:
        wanted += project["optional-dependencies"][group]
    held = stamp()
    if not held["packages"]:
        debian(for_virtual_environments())
        heading("virtual environment .venv")
        run(sys.executable, "-m", "venv", "--clear", VENV)
    if not set(wanted) <= set(held["packages"]):
        heading("packages")
        run(*pip(*wanted))
        write_stamp({**held, "packages": sorted({*held["packages"], *wanted})})


def fingerprint() -> str:
    """A hash of everything that decides what the wheel contains."""
    digest = hashlib.sha256()
    for name in SOURCES:
        path = os.path.join(ROOT, name)
        paths = [path]
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(f for f in folders if f != "__pycache__" and not f.endswith(".egg-info"))
            paths += [os.path.join(folder, file) for file in sorted(files)]
        for found in filter(os.path.isfile, paths):
            with open(found, "rb") as file:
                content = file.read()
            digest.update(f"{os.path.relpath(found, ROOT)} {len(content)} ".encode() + content)
    return digest.hexdigest()


def wheel() -> str:
    """The path of the wheel of this tree, which is built from its sdist, not from the folder."""
    folder = os.path.join(BUILD, "artefacts")
    shutil.rmtree(folder, ignore_errors=True)
    command = python("-m", "build", "--outdir", folder, ROOT)
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        fail(f"failed: {' '.join(command)}\n{done.stdout.decode(errors='replace')}")
    (name,) = [name for name in os.listdir(folder) if name.endswith(".whl")]
    return os.path.join(folder, name)


def installed(*groups: str) -> None:
    """Make `.venv` hold this tree's wheel, not editable, and the tools of these optional groups."""
    environment(*groups)
    held = stamp()
    sources = fingerprint()
    if held["sources"] != sources:
        heading("sdist, wheel, installation")
        run(*pip("--force-reinstall", "--no-deps", wheel()))
        write_stamp({**held, "sources": sources})


# Tasks


def demo() -> None:
    """Play a panel's working day with the real programs."""
    installed()
    run(*python(os.path.join("docs", "demo.py")))


def hostdemo() -> None:
    """Show a mail host at work, as root: Postfix, Dovecot, real messages."""
    debian([*for_virtual_environments(), *(package for package in for_tests() if package in HOST)])
    installed()
    heading("mailaddon host demo")
    run(os.path.join(os.path.dirname(python()[0]), "mailaddon"), "host", "demo")


LINT = {
    "ruff check": ("-m", "ruff", "check", "."),
    "ruff format": ("-m", "ruff", "format", "--check", "."),
}
TYPED = ("src", "commands", "backends", "register", "benchmarks", "docs", "setup.py", "tasks.py")
TYPES = {"mypy": ("-m", "mypy", "--strict", *TYPED)}
DOCS = {"docs": (os.path.join("docs", "generate.py"), "--check")}


def checks(chosen: "Mapping[str, Sequence[str]]") -> "list[str]":
    """Run checks one after another, also behind a failed one; the names of those that failed."""
    failed = []
    for name, arguments in chosen.items():
        heading(name)
        if not succeeds(*python(*arguments)):
            failed.append(name)
    return failed


def end(failed: "Sequence[str]") -> None:
    """End the task well, or with the names of what failed."""
    if failed:
        fail(f"failed: {', '.join(failed)}")


def lint() -> None:
    """Check style and format."""
    environment("test", "freeze")
    end(checks(LINT))


def types() -> None:
    """Check types."""
    environment("test", "freeze")
    end(checks(TYPES))


def docs() -> None:
    """Write the generated documentation anew."""
    installed()
    run(*python(os.path.join("docs", "generate.py")))


def bench(*arguments: str) -> None:
    """Measure starts, batches, growth and peers, or the parts that are named, and write docs/benchmarks.md."""
    script = os.path.join("benchmarks", "run.py")
    run(sys.executable, script, *arguments)
    if {"-h", "--help"} & set(arguments):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):  # what is missing otherwise is left out, and the page says so
        debian([*for_virtual_environments(), *for_tests()])
    installed("test", "benchmark")
    folder = os.path.join(BUILD, "bench")
    heading("an installation without any tools")
    run(sys.executable, "-m", "venv", "--clear", folder)
    interpreter = os.path.join(folder, os.path.relpath(python()[0], VENV))
    run(interpreter, *pip(wheel())[1:])
    heading("benchmarks")
    # An E* command compiles nothing after its first call, unless the environment forbids keeping what it compiled.
    fast = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run(*python(script, "--programs", os.path.dirname(interpreter), *arguments), env=fast)


def hostbench() -> None:
    """Measure a mail host with few users beside one with many, as root."""
    with_mail_host("delivery.py")


def soak() -> None:
    """Send mail through a host for 20 minutes while commands change it, as root; it has to add up."""
    with_mail_host("soak.py")


def with_mail_host(script: str) -> None:
    """Run a benchmark on mail hosts that the tests' tools make."""
    debian([*for_virtual_environments(), *for_tests()])
    installed("test")
    heading(script)
    fast = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run(*python(os.path.join("benchmarks", script)), env=fast)


def mutants() -> None:
    """Run the whole conformance kit on every deliberately broken add-on, and write the table of docs/conformance.md."""
    installed("test")
    run(*python(os.path.join("tests", "conformance", "mutant_table.py")))


def alarms() -> None:
    """Run the whole conformance kit, five seeds each, on what must pass it."""
    installed("test")
    run(*python(os.path.join("tests", "conformance", "alarms.py")))


def freeze() -> None:
    """Build dist/mailaddon, a folder of programs that needs no Python."""
    debian(for_tests())
    installed("freeze", "postgresql")
    heading("PyInstaller")
    work = os.path.join(BUILD, "freeze")
    run(*python("-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--workpath", work, "build.spec"))


def clean() -> None:
    """Remove everything that the tasks made."""
    for name in LEFTOVERS:
        path = os.path.join(ROOT, name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.unlink(path)


#: The core and what is measured like it. Of a mail host much runs where nothing is measured: as another user, by sudo,
#: started by Postfix. The scenarios are what proves it.
REPORTS = (("--omit", "backends/postfix/*"), ("--include", "backends/postfix/*", "--fail-under", "75"))


def test() -> None:
    """Run every check and every test, on the installed wheel and under coverage."""
    debian([*for_virtual_environments(), *for_tests()])
    for package in UNPACKED:
        unpack(package)
    installed("test", "freeze")
    failed = checks({**LINT, **TYPES, **DOCS})
    heading("pytest, under coverage")
    results = os.path.join(BUILD, "tests")
    shutil.rmtree(results, ignore_errors=True)
    os.makedirs(results)
    covered = {**os.environ, "COVERAGE_FILE": os.path.join(results, "coverage")}
    report = os.path.join(results, "junit.xml")
    # Tests of mail hosts mostly wait, others compute: twice as many workers as processors keep these busy.
    workers = ("-n", str(2 * (os.cpu_count() or 1)), "--dist", "worksteal")
    command = python("-m", "coverage", "run", "-m", "pytest", *workers, "--durations", "10", "--junit-xml", report)
    if not succeeds(*command, env=covered):
        failed.append("pytest")
    counts = outcomes(report)
    if counts["skipped"]:
        failed.append("skipped tests, which prove nothing")
    heading("coverage")
    measured = succeeds(*python("-m", "coverage", "combine", "-q"), env=covered)
    reports = [succeeds(*python("-m", "coverage", "report", *choice), env=covered) for choice in REPORTS]
    if not (measured and all(reports)):
        failed.append("coverage")
    heading(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    end(failed)


def outcomes(report: str) -> "dict[str, int]":
    """How many tests passed, failed, broke and were skipped, from pytest's JUnit report."""
    from xml.etree import ElementTree as ET

    found = {"passed": 0, "failed": 0, "errors": 0, "skipped": 0}
    if os.path.exists(report):
        for suite in ET.parse(report).iter("testsuite"):  # noqa: S314 - pytest has just written it
            found["passed"] += int(suite.get("tests", 0))
            found["failed"] += int(suite.get("failures", 0))
            found["errors"] += int(suite.get("errors", 0))
            found["skipped"] += int(suite.get("skipped", 0))
    found["passed"] -= found["failed"] + found["errors"] + found["skipped"]
    return found


#: Those that take arguments of their own.
WITH_ARGUMENTS = (bench,)
TASKS = (demo, hostdemo, test, lint, types, docs, bench, hostbench, soak, mutants, alarms, freeze, clean)


def main() -> None:
    """Run the task that the first argument names."""
    if sys.version_info < OLDEST:
        fail("Python 3.11 or newer is needed, this is {}.{}; run python3.11 tasks.py …".format(*sys.version_info[:2]))
    known: Mapping[str, Callable[..., None]] = {task.__name__: task for task in TASKS}
    name, *arguments = sys.argv[1:] or [""]
    task = known.get(name)
    if task is None or (arguments and task not in WITH_ARGUMENTS):
        listing = "\n".join(f"  {name:11}{(found.__doc__ or '').strip()}" for name, found in known.items())
        sys.exit(f"usage: python3 tasks.py TASK\n{listing}")
    try:
        task(*arguments)
    except KeyboardInterrupt:
        fail("interrupted")


if __name__ == "__main__":
    main()
