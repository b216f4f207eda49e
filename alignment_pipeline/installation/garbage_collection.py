"""How often Python looks for objects that only refer to each other.

Belongs here: a setting of the process. Our commands and Dagster's processes make it; a component in somebody else's project does not.
"""

from __future__ import annotations

import gc

#: Objects made before a collection, and collections of one generation before one of the next (Python's own: 700, 10, 10).
THRESHOLDS = (50_000, 20, 20)


def collect_less_often() -> None:
    """Let fewer collections look through the objects of a run.

    Turning the rules into SQL makes millions of small objects that live until the statement is written; with Python's own thresholds
    the collector took a third of a small run's processor time (docs/proofs/engines.md).
    """
    gc.set_threshold(*THRESHOLDS)
