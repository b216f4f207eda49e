"""The vendor's clock beside ours, as a session has seen it.

Belongs here: which moment a watermark or the end of a window may take. How the clocks are set: `clock.py` of the package.
"""

from __future__ import annotations

from datetime import datetime

from alignment_pipeline.clock import Clock


class ServerClock:
    """What sessions of all systems inherit: the server's clock by the `Date` of its last answer."""

    clock: Clock
    server_date: datetime | None

    @property
    def server_now(self) -> datetime:
        """The server's clock as its last answer showed it (whole seconds), ours when it never did."""
        return (self.server_date or self.clock.now()).replace(microsecond=0)

    @property
    def earliest_now(self) -> datetime:
        """The earlier of the server's clock and ours: a watermark there is never ahead of the data, whichever of them is wrong."""
        return min(self.server_now, self.clock.now().replace(microsecond=0))

    @property
    def latest_now(self) -> datetime:
        """The later of the two clocks: a window that ends there holds all there is."""
        return max(self.server_now, self.clock.now().replace(microsecond=0))
