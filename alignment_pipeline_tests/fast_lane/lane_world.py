"""A company whose full run is done, written and signed for, on a Monday morning, and people who raise their hands in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignment_pipeline.installation.home import Home
from alignment_pipeline.sandbox.marketo import control
from alignment_pipeline.sandbox.organisation.organisation import generate
from alignment_pipeline_tests.end_to_end.company import Company, company

FILL_OUT_FORM = 2
# reps of these zones are at work from the first test to the last, however slow the machine is
AT_WORK = ("America/New_York", "America/Chicago")
# from Saturday 08:00 UTC, where the organisation stands, to Monday 15:00: business hours on both sides of the Atlantic
_TO_MONDAY = (2 * 24 + 7) * 3600.0
Record = dict[str, Any]


@dataclass
class Place:
    """The company, and what tests ask of it."""

    company: Company

    @property
    def home(self) -> Home:
        """As a command opens it."""
        return self.company.home

    def reachable(self) -> list[tuple[int, str]]:
        """(Marketo id, lead id) of people with an open lead that a rep owns, and without any task of ours, in a fixed order."""
        leads, users = (self.company.world.salesforce.tables[name] for name in ("Lead", "User"))
        busy = {task["WhoId"] for task in self.tasks() if task.get("WhoId")}
        found = []
        for lead_id, person in sorted(self.company.world.marketo.leads.items()):
            lead = leads.get(str(person.values.get("sfdcLeadId", "")))
            if lead is None or lead.get("IsDeleted") or lead.get("IsConverted") or lead["Id"] in busy:
                continue
            owner = users.get(str(lead["OwnerId"]))
            if owner is not None and owner.get("TimeZoneSidKey") in AT_WORK and lead.get("Email"):
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
    """The whole way once: run, apply, sign the standing approval."""
    organisation = generate(seed=11, accounts=100, people=500, activities=2500)
    with company(organisation, path, factor=10.0) as found:
        found.world.advance(_TO_MONDAY)
        ran = found.alignment("run", "--json")
        plan_hash = ran.json["plan"]["plan_hash"]
        for arguments in (["approve", plan_hash], ["apply", "--approved-only", plan_hash], ["approve", "--standing"]):
            said = found.alignment(*arguments)
            assert said.code == 0, said.err
        yield Place(found)
