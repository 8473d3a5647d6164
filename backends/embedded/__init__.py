"""The default backend: the mail directory alone, in one SQLite file in the home, and mail folders; no server needed."""

from mailaddon.directory_backend import DirectoryBackend


class EmbeddedBackend(DirectoryBackend):
    """The whole of the guide's semantics on a directory that nothing else has to read."""

    capabilities = dict.fromkeys(
        ("start_mail_server", "stop_mail_server"),
        ("unsupported", "no mail server belongs to it, so there is nothing to start or stop"),
    )
