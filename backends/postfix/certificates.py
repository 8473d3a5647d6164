"""The certificate that the host shows: an administrator's, which is only looked at, or one that it signs itself."""

import os

from mailaddon.errors import NotConfigured, Unavailable

from . import services
from .files import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mailaddon.records import Problem

    from .layout import Instance

OPENSSL = "/usr/bin/openssl"
_DAYS = "3650"
_SOON = 14  # days
_DAY = 86400  # s


def issue(instance: "Instance", name: str) -> None:
    """Make a key and a certificate for a host name.

    Raises:
        Unavailable: openssl fails.
        OSError: they cannot be written.
    """
    new = {part: instance.path("etc", f"{part}.{os.getpid()}.new") for part in ("key", "certificate")}
    try:
        services.run(
            OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", _DAYS, "-subj", "/", "-addext", f"subjectAltName=critical,DNS:{name}",
            "-keyout", new["key"], "-out", new["certificate"],
        )  # fmt: skip
        for part, path in new.items():
            with open(path, "rb") as file:
                replace(instance.path("etc", f"{part}.pem"), file.read(), 0o600 if part == "key" else 0o644)
        replace(_marker(instance), name.encode(), 0o644)
    finally:
        for path in new.values():
            if os.path.exists(path):
                os.unlink(path)


def _marker(instance: "Instance") -> str:
    return instance.path("etc", "self-signed")


def self_signed(instance: "Instance") -> bool:
    """Whether the certificate is ours to replace."""
    return not instance.certificate and os.path.exists(_marker(instance))


def names(instance: "Instance") -> str:
    """The host name that our certificate names."""
    with open(_marker(instance), encoding="utf-8") as file:
        return file.read()


def faults(instance: "Instance", name: str) -> "list[Problem]":
    """What is wrong with the administrator's certificate and key.

    Args:
        instance: a host that has them.
        name: what the host calls itself.
    """
    import ssl
    import time

    from mailaddon.records import Problem

    found = []

    def trouble(path: str, problem: str, mend: str, *, severe: bool = True) -> None:
        found.append(Problem(subject=path, problem=problem, mend=mend, severe=severe, code="misconfigured"))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # A key with a password is of no use to a daemon, and nobody is to be asked for it.
        context.load_cert_chain(instance.certificate, instance.key, password=lambda: "-")
        end = services.run(OPENSSL, "x509", "-in", instance.certificate, "-noout", "-enddate").partition("=")[2]
        readable = os.stat(instance.key).st_mode & 0o004
    except (OSError, Unavailable) as error:
        mend = "set certificate and key in [backends.postfix]: two files in PEM that belong together"
        trouble(instance.certificate, f"it and {instance.key} cannot be used: {error}", mend)
        return found
    if readable:
        trouble(instance.key, "everybody can read it", f"chmod o-r {instance.key}")
    left = (ssl.cert_time_to_seconds(end) - time.time()) / _DAY
    renew = "renew it, and run `mailaddon host reload`"
    if left < 0:
        trouble(instance.certificate, f"it has ended: {end}", renew)
    elif left < _SOON:
        trouble(instance.certificate, f"it ends soon: {end}", renew, severe=False)
    if not _for_host(instance.certificate, name):
        trouble(instance.certificate, f"it does not name {name}", f"have it issued for {name}")
    return found


def _for_host(certificate: str, name: str) -> bool:
    try:
        told = services.run(OPENSSL, "x509", "-in", certificate, "-noout", "-checkhost", name)
    except Unavailable:  # newer versions end with 1
        return False
    return "NOT" not in told


def needed(instance: "Instance") -> bool:
    """Whether the host has to sign a certificate for itself.

    Raises:
        NotConfigured: an administrator's is set, but is not there.
    """
    if not instance.certificate:
        return not os.path.exists(instance.certificate_file)
    for path in (instance.certificate, instance.key):
        if not os.path.exists(path):
            raise NotConfigured(f"[backends.postfix]: {path} does not exist")
    return False
