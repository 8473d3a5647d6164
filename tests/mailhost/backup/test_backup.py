"""A backup of a host that is in use, a disaster, and the way back."""

import glob
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mailhost.host import Host


def save(host: Host, file: Path) -> None:
    """Back the directory up as the documentation says."""
    if host.reader:
        subprocess.run(
            [
                postgresql("pg_dump"),
                "--clean",
                "--if-exists",
                f"--schema={schema(host)}",
                f"--file={file}",
                host.location,
            ],
            check=True,
        )
    else:
        host.prints("mailaddon", "directory", "backup", str(file))


def bring_back(host: Host, file: Path) -> None:
    """Put the saved directory in place of what is left of it."""
    if host.reader:
        command = [postgresql("psql"), "--quiet", "--set=ON_ERROR_STOP=1", f"--file={file}", host.location]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    else:
        (host.root / "db").mkdir(parents=True)
        shutil.copyfile(file, host.root / "db" / "mail.db")


def lose(host: Host) -> None:
    """Have nothing left but the settings."""
    if host.reader:
        drop = f"DROP SCHEMA {schema(host)} CASCADE"
        subprocess.run(
            [
                postgresql("psql"),
                "--quiet",
                "--command=SET client_min_messages = error",
                f"--command={drop}",
                host.location,
            ],
            check=True,
        )
    shutil.rmtree(host.root)


def schema(host: Host) -> str:
    return host.location.rpartition("%3D")[2]


def postgresql(program: str) -> str:
    return max(glob.glob(f"/usr/lib/postgresql/*/bin/{program}"))


def test_what_was_backed_up_works_again(spare: Host) -> None:
    host, copies = spare, spare.folder / "copies"
    copies.mkdir()
    host.prints("EStartMailServer")
    domain = host.add_domain("u1", "u2")
    host.prints("EAddUserAlias", domain, "u1", "a1")
    host.prints("ESetAutoResponder", domain, "u1", "away", "text")
    host.prints("EAddMailingList", domain, "news")
    host.prints("EAddMailingListMember", domain, "news", "", f"u2@{domain}")
    host.takes(f"a1@{domain}", subject="before")
    host.quiet()
    with ThreadPoolExecutor(1) as pool:  # it is in use
        others = pool.submit(lambda: [host.add_user(domain, f"n{number}") for number in range(8)])
        save(host, copies / "directory")
        others.result()
    shutil.copytree(host.mail / domain / "u1", copies / "u1", symlinks=True)  # who restores it may own it then
    host.prints("EStopMailServer")

    lose(host)
    bring_back(host, copies / "directory")
    shutil.copytree(copies / "u1", host.mail / domain / "u1", symlinks=True)
    host.init()  # what is missing, and the rights of what was put there
    host.prints("EStartMailServer")
    said = host.prints("mailaddon", "host", "rebuild")
    assert said.startswith("1 domains rebuilt, ")
    assert host.prints("mailaddon", "host", "check") == "nothing is wrong\n"
    host.takes(f"a1@{domain}", f"u2@{domain}", subject="after")
    assert host.subjects(f"u1@{domain}") == ["after", "before"]
    assert host.subjects(f"u2@{domain}") == ["after"]
    assert (host.root / "sieve" / domain / "u1.svbin").exists()
    assert host.prints("EGetMailingListMemberList", domain, "news") == f"u2@{domain}\n"
    assert list((host.root / "lists" / domain / "news" / "subscribers.d").iterdir())
    assert host.prints("mailaddon", "host", "rebuild") == "1 domains rebuilt, 0 mailboxes made\n"


def test_a_reply_that_is_not_set_any_more_is_removed(host: Host) -> None:
    domain = host.add_domain("u1")
    host.prints("ESetAutoResponder", domain, "u1", "away", "text")
    scripts = host.root / "sieve" / domain
    shutil.copyfile(scripts / "u1.sieve", scripts / "admin.sieve")
    host.prints("mailaddon", "host", "rebuild")
    assert sorted(path.name for path in scripts.iterdir()) == ["u1.sieve", "u1.svbin"]
