"""`mailaddon resolve` and `mailaddon show`: trees of what there is."""

import os
import pty
import subprocess
from pathlib import Path

import pytest
from patience import HANGS
from umbrella import SCRIPTS, answer, batch, domain, mailaddon

from mailaddon.cli.lookups import domain_text, resolution_text
from mailaddon.records import DomainFeatures, DomainInfo, ListInfo, Resolution, UserFeatures, UserInfo

ON = DomainFeatures(**dict.fromkeys(DomainFeatures._fields, True))
USER_ON = UserFeatures(**dict.fromkeys(UserFeatures._fields, True))
USER = UserInfo(
    id=1,
    user="admin",
    suspended=False,
    first_name="",
    middle_name="",
    last_name="",
    features=USER_ON,
    aliases=(),
    forwards=(),
    keep_copy=True,
    autoresponder=False,
)
DOMAIN = DomainInfo(
    id=1,
    domain="xyz.com",
    aliases=(),
    ip_address="192.0.2.1",
    ip_based=False,
    mailbox_directory="/var/mail/xyz.com",
    owner="admin",
    catch_all="",
    max_mailboxes=-1,
    mailboxes=1,
    suspended=False,
    features=ON,
    users=(USER,),
    lists=(),
    spam_filters=(),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAILADDON_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_plain_domain() -> None:
    assert domain_text(DOMAIN) == (
        "xyz.com\n"
        "├─ name-based on 192.0.2.1\n"
        "├─ mail in /var/mail/xyz.com\n"
        "├─ owner admin\n"
        "├─ catch-all none: mail to unknown names is refused\n"
        "├─ mailboxes 1/no limit\n"
        "├─ domain aliases: none\n"
        "├─ users: 1\n"
        "│  └─ admin [owner]\n"
        "├─ lists: none\n"
        "└─ spam filters: none\n"
    )


def test_a_domain_with_everything() -> None:
    user = USER.replace(
        user="u1",
        suspended=True,
        first_name="Ann",
        last_name="Lee",
        features=USER_ON.replace(web_access=False),
        aliases=("a11", "a12"),
        forwards=("x@example.org",),
        keep_copy=False,
        autoresponder=True,
    )
    info = DOMAIN.replace(
        aliases=("xyz.net",),
        catch_all="admin@xyz.com",
        max_mailboxes=2,
        mailboxes=2,
        suspended=True,
        ip_based=True,
        features=ON.replace(mailing_lists=False, forwards=False, domain_aliases=False),
        users=(USER, user),
        lists=(
            ListInfo(id=1, name="news", kind="mailing", members=1),
            ListInfo(id=2, name="team", kind="distribution", members=3),
        ),
        spam_filters=("192.0.2.0/24", "example.org"),
    )
    assert domain_text(info) == (
        "xyz.com [suspended]\n"
        "├─ IP-based on 192.0.2.1\n"
        "├─ mail in /var/mail/xyz.com\n"
        "├─ owner admin\n"
        "├─ catch-all admin@xyz.com\n"
        "├─ mailboxes 2/2 full\n"
        "├─ disabled: domain aliases, forwards, mailing lists\n"
        "├─ domain aliases: 1 [disabled]\n"
        "│  └─ xyz.net\n"
        "├─ users: 2\n"
        "│  ├─ admin [owner]\n"
        "│  └─ u1  Ann Lee [suspended] [disabled: web access]\n"
        "│     ├─ alias a11\n"
        "│     ├─ alias a12\n"
        "│     ├─ forward to x@example.org, no copy kept [disabled]\n"
        "│     └─ autoresponder\n"
        "├─ lists: 2\n"
        "│  ├─ news  mailing, 1 member [disabled]\n"
        "│  └─ team  distribution, 3 members\n"
        "└─ spam filters: 2\n"
        "   ├─ 192.0.2.0/24\n"
        "   └─ example.org\n"
    )


def test_a_resolution() -> None:
    leaf = Resolution(address="x@example.org", action="outside", reason="not hosted here")
    mailbox = Resolution(address="u1@xyz.com", action="mailbox", reason="")
    inner = Resolution(address="u1@xyz.com", action="forward", reason="keeps a copy", targets=(mailbox, leaf))
    top = Resolution(address="team@xyz.com", action="list", reason="two members", targets=(inner, leaf))
    assert resolution_text(top) == (
        "team@xyz.com  list: two members\n"
        "├─ u1@xyz.com  forward: keeps a copy\n"
        "│  ├─ u1@xyz.com  mailbox\n"
        "│  └─ x@example.org  outside: not hosted here\n"
        "└─ x@example.org  outside: not hosted here\n"
    )


def test_both_on_the_embedded_backend() -> None:
    domain()
    batch(
        ["EAddUser", "xyz.com", "u1", "pw", "Ann", "", "Lee", "1", "1", "1"],
        ["EAddUserAlias", "xyz.com", "u1", "a11"],
        ["EAddDistributionList", "xyz.com", "team"],
        ["EAddDistributionListMember", "xyz.com", "team", "a11@xyz.com"],
        ["ESuspendUser", "xyz.com", "u1"],
    )
    shown = mailaddon("show", "XYZ.com").stdout
    assert "├─ mailboxes 2/10\n" in shown
    assert "│  └─ u1  Ann Lee [suspended]\n│     └─ alias a11\n" in shown
    assert "team  distribution, 1 member\n" in shown
    resolved = mailaddon("resolve", "team@xyz.com").stdout
    assert resolved.startswith("team@xyz.com  list: ")
    assert "u1@xyz.com  deferred: " in resolved
    assert "outside" in mailaddon("resolve", "x@example.org").stdout


def test_both_as_json() -> None:
    domain()
    info = answer("show", "xyz.com", "--json")["domain"]
    assert list(info) == list(DomainInfo._fields)
    assert list(info["users"][0]) == list(UserInfo._fields)
    assert info["features"] == dict.fromkeys(DomainFeatures._fields, True)
    resolution = answer("resolve", "nobody@xyz.com", "--json")["resolution"]
    assert list(resolution) == ["address", "action", "reason", "targets"]
    assert (resolution["action"], resolution["targets"][0]["action"]) == ("catch-all", "mailbox")


def test_refusals() -> None:
    for arguments, code in (
        (("show", "xyz.com"), "not-found"),
        (("show", "xyz"), "invalid-argument"),
        (("resolve", "xyz.com"), "invalid-argument"),
    ):
        refused = mailaddon(*arguments)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr.startswith(f"mailaddon {arguments[0]}: ")
        assert refused.stderr.endswith(f" [{code}]\n")


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_on_a_terminal_only(environment: dict[str, str], *, coloured: bool) -> None:
    domain()
    terminal, end = pty.openpty()
    call = [os.path.join(SCRIPTS, "mailaddon"), "resolve", "admin@xyz.com"]
    subprocess.run(call, stdout=end, check=True, timeout=HANGS, env={**os.environ, **environment})
    os.close(end)
    shown = os.read(terminal, 65536)
    os.close(terminal)
    assert (b"\x1b[32mmailbox\x1b[0m" in shown) is coloured
    assert b"\x1b" not in subprocess.run(call, stdout=subprocess.PIPE, check=True, timeout=HANGS).stdout
