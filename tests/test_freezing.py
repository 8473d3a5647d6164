"""Making bundles: a vendor's own, what it says of itself, that it can be made again, and what is refused."""

import gc
import json
import marshal
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from importlib.metadata import Distribution
from pathlib import Path
from types import SimpleNamespace

import pytest
from bundles import MOMENT
from conftest import ALL_ON, Panel
from test_packaging import PROGRAMS, run
from umbrella import mailaddon

from mailaddon import __version__
from mailaddon.errors import InvalidArgument, NotFound, StorageFailed, Unavailable
from mailaddon.freezing import compiling, libraries, manifest, modules, programs, recipe, start, vendor, windows
from mailaddon.freezing.libraries import Versions
from mailaddon.freezing.modules import Module
from mailaddon.freezing.options import EARLIEST, Options, checked, moment
from mailaddon.freezing.recipe import INSIDE

ACME = "EAddUser {} in acme-mail 2.1, Acme Inc.\n"


def members(folder: Path) -> dict[str, bytes]:
    """The files of a bundle by their place, links by where they lead."""
    return {
        str(path.relative_to(folder)): os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def program(path: Path, work: Path) -> bytes:
    """What a program has beside PyInstaller's loader."""
    run("objcopy", "--dump-section", f"pydata={work}", path, "/dev/null")
    return work.read_bytes()


# A vendor's bundle


def test_a_vendors_bundle_is_the_vendors(acme_bundle: Path, panel: Panel) -> None:
    assert {path.name for path in acme_bundle.iterdir()} == {f"{name}.exe" for name in PROGRAMS} | {
        INSIDE,
        manifest.SBOM,
        manifest.CHECKSUMS,
    }
    panel.programs, panel.env = acme_bundle, {"MAILADDON_HOME": str(panel.home)}
    assert panel.prints("EAddUser.exe", "--version") == ACME.format(__version__)
    assert panel.prints("mailaddon.exe", "--version") == ACME.format(__version__).replace("EAddUser", "mailaddon")
    panel.prints("EAddDomain.exe", "xyz.com", "192.0.2.10", "/var/mail", "10", "admin", "s3cret", "0", *ALL_ON)
    assert "xyz.com" in json.loads((panel.home / "acme.json").read_text())
    assert "PROBLEM" not in panel.prints("mailaddon.exe", "doctor")
    panel.settings('backend = "embedded"\n')
    assert panel.run("EGetMailURL.exe", "xyz.com").stderr.endswith(b"[not-found]\n")


def test_a_vendors_bundle_registers_itself(acme_bundle: Path, panel: Panel) -> None:
    panel.programs, panel.env = acme_bundle, {"MAILADDON_HOME": str(panel.home)}
    inner = panel.home.parent / "inner"
    inner.mkdir(mode=0o700)
    done = panel.run("RegisterMailAddon.exe", "Acme", "Mail", "2.1", "exe", "", "", "--directory", str(acme_bundle))
    assert (done.returncode, done.stderr) == (0, b"")
    panel.settings(f'[backends.executable.environment]\nMAILADDON_HOME = "{inner}"\n')
    domain = ("xyz.com", "192.0.2.10", "/var/mail", "10", "admin", "s3cret", "0", *ALL_ON)
    panel.prints("mailaddon.exe", "panel", "call", "EAddDomain", *domain)
    assert "xyz.com" in json.loads((inner / "acme.json").read_text())


def test_a_bundle_cannot_make_bundles(acme_bundle: Path, panel: Panel) -> None:
    panel.programs = acme_bundle
    assert "run this from an installation" in panel.run("mailaddon.exe", "freeze").stderr.decode()


def test_the_checksums_are_of_all_files(acme_bundle: Path) -> None:
    run("sha256sum", "--check", "--strict", "--quiet", manifest.CHECKSUMS, cwd=acme_bundle)
    listed = {line.split("  ", 1)[1] for line in (acme_bundle / manifest.CHECKSUMS).read_text().splitlines()}
    assert listed | {manifest.CHECKSUMS} == set(members(acme_bundle))


def test_the_bill_of_materials(acme_bundle: Path) -> None:
    bill = json.loads((acme_bundle / manifest.SBOM).read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert bill["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert bill["metadata"]["component"] == {
        "type": "application", "bom-ref": "bundle", "name": "acme-mail", "version": "2.1", "publisher": "Acme Inc.",
    }  # fmt: skip
    known = {component["name"]: component for component in bill["components"]}
    assert len({component["bom-ref"] for component in bill["components"]}) == len(bill["components"])
    assert known["acme-mail"]["purl"] == "pkg:pypi/acme-mail@2.1"
    assert known["CPython"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert known["mail-addon-sdk"]["licenses"] == [{"expression": "Apache-2.0"}]
    assert known["pluggy"]["licenses"] == [{"expression": "MIT"}]
    named = {
        "argon2-cffi-bindings",
        "bcrypt",
        "cffi",
        "click",
        "idna",
        "libpass",
        "pluggy",
        "psycopg",
        "psycopg-binary",
    }
    assert named <= set(known)
    assert not {"pip", "pyinstaller", "pytest", "setuptools", "coverage"} & set(known)
    assert all(
        one.get("licenses") for one in bill["components"] if one["type"] == "library" and one["name"] != "acme-mail"
    )
    sqlite = known["libsqlite3.so.0"]
    assert sqlite["hashes"][0]["content"] == manifest.digest(str(acme_bundle / INSIDE / "libsqlite3.so.0"))
    assert sqlite["purl"].startswith("pkg:deb/debian/libsqlite3-0@")


def test_times_and_rights_are_nobodys(acme_bundle: Path, bundle: Path) -> None:
    for folder, when in ((acme_bundle, MOMENT), (bundle, EARLIEST)):
        for path in (folder, *folder.rglob("*")):
            assert path.lstat().st_mtime == when
            if not path.is_symlink():
                assert path.stat().st_mode & 0o777 in ({0o755} if path.is_dir() else {0o755, 0o644})


# Made again


def test_what_two_builds_have_in_common_is_the_same(bundle: Path, acme_bundle: Path, tmp_path: Path) -> None:
    plain, acme = members(bundle / INSIDE), members(acme_bundle / INSIDE)
    assert [name for name in plain if plain[name] != acme.get(name)] == []
    assert {name.split("/")[0] for name in set(acme) - set(plain)} == {"acme_mail", "acme_mail-2.1.dist-info"}
    loaders = set()
    for name in PROGRAMS:
        for path in (bundle / name, acme_bundle / f"{name}.exe"):
            bare = tmp_path / "bare"
            run("objcopy", "--remove-section", "pydata", path, bare)
            loaders.add(bare.read_bytes())
    assert len(loaders) == 1


@pytest.mark.parametrize("name", ["EAddUser", "RegisterMailAddon", "mailaddon"])
def test_a_program_is_the_same_made_by_another_process(bundle: Path, tmp_path: Path, name: str) -> None:
    from PyInstaller.archive.writers import CArchiveWriter, ZlibArchiveWriter

    ((_, path),) = programs.write(str(tmp_path / "sources"), {name: programs.text(name, {})})
    empty = tmp_path / "empty.pyz"
    ZlibArchiveWriter(str(empty), [])
    shown = [sys.intern(word) for word in programs.text(name, {}).split()]  # what is used elsewhere must not be seen
    rows = [
        (name, path, False, "s2"),
        (f"pyi-contents-directory {INSIDE}", "", False, "o"),
        ("PYZ.pyz", str(empty), False, "z"),
    ]
    with recipe.unshared():
        CArchiveWriter(str(tmp_path / "made"), rows, pylib_name=str(sysconfig.get_config_var("INSTSONAME")))
    assert shown
    assert program(bundle / name, tmp_path / "shipped") == (tmp_path / "made").read_bytes()


def test_modules_are_compiled_alike_whatever_else_is_loaded(bundle: Path, tmp_path: Path) -> None:
    spec = [module for module in modules.standard_library() if module.target in {"argparse", "email/message", "this"}]
    done = modules.compile_all(spec, str(tmp_path))
    assert [place for place, _ in done] == ["argparse.pyc", "email/message.pyc", "this.pyc"]
    for place, path in done:
        assert (bundle / INSIDE / place).read_bytes() == Path(path).read_bytes()
    code = marshal.loads(Path(done[0][1]).read_bytes()[16:])
    assert code.co_filename == "argparse.py"


# The parts


def test_the_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text('"""Text."""\nassert False\n')
    bad.write_text("print 1\n")
    rows = [[str(good), str(tmp_path / "a" / "good.pyc"), "a/good", 2], [str(bad), str(tmp_path / "bad.pyc"), "bad", 0]]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(read=lambda: json.dumps(rows)))
    compiling.main()
    assert json.loads(capsys.readouterr().out) == ["bad"]
    made = marshal.loads((tmp_path / "a" / "good.pyc").read_bytes()[16:])
    exec(made, {})
    assert made.co_filename == "a/good.py"
    assert modules.compile_all([Module(str(good), "good", 2), Module(str(bad), "bad")], str(tmp_path / "b")) == [
        ("good.pyc", str(tmp_path / "b" / "good.pyc"))
    ]
    with pytest.raises(Unavailable, match=r"cannot be compiled: [^$]*nowhere"):
        modules.compile_all([Module("/nowhere.py", "nowhere")], str(tmp_path))


def test_what_is_taken_of_the_standard_library(tmp_path: Path) -> None:
    for name in (
        "os.py",
        "turtle.py",
        "email/__init__.py",
        "email/test/x.py",
        "test/x.py",
        "site-packages/x.py",
        "json/tests/x.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [(one.target, one.optimize) for one in modules.standard_library(str(tmp_path))] == [
        ("os", 2), ("email/__init__", 2),
    ]  # fmt: skip
    named = {os.path.basename(path).partition(".")[0] for path in modules.extensions()}
    assert "_sqlite3" in named
    assert not named & modules.WITHOUT


def test_what_is_taken_of_packages() -> None:
    pure = [
        ("mailaddon.errors", "/x/errors.py", "PYMODULE"),
        ("mailaddon.cli", "/x/cli/__init__.py", "PYMODULE"),
        ("mailaddon.service", "/x/service.py", "PYMODULE"),
        ("acme", "/x/acme/__init__.py", "PYMODULE"),
        ("click.core", "/x/click/core.py", "PYMODULE"),
        ("space", "-", "PYMODULE"),
        ("pip.main", "/x/pip/main.py", "PYMODULE"),
        ("os", os.__file__, "PYMODULE"),
    ]
    found = {one.target: one.optimize for one in modules.of_packages(pure, ["acme"])}
    assert found == {
        "mailaddon/errors": 0, "mailaddon/cli/__init__": 0, "mailaddon/service": 2, "acme/__init__": 0, "click/core": 2,
    }  # fmt: skip


def test_a_library_that_is_there_under_its_usual_name() -> None:
    needs = {"libssl-12345678.so.3": frozenset({"S_1"}), "libcrypto-12345678.so.3": frozenset({"C_1"})}
    row = ("x.libs/libcrypto-12345678.so.3", "theirs", "BINARY")
    other = ("x.libs/libssl-12345678.so.3", "their ssl", "BINARY")
    rows = [
        ("libcrypto.so.3", "ours", "BINARY"),
        ("libssl.so.3", "our ssl", "BINARY"),
        row,
        other,
        ("x/m.so", "m", "EXTENSION"),
    ]
    known = {
        "ours": Versions(frozenset({"C_1", "C_2"}), {}),
        "our ssl": Versions(frozenset({"S_1"}), {}),
        "their ssl": Versions(frozenset({"S_1"}), {"libcrypto-12345678.so.3": frozenset({"C_3"})}),
        "m": Versions(frozenset(), needs),
    }
    both = {row[0]: "../libcrypto.so.3", other[0]: "../libssl.so.3"}
    assert libraries.copies(rows, known) == both
    known["our ssl"] = Versions(frozenset({"S_0"}), {})
    assert libraries.copies(rows, known) == {}  # theirs stays, and needs a libcrypto that ours is too old for
    assert libraries.versions([]) == {}
    (found,) = libraries.versions([sys.executable]).values()
    assert any(name.startswith("GLIBC_") for name in found.needs["libc.so.6"])


def test_the_packages_that_libraries_are_from(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = run("ldd", distribution_file("_sqlite3"))
    path = next(word for word in listed.split() if word.startswith("/") and "libsqlite3" in word)
    rows = [
        ("libsqlite3.so.0", path, "BINARY"),
        ("x.so", "/x.so", "EXTENSION"),
        ("liby.so", "/nowhere/liby.so", "BINARY"),
    ]
    sqlite, other = libraries.described(rows)
    assert (sqlite.place, sqlite.package) == ("libsqlite3.so.0", "libsqlite3-0")
    assert sqlite.version[0] == "3"
    assert (other.place, other.package, other.version) == ("liby.so", "", "")
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert [one.package for one in libraries.described(rows)] == ["", ""]


def distribution_file(name: str) -> str:
    """The file of a module of the standard library that is written in C."""
    return next(path for path in modules.extensions() if os.path.basename(path).startswith(f"{name}."))


def test_a_programs_first_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = "/b/_internal"
    path = [f"{inside}/base_library.zip", f"{inside}/python3.11/lib-dynload", inside]
    monkeypatch.setattr(sys, "path", path)
    monkeypatch.setattr(sys, "_MEIPASS", inside, raising=False)
    monkeypatch.setattr(sys, "frozen", False, raising=False)
    monkeypatch.setattr(sys, "executable", "/b/EAddUser")
    monkeypatch.setattr(
        os, "environ", {"_PYI_ARCHIVE_FILE": "x", "LD_LIBRARY_PATH": inside, "LD_LIBRARY_PATH_ORIG": "/mine", "A": "b"}
    )
    monkeypatch.setattr(sys, "path_hooks", [])
    monkeypatch.setattr(gc, "set_threshold", lambda _count: None)
    start.begin()
    assert len(sys.path_hooks) == 1
    assert (path, os.environ) == (
        [inside, f"{inside}/python3.11/lib-dynload", "/b/plugins"], {"LD_LIBRARY_PATH": "/mine", "A": "b"},
    )  # fmt: skip
    assert sys.frozen  # type: ignore[attr-defined]
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "frozen_module.py").write_text("found = 1\n")
    finder = start.finders(str(tmp_path))(str(folder))
    spec = finder.find_spec("frozen_module")
    assert spec is not None
    assert spec.origin == str(folder / "frozen_module.py")
    with pytest.raises(ImportError, match="/elsewhere"):
        start.finders(inside)("/elsewhere")
    environment = {"LD_LIBRARY_PATH": inside}
    start.restore(environment)
    assert environment == {}


def test_what_runs_before_a_program() -> None:
    empty = SimpleNamespace(name="/made/PYZ-00.pyz")
    scripts = [
        ("pyi_rth_inspect", "/hooks/inspect.py", "PYSOURCE"),
        ("pyi_rth_pkgutil", "/hooks/pkgutil.py", "PYSOURCE"),
        ("EAddUser-program", "/made/EAddUser-program.py", "PYSOURCE"),
    ]
    assert recipe.beginning(empty, scripts, "linux") == [[("PYZ-00.pyz", "/made/PYZ-00.pyz", "PYZ")]]
    assert recipe.beginning(empty, scripts, "win32") == [empty, scripts[1:2]]


def test_what_a_program_is_told() -> None:
    assert "_bundle" not in programs.text("EAddUser", Options().facts)
    facts = Options(name="acme", version="1", backend="x").facts
    told = programs.text("EAddUser", facts)
    assert "mailaddon._bundle.update([('backend', 'x'), ('title', 'acme 1')])" in told
    assert told.endswith("main('EAddUser')\n")
    for name in programs.names():
        folder = "commands" if name.startswith("E") else "register"
        path = Path(__file__).parent.parent / folder / f"{name}.py"
        if name not in {"mailaddon", "EGetDistributionList"}:
            body = [line.strip() for line in programs.body(name).splitlines() if line]
            assert [line.replace("'", '"') for line in body] == [
                line.strip() for line in path.read_text().splitlines() if line.strip().startswith(("from", "main"))
            ]


def test_the_version_resource_of_windows(tmp_path: Path) -> None:
    options = Options(name="acme-mail", version="2.1rc1", vendor="Acme Inc.", extension=".exe")
    text = windows.resource("EAddUser", recipe.purpose("EAddUser"), options)
    names = (
        "VSVersionInfo",
        "FixedFileInfo",
        "StringFileInfo",
        "StringTable",
        "StringStruct",
        "VarFileInfo",
        "VarStruct",
    )

    def made(name: str) -> object:
        return lambda *given, **named: (name, given, named)

    _name, _given, found = eval(text, {name: made(name) for name in names})
    assert found["ffi"][2]["filevers"] == (2, 1, 0, 0)
    table = found["kids"][0][1][0][0]
    assert dict(row[1] for row in table[1][1]) == {
        "CompanyName": "Acme Inc.",
        "FileDescription": "Adds a user with a mailbox.",
        "FileVersion": "2.1rc1",
        "InternalName": "EAddUser",
        "OriginalFilename": "EAddUser.exe",
        "ProductName": "acme-mail",
        "ProductVersion": "2.1rc1",
    }
    numbers = {"1": (1, 0, 0, 0), "v1.2.3.4.5": (1, 2, 3, 4), "2!70000.1": (65535, 1, 0, 0), "x": (0, 0, 0, 0)}
    assert {text: windows.version_numbers(text) for text in numbers} == numbers
    assert "Mail Server API" in recipe.purpose("mailaddon")
    assert Path(recipe.resource("EAddUser", options, str(tmp_path))).read_text() == text
    assert "CompanyName" not in windows.resource("EAddUser", "x", Options())


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: MIT OR Apache-2.0\n", {"expression": "MIT OR Apache-2.0"}),
        ("Classifier: License :: OSI Approved :: MIT License\nLicense: see below\n", {"expression": "MIT"}),
        ("License: LGPL with exceptions\n", {"license": {"name": "LGPL with exceptions"}}),
        ("Classifier: License :: OSI Approved :: Acme License\n", {"license": {"name": "Acme License"}}),
        ("", {}),
    ],
)
def test_licences(tmp_path: Path, metadata: str, licence: dict[str, object]) -> None:
    assert manifest.licence(made(tmp_path, metadata)) == licence


@pytest.mark.parametrize(
    ("metadata", "maker"),
    [
        ("Author: Acme\nMaintainer: Other\n", "Acme"),
        ("Maintainer: Acme\n", "Acme"),
        ("Author-email: Acme Inc. <a@acme.example>\n", "Acme Inc."),
        ("Maintainer-email: a@acme.example\n", "a@acme.example"),
        ("", ""),
    ],
)
def test_who_makes_a_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: str, maker: str) -> None:
    made(tmp_path, metadata, "[mailaddon.backends]\nx = x:Y\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    options = vendor.resolved(["acme-x"], extension="exe")
    assert options == Options("acme-x", "1.0", maker, ".exe", "x", ("acme-x",))
    assert Options.from_json(options.to_json()) == options


def made(folder: Path, metadata: str, points: str = "") -> Distribution:
    """A distribution of a module x, with this metadata."""
    inside = folder / "acme_x-1.0.dist-info"
    inside.mkdir()
    (inside / "METADATA").write_text(f"Metadata-Version: 2.4\nName: acme-x\nVersion: 1.0\n{metadata}\n")
    (inside / "entry_points.txt").write_text(points)
    (inside / "LICENCE").write_text("All rights reserved.\n")
    (inside / "RECORD").write_text("x.py,,\nacme_x-1.0.dist-info/LICENCE,,\nacme_x-1.0.dist-info/RECORD,,\n")
    (folder / "x.py").write_text("class Y: pass\n")
    return Distribution.at(inside)


def test_what_nobody_asked_for_is_not_frozen_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, needs in (("plugin", ["Middle>=1; extra == 'x'"]), ("middle", ["numpy (>=1.2)", "plugin"])):
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        lines = "".join(f"Requires-Dist: {one}\n" for one in needs)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{lines}")
    monkeypatch.syspath_prepend(tmp_path)
    wanted = vendor.required([vendor.installed("plugin")])
    assert wanted == {"middle", "numpy", "plugin"}
    assert libraries.not_asked_for(wanted) == ["shapely"]
    assert libraries.not_asked_for(vendor.required([])) == ["numpy", "shapely"]


def test_what_is_kept_of_a_distribution(tmp_path: Path) -> None:
    found = made(tmp_path, "", "[mailaddon.backends]\nx = x:Y\n")
    assert vendor.packages(found) == ["x"]
    kept = dict(vendor.about(found))
    assert sorted(kept) == [
        f"acme_x-1.0.dist-info/{name}" for name in ("METADATA", "entry_points.txt", "licenses/LICENCE")
    ]
    package = tmp_path / "pack"
    (package / "data" / "__pycache__").mkdir(parents=True)
    for name in ("__init__.py", "py.typed", "data/table.csv", "data/__pycache__/x.pyc"):
        (package / name).touch()
    assert list(vendor.data_files([str(package)])) == [
        (str(package / "py.typed"), "pack"), (str(package / "data" / "table.csv"), "pack/data"),
    ]  # fmt: skip


# What is refused


def test_times() -> None:
    assert moment({}) == EARLIEST
    assert moment({"SOURCE_DATE_EPOCH": "1700000000"}) == MOMENT
    for text in ("yesterday", "-1", "0", "1700000000.5", "4294967296", "9" * 5000):
        with pytest.raises(InvalidArgument, match="SOURCE_DATE_EPOCH is"):
            moment({"SOURCE_DATE_EPOCH": text})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"name": "../x"}, "--name: '../x' is no name of a folder"),
        ({"version": ""}, "--version: a bundle has a version"),
        ({"vendor": "a\nb"}, "--vendor: 'a\\nb' does not fit"),
        ({"extension": ".e/x"}, "--extension: '.e/x' is no extension"),
    ],
)
def test_options_that_do_not_fit(given: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        checked(Options(**given))  # type: ignore[arg-type]
    assert str(refused.value).startswith(reason)


def test_windows_has_one_extension() -> None:
    assert checked(Options(extension=".exe"), "nt").extension == ".exe"
    with pytest.raises(InvalidArgument, match=r"starts programs by \.exe"):
        checked(Options(extension=""), "nt")


def test_plugins_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="no distribution 'acme-nowhere' is installed"):
        vendor.resolved(["acme-nowhere"])
    with pytest.raises(NotFound, match="no distribution '' is installed"):
        vendor.resolved([""])
    with pytest.raises(NotFound, match=r"click has no entry point in the group mailaddon\.backends"):
        vendor.resolved(["click"])
    with pytest.raises(InvalidArgument, match="'acme' is in no plugin; none would be"):
        vendor.resolved([], backend="acme")
    made(tmp_path, "", "[mailaddon.backends]\none = x:Y\ntwo = x:Y\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InvalidArgument, match="acme-x has several backends; one of one, two is needed"):
        vendor.resolved(["acme-x"])
    assert vendor.resolved(["acme-x"], backend="two", name="n", version="3", vendor="v").title == "n 3, v"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_that_is_no_bundle_stays(here: Path) -> None:
    (here / "dist" / "mailaddon").mkdir(parents=True)
    assert mailaddon("freeze", "--force").stderr.endswith(
        "exists and is no bundle; choose another --output or --name [already-exists]\n"
    )
    for name in (manifest.SBOM, manifest.CHECKSUMS):
        (here / "dist" / "mailaddon" / name).touch()
    assert mailaddon("freeze").stderr.endswith("dist/mailaddon exists; --force replaces it [already-exists]\n")


def test_a_build_that_fails(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    def fails(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        spec = Path(command[-1]).read_text()
        started.append((spec, options["env"]))
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(subprocess, "run", fails)
    monkeypatch.setenv("MAILADDON_BACKEND", "x")
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(fileno=lambda: 2))
    with pytest.raises(Unavailable, match="PyInstaller ended with status 3"):
        cli_run(here)
    ((spec, environment),) = started
    scope: dict[str, object] = {}
    exec(spec.replace("build(Options", "made = (Options"), scope)
    assert scope["made"] == Options()
    assert "MAILADDON_BACKEND" not in environment
    with pytest.raises(Exception, match="cannot be written"):
        cli_run(here / "nowhere")


def cli_run(work: Path) -> None:
    """Start PyInstaller as `mailaddon freeze` does."""
    from mailaddon.freezing.cli import _run

    _run(Options(), "dist", str(work))


def test_a_bundle_that_is_made_again_keeps_its_plugins(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = here / "dist" / "mailaddon"
    (old / start.PLUGINS).mkdir(parents=True)
    for name in (manifest.SBOM, manifest.CHECKSUMS, "plugins/acme.py"):
        (old / name).write_text("old")

    def fails(_options: Options, output: str, _work: str) -> None:
        Path(output, "mailaddon").mkdir()
        raise Unavailable("half made")

    def makes(_options: Options, output: str, _work: str) -> None:
        Path(output, "mailaddon").mkdir()
        Path(output, "mailaddon", manifest.SBOM).write_text("new")

    monkeypatch.setattr("mailaddon.freezing.cli._run", fails)
    assert "half made" in mailaddon("freeze", "--force").stderr
    assert {path: content.decode() for path, content in members(old).items()} == dict.fromkeys(
        (manifest.SBOM, manifest.CHECKSUMS, "plugins/acme.py"), "old"
    )
    monkeypatch.setattr("mailaddon.freezing.cli._run", makes)
    assert mailaddon("freeze", "--force").stdout == f"{old}\n"
    assert members(old) == {manifest.SBOM: b"new", "plugins/acme.py": b"old"}
    assert list((here / "dist").iterdir()) == [old]


def test_a_bundle_that_cannot_be_put_there(here: Path) -> None:
    from mailaddon.freezing.cli import _put

    (here / "file").touch()
    assert "file/x cannot be written to: Not a directory" in mailaddon("freeze", "--output", "file/x").stderr
    (here / "old").mkdir()
    with pytest.raises(StorageFailed, match="old cannot be put there: No such file"):
        _put(str(here / "nowhere"), str(here / "old"), str(here / "replaced"))
    assert [path.name for path in sorted(here.iterdir())] == ["file", "old"]


def test_without_pyinstaller(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PyInstaller", None)
    refused = mailaddon("freeze").stderr
    assert "PyInstaller is not installed" in refused
    assert "pip install 'mail-addon-sdk[freeze]'" in refused
    monkeypatch.undo()
    assert list(here.iterdir()) == []


def test_the_marshalled_form_is_the_same_whatever_else_is_used() -> None:
    from PyInstaller.archive import writers

    code = compile(textwrap.dedent("a = 'some text of its own'\n"), "x", "exec")
    with recipe.unshared():
        alone = writers.marshal.dumps(code)
        held = [*code.co_consts, *code.co_names]
        assert writers.marshal.dumps(code) == alone
        assert held
        assert writers.marshal.loads(alone) == code
    assert writers.marshal is marshal
