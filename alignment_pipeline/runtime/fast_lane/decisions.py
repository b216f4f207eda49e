"""The rules of the full run, in its order, over the people concerned.

Belongs here: which published table a rule's other side comes from. Accounts are taken as published: their own scores, stages and MQA
move with the full run. No rule is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.identity import people as people_rule
from alignment_pipeline.identity import person_records as person_records_rule
from alignment_pipeline.lifecycle import person_stages as person_stages_rule
from alignment_pipeline.matching import lead_account_matches as matches_rule
from alignment_pipeline.matching import person_accounts as person_accounts_rule
from alignment_pipeline.matching.index import AccountIndex
from alignment_pipeline.planning import field_updates as field_updates_rule
from alignment_pipeline.runtime import extraction
from alignment_pipeline.runtime.fast_lane import overlay
from alignment_pipeline.runtime.fast_lane.overlay import People, Store
from alignment_pipeline.scoring import engagement as engagement_rule
from alignment_pipeline.scoring import person_fits as person_fits_rule
from alignment_pipeline.scoring import person_scores as person_scores_rule
from alignment_pipeline.scoring import scored_activities as scored_activities_rule
from alignment_pipeline.sla import tasks as tasks_rule
from alignment_pipeline.sla.ledger import sla_ledger
from alignment_pipeline.sla.sources import Sources
from alignment_pipeline.staging import activities as activities_rule
from alignment_pipeline.staging import (
    contacts,
    crm_field_values,
    crm_record_states,
    leads,
    marketo_persons,
    record_changes,
    touches,
    versions,
)

_ACCOUNT_VALUES = ("accounts", "account_scores", "account_fits", "account_tiers", "account_stages", "account_mqa_statuses")
_PERSON_VALUES = ("people", "person_records", "person_scores", "person_fits", "person_stages", "lead_account_matches", "person_slas")
_ACTIVITIES = (
    "raw_marketo_activities",
    "raw_marketo_activity_types",
    "raw_salesforce_campaign_members",
    "raw_salesforce_campaigns",
    "raw_salesforce_tasks",
    "raw_salesforce_events",
)
Tables = dict[str, ibis.Table]


@dataclass
class Decider:
    """One round's rules. `done` gathers the tables by name, each held in memory, so that no rule is worked out twice."""

    store: Store
    raw: Mapping[str, ibis.Table]
    people: People
    agreement: Agreement
    index: AccountIndex
    as_of: datetime

    def __post_init__(self) -> None:
        self.done: Tables = {}
        self.stamp: dict[str, Any] = {"as_of": self.as_of, "agreement_version": self.agreement.version}

    def decide(self) -> Tables:
        """Everything a plan is made of: field_updates, record_creates, crm_field_values, crm_record_states; and what they follow from."""
        self._staging()
        self._identity()
        self._accounts()
        self._scores()
        self._clocks()
        self._updates()
        return self.done

    def _keep(self, name: str, rows: ibis.Table) -> None:
        self.done[name] = self.store.hold(rows)

    def _living(self, name: str) -> ibis.Table:
        return versions.living(self.raw[name], as_of=self.as_of)

    def _published(self, name: str, column: str, values: list[str]) -> None:
        self.done[name] = self.store.contract(name, [self.store.among(name, column, values)])

    def _tables(self, *names: str) -> list[ibis.Table]:
        return [self.done[name] for name in names]

    def _staging(self) -> None:
        crm, scoring = self.agreement.crm, self.agreement.scoring
        states = self.store.hold(crm_record_states.crm_record_states(self.raw, as_of=self.as_of))
        accounts = self.store.read("crm_record_states")
        self.done["crm_record_states"] = states
        self.done["all_states"] = ibis.union(
            accounts.filter(accounts.object == "Account").select(*CONTRACTS["crm_record_states"].names), states
        )
        self._keep("contacts", contacts.contacts(self._living("raw_salesforce_contacts"), crm=crm))
        changes = self._living("raw_salesforce_lead_changes")
        self._keep("leads", leads.leads(self._living("raw_salesforce_leads"), changes=changes, crm=crm))
        self._keep("marketo_persons", marketo_persons.marketo_persons(self._living("raw_marketo_leads")))
        raw = {name: self._living(name) for name in _ACTIVITIES}
        found = activities_rule.activities(raw, activity_types=scoring.activity_types, exclusions=scoring.exclusions)
        self._keep("activities", found)
        tasks, events = raw["raw_salesforce_tasks"], raw["raw_salesforce_events"]
        touched = touches.touches(tasks, events, reading=self.agreement.touches, exclusions=scoring.exclusions, as_of=self.as_of)
        self._keep("touches", touched)
        self._keep("record_changes", self._record_changes())
        living = {object_: self._living(name) for object_, name in crm_field_values.TABLES.items() if object_ != "Account"}
        self._keep("crm_field_values", crm_field_values.crm_field_values(living, crm=crm))

    def _record_changes(self) -> ibis.Table:
        """Changes of these records. Whether a field's history is tracked at all is known from everybody's history."""
        objects = ("Lead", "Contact", "Account", "Opportunity")
        inputs = {name: [mapping.field for mapping in self.agreement.crm.inputs if mapping.object == name] for name in objects}
        rows = self.store.hold(record_changes.record_changes(self.raw, inputs=inputs, as_of=self.as_of))
        every = self.store.read("record_changes")
        tracked = every.filter(~every.is_observed).select("object", "field").distinct()
        return ibis.union(rows.filter(~rows.is_observed), rows.filter(rows.is_observed).anti_join(tracked, ["object", "field"]))

    def _identity(self) -> None:
        sources, definitions = self._tables("contacts", "leads", "marketo_persons"), self.agreement.people
        self._keep("person_records", person_records_rule.person_records(*sources, self.done["crm_record_states"], definitions=definitions))
        self._keep("people", people_rule.people(*sources, self.done["person_records"], definitions=definitions))

    def _accounts(self) -> None:
        settings = self.index.settings
        found = matches_rule.lead_account_matches(self.done["people"], self.index, settings=settings, **self.stamp)
        self._keep("lead_account_matches", found)
        sources = [*self._tables("people", "lead_account_matches"), self.store.read("accounts"), self.done["all_states"]]
        self._keep("person_accounts", person_accounts_rule.person_accounts(*sources, **self.stamp))
        ids = overlay.column(self.done["person_accounts"], "account_id")
        for name in (*_ACCOUNT_VALUES, "account_stage_changes", "account_mqa_changes"):
            self._published(name, "account_id", ids)
        self._published("opportunity_contact_roles", "contact_id", sorted(self.people.contacts))
        deals = set(self.store.among("opportunities", "account_id", ids)["opportunity_id"].to_pylist())
        deals |= set(overlay.column(self.done["opportunity_contact_roles"], "opportunity_id"))
        for name in ("opportunities", "opportunity_stage_changes"):
            self._published(name, "opportunity_id", sorted(deals))
        for name in ("users", "queue_members", "business_hours", "crm_holidays"):
            self.done[name] = self.store.read(name)

    def _scores(self) -> None:
        scoring, scope = self.agreement.scoring, self.agreement.scope
        fits = person_fits_rule.person_fits(*self._tables("people", "person_accounts", "account_tiers"), scoring=scoring, **self.stamp)
        self._keep("person_fits", fits)
        persons = self._tables("people", "person_accounts", "accounts", "account_tiers", "person_fits")
        activities, records = self._tables("activities", "person_records")
        scored = scored_activities_rule.scored_activities(
            activities, persons[0], records, *persons[1:], scoring=scoring, scope=scope, **self.stamp
        )
        self._keep("scored_activities", scored)
        self._keep(
            "person_engagement_factors",
            engagement_rule.person_engagement_factors(self.done["scored_activities"], scoring=scoring, **self.stamp),
        )
        factors = self.done["person_engagement_factors"]
        self._keep("person_scores", person_scores_rule.person_scores(factors, *persons, scoring=scoring, scope=scope, **self.stamp))
        for name, rows in person_stages_rule.person_stage_tables(self.done, agreement=self.agreement, **self.stamp).items():
            self._keep(name, rows)

    def _clocks(self) -> None:
        """Clocks of these people; those of their accounts and opportunities need everybody there and are the full run's."""
        names = [name for name in Sources.__dataclass_fields__ if name != "record_states"]
        sources = Sources(**{name: self.done[name] for name in names}, record_states=self.done["crm_record_states"])
        watermarks = extraction.watermarks(self.store.read("extractions"))
        ledger = sla_ledger(sources, sla=self.agreement.sla, crm=self.agreement.crm, watermarks=watermarks, **self.stamp)
        clocks = self.store.hold(ledger.clocks)
        self.done["sla_clocks"] = clocks.filter(clocks.subject == "person")
        rungs = self.store.hold(ledger.escalations).semi_join(self.done["sla_clocks"], "clock_id")
        self._keep("sla_escalations", rungs)
        self._keep("person_slas", tasks_rule.person_slas(self.done["sla_clocks"], sla=self.agreement.sla, **self.stamp))

    def _updates(self) -> None:
        sources = self._tables("sla_escalations", "people", "sla_clocks")
        self._keep("record_creates", tasks_rule.escalation_tasks(*sources, crm=self.agreement.crm, **self.stamp))
        persons = field_updates_rule.person_values(*self._tables(*_PERSON_VALUES))
        none = [self.store.contract(name, []) for name in _ACCOUNT_VALUES]
        accounts = field_updates_rule.account_values(*none)
        rows = field_updates_rule.field_updates(
            persons, accounts, self.done["users"], crm=self.agreement.crm, scope=self.agreement.scope, **self.stamp
        )
        self._keep("field_updates", rows)
