"""The settings of one embedded Marketo subscription: credentials, limits, schedules, habits.

The defaults are the vendor's published numbers. A test or the demo changes single ones with `dataclasses.replace`.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class ApiClient:
    """One custom service: its secret and the API-only user that owns it."""

    secret: str = field(repr=False)
    user: str


def _one_client() -> Mapping[str, ApiClient]:
    """Credentials made again for each sandbox."""
    return MappingProxyType({str(uuid.uuid4()): ApiClient(secrets.token_urlsafe(24), "alignment@api.example")})


@dataclass(frozen=True)
class MarketoSettings:
    """What differs between subscriptions.

    `page_scan_rows` is how much of the activity log one page looks through, so a page may hold few rows and yet have more;
    every `short_page_every`-th activity page is cut short on purpose, every second of those to nothing (0 switches that off).
    `export_seconds` is a job's time in Processing; what the status endpoint shows moves only every `export_refresh_seconds`.
    `exports_attributes_as_list` writes the attributes cell of activity files as the vendor's specification shows it (a list of
    name and value) instead of as its guide does (an object).
    """

    munchkin_id: str = "123-ABC-456"
    clients: Mapping[str, ApiClient] = field(default_factory=_one_client)
    custom_fields: tuple[tuple[str, str, str, int | None], ...] = (
        ("alignmentRecycleReason", "Alignment Recycle Reason", "string", 255),
        ("alignmentNurtureSegment", "Alignment Nurture Segment", "string", 255),
        ("alignmentRecycledAt", "Alignment Recycled At", "datetime", None),
    )
    token_seconds: int = 3600
    calls_per_day: int = 50_000
    calls_per_window: int = 100
    window_seconds: int = 20
    concurrent_calls: int = 10
    day_ends_in: str = "America/Chicago"
    export_bytes_per_day: int = 500 * MEGABYTE
    export_seconds: int = 20
    export_refresh_seconds: int = 60
    exports_running: int = 2
    exports_queued: int = 10
    export_range_days: int = 31
    file_days: int = 7
    job_days: int = 30
    supports_updated_at_filter: bool = True
    page_scan_rows: int = 20_000
    short_page_every: int = 10
    omits_null_fields: bool = True
    activities_late_seconds: int = 0
    adds_stray_bytes: bool = False
    exports_attributes_as_list: bool = False
