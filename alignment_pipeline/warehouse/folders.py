"""Folders that only their owner can open.

Belongs here: making them, and refusing a home that others can read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from alignment_pipeline.errors import ConfigurationError


def private(path: Path) -> None:
    """Made when missing, 0700; the modes of a folder that is there are its owner's business."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


def check_home(home: Path) -> None:
    """Raises ConfigurationError when others can open our home."""
    mode = stat.S_IMODE(home.stat().st_mode)
    if mode & 0o077 and home.stat().st_uid == os.getuid():
        raise ConfigurationError(
            f"the home {home} is open to others (mode {mode:04o}): chmod 700 {home}, or let ALIGNMENT_HOME name a folder of its own"
        )
