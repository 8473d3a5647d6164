"""What each argument of a command may be, in plain Python: the first half of the reference model.

Written from the guide and the rules about what it leaves open, not from the implementation.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import idna


class Refused(Exception):
    """A refusal.

    Attributes:
        code: the error's stable code.
        reason: a sentence for a person, or "".
    """

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


def refuse_if(condition: object, code: str, reason: str = "") -> None:
    """Refuse, if the condition is met.

    Raises:
        Refused: it is.
    """
    if condition:
        raise Refused(code, reason)


def invalid_if(condition: object) -> None:
    """Refuse an argument, if the condition is met."""
    refuse_if(condition, "invalid-argument")


def host(text: str) -> str:
    """Any host name, in its ASCII form."""
    try:
        name = text.lower() if text.isascii() else idna.encode(text, uts46=True, std3_rules=True).decode()
        for label in name.split("."):
            if label.startswith("xn--"):
                idna.decode(label)
    except idna.IDNAError:
        raise Refused("invalid-argument") from None
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    invalid_if(not re.fullmatch(rf"{label}(\.{label})*", name) or len(name) > 253)
    invalid_if(name.rsplit(".", 1)[-1].isdigit())
    invalid_if(any(part[2:4] == "--" and not part.startswith("xn--") for part in name.split(".")))
    return name


def domain(text: str) -> str:
    """A domain that can be hosted."""
    name = host(text)
    invalid_if("." not in name)
    return name


def local(text: str) -> str:
    """A hosted local part."""
    name = text.lower()
    invalid_if(not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", name, re.ASCII) or len(name) > 64 or not text.isascii())
    return name


def address(text: str) -> str:
    """Any address of RFC 5321 or RFC 6531."""
    name, at, place = text.rpartition("@")
    invalid_if(not at or not name or not place)
    if place.startswith("["):
        invalid_if(not place.endswith("]"))
        inner = place[1:-1]
        if inner.lower().startswith("ipv6:"):
            place = f"[ipv6:{ip(inner[5:])}]"
        else:
            invalid_if(":" in inner)
            place = f"[{ip(inner)}]"
    else:
        place = host(place)
    atom = r"[a-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
    lowered = (
        name.lower() if name.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())
    )
    if name.startswith('"'):
        invalid_if(not re.fullmatch(r'"([^"\\\x00-\x1f\x7f]|\\[ -~])+"', name))
        plain = re.sub(r"\\(.)", r"\1", lowered[1:-1])
        quoted = '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
        lowered = plain if re.fullmatch(rf"{atom}(\.{atom})*", plain) else quoted
    else:
        invalid_if(not re.fullmatch(rf"{atom}(\.{atom})*", lowered))
        invalid_if(not all(character.isprintable() for character in lowered))
    invalid_if(len(lowered.encode()) > 64 or len(f"{lowered}@{place}".encode()) > 254)
    return f"{lowered}@{place}"


def address_or_none(text: str) -> str:
    """An address, or nothing."""
    return address(text) if text else ""


def ip(text: str) -> str:
    """An IP address, in its canonical form."""
    try:
        invalid_if("%" in text or "/" in text)
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise Refused("invalid-argument") from None


def network(text: str) -> str:
    """An IP address or a network; a network of one address is the address."""
    if "/" not in text:
        return ip(text)
    try:
        found = ipaddress.ip_network(text)
    except ValueError:
        raise Refused("invalid-argument") from None
    return str(found.network_address) if found.num_addresses == 1 else str(found)


def path(text: str) -> str:
    """An absolute path, not the root, without `..`."""
    invalid_if(not text.startswith("/") or ".." in text.split("/") or not control_free(text))
    found = "/" + "/".join(part for part in text.split("/") if part not in {"", "."})
    invalid_if(found == "/")
    return found


def control_free(text: str, allowed: str = "") -> bool:
    """Whether no control character is in a text."""
    return not any(unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} and c not in allowed for c in text)


def limit(text: str) -> int:
    """-1 or a number from 1."""
    invalid_if(not re.fullmatch(r"-1|[1-9][0-9]*", text, re.ASCII) or int(text) > 2**31 - 1)
    return int(text)


def flag(text: str) -> bool:
    """0 or 1."""
    invalid_if(text not in {"0", "1"})
    return text == "1"


def name(text: str) -> str:
    """A line of text, possibly empty."""
    invalid_if(len(text) > 255 or not control_free(text))
    return text


def subject(text: str) -> str:
    """A line of text that may have tabs."""
    invalid_if(len(text.encode()) > 998 or not control_free(text, "\t"))
    return text


def message(text: str) -> str:
    """Any lines."""
    invalid_if("\0" in text or len(text.encode()) > 1 << 20)
    return text


def password(text: str) -> str:
    """A new password."""
    invalid_if(not text)
    return kept_password(text)


def kept_password(text: str) -> str:
    """A password, or nothing to keep the present one."""
    invalid_if("\0" in text or len(text.encode()) > 1024)
    return text


def filter_type(text: str) -> str:
    """EMAIL, IP or DOMAIN, in any case."""
    invalid_if(text.upper() not in {"EMAIL", "IP", "DOMAIN"})
    return text.upper()


FILTERS: dict[str, Callable[[str], str]] = {"EMAIL": address, "IP": network, "DOMAIN": host}


def some_filter(text: str) -> str:
    """What a filter of any type blocks."""
    for parse in FILTERS.values():
        try:
            return parse(text)
        except Refused:
            continue
    raise Refused("invalid-argument")


#: Command -> what its arguments are, in order.
COMMANDS: dict[str, tuple[Callable[[str], Any], ...]] = {
    "EAddDomain": (domain, ip, path, limit, local, password, flag, *(flag,) * 8),
    "EEditDomain": (domain, limit, *(flag,) * 8),
    "ESuspendDomain": (domain,),
    "EResumeDomain": (domain,),
    "EDeleteDomain": (domain,),
    "EGetMailURL": (domain,),
    "EChangeDomainIP": (domain, ip),
    "EAddDomainAlias": (domain, domain),
    "EDeleteDomainAlias": (domain, domain),
    "EGetDomainAliasList": (domain,),
    "EAddDistributionList": (domain, local),
    "EDeleteDistributionList": (domain, local),
    "EGetDistributionListList": (domain,),
    "EAddMailingList": (domain, local),
    "EDeleteMailingList": (domain, local),
    "EGetMailingListList": (domain,),
    "EAddSpamFilter": (domain, some_filter, filter_type),
    "EDeleteSpamFilter": (domain, some_filter),
    "EGetSpamFilterList": (domain,),
    "EStartMailServer": (),
    "EStopMailServer": (),
    "EChangeNetworkSettings": (ip, domain, ip, domain),
    "EAddUser": (domain, local, password, name, name, name, flag, flag, flag),
    "EEditUser": (domain, local, kept_password, name, name, name, flag, flag, flag),
    "ESuspendUser": (domain, local),
    "EDeleteUser": (domain, local),
    "EResumeUser": (domain, local),
    "EAddUserAlias": (domain, local, local),
    "EDeleteUserAlias": (domain, local, local),
    "EGetUserAliasList": (domain, local),
    "EAddForward": (domain, local, address),
    "EDeleteForward": (domain, local, address),
    "EGetForwardList": (domain, local),
    "EAddDistributionListMember": (domain, local, address),
    "EDeleteDistributionListMember": (domain, local, address),
    "EGetDistributionListMemberList": (domain, local),
    "EAddMailingListMember": (domain, local, name, address),
    "EDeleteMailingListMember": (domain, local, address),
    "EGetMailingListMemberList": (domain, local),
    "ESetCatchallUser": (domain, address_or_none),
    "EGetCatchallUser": (domain,),
    "ESetAutoResponder": (domain, local, subject, message),
    "EGetAutoResponder": (domain, local),
    "EDeleteAutoResponder": (domain, local),
}
#: EEditDomain also takes the site flag, third: the guide's change table lists it, its body does not.
OLD_EDIT_DOMAIN = (domain, limit, flag, *COMMANDS["EEditDomain"][2:])
OTHER_NAMES = {"EGetDistributionList": "EGetDistributionListList"}
BY_NAME = {known.lower(): known for known in COMMANDS} | {other.lower(): known for other, known in OTHER_NAMES.items()}
