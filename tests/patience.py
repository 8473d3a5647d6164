"""How long tests wait for what has to come: so long that only what never comes fails, however slow the machine is."""

import time
from collections.abc import Callable

PATIENCE = 300.0  # s
#: How long a program may take that ends by itself, if it does not hang; many run at once.
HANGS = 2 * PATIENCE


def wait_for(condition: Callable[[], object], what: object = "") -> None:
    """Wait until something is so.

    Args:
        condition: whether it is.
        what: said if it never is; a callable says it then.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.02)
