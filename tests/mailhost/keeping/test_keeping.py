"""What is kept before it is replaced comes back as it was, and what was not there goes."""

import os
import stat
from pathlib import Path

import pytest
from mailaddon.backends.postfix import keeping
from mailaddon.backends.postfix._record import File
from mailaddon.backends.postfix.layout import Instance

from mailaddon.errors import StorageFailed


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    (tmp_path / "i").mkdir()
    # The path is longer than sockets allow, and nothing here makes any.
    made = Instance({"root": "/short"})
    made.root = str(tmp_path / "i")
    return made


def file(path: Path) -> File:
    return File(path=str(path), text="ours", mode=0o644)


def folder(path: Path) -> tuple[str, int, str, str]:
    return str(path), 0o755, "root", "root"


def test_files_links_and_rights_come_back(instance: Instance, tmp_path: Path) -> None:
    place = tmp_path / "etc"
    place.mkdir(mode=0o750)
    plain, link, new, below = place / "plain", place / "link", place / "new", place / "sub" / "file"
    plain.write_text("theirs", encoding="ascii")
    plain.chmod(0o640)
    os.chown(plain, 12, 34)
    os.setxattr(plain, "user.note", b"kept")
    os.utime(plain, ns=(1, 1_500_000_000_123_456_789))
    link.symlink_to("elsewhere")
    keeping.keep(instance, map(file, (plain, link, new, below)), map(folder, (place, below.parent)), ["postfix"])
    link.unlink()
    below.parent.mkdir()
    for path in (plain, link, new, below):
        path.write_text("ours", encoding="ascii")
    os.chown(plain, 0, 0)
    os.removexattr(plain, "user.note")
    place.chmod(0o777)

    assert keeping.running_before(instance) == ["postfix"]
    told = keeping.put_back(instance)
    assert f"put back: {plain}" in told
    assert f"removed: {below.parent}" in told
    status = plain.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12, 34, 0o640)
    assert status.st_mtime_ns == 1_500_000_000_123_456_789
    assert os.getxattr(plain, "user.note") == b"kept"
    assert plain.read_text(encoding="ascii") == "theirs"
    assert link.readlink() == Path("elsewhere")
    assert sorted(place.iterdir()) == [link, plain]
    assert stat.S_IMODE(place.stat().st_mode) == 0o750
    assert keeping.in_force(instance) == []


def test_the_oldest_state_is_what_comes_back(instance: Instance, tmp_path: Path) -> None:
    path, later = tmp_path / "one", tmp_path / "two"
    path.write_text("first", encoding="ascii")
    later.write_text("second's first", encoding="ascii")
    keeping.keep(instance, [file(path)], [], ["postfix", "dovecot"])
    path.write_text("second", encoding="ascii")
    keeping.keep(instance, [file(path), file(later)], [], [])
    path.write_text("third", encoding="ascii")
    later.write_text("ours", encoding="ascii")
    assert len(keeping.in_force(instance)) == 2
    assert keeping.running_before(instance) == ["postfix", "dovecot"]
    keeping.put_back(instance)
    assert path.read_text(encoding="ascii") == "first"
    assert later.read_text(encoding="ascii") == "second's first"


def test_a_folder_with_somebody_elses_file_stays(instance: Instance, tmp_path: Path) -> None:
    new = tmp_path / "sub"
    keeping.keep(instance, [file(new / "ours")], [folder(new)], [])
    new.mkdir()
    (new / "ours").touch()
    (new / "theirs").touch()
    keeping.put_back(instance)
    assert list(new.iterdir()) == [new / "theirs"]


def test_what_was_kept_by_half_is_not_put_back(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("theirs", encoding="ascii")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(keeping, "replace", full)
        with pytest.raises(OSError, match="No space"):
            keeping.keep(instance, [file(path)], [], [])
    assert keeping.in_force(instance) == []
    assert keeping.put_back(instance) == []
    assert path.read_text(encoding="ascii") == "theirs"


def test_putting_back_goes_on_where_it_failed(instance: Instance, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "sub" / "second"
    second.parent.mkdir()
    for path in (first, second):
        path.write_text("theirs", encoding="ascii")
    keeping.keep(instance, [file(first), file(second)], [], [])
    for path in (first, second):
        path.write_text("ours", encoding="ascii")
    first.unlink()
    first.mkdir()
    (first / "something").touch()
    with pytest.raises(StorageFailed, match="first cannot be put back"):
        keeping.put_back(instance)
    assert second.read_text(encoding="ascii") == "theirs"
    (first / "something").unlink()
    first.rmdir()
    keeping.put_back(instance)
    assert first.read_text(encoding="ascii") == "theirs"


def test_what_is_below_the_hosts_own_folder_is_not_kept(instance: Instance, tmp_path: Path) -> None:
    keeping.keep(instance, [file(tmp_path / "i" / "etc" / "main.cf")], [folder(tmp_path / "i")], [])
    assert keeping.in_force(instance) == []
    assert not (tmp_path / "i" / "replaced").exists()
