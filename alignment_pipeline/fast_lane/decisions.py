"""The rules of the full run, in its order, over the people concerned.

Belongs here: which published table a rule's other side comes from. Accounts are taken as published: their own scores, stages and MQA
move with the full run. No rule is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import partial
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.fast_lane import overlay
from alignment_pipeline.fast_lane.overlay import People
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.field_updates import field_updates as field_updates_rule
from alignment_pipeline.identity import people as people_rule
from alignment_pipeline.identity import person_records as person_records_rule
from alignment_pipeline.lifecycle.stages import person_stages as person_stages_rule
from alignment_pipeline.matching import lead_account_matches as matches_rule
from alignment_pipeline.matching import person_accounts as person_accounts_rule
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.operations import extract
from alignment_pipeline.scoring import engagement as engagement_rule
from alignment_pipeline.scoring import person_fits as person_fits_rule
from alignment_pipeline.scoring import person_scores as person_scores_rule
from alignment_pipeline.scoring import persons as persons_rule
from alignment_pipeline.scoring import scored_activities as scored_activities_rule
from alignment_pipeline.sla.escalation import tasks as tasks_rule
from alignment_pipeline.sla.ledger import sla_ledger
from alignment_pipeline.sla.timelines.sources import Sources
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
        # for rules that are one query: the moment as an expression, so that the query is the same in every round
        self.now: dict[str, Any] = self.stamp | {"as_of": self.store.hold("now", _one_moment(self.as_of)).moment.as_scalar()}
        # Rules that ask only which day it is (scores age by whole UTC days) or what was known by now (nothing later is here) get the
        # same moment all day, so that their expressions are the same all day. What counts minutes gets `as_of`.
        self.day_end = datetime.combine(self.as_of.date(), time.max, UTC)
        self.day: dict[str, Any] = self.stamp | {"as_of": self.day_end}

    def decide(self) -> Tables:
        """Everything a plan is made of: field_updates, record_creates, crm_field_values, crm_record_states; and what they follow from."""
        self._staging()
        self._identity()
        self._accounts()
        self._scores()
        self._clocks()
        self._updates()
        return self.done

    def _keep(self, name: str, rows: ibis.Table | pa.Table) -> None:
        self.done[name] = self.store.hold(name, rows)

    def _step(self, name: str, build: Callable[[], ibis.Table]) -> None:
        """Keep a rule's rows by an expression that is built once a day."""
        key = (name, self.day_end, self.agreement.version)
        self._keep(name, self.store.prepared(key, build))

    def _living(self, name: str) -> ibis.Table:
        return self.living[name]

    def _published(self, name: str, column: str, values: list[str]) -> None:
        self.done[name] = self.store.contract(name, [self.store.among(name, column, values)])

    def _tables(self, *names: str) -> list[ibis.Table]:
        return [self.done[name] for name in names]

    def _staging(self) -> None:
        crm, scoring = self.agreement.crm, self.agreement.scoring
        self.living: Tables = {}
        for name, raw in self.raw.items():
            key = (f"living_{name}", self.day_end)
            cut = self.store.prepared(key, partial(versions.living, raw, as_of=self.day_end))
            self.living[name] = self.store.hold(f"living_{name}", cut)
        states = self.store.hold("crm_record_states", crm_record_states.crm_record_states(self.raw, as_of=self.day_end))
        accounts = self.store.read("crm_record_states")
        self.done["crm_record_states"] = states
        self.done["all_states"] = ibis.union(
            accounts.filter(accounts.object == "Account").select(*CONTRACTS["crm_record_states"].names), states
        )
        self._step("contacts", lambda: contacts.contacts(self._living("raw_salesforce_contacts"), crm=crm))
        changes = self._living("raw_salesforce_lead_changes")
        self._step("leads", lambda: leads.leads(self._living("raw_salesforce_leads"), changes=changes, crm=crm))
        self._step("marketo_persons", lambda: marketo_persons.marketo_persons(self._living("raw_marketo_leads")))
        raw = {name: self._living(name) for name in _ACTIVITIES}
        self._step(
            "activities", lambda: activities_rule.activities(raw, activity_types=scoring.activity_types, exclusions=scoring.exclusions)
        )
        tasks, events = raw["raw_salesforce_tasks"], raw["raw_salesforce_events"]
        self._step(
            "touches",
            lambda: touches.touches(tasks, events, reading=self.agreement.touches, exclusions=scoring.exclusions, as_of=self.now["as_of"]),
        )
        self._step("record_changes", self._record_changes)
        living = {object_: self._living(name) for object_, name in crm_field_values.TABLES.items() if object_ != "Account"}
        self._keep("crm_field_values", crm_field_values.crm_field_values(living, crm=crm))

    def _record_changes(self) -> ibis.Table:
        """Changes of these records. Whether a field's history is tracked at all is known from everybody's history."""
        rows = record_changes.record_changes(self.raw, inputs=self.agreement.crm.input_fields, as_of=self.day_end)
        tracked = self.store.once("tracked_fields", ("record_changes",), _tracked_fields)
        return ibis.union(rows.filter(~rows.is_observed), rows.filter(rows.is_observed).anti_join(tracked, ["object", "field"]))

    def _identity(self) -> None:
        contact, lead, marketo = self._tables("contacts", "leads", "marketo_persons")
        definitions = self.agreement.people
        states = self.done["crm_record_states"]
        self._keep("person_records", person_records_rule.person_records(contact, lead, marketo, states, definitions=definitions))
        records = self.done["person_records"]
        self._step("people", lambda: people_rule.people(contact, lead, marketo, records, definitions=definitions))

    def _accounts(self) -> None:
        settings = self.index.settings
        found = matches_rule.lead_account_matches(self.done["people"], self.index, settings=settings, **self.stamp)
        self._keep("lead_account_matches", found)
        sources = [*self._tables("people", "lead_account_matches"), self.store.read("accounts"), self.done["all_states"]]
        self._step("person_accounts", lambda: person_accounts_rule.person_accounts(*sources, **self.day))
        # and those that these people's activities count for, where the agreement looks up the hierarchy: their tiers decide
        credited = persons_rule.credited_accounts(self.done["person_accounts"], self.store.read("accounts"), scoring=self.agreement.scoring)
        ids = sorted({*overlay.column(self.done["person_accounts"], "account_id"), *overlay.column(credited, "account_id")})
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
        fitted = self._tables("people", "person_accounts", "account_tiers")
        titles = person_fits_rule.title_readings(fitted[0].select("title").distinct(), personas=scoring.personas)
        readings = self.store.hold("title_readings", titles)
        self._step("person_fits", lambda: person_fits_rule.person_fits(*fitted, scoring=scoring, readings=readings, **self.now))
        persons = self._tables("people", "person_accounts", "accounts", "account_tiers", "person_fits")
        records = self.done["person_records"]
        happened = self.store.hold("activities_so_far", self._so_far(self.store.rows(self.done["activities"])))
        self._step(
            "scored_activities",
            lambda: scored_activities_rule.scored_activities(
                happened, persons[0], records, *persons[1:], scoring=scoring, scope=scope, users=self.done["users"], **self.day
            ),
        )
        scored = self.done["scored_activities"]
        self._step("person_engagement_factors", lambda: engagement_rule.person_engagement_factors(scored, scoring=scoring, **self.day))
        factors = self.done["person_engagement_factors"]
        self._step(
            "person_scores",
            lambda: person_scores_rule.person_scores(factors, *persons, scoring=scoring, scope=scope, users=self.done["users"], **self.day),
        )
        changes = self.store.prepared(
            ("signal_changes", self.agreement.version),
            lambda: person_stages_rule.signal_changes(self.done, agreement=self.agreement, as_of=self.now["as_of"]),
        )
        staged = person_stages_rule.person_stage_tables(self.done, agreement=self.agreement, changes=changes, **self.stamp)
        for name, rows in staged.items():
            self._keep(name, rows)

    def _so_far(self, activities: pa.Table) -> pa.Table:
        """Activities up to now: a meeting later today counts later today, whatever moment the day's expressions carry."""
        return activities.filter(pc.less_equal(activities["occurred_at"], pa.scalar(self.as_of, activities["occurred_at"].type)))

    def _clocks(self) -> None:
        """Clocks of these people; those of their accounts and opportunities need everybody there and are the full run's."""
        names = [name for name in Sources.__dataclass_fields__ if name != "record_states"]
        sources = Sources(**{name: self.done[name] for name in names}, record_states=self.done["crm_record_states"])
        watermarks = extract.watermarks(self.store.read("extractions"))
        ledger = sla_ledger(sources, sla=self.agreement.sla, crm=self.agreement.crm, watermarks=watermarks, **self.stamp)
        clocks, rungs = self.store.rows(ledger.clocks), self.store.rows(ledger.escalations)
        mine = clocks.filter(pc.equal(clocks["subject"], "person"))
        self._keep("sla_clocks", mine)
        self._keep("sla_escalations", rungs.filter(pc.is_in(rungs["clock_id"], value_set=mine["clock_id"].combine_chunks())))
        self._keep("person_slas", tasks_rule.person_slas(self.done["sla_clocks"], sla=self.agreement.sla, **self.stamp))

    def _updates(self) -> None:
        sources = self._tables("sla_escalations", "people", "sla_clocks")
        self._keep("record_creates", tasks_rule.escalation_tasks(*sources, crm=self.agreement.crm, **self.stamp))
        self._step("field_updates", self._person_updates)

    def _person_updates(self) -> ibis.Table:
        persons = field_updates_rule.person_values(*self._tables(*_PERSON_VALUES))
        none = [self.store.contract(name, [], held_as=f"no_{name}") for name in _ACCOUNT_VALUES]
        accounts = field_updates_rule.account_values(*none)
        crm, scope = self.agreement.crm, self.agreement.scope
        return field_updates_rule.field_updates(persons, accounts, self.done["users"], crm=crm, scope=scope, **self.day)


def _one_moment(moment: datetime) -> pa.Table:
    return pa.table({"moment": pa.array([moment], pa.timestamp("us", tz="UTC"))})


def _tracked_fields(changes: ibis.Table) -> ibis.Table:
    return changes.filter(~changes.is_observed).select("object", "field").distinct()
