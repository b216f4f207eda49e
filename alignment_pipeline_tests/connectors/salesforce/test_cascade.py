"""What reacts to our writes is asked of the Tooling API, and what cannot be asked is said."""

from __future__ import annotations

from typing import Any

from alignment_pipeline.connectors.salesforce import cascade, crm
from alignment_pipeline_tests.connectors.served import Served

AUTOMATIONS: dict[str, list[dict[str, Any]]] = {
    "FlowDefinitionView": [
        {"ApiName": "Route_Lead", "Label": "Route new leads", "TriggerObjectOrEvent": {"QualifiedApiName": "Lead"}},
        {"ApiName": "Score", "Label": "Copy the score", "TriggerObjectOrEvent": {"QualifiedApiName": "Lead"}},
        {"ApiName": "Other", "Label": "Cases only", "TriggerObjectOrEvent": {"QualifiedApiName": "Case"}},
    ],
    "ApexTrigger": [{"Name": "AccountTeam", "TableEnumOrId": "Account"}],
    "ValidationRule": [{"ValidationName": "Phone_needed", "EntityDefinition": {"QualifiedApiName": "Lead"}}],
    "WorkflowRule": [{"Name": "Mail the owner", "TableEnumOrId": "Contact"}],
    "AssignmentRule": [{"Name": "Standard", "SobjectType": "Lead"}],
    "FieldDefinition": [{"QualifiedApiName": "Open_Amount__c", "EntityDefinition": {"QualifiedApiName": "Account"}}],
}


def test_every_kind_of_reaction_is_named_per_object(world: Served) -> None:
    world.world.salesforce.settings.automations = AUTOMATIONS
    found = cascade.scan(world.salesforce())

    assert found.unknown == {}
    assert cascade.sentence(found, "Lead") == (
        "saving a Lead starts 1 assignment rule (Standard), 2 flows (Copy the score, Route new leads) and 1 validation rule (Phone_needed)"
    )
    assert cascade.sentence(found, "Account") == "saving an Account starts 1 roll-up summary (Open_Amount__c) and 1 trigger (AccountTeam)"
    assert cascade.sentence(found, "Contact") == "saving a Contact starts 1 workflow rule (Mail the owner)"
    assert cascade.sentence(found, "Task") == "no flow, trigger or rule that we can see reacts when a Task is saved"


def test_a_user_who_may_not_see_the_setup_makes_it_unknown_and_not_nothing(world: Served) -> None:
    world.world.salesforce.settings.automations = AUTOMATIONS
    session = world.salesforce()
    world.world.salesforce.settings.permission_sets = {
        app.username: ["Alignment_Integration"] for app in world.world.salesforce.identities.apps
    }
    world.world.salesforce.settings.may_view_setup = False
    found = cascade.scan(session)

    assert set(found.unknown) == {
        "flows",
        "triggers",
        "validation rules",
        "workflow rules",
        "assignment rules",
        "roll-up summaries",
    }
    said = [finding for finding in cascade.findings(found) if "unknown" in finding.text]
    assert len(said) == 6 and all(finding.status == "warn" and finding.fix for finding in said)


def test_only_the_objects_of_a_plan_are_asked_about(world: Served) -> None:
    world.world.salesforce.settings.automations = AUTOMATIONS
    said = crm.reactions(world.salesforce(), {"Contact", "MarketoLead"})

    assert said == ["saving a Contact starts 1 workflow rule (Mail the owner)"]
