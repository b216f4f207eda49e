"""What an administrator sets in the embedded organisation, and what the vendor's own machinery is made to take.

Belongs here: numbers and switches. Poll times are seconds of the sandbox's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class OrgSettings:
    """Settings of one embedded organisation; tests and the control endpoint change them in place."""

    daily_api_requests: int = 100_000
    bulk_wait_seconds: float = 5.0
    bulk_rows_per_second: float = 5_000.0
    locator_seconds: float = 2 * 86_400.0
    cursors_per_user: int = 10
    recycle_bin_days: int = 15
    #: how far back getDeleted's log reaches; the vendor's own job may trim it to less than the 15 days of the bin
    deleted_log_hours: float = 360.0
    bulk_result_days: int = 7
    assignment_rule_active: bool = True
    assignment_owner_id: str | None = None
    minimum_version: int = 31
    maximum_version: int = 67
    collection_limit: int = 200
    bulk_page_rows: int = 50_000
    #: username -> permission sets of the package; a user without an entry is an administrator.
    permission_sets: dict[str, list[str]] = field(default_factory=dict)
    #: what the Tooling API says reacts to saved records: type -> rows as the vendor answers them
    automations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    #: whether users with permission sets hold View Setup and Configuration
    may_view_setup: bool = True
