"""The demo's world: the generated organisation in the embedded systems, on one clock.

Belongs here: how large, since when, how fast. Who is in it: `organisation/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from alignment_pipeline.agreement import loader
from alignment_pipeline.contracts.systems.registry import SYSTEMS
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.hubspot.organisation import load, load_marketing
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.organisation.organisation import ANCHOR, generate
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.world import World, sandbox_clock

HUBSPOT = "hubspot"
#: What can be embedded as the CRM, and as the marketing system beside it; the first is the usual one.
CRMS, MARKETING = ("salesforce", HUBSPOT), ("marketo", HUBSPOT)
SEED = 2026
# one factor for the sandbox's clock, the vendors' poll intervals and our waiting: Marketo's 60 seconds take one
FACTOR = 60.0
ACCOUNTS, PEOPLE, ACTIVITIES = 5_000, 20_000, 300_000


def demo_world(
    *,
    seed: int = SEED,
    anchor: datetime = ANCHOR,
    accounts: int = ACCOUNTS,
    people: int = PEOPLE,
    activities: int = ACTIVITIES,
    factor: float = FACTOR,
    truth: Path | None = None,
    crm: str = "salesforce",
    marketing: str = "marketo",
    currencies: int = 1,
) -> World:
    """Generate the organisation as of `anchor` and load it; its clock starts there. `truth` is where what is true is written,
    for tests and measurements; the pipeline never reads it. With HubSpot as the CRM, or as the marketing system, the same people are in
    a portal."""
    organisation = generate(seed=seed, anchor=anchor, accounts=accounts, people=people, activities=activities, currencies=currencies)
    if truth is not None:
        organisation.write_truth(truth)
    clock = sandbox_clock(anchor.astimezone(UTC), factor=factor)
    salesforce = SalesforceStore(currencies=organisation.currencies)
    if crm == HUBSPOT:
        portal = HubSpotStore()
        load(portal, organisation)
        return World(clock=clock, faults=Faults(seed=seed), salesforce=salesforce, hubspot=portal)
    salesforce.load(organisation.salesforce)
    if marketing == HUBSPOT:
        portal = HubSpotStore()
        load_marketing(portal, organisation)
        return World(clock=clock, faults=Faults(seed=seed), salesforce=salesforce, hubspot=portal)
    marketo = MarketoStore()
    marketo.load(
        organisation.marketo_leads,
        organisation.marketo_activities,
        organisation.marketo_activity_types,
        organisation.marketo_deleted_leads,
    )
    return World(clock=clock, faults=Faults(seed=seed), salesforce=salesforce, marketo=marketo)


def title(crm: str, marketing: str) -> str:
    """The embedded systems as people call them."""
    names = (crm,) if crm == HUBSPOT else (crm, marketing)
    return " and ".join(SYSTEMS[name].title for name in names)


def is_kept(crm: str, marketing: str) -> bool:
    """Whether the records can be kept between two starts."""
    return HUBSPOT not in (crm, marketing)


def check(crm: str, currencies: int) -> None:
    """ConfigurationError where the organisation cannot be made so."""
    if currencies > 1 and crm == HUBSPOT:
        raise ConfigurationError(f"two currencies are made in the embedded Salesforce: leave out --crm {crm}")


def settings(environment: Mapping[str, str], crm: str, currencies: int = 1) -> dict[str, str]:
    """The environment of an installation that has this CRM and no other, with the agreement that is made for it."""
    if crm != HUBSPOT:
        return dict(environment) | ({"ALIGNMENT_AGREEMENT": str(loader.example_path("two_currencies"))} if currencies > 1 else {})
    own = {name: value for name, value in environment.items() if not name.startswith("SALESFORCE_")}
    return own | {"ALIGNMENT_AGREEMENT": str(loader.example_path("hubspot_only"))}
