"""How long to wait before the same request is sent again, and when to stop.

Belongs here: the arithmetic of backoff. Which answers deserve a second try is each vendor's own module
(`connectors/salesforce/verdicts.py`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alignment_pipeline.connectors.answers import http_date


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with full jitter: wait k lies in [0, min(cap, base * 2**k)].

    `tries` counts all sendings of one request; a request that hangs is sent at most `tries_of_timeouts` times, since each
    one costs the whole read timeout.
    """

    tries: int = 8
    tries_of_timeouts: int = 3
    base_seconds: float = 1.0
    cap_seconds: float = 300.0
    longest_retry_after_seconds: float = 900.0
    randomness: random.Random = field(default_factory=random.Random, repr=False)

    def wait(self, tries: int, *, least: float = 0.0) -> float:
        """Seconds to wait after `tries` sendings; never below `least`."""
        ceiling = min(self.cap_seconds, self.base_seconds * 2.0 ** min(tries, 30))
        return max(least, self.randomness.uniform(0.0, ceiling))


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for (delta or HTTP date); None when absent or unreadable."""
    text = (headers.get("Retry-After") or "").strip()
    if not text:
        return None
    if text.isdigit():
        return float(text)
    until = http_date(text)
    return max(0.0, (until - now).total_seconds()) if until else None
