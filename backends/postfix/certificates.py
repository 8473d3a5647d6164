"""The self-signed certificate of a private instance. A real one is put in its place, and then never touched."""

import os

from . import services
from .files import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .layout import Instance

OPENSSL = "/usr/bin/openssl"
_DAYS = "3650"


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
    return os.path.exists(_marker(instance))


def names(instance: "Instance") -> str:
    """The host name that our certificate names."""
    with open(_marker(instance), encoding="utf-8") as file:
        return file.read()
