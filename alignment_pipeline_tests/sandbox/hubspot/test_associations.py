"""Associations of the embedded portal: labels are made, set and ended; the usual association stays."""

from __future__ import annotations

from alignment_pipeline_tests.connectors.served import TEN_DAYS_AGO
from alignment_pipeline_tests.sandbox.hubspot.portal import Portal

PAIRS = "/crm/v4/associations/contacts/companies"


def types(hub: Portal) -> list[tuple[str, str | None]]:
    """Category and label of each association of contact 11."""
    answer = hub.ask("POST", f"{PAIRS}/batch/read", {"inputs": [{"id": "11"}]}).json()
    return [(one["category"], one["label"]) for row in answer["results"] for to in row["to"] for one in to["associationTypes"]]


def test_a_label_is_set_beside_the_usual_association_and_ended_alone(hub: Portal) -> None:
    hub.store.load({"contacts": [{"id": 11, "at": TEN_DAYS_AGO}], "companies": [{"id": 21, "at": TEN_DAYS_AGO}]})
    made = hub.ask("POST", f"{PAIRS}/labels", {"name": "matched", "label": "Matched"}).json()["results"][0]
    pair = {"from": {"id": "11"}, "to": {"id": "21"}}
    labelled = {"inputs": [pair | {"types": [{"associationCategory": "USER_DEFINED", "associationTypeId": made["typeId"]}]}]}

    assert hub.ask("POST", f"{PAIRS}/batch/create", labelled).status_code == 201
    assert types(hub) == [("HUBSPOT_DEFINED", None), ("USER_DEFINED", "Matched")]
    assert hub.ask("POST", f"{PAIRS}/batch/labels/archive", labelled).status_code == 204
    assert types(hub) == [("HUBSPOT_DEFINED", None)]
    assert "Matched" in [one["label"] for one in hub.get(f"{PAIRS}/labels")["results"]]


def test_a_label_needs_a_name_and_pairs_need_records(hub: Portal) -> None:
    assert hub.ask("POST", f"{PAIRS}/labels", {"name": "x"}).status_code == 400
    missing = {"inputs": [{"from": {"id": "1"}, "to": {"id": "2"}}]}
    assert hub.ask("POST", f"{PAIRS}/batch/associate/default", missing).status_code == 404
    assert hub.ask("POST", f"{PAIRS}/batch/create", {"inputs": []}).status_code == 400
