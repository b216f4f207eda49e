"""What one embedded HubSpot portal allows: who may call, how often, how late its search is.

Belongs here: numbers from the vendor's documents, each of which a test may change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Scopes of a private app that reads everything this project reads.
READ_SCOPES = frozenset(
    {
        "crm.objects.contacts.read",
        "crm.objects.companies.read",
        "crm.objects.deals.read",
        "crm.objects.owners.read",
        "crm.objects.users.read",
        "sales-email-read",
        "forms",
        "content",
    }
)
#: What writing and `alignment init` need beside them.
WRITE_SCOPES = frozenset(
    {"crm.objects.contacts.write", "crm.objects.companies.write", "crm.schemas.contacts.write", "crm.schemas.companies.write"}
)
STAGES = ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other")


@dataclass(frozen=True)
class HubSpotSettings:
    """One portal.

    `tokens`: static token -> its scopes. `oauth_clients`: client id -> (secret, refresh token). `search_lag_seconds`: how far the search
    index trails writes. `merge_makes_new_id`: since the vendor's change both old ids point to a third; False for the behaviour before it.
    `moves_stages_back`: one public report says that a write of an earlier lifecycle stage is kept; staff say that it is ignored.
    """

    portal_id: int = 4711001
    time_zone: str = "US/Eastern"
    currency: str = "USD"
    tokens: Mapping[str, frozenset[str]] = field(default_factory=lambda: {"pat-na1-sandbox-0001": READ_SCOPES | WRITE_SCOPES})
    oauth_clients: Mapping[str, tuple[str, str]] = field(
        default_factory=lambda: {"hubspot-sandbox-client": ("hubspot-sandbox-secret", "hubspot-sandbox-refresh")}
    )
    token_seconds: int = 1_800
    calls_per_window: int = 190
    window_seconds: float = 10.0
    searches_per_second: int = 5
    calls_per_day: int = 650_000
    search_lag_seconds: float = 8.0
    search_ceiling: int = 10_000
    history_versions: int = 20
    merge_makes_new_id: bool = True
    moves_stages_back: bool = False
    versions: tuple[str, ...] = ("2025-09", "2026-03", "2026-09")
    app_id: int = 902_001
