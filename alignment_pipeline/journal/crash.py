"""Named crash points: tests kill the process at the n-th one it passes, to prove that every moment can be survived.

Belongs here: the counter and the kill. Off unless `CRASH_AT` is set; a product that is not being tested never sets it.
"""

from __future__ import annotations

import os
import signal
import sys

ENVIRONMENT_VARIABLE = "CRASH_AT"
_passed = 0
_by_name: dict[str, int] = {}


def point(name: str) -> None:
    """Die here (SIGKILL: no cleanup, no flush) when this is the point that `CRASH_AT` means.

    `17` is the 17th point passed, `sent:2` the second time at `sent`, `sent:2:stop` freezes there (SIGSTOP) instead.
    """
    wanted = os.environ.get(ENVIRONMENT_VARIABLE)
    if not wanted:
        return
    global _passed
    _passed += 1
    _by_name[name] = _by_name.get(name, 0) + 1
    if wanted == "count":
        sys.stderr.write(f"crash point {_passed} {name}\n")
    elif wanted == str(_passed) or wanted == f"{name}:{_by_name[name]}":
        os.kill(os.getpid(), signal.SIGKILL)
    elif wanted == f"{name}:{_by_name[name]}:stop":
        os.kill(os.getpid(), signal.SIGSTOP)
