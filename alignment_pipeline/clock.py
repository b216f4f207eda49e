"""The only place that asks what time it is.

Belongs here: the run's clock and waiting. Rules take `as_of`; business calendars live in `sla/`.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from alignment_pipeline.errors import ConfigurationError

ENVIRONMENT_VARIABLE = "ALIGNMENT_CLOCK"
_FORM = re.compile(r"^(?P<moment>\S+?)@(?P<unix>\d+(?:\.\d+)?)x(?P<factor>\d+(?:\.\d+)?)$")


@dataclass(frozen=True)
class Clock:
    """A clock that showed `moment` at Unix second `unix` and runs `factor` times as fast as the machine's.

    The default is the machine's own clock. `sleep(seconds)` waits that long on this clock, so at factor 60 a vendor's
    poll interval of 60 s takes one second. Tests pass `wait` and `unix_time` and never sleep.
    """

    moment: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    unix: float = 0.0
    factor: float = 1.0
    unix_time: Callable[[], float] = field(default=time.time, repr=False)
    wait: Callable[[float], None] = field(default=time.sleep, repr=False)

    @classmethod
    def from_env(cls) -> Clock:
        """Read `ALIGNMENT_CLOCK`, as `2026-11-21T08:00:00Z@1763700000x60`; unset means the machine's clock."""
        text = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
        return cls.parse(text) if text else cls()

    @classmethod
    def parse(cls, text: str) -> Clock:
        """Parse `MOMENT@UNIXxFACTOR`. Raises ConfigurationError when the form is another."""
        match = _FORM.match(text)
        if match is None:
            raise ConfigurationError(
                f"{ENVIRONMENT_VARIABLE} is {text!r}; it takes MOMENT@UNIX_SECONDSxFACTOR, "
                "as 2026-11-21T08:00:00Z@1763700000x60. Unset it to use the machine's clock."
            )
        try:
            moment = datetime.fromisoformat(match["moment"])
        except ValueError as error:
            raise ConfigurationError(f"{ENVIRONMENT_VARIABLE}: {match['moment']!r} is not an ISO 8601 moment") from error
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return cls(moment=moment.astimezone(UTC), unix=float(match["unix"]), factor=float(match["factor"]))

    def to_env(self) -> str:
        """The value of `ALIGNMENT_CLOCK` that gives another process the same clock."""
        return f"{self.moment.isoformat().replace('+00:00', 'Z')}@{self.unix}x{self.factor:g}"

    def now(self) -> datetime:
        """The present moment, UTC, aware."""
        return self.moment + timedelta(seconds=(self.unix_time() - self.unix) * self.factor)

    def sleep(self, seconds: float) -> None:
        """Wait `seconds` of this clock."""
        self.wait(max(0.0, seconds) / self.factor)
