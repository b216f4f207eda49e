"""A first agreement from what a portal says of itself: the shipped one for HubSpot alone, with the portal's own facts.

Belongs here: which facts are taken over. Writing the file, for every CRM: `operations/init.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.hubspot import describe
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.objects import results
from alignment_pipeline.connectors.hubspot.session import HubSpotSession

EXAMPLE = "hubspot_only"
_FREE = frozenset({"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com"})


def fit(tree: Any, environ: Mapping[str, str], clock: Clock) -> list[str]:
    """Fit the agreement's tree to the portal; returns what a person should know of it."""
    session = HubSpotSession(Credentials.from_env(environ), clock)
    portal = session.portal_id()
    remarks = [f"for portal {portal}, as the only CRM; time zone {session.time_zone() or 'unknown'}"]
    _own_domain(tree, session, remarks)
    _inputs(tree, session, remarks)
    pipelines = results(session.get("/crm/v3/pipelines/deals", "deal pipelines"), "deal pipelines")
    stages = [str(stage.get("label")) for pipeline in pipelines for stage in pipeline.get("stages") or ()]
    remarks.append(f"{len(stages)} deal stages are read as they are: {', '.join(stages[:8])}")
    return remarks


def _own_domain(tree: Any, session: HubSpotSession, remarks: list[str]) -> None:
    owners = results(session.get("/crm/v3/owners", "owners", {"limit": "500"}), "owners")
    domains = Counter(str(one.get("email") or "").rpartition("@")[2].lower() for one in owners)
    known = {name: number for name, number in domains.items() if name and name not in _FREE}
    if known:
        own = max(sorted(known), key=lambda name: known[name])
        tree["people"] = {"internal_domains": [own]}
        remarks.append(f"people @{own} are your own: never scored, matched or clocked")


def _inputs(tree: Any, session: HubSpotSession, remarks: list[str]) -> None:
    """Input properties of the portal's own that are not there are left out; ours are made by `--prepare`."""
    known = describe.describe(session, "deals")
    for mapping in [one for one in tree["crm"]["inputs"] if one["object"] == "Opportunity" and one["field"] not in known]:
        tree["crm"]["inputs"].remove(mapping)
        remarks.append(f"deals have no property {mapping['field']}: the reason of a loss is not read")
