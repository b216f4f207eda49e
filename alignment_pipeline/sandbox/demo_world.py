"""The demo's world: the generated organisation in both embedded systems, on one clock.

Belongs here: how large, since when, how fast. Who is in it: `organisation/`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.organisation.organisation import ANCHOR, generate
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.world import World, sandbox_clock

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
) -> World:
    """Generate the organisation as of `anchor` and load it; its clock starts there. `truth` is where what is true is written,
    for tests and measurements; the pipeline never reads it."""
    organisation = generate(seed=seed, anchor=anchor, accounts=accounts, people=people, activities=activities)
    if truth is not None:
        organisation.write_truth(truth)
    salesforce = SalesforceStore()
    salesforce.load(organisation.salesforce)
    marketo = MarketoStore()
    marketo.load(
        organisation.marketo_leads,
        organisation.marketo_activities,
        organisation.marketo_activity_types,
        organisation.marketo_deleted_leads,
    )
    clock = sandbox_clock(anchor.astimezone(UTC), factor=factor)
    return World(clock=clock, faults=Faults(seed=seed), salesforce=salesforce, marketo=marketo)
