"""Which versions of Postfix and Dovecot the configuration is written for."""

import os
import re

from mailaddon.errors import Unavailable
from mailaddon.records import Problem

from . import services
from .configuration import PROGRAMS
from .layout import Instance

#: From the first that has what main.cf asks for (>=TLSv1.2) to the last whose manual was read.
POSTFIX = ((3, 6), (3, 99))
#: Dovecot 2.4 has another syntax.
DOVECOT = ((2, 3), (2, 3))
_NUMBER = re.compile(r"(\d+)\.(\d+)")


def problems(instance: Instance) -> list[Problem]:
    """What is installed in a version that does not understand the configuration."""
    found = []
    if os.path.exists(os.path.join(instance.postfix, "main.cf")):
        command = (os.path.join(PROGRAMS, "postconf"), "-c", instance.postfix, "-d", "-h", "mail_version")
        found += judged("Postfix", POSTFIX, _said(*command))
    return found + judged("Dovecot", DOVECOT, _said(services.DOVECOT, "--version"))


def _said(*command: str) -> str:
    try:
        return services.run(*command)
    except Unavailable as error:
        return error.message


def judged(name: str, known: tuple[tuple[int, int], tuple[int, int]], text: str) -> list[Problem]:
    """What is wrong with a version, as its program says it."""
    lowest, highest = known
    wanted = ".".join(map(str, lowest)) + (" or newer" if highest[0] == lowest[0] and highest[1] > lowest[1] else "")
    match = _NUMBER.match(text)
    if match and lowest <= (int(match[1]), int(match[2])) <= highest:
        return []
    mend = f"install {name} {wanted}, as Debian 12 has it"
    problem = f"its version is not known to work: {text}"
    return [Problem(subject=name, problem=problem, mend=mend, code="wrong-version")]
