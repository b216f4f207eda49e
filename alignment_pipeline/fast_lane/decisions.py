"""The line, walked for the people concerned.

Belongs here: which tables the lane takes as published, and how it runs the rows of the line quickly. No rule is written or called by name
here. Accounts are taken as published: their own scores, stages and fields change with the full run. Only whether they are MQAs is decided
again, because people's stages ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from functools import partial
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.sla_policies import OF_ONE_PERSON
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.fast_lane import overlay
from alignment_pipeline.fast_lane.overlay import People
from alignment_pipeline.fast_lane.store import Store
from alignment_pipeline.line import run as line
from alignment_pipeline.line.run import Walk
from alignment_pipeline.line.step import Asks, Kind, Read, Step, Version
from alignment_pipeline.matching.blocking.index import AccountIndex
from alignment_pipeline.scoring import persons
from alignment_pipeline.staging import versions

WANTED = ("field_updates", "record_creates", "crm_field_values", "crm_record_states")
"""What a plan is made of."""
WHOLE = ("users", "queue_members", "business_hours", "crm_holidays", "extractions")
"""Taken as published."""
OF_ACCOUNTS = ("accounts", "account_fits", "account_tiers", "account_scores", "account_stages", "account_stage_changes")
"""Taken as published, for the accounts of these people."""
OF_DEALS = ("opportunities", "opportunity_stage_changes", "opportunity_contact_roles")
"""Taken as published, for the deals of these accounts and people."""
LEFT = ("account_field_values", "marketing_commitments", "task_retractions", "nurture_updates")
"""Left to the full run: what an account's fields say, marketing's promises, tasks to take back, nurture."""
READ_NOW = ("Lead", "Contact", "LeadHistory", "ContactHistory", "Task", "Event")
"""What a round reads of these people in Salesforce itself: for them these feeds are complete up to the moment."""
INDEX_READS = ("accounts", "contacts", "match_rule_precisions", "match_word_rarities")
"""The published tables that the account index is made of."""

Tables = dict[str, Any]


def steps() -> tuple[Step, ...]:
    """The rows of the line that a round walks."""
    return line.needed(WANTED, given=(*WHOLE, *OF_ACCOUNTS, *OF_DEALS, *LEFT, "account_index"))


def account_index(store: Store, agreement: Agreement, as_of: datetime) -> AccountIndex:
    """The index over the published accounts, with the frozen counts of words and the rules that labels have demoted."""
    walk = Walk(agreement, as_of, lambda one: store.read(one.table))
    return walk.along(line.needed(("account_index",), given=INDEX_READS))["account_index"]


class Decider(Walk):
    """One round's walk. Tables are held in memory, so that no rule is worked out twice; expressions are built once a day."""

    def __init__(
        self, store: Store, raw: Mapping[str, ibis.Table], people: People, agreement: Agreement, index: AccountIndex, as_of: datetime
    ) -> None:
        super().__init__(agreement, as_of, self._source)
        self._store, self._raw, self._people, self._index = store, raw, people, index
        # the moment as an expression, so that a query is the same in every round; and a moment for rules that ask only which day it is
        self._now = store.hold("now", _one_moment(as_of)).moment.as_scalar()
        self._day = datetime.combine(as_of.date(), time.max, UTC)
        self._living: dict[str, ibis.Table] = {}
        self._tracked: ibis.Table | None = None
        # where one step needs more than these people's rows
        self._beside: Mapping[tuple[str, str], Callable[[], ibis.Table]] = {
            ("person_records", "accounts"): lambda: store.read("accounts"),
            ("person_accounts", "accounts"): lambda: store.read("accounts"),
            ("person_accounts", "crm_record_states"): self._states_of_accounts_too,
            ("person_account_periods", "accounts"): lambda: store.read("accounts"),
            ("person_account_periods", "crm_record_states"): self._states_of_accounts_too,
            ("sla_sources", "condition_values"): self._values_of_accounts_too,
            ("account_mqa_changes", "scored_activities"): lambda: self._of_the_accounts("scored_activities", self._scored),
            ("account_mqa_changes", "person_fits"): lambda: self._of_the_accounts("person_fits", self._published),
        }
        self._after: Mapping[str, Callable[[], None]] = {
            "activities": self._keep_what_has_happened,
            "person_account_periods": self._take_accounts,
            "feed_watermarks": self._count_what_was_read_now,
            "sla_clocks": self._keep_clocks_of_people,
        }

    def decide(self) -> Tables:
        """Everything a plan is made of, and what it follows from."""
        return self.along(steps())

    def evaluate(self, step: Step, **options: Any) -> None:
        """Run one step; expressions are built when first asked for today, and their tables are held."""
        # read in every round, also where the expression over these tables is known: reading fills them with this round's rows
        read = {one: self._read_for(step, one) for one in step.inputs}.__getitem__
        if "record_changes" in step.makes:
            self._tracked = self._store.once("tracked_fields", ("record_changes",), _tracked_fields)
        if step.kind is Kind.EXPRESSION:
            as_of = self._day if step.asks is Asks.DAY else self._now
            key = (step.name, self._day, self.agreement.version)
            results = self._store.prepared(key, lambda: self._adjusted(step.call(read, agreement=self.agreement, as_of=as_of)))
        else:
            # what asks for the day gets the same moment in every round, so that its queries are known from the one before
            results = step.call(read, agreement=self.agreement, as_of=self._day if step.asks is Asks.DAY else self.as_of)
        is_fold = step.kind is not Kind.EXPRESSION
        self.tables |= {
            name: self._store.hold(name, one) if (is_fold or name in CONTRACTS) and _is_table(one) else one for name, one in results.items()
        }
        if step.name in self._after:
            self._after[step.name]()

    def _read_for(self, step: Step, one: Read) -> Any:
        beside = self._beside.get((step.name, one.table))
        return beside() if beside else self.read(one)

    def _source(self, one: Read) -> Any:
        if one.version is Version.BEFORE or one.table in WHOLE:
            return self._store.read(one.table)
        if one.table == "account_index":
            return self._index
        if one.table in LEFT:
            return self._left(one.table)
        return self._raw[one.table] if one.version is Version.DECIDED else self._cut(one.table)

    def _cut(self, name: str) -> ibis.Table:
        """Living records of a raw table, as last read."""
        if name not in self._living:
            rows = self._store.prepared((f"living_{name}", self._day), partial(versions.living, self._raw[name], as_of=self._day))
            self._living[name] = self._store.hold(f"living_{name}", rows)
        return self._living[name]

    def _left(self, name: str) -> ibis.Table:
        """No rows of what is left to the full run."""
        if name != "account_field_values":
            contract = name if name in CONTRACTS else "field_updates"
            return self._store.contract(contract, [], held_as=f"no_{name}")
        step = line.maker(name)

        def nothing(one: Read) -> ibis.Table:
            return self._store.contract(one.table, [], held_as=f"no_{one.table}")

        return self._store.prepared((name,), lambda: step.call(nothing, agreement=self.agreement, as_of=self._day))[name]

    def _adjusted(self, results: Mapping[str, Any]) -> Mapping[str, Any]:
        """Changes of these records; whether a field's history is tracked at all is known from everybody's history."""
        if "record_changes" not in results:
            return results
        rows = results["record_changes"]
        observed = rows.filter(rows.is_observed).anti_join(self._tracked, ["object", "field"])
        return {"record_changes": ibis.union(rows.filter(~rows.is_observed), observed)}

    def _states_of_accounts_too(self) -> ibis.Table:
        published = self._store.read("crm_record_states")
        of_accounts = published.filter(published.object == "Account").select(*CONTRACTS["crm_record_states"].names)
        return ibis.union(of_accounts, self.tables["crm_record_states"])

    def _values_of_accounts_too(self) -> ibis.Table:
        published = self._store.read("condition_values")
        names = CONTRACTS["condition_values"].names
        return ibis.union(published.filter(published.source_key.startswith("account:")).select(*names), self.tables["condition_values"])

    def _of_the_accounts(self, name: str, of_others: Callable[[str, set[str]], pa.Table]) -> ibis.Table:
        """Rows of everybody who counts for these accounts: these people's as decided now, the others' from what is published."""
        mine = self._store.rows(self.tables[name])
        accounts = overlay.column(self.tables["accounts"], "account_id")
        theirs = self._below(accounts)
        on_them = [self._store.among(one, "account_id", theirs) for one in ("person_accounts", "person_account_periods")]
        others = {person for rows in on_them for person in rows["person_id"].to_pylist()}
        people = set(overlay.column(self.tables["people"], "person_id")) | self._joined_since()
        return self._store.contract(name, [mine, of_others(name, others - people)], held_as=f"{name}_of_accounts")

    def _published(self, name: str, people: set[str]) -> pa.Table:
        return self._store.among(name, "person_id", people)

    def _scored(self, name: str, people: set[str]) -> pa.Table:
        """Activities of these people with their points, from published tables: no run stores a row for every activity.

        Read with everybody else who has or had one of their records: an activity counts for the person of its moment.
        """
        if not people:
            return CONTRACTS[name].empty()
        step = line.maker(name)
        of_records = ("person_records", "record_periods")
        keys = sorted({key for one in of_records for key in _values(self._published(one, people), "source_key")})
        rows = {one: self._store.among(one, "source_key", keys) for one in (*of_records, "activities")}
        everybody = people.union(*(_values(rows[one], "person_id") for one in of_records))
        on_accounts = ("person_accounts", "person_account_periods")
        rows |= {one: self._published(one, everybody) for one in ("people", *on_accounts, "person_fits")}
        accounts = sorted({account for one in on_accounts for account in _values(rows[one], "account_id")})
        for one in ("accounts", "account_tiers"):
            rows[one] = self._store.among(one, "account_id", self._with_those_above(accounts))
        held = {one: self._store.contract(one, [theirs], held_as=f"others_{one}") for one, theirs in rows.items()}

        def read(one: Read) -> Any:
            return held[one.table] if one.table in held else self.read(one)

        key = (f"others_{name}", self._day, self.agreement.version)
        results = self._store.prepared(key, lambda: step.call(read, agreement=self.agreement, as_of=self._day))
        scored = self._store.rows(results[name])
        return scored.filter(pc.is_in(scored["person_id"], value_set=pa.array(sorted(people), pa.string())))

    def _below(self, accounts: list[str]) -> set[str]:
        """The accounts whose people's activities count for these."""
        hierarchy = self.agreement.scoring.engagement.roll_up.hierarchy
        if hierarchy == "own":
            return set(accounts)
        below = self._store.among("accounts", f"{hierarchy}_account_id", accounts)["account_id"].to_pylist()
        return {*accounts, *below}

    def _with_those_above(self, accounts: list[str]) -> set[str]:
        hierarchy = self.agreement.scoring.engagement.roll_up.hierarchy
        if hierarchy == "own":
            return set(accounts)
        above = self._store.among("accounts", "account_id", accounts)[f"{hierarchy}_account_id"].to_pylist()
        return {*accounts, *(one for one in above if one)}

    def _joined_since(self) -> set[str]:
        """Published people whose records belong to these people now."""
        keys = self._people.keys
        return set(self._store.among("person_records", "source_key", keys)["person_id"].to_pylist())

    def _keep_what_has_happened(self) -> None:
        """Activities up to now: a meeting later today counts later today, whatever moment the day's expressions carry."""
        rows = self._store.rows(self.tables["activities"])
        until = pa.scalar(self.as_of, rows["occurred_at"].type)
        self.tables["activities"] = self._store.hold("activities", rows.filter(pc.less_equal(rows["occurred_at"], until)))

    def _take_accounts(self) -> None:
        """Published tables of the accounts of these people, now and before, and of those that their activities count for."""
        concerned: set[str] = set()
        for name in ("person_accounts", "person_account_periods"):
            own = self.tables[name]
            credited = persons.credited_accounts(own, self._store.read("accounts"), scoring=self.agreement.scoring)
            concerned |= {*overlay.column(own, "account_id"), *overlay.column(credited, "account_id")}
        ids = sorted(concerned)
        for name in OF_ACCOUNTS:
            self._take(name, "account_id", ids)
        self._take("opportunity_contact_roles", "contact_id", sorted(self._people.contacts))
        deals = set(self._store.among("opportunities", "account_id", ids)["opportunity_id"].to_pylist())
        # wherever the person is now: deals that they have a role on, and those that their leads became
        deals |= set(overlay.column(self.tables["opportunity_contact_roles"], "opportunity_id"))
        deals |= set(overlay.column(self.tables["leads"], "converted_opportunity_id"))
        for name in ("opportunities", "opportunity_stage_changes"):
            self._take(name, "opportunity_id", sorted(deals))

    def _take(self, name: str, column: str, values: list[str]) -> None:
        self.tables[name] = self._store.contract(name, [self._store.among(name, column, values)])

    def _count_what_was_read_now(self) -> None:
        feeds = self.tables["feed_watermarks"]
        now = {f"salesforce:{name}": self.as_of for name in READ_NOW}
        self.tables["feed_watermarks"] = feeds | {name: moment for name, moment in now.items() if name in feeds}

    def _keep_clocks_of_people(self) -> None:
        """Clocks of accounts and opportunities need everybody there and are the full run's."""
        clocks, rungs = (self._store.rows(self.tables[name]) for name in ("sla_clocks", "sla_escalations"))
        mine = clocks.filter(pc.is_in(clocks["subject"], value_set=pa.array(sorted(OF_ONE_PERSON))))
        self.tables["sla_clocks"] = self._store.hold("sla_clocks", mine)
        kept = rungs.filter(pc.is_in(rungs["clock_id"], value_set=mine["clock_id"].combine_chunks()))
        self.tables["sla_escalations"] = self._store.hold("sla_escalations", kept)


def _values(rows: pa.Table, name: str) -> list[str]:
    return sorted({value for value in rows[name].to_pylist() if value is not None})


def _is_table(value: Any) -> bool:
    return isinstance(value, ibis.Table | pa.Table)


def _one_moment(moment: datetime) -> pa.Table:
    return pa.table({"moment": pa.array([moment], pa.timestamp("us", tz="UTC"))})


def _tracked_fields(changes: ibis.Table) -> ibis.Table:
    return changes.filter(~changes.is_observed).select("object", "field").distinct()
