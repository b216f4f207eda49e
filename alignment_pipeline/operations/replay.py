"""Decides everything from the raw tables as they were known at a moment: staging, identity, matching, then scores, stages and MQA.

Belongs here: the order of the rules up to matching, when the result is not published. From there on: `decisions.py`; days that are kept:
`history.py`. What the raw tables do not hold is taken as of the moment too: labels by when they were said, word rarities counted anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts.moments import moment
from alignment_pipeline.identity import people, person_records
from alignment_pipeline.matching import lead_account_matches, match_labels, person_accounts
from alignment_pipeline.matching.decision import labels
from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline.operations import decisions
from alignment_pipeline.staging import (
    accounts,
    activities,
    contacts,
    crm_record_states,
    leads,
    marketo_persons,
    opportunities,
    record_changes,
    users,
    versions,
)
from alignment_pipeline.warehouse.warehouse import Warehouse

_RECORDS = ("raw_salesforce_accounts", "raw_salesforce_contacts", "raw_salesforce_leads", "raw_salesforce_opportunities")
_HISTORIES = ("raw_salesforce_lead_changes", "raw_salesforce_contact_changes", "raw_salesforce_opportunity_changes")
_ACTIVITIES = (
    "raw_marketo_activities", "raw_marketo_activity_types", "raw_salesforce_campaign_members", "raw_salesforce_campaigns",
    "raw_salesforce_tasks", "raw_salesforce_events",
)  # fmt: skip


class Replay:
    """One moment of the past. `done` gathers the tables by name; each is written to `scratch`, a warehouse that is thrown away."""

    def __init__(self, warehouse: Warehouse, scratch: Warehouse, *, agreement: Agreement, as_of: datetime) -> None:
        self._warehouse, self._scratch = warehouse, scratch
        self.agreement, self.as_of = agreement, as_of
        self.done: dict[str, ibis.Table] = {}

    def decide(self, overrides: ibis.Table | None = None) -> dict[str, ibis.Table]:
        """Every table up to stages, as known at the moment under the agreement; `overrides` is the target list."""
        self._staging()
        self._identity()
        self._matching()
        given = {name: self.done[name] for name in decisions.GIVEN}
        return decisions.decide(given, agreement=self.agreement, as_of=self.as_of, overrides=overrides, hold=self._held)

    def _held(self, name: str, rows: ibis.Table | pa.Table) -> ibis.Table:
        self._scratch.replace(name, rows)
        return self._scratch.read(name)

    def _keep(self, name: str, rows: ibis.Table | pa.Table) -> None:
        self.done[name] = self._held(name, rows)

    def _living(self, name: str) -> ibis.Table:
        return versions.living(self._warehouse.read(name), as_of=self.as_of)

    def _raw(self, *names: str) -> dict[str, ibis.Table]:
        return {name: self._warehouse.read(name) for name in names}

    def _staging(self) -> None:
        crm, scoring = self.agreement.crm, self.agreement.scoring
        self._keep("crm_record_states", crm_record_states.crm_record_states(self._raw(*_RECORDS), as_of=self.as_of))
        self._keep("contacts", contacts.contacts(self._living("raw_salesforce_contacts"), crm=crm))
        changes = self._living("raw_salesforce_lead_changes")
        self._keep("leads", leads.leads(self._living("raw_salesforce_leads"), changes=changes, crm=crm))
        self._keep("marketo_persons", marketo_persons.marketo_persons(self._living("raw_marketo_leads")))
        stages = self._living("raw_salesforce_opportunity_stages")
        moves = self._living("raw_salesforce_opportunity_stages_over_time")
        self._keep("opportunity_stage_changes", opportunities.opportunity_stage_changes(moves, stages=stages))
        deals, moved = self._living("raw_salesforce_opportunities"), self.done["opportunity_stage_changes"]
        self._keep("opportunities", opportunities.opportunities(deals, opportunity_stage_changes=moved, crm=crm))
        roles = self._living("raw_salesforce_opportunity_contact_roles")
        self._keep("opportunity_contact_roles", opportunities.opportunity_contact_roles(roles))
        companies, sources = self._living("raw_salesforce_accounts"), {name: self.done[name] for name in ("contacts", "opportunities")}
        self._keep("accounts", accounts.accounts(companies, **sources, definitions=self.agreement.people, crm=crm))
        self._keep("users", users.users(self._living("raw_salesforce_users")))
        raw = {name: self._living(name) for name in _ACTIVITIES}
        found = activities.activities(raw, activity_types=scoring.activity_types, exclusions=scoring.exclusions)
        self._keep("activities", found)
        raw = self._raw(*_RECORDS, *_HISTORIES)
        self._keep("record_changes", record_changes.record_changes(raw, inputs=crm.input_fields, as_of=self.as_of))

    def _identity(self) -> None:
        definitions = self.agreement.people
        contact, lead, marketo = (self.done[name] for name in ("contacts", "leads", "marketo_persons"))
        states = self.done["crm_record_states"]
        self._keep("person_records", person_records.person_records(contact, lead, marketo, states, definitions=definitions))
        self._keep("people", people.people(contact, lead, marketo, self.done["person_records"], definitions=definitions))

    def _matching(self) -> None:
        stamp: dict[str, Any] = {"as_of": self.as_of, "agreement_version": self.agreement.version}
        said = self._warehouse.read("match_labels")
        said = said.filter(said.said_at <= moment(self.as_of))
        self._keep("match_rule_precisions", match_labels.match_rule_precisions(said, matching=self.agreement.matching, **stamp))
        demoted = labels.demoted_rules(self.done["match_rule_precisions"].to_pyarrow())
        settings = lead_account_matches.settings_of(self.agreement.matching, agreement_version=self.agreement.version, demoted=demoted)
        names = self.done["accounts"].select("name").to_pyarrow().column("name").to_pylist()
        rarity = RarityTable.count([name or "" for name in names], counted_on=self.as_of.date())
        index = lead_account_matches.account_index(self.done["accounts"], self.done["contacts"], settings=settings, rarity=rarity)
        always, never = match_labels.corrections(said)
        found = lead_account_matches.lead_account_matches(
            self.done["people"], index, settings=settings, always=always, never=never, **stamp
        )
        self._keep("lead_account_matches", found)
        sources = [self.done[name] for name in ("people", "lead_account_matches", "accounts", "crm_record_states")]
        self._keep("person_accounts", person_accounts.person_accounts(*sources, **stamp))
