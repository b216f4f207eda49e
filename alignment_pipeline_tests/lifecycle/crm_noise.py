"""Random CRM records beside a random organisation: leads with statuses, opportunities, contact roles, conversions.

Belongs here: seeded generation. What the right stages are: `oracle.py`.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from alignment_pipeline_tests.lifecycle.line import Crm
from alignment_pipeline_tests.scoring.factories import NOW
from alignment_pipeline_tests.scoring.organisations import Organisation

STATUSES = ["Open - Not Contacted", "Working - Contacted", "Nurturing", "Unqualified", "Qualified", "Closed - Not Converted"]
DISPOSITIONS = ["Accepted", "Qualified", "Rejected", "Deferred"]


def crm_of(made: Organisation, seed: int) -> Crm:
    """CRM rows for an organisation's people and accounts; the same seed gives the same ones. Adds contact records of people."""
    rng = random.Random(seed)
    crm = Crm()

    def some_time() -> Any:
        moment = NOW - timedelta(days=rng.randrange(1, 380), minutes=rng.randrange(1440))
        return rng.choice([row["occurred_at"] for row in made.activities if row["occurred_at"] < NOW]) if rng.random() < 0.2 else moment

    for number in range(len(made.accounts) // 2):
        row: dict[str, Any] = {
            "opportunity_id": f"o{seed}-{number}",
            "account_id": rng.choice(made.accounts)["account_id"] if rng.random() < 0.9 else None,
            "stage": "x",
            "created_at": some_time(),
        }
        row["modified_at"] = row["created_at"]
        if rng.random() < 0.6:
            closed_at = min(NOW, row["created_at"] + timedelta(days=rng.randrange(0, 90)))
            row |= {
                "is_closed": True,
                "is_won": rng.random() < 0.3,
                "closed_at": rng.choice([closed_at, closed_at, None]),
                "modified_at": closed_at,
            }
        crm.opportunities.append(row)
        if rng.random() < 0.8:
            one = rng.choice(made.people)["person_id"]
            contact = f"003{seed}{number}"
            made.person_records.append(
                {"source_key": f"contact:{contact}", "person_id": one, "object": "Contact", "record_id": contact, "is_alive": True}
            )
            crm.opportunity_contact_roles.append(
                {"role_id": f"r{seed}-{number}", "opportunity_id": row["opportunity_id"], "contact_id": contact}
            )
    for record in [row for row in made.person_records if row["source_key"].startswith("lead:")]:
        lead_id = record["source_key"].removeprefix("lead:")
        created = some_time()
        lead: dict[str, Any] = {"lead_id": lead_id, "created_at": created, "status": rng.choice(STATUSES)}
        if rng.random() < 0.2:
            lead |= {"is_converted": True, "converted_at": created + timedelta(days=rng.randrange(0, 30))}
            if crm.opportunities and rng.random() < 0.5:
                lead["converted_opportunity_id"] = rng.choice(crm.opportunities)["opportunity_id"]
        crm.leads.append(lead)
        moments = sorted(created + timedelta(days=rng.random() * 200) for _ in range(rng.randrange(4)))
        before = rng.choice(STATUSES)
        for number, moment in enumerate(moments):
            after = rng.choice(STATUSES)
            crm.record_changes.append(_change(f"{lead_id}-{number}", lead_id, "Status", before, after, moment))
            before = after
        if rng.random() < 0.3:
            moment = created + timedelta(days=rng.random() * 200)
            crm.record_changes.append(_change(f"{lead_id}-d", lead_id, "Alignment_Disposition__c", None, rng.choice(DISPOSITIONS), moment))
    crm.record_changes = [row for row in crm.record_changes if row["changed_at"] <= NOW]
    return crm


def _change(change_id: str, lead_id: str, field: str, before: str | None, after: str, moment: Any) -> dict[str, Any]:
    return {
        "change_id": change_id,
        "object": "Lead",
        "record_id": lead_id,
        "field": field,
        "old_value": before,
        "new_value": after,
        "changed_at": moment,
        "earliest_at": moment,
        "known_at": moment,
    }


def joined(crms: list[Crm]) -> Crm:
    """Several organisations' CRM rows in one."""
    whole = Crm()
    for crm in crms:
        for name in ("opportunities", "opportunity_contact_roles", "leads", "record_changes", "users"):
            getattr(whole, name).extend(getattr(crm, name))
    return whole
