"""The demo's world: the generated organisation in the embedded systems, on one clock.

Belongs here: how large, since when, how fast. Who is in it: `organisation/`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.hubspot.organisation import load, load_marketing
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.organisation.organisation import ANCHOR, generate
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.world import World, sandbox_clock

HUBSPOT = "hubspot"
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
) -> World:
    """Generate the organisation as of `anchor` and load it; its clock starts there. `truth` is where what is true is written,
    for tests and measurements; the pipeline never reads it. With HubSpot as the CRM, or as the marketing system, the same people are in
    a portal."""
    organisation = generate(seed=seed, anchor=anchor, accounts=accounts, people=people, activities=activities)
    if truth is not None:
        organisation.write_truth(truth)
    clock = sandbox_clock(anchor.astimezone(UTC), factor=factor)
    salesforce = SalesforceStore()
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
