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
        "crm.lists.read",
        "business-intelligence",
    }
)
#: What writing and `alignment init` need beside them.
WRITE_SCOPES = frozenset(
    "crm.objects.contacts.write crm.objects.companies.write crm.schemas.contacts.write crm.schemas.companies.write crm.lists.write".split()
)
#: What an app of the developer platform may have for itself, beside scopes of the portal.
JOURNAL_SCOPES = frozenset(f"developer.webhooks_journal.{name}" for name in ("read", "subscriptions.read", "subscriptions.write"))
STAGES = ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist", "other")


@dataclass(frozen=True)
class HubSpotSettings:
    """One portal.

    `tokens`: static token -> its scopes. `oauth_clients`: client id -> (secret, refresh token). `search_lag_seconds`: how far the search
    index trails writes. `merge_makes_new_id`: since the vendor's change both old ids point to a third; False for the behaviour before it.
    `erases_archived`: whether a privacy deletion finds a contact in the archive; no document says so.
    `has_event_analytics`: whether the edition keeps visits of pages. `events_need_a_record`: whether they are told of one record only;
    sources differ.
    `journal_apps`: client id of an app of the developer platform -> (secret, scopes), which reads the Webhooks Journal.
    `journal_delay_seconds`: how late an entry appears, which no document says. `journal_file_seconds`: how long a file's address holds.
    `says_no_news_by_404`: whether an offset at the end is answered like an old one.
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
    erases_archived: bool = True
    has_event_analytics: bool = True
    events_need_a_record: bool = False
    versions: tuple[str, ...] = ("2025-09", "2026-03", "2026-09")
    app_id: int = 902_001
    journal_apps: Mapping[str, tuple[str, frozenset[str]]] = field(
        default_factory=lambda: {"hubspot-journal-client": ("hubspot-journal-secret", JOURNAL_SCOPES | {"crm.objects.contacts.read"})}
    )
    journal_delay_seconds: float = 1.0
    journal_file_seconds: float = 300.0
    says_no_news_by_404: bool = False
