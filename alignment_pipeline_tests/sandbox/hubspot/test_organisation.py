"""The demo organisation in a portal: nobody and nothing is lost on the way, whether HubSpot is the CRM or stands beside one."""

from __future__ import annotations

import pytest

from alignment_pipeline.sandbox.hubspot.organisation import EVENTS, FORM, load, load_marketing
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline.sandbox.organisation.organisation import Organisation, generate


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return generate(seed=41, accounts=100, people=500, activities=2500)


def test_as_the_only_crm_it_holds_every_company_person_deal_and_piece_of_work(organisation: Organisation) -> None:
    store, given = HubSpotStore(), organisation.salesforce
    names = load(store, organisation)
    living = {object_: [row for row in given[object_] if not row["IsDeleted"]] for object_ in ("Account", "Lead", "Contact", "Opportunity")}

    assert len(store.objects["companies"]) == len(living["Account"]) and len(store.objects["deals"]) == len(living["Opportunity"])
    open_leads = [row for row in living["Lead"] if not row["IsConverted"]]
    assert all(str(row["Id"]) in names.contacts for row in (*living["Contact"], *open_leads))
    emails = [one.values["email"] for one in store.objects["contacts"].values() if "email" in one.values]
    assert len(emails) == len(set(emails)), "a portal has one contact for an address"
    linked = [store.linked("contacts", names.contacts[str(row["Id"])], "companies") for row in living["Contact"] if row["AccountId"]]
    assert all(linked)


def test_beside_salesforce_its_contacts_name_the_records_that_they_are_synced_with(organisation: Organisation) -> None:
    store = HubSpotStore()
    names = load_marketing(store, organisation)
    synced = [row for row in organisation.marketo_leads if row.get("sfdcContactId") and row.get("email")]
    ids = {store.objects["contacts"][names.contacts[str(row["id"])]].values.get("salesforcecontactid") for row in synced}

    assert len(synced) > 30 and ids <= {row.get("sfdcContactId") for row in organisation.marketo_leads}
    assert not store.objects["companies"]
    did = [row for row in organisation.marketo_activities if str(row["leadId"]) in names.contacts]
    assert sum(map(len, store.submissions.values())) == sum(row["activityTypeId"] == FORM for row in did)
    assert len(store.email_events) == sum(row["activityTypeId"] in EVENTS for row in did)
