"""Which rows run: a short selection by default, all of them in `make faults` (ALIGNMENT_FAULTS=all).

Belongs here: the choice. Unchosen rows are not collected, so nothing is ever skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterable


def wants_all() -> bool:
    """Whether the whole matrix is asked for."""
    return os.environ.get("ALIGNMENT_FAULTS") == "all"


def chosen(names: Iterable[str], *, short: Iterable[str]) -> list[str]:
    """The names to run."""
    return list(names) if wants_all() else list(short)
