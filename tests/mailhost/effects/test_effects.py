"""What happens outside the directory, also when the command that has to do it is killed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress

import pytest
from mailaddon.backends.postfix import PostfixBackend, effects, lists, root
from mailaddon.backends.postfix.layout import Instance
from mailhost.host import Host

from mailaddon.service import Service


@pytest.fixture
def service(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The host, driven from this process."""
    monkeypatch.setenv("MAILADDON_HOME", str(host.home))
    with Service.open() as opened:
        yield opened


def stored(host: Host) -> list[tuple[str, str]]:
    return [(kind, key) for kind, key in host.rows("SELECT kind, key FROM effect ORDER BY id")]


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def test_the_next_command_does_what_a_killed_one_has_left(
    host: Host, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailaddon.operations import find

    domain = host.add_domain("u1")
    script = host.root / "sieve" / domain / "u1.sieve"

    def die(*_arguments: object) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(effects, "perform", die)
        with pytest.raises(Killed):
            service.run(find("ESetAutoResponder"), (domain, "u1", "away", "text"))
    assert stored(host) == [("sieve", f"u1@{domain}")]
    assert not script.exists()
    host.prints("EAddForward", domain, "u1", "someone@outside.test")
    assert stored(host) == []
    assert script.exists()


def test_an_effect_that_fails_is_tried_again_and_check_names_it(
    host: Host, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailaddon.operations import find

    domain = host.add_domain("u1")
    with monkeypatch.context() as patch:
        patch.setattr("mailaddon.backends.postfix.services.SIEVEC", "/nonexistent")
        service.run(find("ESetAutoResponder"), (domain, "u1", "away", "text"))
    assert stored(host) == [("sieve", f"u1@{domain}")]
    assert "effects: 1 are not performed yet" in host.run("mailaddon", "host", "check").stdout.decode()
    assert "/nonexistent" in host.log("effects.log")
    (host.root / "log" / "effects.log").write_text("")
    host.prints("EAddUserAlias", domain, "u1", "alias")
    assert stored(host) == []
    assert (host.root / "sieve" / domain / "u1.svbin").exists()


def test_a_refused_command_has_no_effects(host: Host, service: Service) -> None:
    from mailaddon import NotFound
    from mailaddon.operations import find

    with pytest.raises(NotFound):
        service.run(find("ESuspendUser"), ("none.test", "u1"))
    assert stored(host) == []
    assert isinstance(service.backend.plugin, PostfixBackend)
    assert service.backend.plugin.outbox.perform()


def test_a_folder_that_cannot_be_given_away_undoes_the_command(
    host: Host, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailaddon import StorageFailed
    from mailaddon.operations import find

    domain = host.add_domain()

    def refuse(*_arguments: object) -> None:
        raise PermissionError(1, "not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fchown", refuse)
        with pytest.raises(StorageFailed):
            service.run(find("EAddUser"), (domain, "u1", "pw", "", "", "", "1", "1", "1"))
    assert not (host.mail / domain / "u1").exists()
    host.add_user(domain, "u1")
    host.takes(f"u1@{domain}")
    assert len(host.subjects(f"u1@{domain}")) == 1


@pytest.mark.parametrize("command", ["EAddUser", "EDeleteForward", "EAddSpamFilter"])
def test_a_command_without_effects_starts_nothing_and_imports_little(host: Host, database: str, command: str) -> None:
    domain = host.add_domain("u1")
    host.prints("EAddForward", domain, "u1", "a@outside.test")
    arguments = {
        "EAddUser": ("u2", "pw", "", "", "", "1", "1", "1"),
        "EDeleteForward": ("u1", "a@outside.test"),
        "EAddSpamFilter": ("spam.test", "DOMAIN"),
    }[command]
    done = host.run(command, domain, *arguments, PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert "mailaddon.backends.postfix.layout" in imported
    heavy = {
        "mailaddon.backends.postfix.databases",
        "mailaddon.backends.postfix.effects",
        "mailaddon.backends.postfix.services",
        "click",
        "pluggy",
    }
    assert not imported & heavy
    assert "subprocess" not in imported or database == "postgresql"  # psycopg imports it


def test_a_list_is_made_with_all_its_members_or_not_at_all(
    host: Host, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is missing in a list's folder counts as one who has left by mail."""
    from mailaddon.operations import find

    domain = host.add_domain("u1", "u2", "u3")
    members = [f"{user}@{domain}" for user in ("u1", "u2", "u3")]
    host.prints("EAddMailingList", domain, "news")
    for member in members[:2]:
        host.prints("EAddMailingListMember", domain, "news", "", member)
    shutil.rmtree(host.root / "lists" / domain / "news")
    do = root.do

    def dying(instance: Instance, verb: str, *arguments: str) -> str:
        if verb == "list-subscribe":
            raise Killed
        return do(instance, verb, *arguments)

    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(lists, "_AT_ONCE", 1, raising=False)
        patch.setattr(root, "do", dying)
        service.run(find("EAddMailingListMember"), (domain, "news", "", members[2]))
    host.prints("EAddForward", domain, "u1", f"u2@{domain}")
    assert host.prints("EGetMailingListMemberList", domain, "news").split() == members
