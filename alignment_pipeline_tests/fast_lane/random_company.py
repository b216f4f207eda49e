"""A random company whose full run is published, news that arrive in it, and both answers to them: the lane's and a full run's.

Belongs here: raw tables without HTTP, a full run as the line's walk over a warehouse, and a round as the lane walks. The law over them:
`test_lane_and_full_run_agree.py`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.fast_lane import decisions, overlay
from alignment_pipeline.fast_lane.decisions import Decider
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.line import run as line
from alignment_pipeline.line.step import Read, Version
from alignment_pipeline.sandbox.organisation.organisation import generate
from alignment_pipeline.scoring import account_tiers
from alignment_pipeline.staging import versions
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.line import moved_contacts
from alignment_pipeline_tests.line.raw_tables import raw_tables

Row = dict[str, Any]
PUBLISHED = tuple(name for step in line.needed(decisions.WANTED) for name in step.makes if step.is_published)
FEEDS = ("Lead", "Contact", "Task", "Event", "LeadHistory", "ContactHistory", "Opportunity", "OpportunityContactRole", "CampaignMember")
TICKED = ("is_incorrect_account", "is_do_not_sync", "is_on_hold")
_LATER = timedelta(minutes=7)


@dataclass
class Answer:
    """What is to be written on the records of some people: (object, record, field) -> value, and the keys of tasks."""

    values: dict[tuple[str, str, str], str]
    tasks: set[str]


@dataclass
class RandomCompany:
    """A warehouse after a full run as of `began`, and an agreement."""

    seed: int
    path: Path
    agreement: Agreement
    target_list: ibis.Table | None
    warehouse: Warehouse
    began: datetime
    chance: random.Random = field(init=False)
    raising: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"news {self.seed}")

    @classmethod
    def after_a_full_run(cls, seed: int, path: Path) -> RandomCompany:
        """Generate, cut to a size that is quick, decide twice (the second run sees what the first left), with labels in between."""
        chance = random.Random(f"company {seed}")
        organisation = generate(seed=seed, accounts=100, people=500, activities=2500)
        warehouse = Warehouse(path)
        cut = _cut(raw_tables(organisation), chance)
        for name, rows in moved_contacts.moved(cut, random.Random(f"moved {seed}"), before=organisation.anchor).items():
            warehouse.replace(name, rows)
        agreement, target_list = _agreement(chance, warehouse)
        company = cls(seed, path, agreement, target_list, warehouse, organisation.anchor)
        company._extracted(company.began)
        company.full_run(company.began)
        company._labelled(chance)
        company.full_run(company.began)
        return company

    @property
    def later(self) -> datetime:
        """When the news arrive."""
        return self.began + _LATER

    def full_run(self, as_of: datetime, wanted: Collection[str] = decisions.WANTED) -> None:
        """Walk the line over the warehouse, publishing every table on the way to the wanted ones."""

        def source(one: Read) -> Any:
            if one.table == line.TARGET_LIST:
                return self.target_list
            rows = self.warehouse.read(one.table)
            return rows if one.version in (Version.DECIDED, Version.BEFORE) else versions.living(rows, as_of=as_of)

        def keep(name: str, made: Any) -> Any:
            if not line.maker(name).is_published:
                return made
            self.warehouse.replace(name, made)
            return self.warehouse.read(name)

        line.Walk(self.agreement, as_of, source, keep).along(line.needed(wanted))

    def news(self, marketo_id: str) -> dict[str, pa.Table]:
        """A hand raised, and by chance a call by the rep, a ticked box, a wish not to be synced, a changed status, another account."""
        person = self._raw("raw_marketo_leads", "record_id", marketo_id)[0]
        arrivals = {"raw_marketo_leads": [person], "raw_marketo_activities": [self._hand_raise(person)]}
        for name, link in (("raw_salesforce_leads", "sfdcLeadId"), ("raw_salesforce_contacts", "sfdcContactId")):
            rows = self._raw(name, "record_id", str(person.get(link) or ""))
            arrivals[name] = [self._edited(row) for row in rows]
        arrivals[moved_contacts.CONTACTS], arrivals[moved_contacts.HISTORY] = self._moved(arrivals[moved_contacts.CONTACTS])
        who = [row["record_id"] for name in ("raw_salesforce_leads", "raw_salesforce_contacts") for row in arrivals[name]]
        calls = self._calls_of_others()
        if who and calls and self.chance.random() < 0.4:
            call = self._call(calls[0], who[0])
            if calls[0]["WhoId"] and self.chance.random() < 0.5:
                # one call with two people, of whom the other stands first
                arrivals["raw_salesforce_task_relations"] = [self._relation(call, one) for one in (calls[0]["WhoId"], who[0])]
                call["WhoId"] = calls[0]["WhoId"]
            arrivals["raw_salesforce_tasks"] = [call]
        names = [
            *arrivals,
            "raw_salesforce_lead_changes",
            "raw_salesforce_contact_changes",
            "raw_salesforce_tasks",
            "raw_salesforce_task_relations",
            "raw_salesforce_events",
            "raw_salesforce_event_relations",
        ]
        names += ["raw_salesforce_campaign_members"]
        return {name: pa.Table.from_pylist(arrivals.get(name, []), schema=CONTRACTS[name].schema) for name in dict.fromkeys(names)}

    def _calls_of_others(self) -> list[Row]:
        """A call with somebody who raises no hand: of a call with two raisers, only one would know in their round."""
        tasks = self.warehouse.read("raw_salesforce_tasks").to_pyarrow().to_pylist()
        return [task for task in tasks if task["WhoId"] not in self.raising][:1]

    def lane_answers(self, store: Store, arrivals: Mapping[str, pa.Table]) -> Answer:
        """A round of the lane for these arrivals, on the store that earlier rounds used; nothing is published."""
        return _answer(self.lane_tables(store, arrivals, ("field_updates", "record_creates")), overlay.people_of(store, arrivals))

    def lane_tables(self, store: Store, arrivals: Mapping[str, pa.Table], names: Collection[str]) -> dict[str, pa.Table]:
        """What a round of the lane decides for these arrivals: the named tables, of the people concerned."""
        people = overlay.people_of(store, arrivals)
        index = decisions.account_index(store, self.agreement, self.later)
        raw = overlay.raw_tables(store, people, arrivals)
        decider = Decider(store, raw, people, self.agreement, index, self.later)
        wanted = line.needed(names)
        made = decider.along([step for step in decisions.steps() if step in wanted])
        decided = {name: store.rows(made[name]) for name in names}
        store.let_go()
        return decided

    def full_answers(self, arrivals: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """A full run as of the same moment, with the arrivals read."""
        for name, rows in arrivals.items():
            if rows.num_rows:
                self.warehouse.append(name, rows)
        self._extracted(self.later)
        self.full_run(self.later)
        return {name: self.warehouse.read(name).to_pyarrow() for name in ("field_updates", "record_creates")}

    def raisers(self, number: int) -> list[str]:
        """Marketo ids of people of different accounts, with a lead or contact; their records are `raising` from now on."""
        people = self.warehouse.read("people").select("person_id", "marketing_key", "lead_id", "contact_id").to_pyarrow().to_pylist()
        accounts = dict(
            zip(
                *(self.warehouse.read("person_accounts").to_pyarrow()[name].to_pylist() for name in ("person_id", "account_id")),
                strict=True,
            )
        )
        found: dict[str, Row] = {}
        for row in self.chance.sample(sorted(people, key=lambda one: one["person_id"]), len(people)):
            account = accounts.get(row["person_id"]) or f"none of {row['person_id']}"
            if row["marketing_key"] and (row["lead_id"] or row["contact_id"]):
                found.setdefault(account, row)
        chosen = list(found.values())[:number]
        self.raising = {row[one] for row in chosen for one in ("lead_id", "contact_id") if row[one]}
        return [row["marketing_key"].partition(":")[2] for row in chosen]

    def _extracted(self, moment: datetime) -> None:
        rows = [_extraction("salesforce", one, moment) for one in FEEDS]
        rows += [_extraction("marketo", one, moment) for one in ("leads", "activities")]
        self.warehouse.append("extractions", pa.Table.from_pylist(rows, schema=CONTRACTS["extractions"].schema))

    def _labelled(self, chance: random.Random) -> None:
        """Reviewers: wrong matches, right ones, and so many wrong ones of one kind that it is demoted."""
        matches = self.warehouse.read("lead_account_matches").to_pyarrow().to_pylist()
        named = sorted((row for row in matches if row["account_id"]), key=lambda row: row["person_id"])
        labels = []
        demoted = chance.choice(sorted({row["method"] for row in named})) if named and chance.random() < 0.6 else None
        for row in named:
            if row["method"] == demoted and chance.random() < 0.5:
                verdict = "wrong"
            elif chance.random() < 0.15:
                verdict = chance.choice(("right", "wrong"))
            else:
                continue
            labels.append({"person_id": row["person_id"], "account_id": row["account_id"], "rule": row["method"], "verdict": verdict,
                           "source": "file", "said_at": self.began})  # fmt: skip
        self.warehouse.append("match_labels", pa.Table.from_pylist(labels, schema=CONTRACTS["match_labels"].schema))

    def label(self, rows: Sequence[Row], verdict: str, *, source: str = "file") -> None:
        """A person's judgement of matches (rows of lead_account_matches)."""
        labels = [
            {"person_id": row["person_id"], "account_id": row["account_id"], "rule": row["method"], "verdict": verdict, "source": source,
             "said_at": self.began}
            for row in rows
        ]  # fmt: skip
        self.warehouse.append("match_labels", pa.Table.from_pylist(labels, schema=CONTRACTS["match_labels"].schema))

    def _raw(self, name: str, column: str, value: str) -> list[Row]:
        rows = versions.living(self.warehouse.read(name), as_of=self.later)
        return rows.filter(rows[column] == value).to_pyarrow().to_pylist()

    def _hand_raise(self, person: Row) -> Row:
        moment = self.later - timedelta(minutes=self.chance.randint(1, 6))
        return {
            **dict.fromkeys(CONTRACTS["raw_marketo_activities"].names),
            "record_id": f"guid-{self.seed}-{person['record_id']}", "marketoGUID": f"guid-{self.seed}-{person['record_id']}",
            "leadId": person["record_id"], "activityDate": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "activityTypeId": "2",
            "primaryAttributeValue": self.chance.choice(["Request a demo", "Contact sales", "Newsletter"]), "attributes": "{}",
            "known_at": self.later, "is_reconstructed": False, "modified_at": moment, "is_deleted": False,
            "row_hash": f"raised {person['record_id']}", "custom_fields": "{}",
        }  # fmt: skip

    def _edited(self, row: Row) -> Row:
        """The record as read now: mostly as it was, sometimes with a box ticked or a status set by its rep."""
        changed = dict(row)
        custom = json.loads(row["custom_fields"] or "{}")
        if self.chance.random() < 0.25:
            boxes = [one.field for one in self.agreement.crm.inputs if one.meaning in TICKED]
            ticked = self.chance.choice(boxes)
            custom[ticked] = "true"
        if custom == json.loads(row["custom_fields"] or "{}"):
            return changed
        changed |= {"custom_fields": json.dumps(custom), "known_at": self.later, "modified_at": self.later - timedelta(minutes=1)}
        return changed | {"is_reconstructed": False, "row_hash": f"edited {row['record_id']}"}

    def _moved(self, contacts: list[Row]) -> tuple[list[Row], list[Row]]:
        """The contacts, some of them on another account since a minute, mostly with what the CRM's history says of it."""
        chance = random.Random(f"moves {self.seed} {[row['record_id'] for row in contacts]}")
        accounts = sorted(self.warehouse.read("accounts").select("account_id").to_pyarrow()["account_id"].to_pylist())
        rows, history = [], []
        for row in contacts:
            new = chance.choice([one for one in accounts if one != row["AccountId"]])
            if chance.random() < 0.5:
                rows.append(row)
                continue
            moment = self.later - timedelta(minutes=1)
            known = {"known_at": self.later, "modified_at": moment, "is_reconstructed": False, "row_hash": f"moved {row['record_id']}"}
            rows.append(row | known | {"AccountId": new})
            if chance.random() < 0.8:
                history.append(moved_contacts.change(row["record_id"], row["AccountId"], new, moment, known_at=self.later))
        return rows, history

    def _call(self, task: Row, who: str) -> Row:
        """A call that the rep completed a minute ago."""
        moment = self.later - timedelta(minutes=1)
        stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        changed = task | {"record_id": f"00T{self.seed:06d}{who[-9:]}", "known_at": self.later, "modified_at": moment, "is_deleted": False,
                          "is_reconstructed": False, "row_hash": f"call {who}", "custom_fields": "{}"}  # fmt: skip
        named = {"Id": changed["record_id"], "WhoId": who, "Status": "Completed", "TaskSubtype": "Call", "CreatedDate": stamp,
                 "CompletedDateTime": stamp, "SystemModstamp": stamp, "IsClosed": "true"}  # fmt: skip
        return changed | {name: value for name, value in named.items() if name in changed}

    def _relation(self, call: Row, who: str) -> Row:
        """That the call was with this person."""
        usual = dict.fromkeys(CONTRACTS["raw_salesforce_task_relations"].names) | {"custom_fields": "{}", "is_deleted": False}
        known = {"known_at": self.later, "modified_at": call["modified_at"], "is_reconstructed": False, "row_hash": f"with {who}"}
        identity = f"0RT{self.seed:06d}{who[-9:]}"
        named = {"Id": identity, "TaskId": call["record_id"], "RelationId": who, "IsWhat": "false"}
        return usual | known | named | {"record_id": identity}


def answer_of(full: Mapping[str, pa.Table], people: overlay.People) -> Answer:
    """What the full run says of the same people."""
    return _answer(full, people)


def _answer(made: Mapping[str, pa.Table], people: overlay.People) -> Answer:
    records = pa.array(sorted(people.crm_ids), pa.string())
    updates, creates = made["field_updates"], made["record_creates"]
    mine = updates.filter(pc.is_in(updates["record_id"], value_set=records))
    values = {(row["object"], row["record_id"], row["field"]): row["value"] for row in mine.to_pylist()}
    theirs = creates.filter(pc.is_in(creates["parent_id"], value_set=records))
    return Answer(values, set(theirs["external_key"].to_pylist()))


def _extraction(system: str, name: str, moment: datetime) -> Row:
    return {"run_id": moment.isoformat(), "system": system, "object": name, "started_at": moment, "watermark_at": moment, "method": "rest",
            "rows": 0, "new_rows": 0, "api_calls": 0, "missing_fields": "[]", "note": None}  # fmt: skip


def _agreement(chance: random.Random, warehouse: Warehouse) -> tuple[Agreement, ibis.Table | None]:
    """The shipped agreement with a roll-up, a pilot and a target list by chance."""
    shipped = loader.load(loader.default_path())
    engagement = shipped.scoring.engagement
    roll_up = engagement.roll_up.model_copy(update={"hierarchy": chance.choice(["own", "own", "parent", "ultimate"])})
    scoring = shipped.scoring.model_copy(update={"engagement": engagement.model_copy(update={"roll_up": roll_up})})
    countries = sorted({row for row in warehouse.read("raw_salesforce_accounts").to_pyarrow()["BillingCountry"].to_pylist() if row})
    scope = Scope(countries=chance.sample(countries, min(3, len(countries)))) if chance.random() < 0.3 else Scope()
    agreement = shipped.model_copy(update={"scoring": scoring, "scope": scope})
    accounts = sorted(warehouse.read("raw_salesforce_accounts").to_pyarrow()["record_id"].to_pylist())
    if chance.random() < 0.5:
        return agreement, None
    rows = [{"account_id": one, "tier": chance.choice("123"), "reason": "named by both teams"} for one in chance.sample(accounts, 5)]
    return agreement, ibis.memtable(account_tiers.overrides_from(rows, name="random"))


def _cut(raw: Mapping[str, pa.Table], chance: random.Random) -> dict[str, pa.Table]:
    """A few of the people with all that belongs to them; companies, types and campaigns whole."""
    people = raw["raw_marketo_leads"].to_pylist()
    kept = chance.sample(people, min(90, len(people)))
    marketo = {row["record_id"] for row in kept}
    crm = {row[link] for row in kept for link in ("sfdcLeadId", "sfdcContactId") if row[link]}
    columns = {
        "raw_marketo_leads": ("record_id",),
        "raw_marketo_activities": ("leadId",),
        "raw_salesforce_leads": ("record_id",),
        "raw_salesforce_contacts": ("record_id",),
        "raw_salesforce_lead_changes": ("LeadId",),
        "raw_salesforce_contact_changes": ("ContactId",),
        "raw_salesforce_tasks": ("WhoId",),
        "raw_salesforce_events": ("WhoId",),
        "raw_salesforce_campaign_members": ("LeadId", "ContactId"),
        "raw_salesforce_opportunity_contact_roles": ("ContactId",),
    }
    found = dict(raw)
    for name, keys in columns.items():
        ids = pa.array(sorted(marketo if "marketo" in name else crm), pa.string())
        mask = pc.is_in(raw[name][keys[0]], value_set=ids)
        for key in keys[1:]:
            mask = pc.or_(mask, pc.is_in(raw[name][key], value_set=ids))
        found[name] = raw[name].filter(mask)
    return found
