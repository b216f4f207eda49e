"""What happened to each person, account and opportunity of a whole organisation, read from the staged tables in plain Python.

Belongs here: who owned them, holds and events by the words of docs/sla.md. Shares no code with `alignment_pipeline/sla/`.
One record's values: `company_records.py`; what the promises make of it all: `company_oracle.py`.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline_tests.sla.company_records import BEFORE, MEANINGS, NEVER, Record, Row, one_of, said, steps

Read = Callable[[str], list[Row]]
_TABLES = (("Lead", "leads"), ("Contact", "contacts"), ("Account", "accounts"), ("Opportunity", "opportunities"))


@dataclass(frozen=True)
class Happened:
    """One event. `earliest` is before `at` where the change was only seen between two readings; undated ones start nothing."""

    at: datetime
    kind: str
    id: str
    value: str = ""
    category: str = ""
    earliest: datetime | None = None
    is_dated: bool = True


@dataclass(frozen=True)
class Standing:
    """Who owns a subject from `at` on, and since when it has been on hold or waiting for the customer."""

    at: datetime
    owner: str | None
    hold_since: datetime | None = None
    wait_since: datetime | None = None


@dataclass
class Case:
    """Everything known of one subject; `line` begins before time, when nobody owned it."""

    id: str
    events: list[Happened] = field(default_factory=list)
    line: list[Standing] = field(default_factory=lambda: [Standing(BEFORE, None)])
    gone: datetime = NEVER
    account: Case | None = None
    is_internal: bool = False
    customer_since: datetime = NEVER
    deals: list[tuple[datetime, datetime]] = field(default_factory=list)

    def is_existing(self, moment: datetime) -> bool:
        """Of a customer, or of an account with an open opportunity, at the moment."""
        mine = self.account
        return mine is not None and (mine.customer_since <= moment or any(begin <= moment < end for begin, end in mine.deals))


class Organisation:
    """All cases of the published tables."""

    def __init__(self, read: Read, agreement: Agreement, as_of: datetime) -> None:
        self.sla, self.as_of = agreement.sla, as_of
        self._inputs = {(one.object, one.field): one.meaning for one in agreement.crm.inputs if one.meaning in MEANINGS}
        self.tables = {name: read(name) for name in (
            "people", "person_records", "person_accounts", "leads", "contacts", "accounts", "opportunities", "touches", "record_changes",
            "crm_record_states", "person_stage_changes", "account_mqa_changes", "opportunity_stage_changes", "opportunity_contact_roles",
        )}  # fmt: skip
        self.tables["activities"] = [row for row in read("activities") if row["category"]]
        self.records = self._records()
        self.accounts = {key.partition(":")[2]: Case(key.partition(":")[2]) for key in self.records if key.startswith("account:")}
        self.deals = {key.partition(":")[2]: Case(key.partition(":")[2]) for key in self.records if key.startswith("opportunity:")}
        self.people = {row["person_id"]: Case(row["person_id"]) for row in [*self.tables["people"], *self.tables["person_records"]]}
        self.person_of = {row["source_key"]: row["person_id"] for row in self.tables["person_records"]}
        self._stand()
        self._happen()
        for case in self.cases():
            case.events = sorted((one for one in case.events if one.at <= as_of), key=lambda one: (one.at, one.kind, one.id))

    def cases(self) -> Iterator[Case]:
        return itertools.chain(self.people.values(), self.accounts.values(), self.deals.values())

    # records over time

    def _records(self) -> dict[str, Record]:
        found: dict[str, Record] = {}
        for object_, table in _TABLES:
            for row in self.tables[table]:
                ended = (row["converted_at"] or row["modified_at"]) if row.get("is_converted") else NEVER
                now = {name: said(name, row.get(name)) for name in ("owner_id", "status", *MEANINGS)}
                key = f"{object_.lower()}:{row[object_.lower() + '_id']}"
                found[key] = Record(key, row["created_at"], ended, row["modified_at"] or BEFORE, True, now)
        for row in self.tables["crm_record_states"]:
            key = f"{row['object'].lower()}:{row['record_id']}"
            if row["is_deleted"] and key not in found:
                found[key] = Record(key, ended=row["modified_at"])
        changes: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        born = {f"contact:{row['converted_contact_id']}": row["converted_at"] for row in self.tables["leads"] if row["converted_at"]}
        for row in self.tables["record_changes"]:
            key = f"{row['object'].lower()}:{row['record_id']}"
            name = {"OwnerId": "owner_id", "Status": "status"}.get(row["field"]) or self._inputs.get((row["object"], row["field"]))
            if row["field"] == "created":
                born[key] = row["changed_at"]
            elif name:
                changes[key][name].append(row)
                found.setdefault(key, Record(key))
        for key, record in found.items():
            if record.created == BEFORE:
                record.created = born.get(key, BEFORE)
            record.steps = steps(record, changes[key])
        return found

    # who stood when

    def _stand(self) -> None:
        of_person: dict[str, list[Record]] = defaultdict(list)
        for key, record in sorted(self.records.items()):
            if key in self.person_of:
                of_person[self.person_of[key]].append(record)
        for person, records in of_person.items():
            case = self.people[person]
            case.line += self._line(records)
            is_known = any(record.is_contact for record in records)
            ends = [NEVER if record.is_read and record.ended < NEVER and not is_known else record.ended for record in records]
            case.gone = max(ends)
        for kind, cases in (("account", self.accounts), ("opportunity", self.deals)):
            for identifier, case in cases.items():
                record = self.records[f"{kind}:{identifier}"]
                case.line += self._line([record])
                case.gone = record.ended

    def _line(self, records: list[Record]) -> list[Standing]:
        moments = sorted({moment for one in records for moment in (one.created, one.ended, *(step[0] for step in one.steps))} - {NEVER})
        out: list[Standing] = []
        last: Record | None = None
        hold: datetime | None = None
        wait: datetime | None = None
        for moment in moments:
            alive = [one for one in records if one.created <= moment < one.ended]
            last = max(alive, key=lambda one: (one.created > BEFORE, one.is_contact, one.created, one.key), default=last)
            if last is None:
                continue
            values = last.at(moment)
            is_held = bool(values["is_on_hold"]) and (bool(values["hold_reason"]) or not self.sla.pauses.hold_needs_reason)
            hold = (hold or moment) if is_held else None
            wait = (wait or moment) if one_of(values["status"], self.sla.pauses.waiting_statuses) else None
            out.append(Standing(moment, values["owner_id"], hold, wait))
        return out

    # what happened

    def _happen(self) -> None:
        account_of = {row["person_id"]: self.accounts.get(row["account_id"]) for row in self.tables["person_accounts"]}
        for row in self.tables["people"]:
            self.people[row["person_id"]].is_internal = bool(row["is_internal"])
        for person, account in account_of.items():
            self.people[person].account = account
        parties = self.sla.parties
        for row in self.tables["touches"]:
            counts = row["direction"] == "outbound" and row["is_completed"] and not row["is_automatic"]
            if counts and row["touch_type"] in parties.touch_types and row["user_id"] not in parties.system_user_ids:
                self._did(row["source_key"], Happened(row["occurred_at"], "touch", row["touch_id"], row["touch_type"]))
        for row in self.tables["activities"]:
            if not row["is_bot"] and not row["is_automatic"]:
                one = Happened(row["occurred_at"], "activity", row["activity_id"], row["activity_type"], row["category"].lower())
                self._did(row["source_key"], one)
        for row in self.tables["person_stage_changes"]:
            named = f"{row['stage']} {row['entered_at']}"
            self.people[row["person_id"]].events.append(Happened(row["entered_at"], "stage_entered", named, row["stage"]))
        for row in self.tables["account_mqa_changes"]:
            self.accounts[row["account_id"]].events.append(Happened(row["entered_at"], "mqa_entered", str(row["entered_at"])))
        self._deals_happen()
        for key, record in self.records.items():
            mine = self.people.get(self.person_of[key]) if key in self.person_of else self.deals.get(key.partition(":")[2])
            if mine is not None:
                mine.events += self._told(record)

    def _did(self, source_key: str, one: Happened) -> None:
        """To the person, and to the person's account."""
        if source_key in self.person_of:
            person = self.people[self.person_of[source_key]]
            person.events.append(one)
            if person.account is not None:
                person.account.events.append(one)

    def _deals_happen(self) -> None:
        deals = {row["opportunity_id"]: row for row in self.tables["opportunities"]}
        for identifier, row in deals.items():
            created = Happened(row["created_at"], "opportunity_created", identifier)
            account = self.accounts.get(row["account_id"])
            closed = row["closed_at"] if row["is_closed"] and row["closed_at"] else NEVER
            if closed < NEVER:
                self.deals[identifier].events.append(Happened(closed, "opportunity_closed", identifier))
            if account is not None:
                account.events.append(created)
                account.deals.append((row["created_at"], closed))
                account.customer_since = min(account.customer_since, closed) if row["is_won"] else account.customer_since
        for row in self.tables["accounts"]:
            mine = self.accounts[row["account_id"]]
            mine.customer_since = BEFORE if row["is_customer"] and mine.customer_since == NEVER else mine.customer_since
        for row in self.tables["opportunity_contact_roles"]:
            deal = deals.get(row["opportunity_id"])
            at = max(row["created_at"], deal["created_at"]) if deal else row["created_at"]
            person = self.person_of.get(f"contact:{row['contact_id']}")
            if person:
                self.people[person].events.append(Happened(at, "opportunity_created", row["opportunity_id"]))
        for row in self.tables["leads"]:
            if row["is_converted"] and f"lead:{row['lead_id']}" in self.person_of:
                at = row["converted_at"] or row["modified_at"]
                events = self.people[self.person_of[f"lead:{row['lead_id']}"]].events
                events.append(Happened(at, "converted", row["lead_id"]))
                if row["converted_opportunity_id"]:
                    events.append(Happened(at, "opportunity_created", row["converted_opportunity_id"]))

    def _told(self, record: Record) -> Iterator[Happened]:
        """What the record's history says people said of it."""
        says = self.sla.outcomes
        before: dict[str, str | None] | None = None
        was = dict.fromkeys(("accepted", "rejected", "pushed_back", "deferred"), False)
        for at, earliest, change, values in record.steps:
            is_dated = before is None or change is not None

            def one(kind: str, value: str = "", *, at: datetime = at, earliest: datetime = earliest, change: str | None = change,
                    is_dated: bool = is_dated) -> Happened:  # fmt: skip
                return Happened(at, kind, change or record.key, value, "", earliest, is_dated)

            for kind, name in (("disposition", "disposition"), ("status_changed", "status"), ("reason_recorded", "loss_reason")):
                value = values[name]
                if before is not None and value and value != before[name]:
                    yield one(kind, value)
            has_code = bool(values["reject_code"]) or not says.rejection_needs_code
            sent_back = one_of(values["disposition"], says.rejected_dispositions) or one_of(values["status"], says.rejected_statuses)
            is_now = {
                "accepted": one_of(values["disposition"], says.accepted_dispositions) or one_of(values["status"], says.accepted_statuses),
                "rejected": sent_back and has_code,
                "pushed_back": sent_back,
                "deferred": one_of(values["disposition"], says.deferred_dispositions) or one_of(values["status"], says.deferred_statuses),
            }
            for kind, is_said in is_now.items():
                # what a lead is born with was said then; a contact is born with what was said of its lead
                if is_said and not was[kind] and (before is not None or record.key.startswith("lead:")):
                    yield one(kind, values["reject_code"] or "")
            before, was = values, is_now
