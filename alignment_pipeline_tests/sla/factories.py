"""Small organisations for the SLA tests: every column has a value that does not matter unless the test names it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.contract import Contract
from alignment_pipeline.sla.ledger import Ledger, sla_ledger
from alignment_pipeline.sla.timelines.sources import Sources

NEW_YORK = ZoneInfo("America/New_York")
REP, OTHER_REP, MANAGER, CHIEF = "005000000000001AAA", "005000000000002AAA", "005000000000003AAA", "005000000000004AAA"
QUEUE = "00G000000000001AAA"
LEAD, CONTACT, ACCOUNT, DEAL = "00Q000000000001AAA", "003000000000001AAA", "001000000000001AAA", "006000000000001AAA"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_ZERO: dict[str, object] = {
    "string": "",
    "int64": 0,
    "float64": 0.0,
    "boolean": False,
    "timestamp": LONG_AGO,
    "date": LONG_AGO.date(),
    "json": "null",
}


def table(contract: Contract, rows: Iterable[Mapping[str, object]]) -> ibis.Table:
    """Rows of a contract; columns that are not named are null, or zero where null is not allowed."""
    filled = [
        {column.name: row.get(column.name, None if column.nullable else _ZERO[column.type]) for column in contract.columns} for row in rows
    ]
    for row in filled:
        assert set(row) == set(contract.names)
    return ibis.memtable(pa.Table.from_pylist(filled, schema=contract.schema))


def contract(name: str) -> Contract:
    return CONTRACTS[name]


def at(text: str, zone: ZoneInfo | str = NEW_YORK) -> datetime:
    """A local moment as UTC."""
    local = ZoneInfo(zone) if isinstance(zone, str) else zone
    return datetime.fromisoformat(text).replace(tzinfo=local).astimezone(UTC)


class World:
    """One organisation, told event by event."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, object]]] = {}
        self.number = 0
        for user, manager in ((REP, MANAGER), (OTHER_REP, MANAGER), (MANAGER, CHIEF), (CHIEF, None)):
            self.user(user, manager_id=manager)
        self.add("queue_members", queue_id=QUEUE, queue_name="Inbound", user_id=REP)

    def add(self, table: str, /, **row: object) -> World:
        self.rows.setdefault(table, []).append(row)
        return self

    def user(self, user_id: str, *, time_zone: str = "America/New_York", **row: object) -> World:
        row = {"name": f"User {user_id[-6:-3]}", "email": f"u{user_id[-6:-3]}@us.example", "is_active": True, "department": "Sales"} | row
        return self.add("users", user_id=user_id, time_zone=time_zone, **row)

    def lead(
        self, lead_id: str = LEAD, *, person: str | None = None, owner: str | None = REP, created: datetime = LONG_AGO, **row: object
    ) -> World:
        person = person or f"lead:{lead_id}"
        self.add("leads", **({"lead_id": lead_id, "owner_id": owner, "created_at": created, "modified_at": created} | row))
        self.add("person_records", source_key=f"lead:{lead_id}", person_id=person, object="Lead", record_id=lead_id, is_alive=True)
        return self.person(person)

    def contact(self, contact_id: str = CONTACT, *, person: str | None = None, owner: str | None = REP, created: datetime = LONG_AGO,
                account: str = ACCOUNT, **row: object) -> World:  # fmt: skip
        person = person or f"contact:{contact_id}"
        self.add(
            "contacts",
            **({"contact_id": contact_id, "account_id": account, "owner_id": owner, "created_at": created, "modified_at": created} | row),
        )
        self.add(
            "person_records", source_key=f"contact:{contact_id}", person_id=person, object="Contact", record_id=contact_id, is_alive=True
        )
        return self.person(person)

    def person(self, person_id: str, **row: object) -> World:
        if not any(one["person_id"] == person_id for one in self.rows.get("people", [])):
            self.add("people", **({"person_id": person_id, "first_name": "Ada", "last_name": "Byron", "company": "Engines Ltd"} | row))
        return self

    def account(self, account_id: str = ACCOUNT, *, owner: str | None = REP, people: Iterable[str] = (), **row: object) -> World:
        self.add("accounts", **({"account_id": account_id, "name": "Engines Ltd", "owner_id": owner} | row))
        for person in people:
            self.add("person_accounts", person_id=person, account_id=account_id, basis="matched", confidence=0.9)
        return self

    def deal(self, opportunity_id: str = DEAL, *, account: str = ACCOUNT, created: datetime = LONG_AGO, **row: object) -> World:
        return self.add("opportunities", **({"opportunity_id": opportunity_id, "account_id": account, "stage": "Open", "owner_id": REP,
                                             "name": "Engine deal", "created_at": created, "modified_at": created} | row))  # fmt: skip

    def _id(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}{self.number:06d}"

    def hand_raise(self, moment: datetime, source: str = f"lead:{LEAD}", **row: object) -> World:
        base = {"activity_id": self._id("marketo:"), "source_key": source, "system": "marketo", "activity_type": "form_fill"}
        return self.add("activities", **(base | {"category": "hand_raise", "occurred_at": moment, "known_at": moment} | row))

    def touch(self, moment: datetime, source: str = f"lead:{LEAD}", **row: object) -> World:
        base = {"touch_id": self._id("00T"), "source_key": source, "user_id": REP, "touch_type": "call", "direction": "outbound"}
        return self.add("touches", **(base | {"is_completed": True, "occurred_at": moment, "known_at": moment} | row))

    def change(
        self, moment: datetime, field: str, old: str | None, new: str | None, record: str = LEAD, object_: str = "Lead", **row: object
    ) -> World:
        base = {"change_id": self._id("017"), "object": object_, "record_id": record, "field": field, "old_value": old, "new_value": new}
        return self.add("record_changes", **(base | {"changed_at": moment, "earliest_at": moment, "known_at": moment} | row))

    def stage(self, moment: datetime, stage: str, person: str = f"lead:{LEAD}") -> World:
        self.number += 1
        return self.add("person_stage_changes", person_id=person, sequence=self.number, stage=stage, entered_at=moment)

    def mqa(self, moment: datetime, account: str = ACCOUNT) -> World:
        return self.add("account_mqa_changes", account_id=account, sequence=1, entered_at=moment)

    def deleted(self, moment: datetime, record: str = LEAD, object_: str = "Lead") -> World:
        key = f"{object_.lower()}_id"
        name = {"Lead": "leads", "Contact": "contacts"}[object_]
        self.rows[name] = [row for row in self.rows[name] if row[key] != record]
        return self.add("crm_record_states", object=object_, record_id=record, is_deleted=True, survivor_id=record, modified_at=moment)

    def sources(self, *, known_at: datetime | None = None, order: int = 1) -> Sources:
        """The tables, optionally as known at a moment and in reverse row order."""
        tables: dict[str, ibis.Table] = {}
        for name, rows in self.rows.items():
            known = [row for row in rows if known_at is None or "known_at" not in row or row["known_at"] <= known_at]
            tables["record_states" if name == "crm_record_states" else name] = table(contract(name), known[::order])
        return Sources.empty().with_tables(**tables)

    def ledger(
        self, sla: Sla, crm: Crm, as_of: datetime, *, watermark: datetime | None = None, known_at: datetime | None = None, order: int = 1
    ) -> Ledger:
        marks = {"salesforce": watermark or as_of, "marketo": watermark or as_of}
        return sla_ledger(
            self.sources(known_at=known_at, order=order), sla=sla, crm=crm, as_of=as_of, agreement_version="test", watermarks=marks
        )


def rows_of(found: ibis.Table) -> list[dict[str, object]]:
    return found.to_pyarrow().to_pylist()
