"""Python's garbage collector, paused while millions of small objects are made that all stay alive.

Belongs here: one context manager. Measured: building an index and matching a batch take a quarter less time with it.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """No collection of reference cycles inside; as before afterwards, whatever happens."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
