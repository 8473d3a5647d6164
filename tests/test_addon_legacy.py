"""An add-on for 3.X behind the commands of 10.3.1: done right, or refused with a reason."""

import json
from pathlib import Path

import pytest
from addon_sets import legacy
from mailaddon.backends.executable import NOT_IMPLEMENTED
from mailaddon.backends.executable.legacy import SPECIAL, UNSAID

from mailaddon import AddonFailed, BadResult, MailAddonError, NotConfigured, NotFound, NotSupported, Service
from mailaddon.operations import COMMANDS, find

ON = ("1",) * 8
DOMAIN = ("xyz.com", "192.0.2.10", "/var/mail/xyz.com", "10", "admin", "s3cret", "0", *ON)
NEW = [operation.command for operation in COMMANDS if operation.legacy_parameters is None]


class Old:
    """A home whose backend is the 3.X set."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.folder = folder
        self.set()

    def set(self, **settings: str) -> None:
        """Set the set up anew, with other options."""
        name = f"add-on {len(list(self.folder.glob('add-on*')))}"
        self.state = legacy(self.home, self.folder / name, **settings)

    def call(self, command: str, *arguments: str) -> object:
        """Call a command."""
        with Service.open(str(self.home)) as service:
            return service.run(find(command), arguments)

    def refused(self, error: type[MailAddonError], *call: str) -> str:
        """The sentence that a command is refused with."""
        with pytest.raises(MailAddonError) as refusal:
            self.call(*call)
        assert type(refusal.value) is error, refusal.value
        return str(refusal.value)

    @property
    def records(self) -> list[str]:
        """What the add-on has on file."""
        return self.state.joinpath("state").read_text().splitlines()

    def event(self) -> dict[str, object]:
        """The last change event."""
        last = self.home.joinpath("events.jsonl").read_text().splitlines()[-1]
        return json.loads(last)  # type: ignore[no-any-return]


@pytest.fixture
def old(tmp_path: Path) -> Old:
    """A 3.X add-on with a domain and a user."""
    made = Old(tmp_path.resolve())
    made.call("EAddDomain", *DOMAIN)
    made.call("EAddUser", "xyz.com", "u1", "s3cret", "Ann", "", "Lee", "1", "1", "1")
    return made


@pytest.mark.parametrize("command", NEW)
def test_a_new_command_is_refused_before_anything_is_started(old: Old, command: str) -> None:
    arguments = find(command).example[0]
    old.state.joinpath("state").unlink()
    assert old.refused(NotSupported, command, *arguments) == NOT_IMPLEMENTED
    assert not old.state.joinpath("state").exists()


def test_adding_says_the_old_parameters(old: Old) -> None:
    assert old.records == [
        "domain\txyz.com\t192.0.2.10\t/var/mail/xyz.com\t10",
        "user\txyz.com\tadmin\ts3cret\t\t\t",
        "user\txyz.com\tu1\ts3cret\tAnn\t\tLee",
    ]


def test_editing_says_the_old_parameters(old: Old) -> None:
    old.call("EEditDomain", "xyz.com", "-1", *ON)
    old.call("EEditUser", "xyz.com", "u1", "n3w-s3cret", "Ann", "B.", "Lee", "1", "1", "1")
    assert set(old.records[1:]) == {
        "domain\txyz.com\t192.0.2.10\t/var/mail/xyz.com\t-1",
        "user\txyz.com\tu1\tn3w-s3cret\tAnn\tB.\tLee",
    }


@pytest.mark.parametrize("place", range(8))
def test_a_feature_that_cannot_be_switched_off(old: Old, place: int) -> None:
    flags = [*ON]
    flags[place] = "0"
    parameter = find("EEditDomain").parameters[2 + place]
    before = old.records
    for call in (("EEditDomain", "xyz.com", "20", *flags), ("EAddDomain", "new.com", *DOMAIN[1:7], *flags)):
        if parameter.name in {"EnableMailingLists", "EnableDistributonLists"}:
            old.call(*call)  # it has none in any case
            assert old.records != before
        else:
            sentence = old.refused(NotSupported, *call)
            assert sentence == f"{parameter.name}: 0 cannot be had: a 3.X add-on cannot switch it off"
            assert old.records == before


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("command", ["EAddUser", "EEditUser"])
def test_a_users_feature_that_cannot_be_switched_off(old: Old, command: str, place: int) -> None:
    flags = ["1", "1", "1"]
    flags[place] = "0"
    before = old.records
    name = find(command).parameters[6 + place].name
    sentence = old.refused(NotSupported, command, "xyz.com", "u1", "s3cret", "", "", "", *flags)
    assert sentence == f"{name}: 0 cannot be had: a 3.X add-on cannot switch it off"
    assert old.records == before


def test_what_is_done_without_is_in_the_event(old: Old) -> None:
    old.call("EAddDomain", "new.com", *DOMAIN[1:6], "1", *ON)
    lists = {"EnableMailingLists": "1", "EnableDistributonLists": "1"}
    assert old.event()["after"] == {"not_told": {"ipsite": "1", **lists}}
    old.call("EEditDomain", "new.com", "5", "0", *ON)
    assert old.event()["after"] == {"not_told": {"SiteType": "0", **lists}}
    old.call("EEditDomain", "new.com", "5", "0", "1", "0", *ON[3:])
    assert old.event()["after"] is None


def test_an_empty_password_is_refused_unless_it_keeps_the_present_one(old: Old) -> None:
    call = ("EEditUser", "xyz.com", "u1", "", "Ann", "", "Lee", "1", "1", "1")
    before = old.records
    assert old.refused(NotSupported, *call).startswith('Password: whether "" keeps the present password, ')
    assert old.records == before
    old.set(options="empty_password_keeps = true")
    old.call("EAddDomain", *DOMAIN)
    old.call(*call[:2], "admin", *call[3:])
    assert old.records[-1] == "user\txyz.com\tadmin\t\tAnn\t\tLee"


def test_a_domain_alias_is_deleted_by_the_alias_alone(old: Old) -> None:
    old.call("EAddDomain", "foo.com", *DOMAIN[1:])
    old.call("EAddDomainAlias", "xyz.com", "xyz.net")
    assert old.call("EGetDomainAliasList", "xyz.com") == ["xyz.net"]
    assert (
        old.refused(NotFound, "EDeleteDomainAlias", "foo.com", "xyz.net") == "xyz.net is not an alias of domain foo.com"
    )
    assert old.call("EGetDomainAliasList", "xyz.com") == ["xyz.net"], "it is the other domain's"
    old.call("EDeleteDomainAlias", "xyz.com", "xyz.net")
    assert old.call("EGetDomainAliasList", "xyz.com") == []


def test_spam_filters_have_a_flag_and_a_type(old: Old) -> None:
    for address, kind in (("spam@foo.com", "EMAIL"), ("foo.com", "DOMAIN"), ("192.0.2.0/24", "IP")):
        old.call("EAddSpamFilter", "xyz.com", address, kind)
    assert old.records[-1] == "filter\txyz.com\t0\tIP\t192.0.2.0/24\t"
    assert old.call("EGetSpamFilterList", "xyz.com") == ["192.0.2.0/24", "foo.com", "spam@foo.com"]
    old.call("EDeleteSpamFilter", "xyz.com", "foo.com")
    assert old.call("EGetSpamFilterList", "xyz.com") == ["192.0.2.0/24", "spam@foo.com"]
    sentence = old.refused(NotFound, "EDeleteSpamFilter", "xyz.com", "foo.com")
    assert sentence == "domain xyz.com has no spam filter foo.com"


def test_every_filter_with_the_address_is_deleted(old: Old) -> None:
    with old.state.joinpath("state").open("a") as file:
        file.write("filter\txyz.com\t1\tdomain\tfoo.com\t\nfilter\txyz.com\t0\tDOMAIN\tfoo.com\t\n")
    old.call("EDeleteSpamFilter", "xyz.com", "foo.com")
    assert not [record for record in old.records if record.startswith("filter")]


def test_the_flag_of_a_filter_is_an_option(old: Old) -> None:
    old.set(options='allow_flag = "block"')
    old.call("EAddDomain", *DOMAIN)
    old.call("EAddSpamFilter", "xyz.com", "foo.com", "DOMAIN")
    assert old.records[-1] == "filter\txyz.com\tblock\tDOMAIN\tfoo.com\t"


def test_old_lines_have_more_than_the_item(old: Old) -> None:
    old.call("EAddUserAlias", "xyz.com", "u1", "a12")
    old.call("EAddUserAlias", "xyz.com", "u1", "a11")
    old.call("EAddForward", "xyz.com", "u1", "u1@mymail.com")
    assert old.call("EGetUserAliasList", "xyz.com", "u1") == ["a11", "a12"]
    assert old.call("EGetForwardList", "xyz.com", "u1") == ["u1@mymail.com"]
    old.call("EDeleteUserAlias", "xyz.com", "u1", "a11")
    old.call("EDeleteForward", "xyz.com", "u1", "u1@mymail.com")
    assert old.call("EGetUserAliasList", "xyz.com", "u1") == ["a12"]
    assert old.call("EGetForwardList", "xyz.com", "u1") == []


@pytest.mark.parametrize(
    "line",
    ["a11", "a11 u1", "u1 a11", "a11\tu1", "u1,a11", "a11;u1", "u1@xyz.com | a11", "A11  U1", " a11 , u1@xyz.com "],
)
def test_lines_that_are_read_without_an_option(old: Old, line: str) -> None:
    old.folder.joinpath("add-on 0/programs/EgetUserAliasList.vbs").unlink()
    old.folder.joinpath("add-on 0/programs/EGetUserAliasList.vbs").write_text(f"echo '{line}'")
    assert old.call("EGetUserAliasList", "xyz.com", "u1") == ["a11"]


@pytest.mark.parametrize(
    "line",
    [
        "foo.com",
        "foo.com DOMAIN 0",
        "0 DOMAIN foo.com",
        "domain\tfoo.com\t1",
        "foo.com;0;Domain",
        "foo.com,0",
        "ip,foo.com",
    ],
)
def test_filters_that_are_read_without_an_option(old: Old, line: str) -> None:
    program = old.folder / "add-on 0/programs/EGetSpamFilterList.vbs"
    program.unlink()
    program.write_text(f"echo '{line}'")
    assert old.call("EGetSpamFilterList", "xyz.com") == ["foo.com"]


def test_a_line_of_another_form_needs_a_pattern(old: Old) -> None:
    program = old.folder / "add-on 0/programs/EGetForwardList.vbs"
    program.unlink()
    script = "echo 'u1 => a@b.com (active)'; echo 'u2 => c@d.com (active)'"
    program.write_text(script)
    sentence = old.refused(BadResult, "EGetForwardList", "xyz.com", "u1")
    assert sentence == (
        "line 1 of the list is none of its items: 'u1 => a@b.com (active)' does not fit; patterns.EGetForwardList in"
        " [backends.executable] says how it is read"
    )
    old.set(options=r"patterns.EGetForwardList = '(?P<user>\S+) => (?P<item>\S+) \((in)?active\)'")
    program = old.folder / "add-on 1/programs/EGetForwardList.vbs"
    program.unlink()
    program.write_text(script)
    assert old.call("EGetForwardList", "xyz.com", "u1") == ["a@b.com"], "the other line is another user's"


def test_unchanged_commands(old: Old) -> None:
    assert old.call("EGetMailURL", "xyz.com") == "http://mail.xyz.com/"
    old.call("ESuspendDomain", "xyz.com")
    assert old.records[-1] == "suspended\txyz.com\t"
    old.call("EResumeDomain", "xyz.com")
    old.call("EChangeDomainIP", "xyz.com", "192.0.2.11")
    old.call("EChangeNetworkSettings", "192.0.2.11", "a.example.net", "192.0.2.12", "b.example.net")
    assert "domain\txyz.com\t192.0.2.12\t/var/mail/xyz.com\t10" in old.records
    old.call("ESetAutoResponder", "xyz.com", "u1", "On holiday", "Back\non Monday.\n")
    with Service.open(str(old.home)) as service:
        found = service.run(find("EGetAutoResponder"), ("xyz.com", "u1"))
    assert (found.subject, found.message) == ("On holiday", "Back\non Monday.\n")
    old.call("EDeleteAutoResponder", "xyz.com", "u1")
    assert old.call("EGetAutoResponder", "xyz.com", "u1") is None
    old.call("EStopMailServer")
    old.call("EStartMailServer")
    old.call("EDeleteUser", "xyz.com", "u1")
    old.call("EDeleteDomain", "xyz.com")
    assert old.records == []


def test_words_of_the_add_on(old: Old) -> None:
    assert old.refused(AddonFailed, "EDeleteUser", "xyz.com", "u9") == "No user u9 in xyz.com"
    assert old.refused(AddonFailed, "EGetMailURL", "foo.com") == "Die Domain foo.com existiert nicht (ungültig)"


def test_without_nologo_there_is_a_banner(old: Old) -> None:
    old.set(parameters="")
    old.call("EAddDomain", *DOMAIN)
    old.call("EAddUserAlias", "xyz.com", "admin", "a11")
    assert old.call("EGetUserAliasList", "xyz.com", "admin") == ["a11"]
    assert old.call("EGetMailURL", "xyz.com") == "http://mail.xyz.com/"
    assert old.call("EGetAutoResponder", "xyz.com", "admin") is None


def test_every_parameter_that_is_not_said_has_a_rule() -> None:
    for operation in COMMANDS:
        old = operation.legacy_parameters
        if old is None or operation.hook in SPECIAL:
            continue
        said = set(old)
        for parameter in operation.longer or operation.parameters:
            assert parameter.name in said or parameter.field in UNSAID, (operation.command, parameter.name)


# What 10.3.1 has deleted


def test_nothing_that_is_deleted_is_called_unasked(old: Old) -> None:
    for command, arguments in {"domains": (), "users": ("xyz.com",)}.items():
        assert "listings" in old.refused(NotSupported, command, *arguments)


def test_deleted_commands_list_domains_and_users_as_the_options_say(old: Old) -> None:
    programs = Path(old.state).parent / "programs"
    programs.joinpath("EGetDomainList.vbs").write_text('echo "2 domains:"; echo "XYZ.com (active)"; echo "abc.com"')
    programs.joinpath("EGetUserList.vbs").write_text('test "$*" = "-d xyz.com" && echo u1 && echo admin')
    options = """
listings.EGetDomainList = []
listings.egetuserlist = ["-d", "{domain}"]
banner = ["2 domains"]
patterns.EGetDomainList = '(?P<item>\\S+)( \\(active\\))?'
"""
    settings = old.home / "mailaddon.toml"
    settings.write_text(settings.read_text().replace("[backends.executable]\n", f"[backends.executable]\n{options}"))
    assert old.call("domains") == ["abc.com", "xyz.com"]
    assert old.call("users", "XYZ.com") == ["admin", "u1"]
    programs.joinpath("EGetUserList.vbs").unlink()
    assert "cannot locate" in old.refused(NotSupported, "users", "xyz.com")


@pytest.mark.parametrize(
    "options",
    ["listings.EGetUserInfo = []", "listings.EGetUserList = '{domain}'", "listings.EGetUserList = [1]"],
)
def test_an_unfit_listing_is_named(old: Old, options: str) -> None:
    old.set(options=options)
    assert "listings" in old.refused(NotConfigured, "domains")


def test_what_it_lacks_is_known_before_it_is_called(old: Old) -> None:
    with Service.open(str(old.home), "Acme/Legacy/3") as service:
        assert service.backend.lacking("add_user") == ""
        assert service.backend.lacking("list_password_schemes") == ""
        assert service.backend.lacking("suspend_user") == NOT_IMPLEMENTED
        assert "listings" in service.backend.lacking("list_users")
        assert service.backend.lacking("get_domain").startswith("not supported by Acme/Legacy/3: no command")
        Path(old.state).parent.joinpath("programs", "EAddUser.vbs").unlink()
        assert "cannot locate" in service.backend.lacking("add_user")


def test_password_schemes_are_what_the_options_say(old: Old) -> None:
    assert old.call("password-schemes") == []
    old.set(options="password_schemes = ['SHA512-CRYPT', 'ARGON2ID']")
    assert old.call("password-schemes") == ["ARGON2ID", "SHA512-CRYPT"]
