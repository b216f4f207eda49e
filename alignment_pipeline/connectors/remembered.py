"""An answer of the outside that changes rarely, asked for again when it is old.

Belongs here: how old it may be. What is asked is the connector's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from alignment_pipeline.clock import Clock

T = TypeVar("T")
HOUR = timedelta(hours=1)


@dataclass
class Remembered(Generic[T]):
    """The last answer. `life`: after so long it is asked for again."""

    ask: Callable[[], T]
    life: timedelta = HOUR
    _answer: tuple[datetime, T] | None = field(default=None, repr=False)

    def at(self, clock: Clock) -> T:
        """The answer that holds now."""
        now = clock.now()
        if self._answer is None or now - self._answer[0] >= self.life:
            self._answer = (now, self.ask())
        return self._answer[1]

    def forget(self) -> None:
        """Ask again next time: what was known has turned out wrong."""
        self._answer = None
