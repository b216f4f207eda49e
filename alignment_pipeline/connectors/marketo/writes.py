"""Updating leads by id.

Belongs here: sending, and per-record outcomes as values. What may be written, and when: `write_back/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alignment_pipeline.connectors.marketo.session import MarketoSession

MOST_LEADS = 300


@dataclass(frozen=True)
class LeadResult:
    """One record of an update, in the order sent."""

    lead_id: int
    is_success: bool
    code: str | None = None
    message: str | None = None


def update_leads(session: MarketoSession, records: Sequence[Mapping[str, Any]]) -> list[LeadResult]:
    """Update up to 300 existing leads, each with its `id`; nothing is created. None and "" clear a field.

    OutcomeUnknown when the answer was lost (read the leads before writing again); MarketoRefused when the request was refused.
    """
    if not records:
        return []
    if len(records) > MOST_LEADS:
        raise ValueError(f"at most {MOST_LEADS} leads in a request, not {len(records)}")
    ids = [int(record["id"]) for record in records]
    if len(set(ids)) != len(ids):
        raise ValueError("a lead is listed twice in one request")
    body = {"action": "updateOnly", "lookupField": "id", "input": [dict(record) for record in records]}
    answer = session.post("/rest/v1/leads.json", "lead update", body, is_repeatable=False)
    entries = answer.get("result") or ()
    if len(entries) != len(ids):
        return [LeadResult(one, False, "UNKNOWN_OUTCOME", "the answer has another number of results than leads were sent") for one in ids]
    return [_result(one, entry) for one, entry in zip(ids, entries, strict=True)]


def _result(lead_id: int, entry: Mapping[str, Any]) -> LeadResult:
    if entry.get("status") in ("updated", "created"):
        if entry.get("id") not in (None, lead_id):
            return LeadResult(lead_id, False, "UNKNOWN_OUTCOME", f"the answer at this place is for lead {entry.get('id')}")
        return LeadResult(lead_id, True)
    reasons: Sequence[Mapping[str, Any]] = entry.get("reasons") or ({},)
    return LeadResult(lead_id, False, str(reasons[0].get("code") or "UNKNOWN"), str(reasons[0].get("message") or entry.get("status")))
