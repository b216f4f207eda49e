"""`POST leads/<winner>/merge.json`: several leads become one.

The winner's values win, its empty fields are filled from the losers, their activities become the winner's; the losers are gone
without a Delete Lead of their own.
"""

from __future__ import annotations

from alignment_pipeline.sandbox.marketo import history
from alignment_pipeline.sandbox.marketo.answers import Refusal
from alignment_pipeline.sandbox.marketo.call import Call
from alignment_pipeline.sandbox.marketo.records import Lead
from alignment_pipeline.sandbox.marketo.schema import Value

MOST_LOSERS = 25


def merge_leads(call: Call, winner_id: str) -> dict[str, object]:
    """Merge the leads named in `leadId` or `leadIds` into the one of the path."""
    names = list(dict.fromkeys(call.names("leadIds") or call.names("leadId")))
    if not names:
        raise Refusal("1002", "Missing value for the required parameter 'leadId'")
    if len(names) > MOST_LOSERS:
        raise Refusal("1080", f"Too many leads to merge: at most {MOST_LOSERS} are allowed")
    winner = _lead(call, winner_id)
    losers = [_lead(call, name) for name in names if call.integer(name) != winner.lead_id]
    if not losers:
        raise Refusal("1003", "Invalid data: a lead cannot be merged into itself")
    filled: dict[str, Value | None] = {}
    for loser in losers:
        for name, value in loser.values.items():
            if name not in winner.values and name not in filled and name != "id":
                filled[name] = value
        call.store.forget(loser.lead_id)
    call.store.keep(call.store.changed(winner, filled, call.now))
    call.store.log.reassign(frozenset(loser.lead_id for loser in losers), winner.lead_id)
    cause = history.Cause(call.now, method="mergeLeads", user=call.user, request_id=call.request_id)
    call.store.log.extend([history.merged(winner, losers, cause)])
    call.world.audit.record(
        system="marketo",
        at=call.now,
        user=call.user,
        action="merge",
        object="Lead",
        record_id=str(winner.lead_id),
        changes={"merged": (None, [loser.lead_id for loser in losers])},
        request=call.request_id,
    )
    return {}


def _lead(call: Call, lead_id: str) -> Lead:
    lead = call.store.leads.get(call.integer(lead_id))
    if lead is None:
        raise Refusal("1004", f"Lead '{lead_id}' not found")
    return lead
