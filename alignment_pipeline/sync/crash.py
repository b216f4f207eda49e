"""Named crash points: tests kill the process at the n-th one it passes, to prove that every moment can be survived.

Belongs here: the counter and the kill. Off unless `CRASH_AT` is set; a product that is not being tested never sets it.
"""

from __future__ import annotations

import os
import signal
import sys

ENVIRONMENT_VARIABLE = "CRASH_AT"
_passed = 0


def point(name: str) -> None:
    """Die here (SIGKILL: no cleanup, no flush) when this is the point that `CRASH_AT` counts to."""
    wanted = os.environ.get(ENVIRONMENT_VARIABLE)
    if not wanted:
        return
    global _passed
    _passed += 1
    if wanted == "count":
        sys.stderr.write(f"crash point {_passed} {name}\n")
        return
    if wanted.isdigit() and int(wanted) == _passed:
        os.kill(os.getpid(), signal.SIGKILL)
