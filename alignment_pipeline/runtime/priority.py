"""Who goes first on a busy machine: the fast lane, whose people wait for seconds.

Belongs here: the one call that says so to the operating system.
"""

from __future__ import annotations

import contextlib
import os

_GIVES_WAY = 5


def give_way() -> None:
    """Let other processes go first from now on; threads that this one starts later inherit it. A full run calls it at its begin."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(_GIVES_WAY, os.getpriority(os.PRIO_PROCESS, 0)))
