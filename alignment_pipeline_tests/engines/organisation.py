"""A small organisation, the whole line walked over it by an engine, and its tables as hashes.

Belongs here: raw tables and the walk. Which engine: the tests beside this file.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.line import run as line
from alignment_pipeline.line.engine import Engine
from alignment_pipeline.line.job import Job
from alignment_pipeline.line.step import Read, Step, Version, published
from alignment_pipeline.line.steps import STEPS
from alignment_pipeline.operations.row_hashes import row_hashes, table_hash
from alignment_pipeline.sandbox import demo_world
from alignment_pipeline.sandbox.organisation.organisation import generate
from alignment_pipeline.staging import versions
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline_tests.line import moved_contacts
from alignment_pipeline_tests.line.raw_tables import raw_tables

TABLES = published(STEPS)
FEEDS = ("Lead", "Contact", "Task", "Event", "LeadHistory", "ContactHistory", "Opportunity", "OpportunityContactRole", "CampaignMember")


@dataclass
class Organisation:
    """Raw tables in a warehouse, and the walk over them."""

    warehouse: Warehouse
    agreement: Agreement
    as_of: datetime

    @classmethod
    def small(cls, path: Path) -> Organisation:
        """A few hundred people of the sandbox, some of whom were moved from account to account."""
        return cls._of(path, 100, 500, 2_500)

    @classmethod
    def demo(cls, path: Path) -> Organisation:
        """The people of the demo, some of whom were moved from account to account."""
        return cls._of(path, demo_world.ACCOUNTS, demo_world.PEOPLE, demo_world.ACTIVITIES)

    @classmethod
    def _of(cls, path: Path, accounts: int, people: int, activities: int) -> Organisation:
        made = generate(seed=17, accounts=accounts, people=people, activities=activities)
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        warehouse = Warehouse(path)
        for name, rows in moved_contacts.moved(raw_tables(made), random.Random(17), before=made.anchor).items():
            warehouse.replace(name, rows)
        read = [_extraction("salesforce", one, made.anchor) for one in FEEDS]
        read += [_extraction("marketo", one, made.anchor) for one in ("leads", "activities")]
        warehouse.replace("extractions", pa.Table.from_pylist(read, schema=CONTRACTS["extractions"].schema))
        return cls(warehouse, loader.load(loader.default_path()).model_copy(update={"version": "test"}), made.anchor)

    def share_records(self, records: int) -> None:
        """Marketing records that were two people's, one after the other: people of any accounts, which parts keep together."""
        chance = random.Random(17)
        ids = sorted(self.warehouse.read("people").select("person_id").to_pyarrow()["person_id"].to_pylist())
        keys = sorted(set(self.warehouse.read("activities").select("source_key").to_pyarrow()["source_key"].to_pylist()))
        rows = []
        for key in chance.sample(keys, records):
            begins = (datetime(1970, 1, 1, tzinfo=UTC), self.as_of - timedelta(days=60), None)
            for person, (since, until) in zip(chance.sample(ids, 2), pairwise(begins), strict=True):
                rows.append({"source_key": key, "person_id": person, "from_at": since, "until_at": until, "decided_by": "test"})
        self.warehouse.replace("record_periods", pa.Table.from_pylist(rows, schema=CONTRACTS["record_periods"].schema))

    def source(self, one: Read) -> Any:
        """A table as a full run reads it."""
        if one.table == line.TARGET_LIST:
            return None
        rows = self.warehouse.read(one.table)
        return rows if one.version in (Version.DECIDED, Version.BEFORE) else versions.living(rows, as_of=self.as_of)

    def walk(self, engine: Engine, steps: tuple[Step, ...] = STEPS) -> None:
        """Every rule, each table published before the next rule, as Dagster's assets do."""

        def keep(name: str, made: Any) -> Any:
            if not line.maker(name).is_published:
                return made
            engine.publish(name, made)
            return self.warehouse.read(name)

        walk = line.Walk(self.agreement, self.as_of, self.source, keep, engine=engine)
        for step in steps:
            walk.evaluate(step)
            engine.release()

    def job(self, step: Step) -> Job:
        """One rule over the published tables; values that nobody publishes are made on the way."""
        values = [one.table for one in step.inputs if one.table in line.MAKERS and not line.maker(one.table).is_published]
        made = line.Walk(self.agreement, self.as_of, self.source).along(line.needed(values, given=TABLES))

        def read(one: Read) -> Any:
            return made[one.table] if one.table in made else self.source(one)

        return Job(step, read, self.agreement, self.as_of)

    def hashes(self, names: tuple[str, ...] = TABLES) -> dict[str, tuple[int, str]]:
        """Rows and sorted-row hash of each table."""
        return {name: self.hash_of(name, self.warehouse.read(name)) for name in names}

    def hash_of(self, name: str, rows: Any) -> tuple[int, str]:
        """Rows and sorted-row hash of a table."""
        found = self.warehouse.connection.to_pyarrow(row_hashes(rows, CONTRACTS[name]).select("row_hash"))["row_hash"].to_pylist()
        return len(found), table_hash({str(number): value for number, value in enumerate(sorted(found))})


def _extraction(system: str, name: str, moment: datetime) -> dict[str, Any]:
    return {"run_id": "first", "system": system, "object": name, "started_at": moment, "watermark_at": moment, "method": "rest",
            "rows": 0, "new_rows": 0, "api_calls": 0, "missing_fields": "[]", "note": None}  # fmt: skip
