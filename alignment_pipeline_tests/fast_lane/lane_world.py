"""A company whose full run is done, written and signed for, on a Monday morning, and people who raise their hands in it.

Beside Salesforce and Marketo it has a HubSpot portal with some of its people. The full run has read it; only those tests that ask for it
(`test_lane_beside_hubspot.py`) have its token, so that the others see two systems.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignment_pipeline.installation.home import Home
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore, Person
from alignment_pipeline.sandbox.marketo import control
from alignment_pipeline.sandbox.organisation.organisation import generate
from alignment_pipeline.sandbox.server import Sandbox
from alignment_pipeline_tests.end_to_end.company import Company, company

FILL_OUT_FORM = 2
# reps of these zones are at work from the first test to the last, however slow the machine is
AT_WORK = ("America/New_York", "America/Chicago")
# from Saturday 08:00 UTC, where the organisation stands, to Monday 15:00: business hours on both sides of the Atlantic
_TO_MONDAY = (2 * 24 + 7) * 3600.0
#: HubSpot's form, and how many people it knows: the last ones, so that tests of two systems take others.
HUBSPOT_FORM, _IN_HUBSPOT = "form-0001", 30
Record = dict[str, Any]


@dataclass
class Place:
    """The company, and what tests ask of it."""

    company: Company
    portal: HubSpotStore
    hubspot_settings: dict[str, str]

    @property
    def home(self) -> Home:
        """As a command opens it."""
        return self.company.home

    def reachable(self) -> list[tuple[int, str]]:
        """(Marketo id, lead id) of people with an open lead that a rep owns, and without any task of ours, in a fixed order.

        Of several leads with one address the first counts; colleagues get no task and are left out.
        """
        leads, users = (self.company.world.salesforce.tables[name] for name in ("Lead", "User"))
        busy = {task["WhoId"] for task in self.tasks() if task.get("WhoId")}
        answered = {str(leads[who].get("Email")).lower() for who in busy if who in leads}
        colleagues = {one.lead_id for one in self.company.organisation.truth.leads if one.why == "internal"}
        found = []
        for lead_id, person in sorted(self.company.world.marketo.leads.items()):
            lead = leads.get(str(person.values.get("sfdcLeadId", "")))
            if lead is None or lead.get("IsDeleted") or lead.get("IsConverted") or lead["Id"] in busy | colleagues:
                continue
            owner = users.get(str(lead["OwnerId"]))
            email = str(lead.get("Email") or "").lower()
            if owner is not None and owner.get("TimeZoneSidKey") in AT_WORK and email and email not in answered:
                answered.add(email)
                found.append((lead_id, lead["Id"]))
        return found

    def raise_hand(self, *marketo_ids: int, form: str = "Request a demo", late_seconds: int | None = None) -> None:
        """These people send the form in, now."""
        rows = [{"leadId": one, "activityTypeId": FILL_OUT_FORM, "primaryAttributeValue": form} for one in marketo_ids]
        control.add_activities(self.company.world, rows, late_seconds=late_seconds)

    def tasks(self, who: str | None = None) -> list[Record]:
        """Living tasks that carry our key; of one person, or all."""
        key = self.home.agreement.crm.tasks.external_key_field
        rows = self.company.world.salesforce.rows("Task")
        return [row for row in rows if row.get(key) and not row.get("IsDeleted") and (who is None or row.get("WhoId") == who)]

    def writes(self) -> int:
        """How many writes the CRM has seen."""
        return len(self.company.world.audit)


@contextmanager
def place(path: Path) -> Iterator[Place]:
    """Serve the company, with everything done once, until the block ends."""
    organisation = generate(seed=11, accounts=100, people=500, activities=2500)
    with company(organisation, path, factor=10.0) as found:
        found.world.advance(_TO_MONDAY)
        place = Place(found, HubSpotStore(), {})
        found.world.hubspot = place.portal
        place.portal.add_form(HUBSPOT_FORM, "Request a demo")
        leads = found.world.salesforce.tables["Lead"]
        for _, lead in place.reachable()[-_IN_HUBSPOT:]:
            values = {"email": str(leads[lead]["Email"]), "lastname": str(leads[lead]["LastName"]), "salesforceleadid": lead}
            Person(place.portal, found.world.clock).create("contacts", values, lag=0.0)
        with Sandbox(found.world) as served:
            given = served.environment()
            place.hubspot_settings = {name: value for name, value in given.items() if name.startswith("HUBSPOT_")}
            found.settings |= place.hubspot_settings
            _signed_for(found)
            found.settings.clear()
            yield place


def _signed_for(found: Company) -> None:
    """The whole way once: run, apply, sign the standing approval."""
    ran = found.alignment("run", "--json")
    plan_hash = ran.json["plan"]["plan_hash"]
    for arguments in (["approve", plan_hash], ["apply", "--approved-only", plan_hash], ["approve", "--standing"]):
        said = found.alignment(*arguments)
        assert said.code == 0, said.err
