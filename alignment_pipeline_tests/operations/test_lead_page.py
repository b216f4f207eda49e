"""One lead as a rep sees it: which one is shown, and how its values read."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from alignment_pipeline.agreement import loader
from alignment_pipeline.operations import lead_page
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.staging.factories import NOW, account, lead, staged, user

AGREEMENT = loader.load(loader.default_path())


def of(path: Path, *, states: dict[int, str], company: str = "Acme Inc") -> lead_page.LeadPage | None:
    tables: dict[str, list[dict[str, Any]]] = {
        "accounts": [{"account_id": account(1), "name": "Acme"}],
        "users": [{"user_id": user(1), "name": "Rep", "time_zone": "Europe/Berlin"}],
        "leads": [
            {"lead_id": lead(n), "first_name": "Jane", "last_name": "Doe", "company": company, "email": f"jane{n}@acme.example"}
            for n in states
        ],
        "lead_account_matches": [{"lead_id": lead(n), "decision": "matched", "account_id": account(1)} for n in states],
        "sla_clocks": [
            {
                "object": "Lead",
                "record_id": lead(n),
                "state": state,
                "due_at": NOW + timedelta(hours=n),
                "owner_id": user(1),
                "person_id": f"p{n}",
            }
            for n, state in states.items()
        ],
        "person_scores": [{"person_id": f"p{n}", "engagement_score": 76.6} for n in states],
        "field_updates": [
            {"object": "Lead", "record_id": lead(n), "field": field, "value": json.dumps(value)}
            for n in states
            for field, value in (
                ("Alignment_Stage__c", "MQL"),
                ("Alignment_Matched_Account__c", account(1)),
                ("Alignment_SLA_Due__c", "2026-11-20T09:00:00Z"),
                ("Alignment_Engagement_Points__c", 90.0),
            )
        ],
    }
    warehouse = Warehouse(path)
    for name, given in tables.items():
        warehouse.replace(name, staged(name, given))
    return lead_page.lead_page(warehouse, AGREEMENT)


def test_the_promise_that_is_nearly_due_comes_first(tmp_path: Path) -> None:
    found = of(tmp_path, states={1: "breached", 2: "pending", 3: "at_risk"})

    assert found is not None and found.email == "jane3@acme.example"


def test_values_read_as_on_the_page(tmp_path: Path) -> None:
    found = of(tmp_path, states={1: "pending"})

    assert found is not None and (found.name, found.company) == ("Jane Doe", "Acme Inc")
    assert dict(found.rows) == {
        "Alignment stage": "MQL",
        "SLA due": "Fri 20 Nov, 10:00 Berlin time",
        "Matched account": "Acme",
        "Engagement score": "77",
    }


def test_a_lead_without_a_company_is_not_shown(tmp_path: Path) -> None:
    assert of(tmp_path, states={1: "pending"}, company="n/a") is None
