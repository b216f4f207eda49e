"""Subjects: people, accounts and opportunities, each with its histories, timeline and events.

Belongs here: which source tables make which subject's events. What clocks do with them: `sla/ledger.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.sla.arrays import NEVER, NOTHING, Flags, Ints, codes, fetch, micros, text
from alignment_pipeline.sla.timelines import events, histories, timelines
from alignment_pipeline.sla.timelines.groups import Groups
from alignment_pipeline.sla.timelines.histories import Histories
from alignment_pipeline.sla.timelines.periods import Periods
from alignment_pipeline.sla.timelines.sources import Sources


@dataclass(frozen=True)
class Subjects:
    """All subjects of one kind. `account_of` is the place of the subject's account among the account subjects; `person_of` the
    person that each subject is, null where it is none; `record_keys` and `subject_of_record` say whose each record is."""

    kind: str
    ids: pa.Array
    past: Histories
    lines: timelines.Timelines
    events: events.Events
    account_of: Ints
    lead_source: pa.Array
    is_internal: Flags
    person_of: pa.Array
    record_keys: pa.Array
    subject_of_record: Ints

    def owner_now(self) -> Ints:
        """Code of each subject's owner now; NOTHING at place -1, where there is no subject."""
        return np.append(self.lines.owner[self.lines.groups.starts[1:] - 1], NOTHING)


@dataclass(frozen=True)
class Standing:
    """What accounts were at a moment: customers, or with an open opportunity."""

    customer_since: Ints
    opened: Groups
    closed: Groups

    def is_existing(self, account: Ints, moment: Ints) -> Flags:
        """Flag per (account, moment): a customer then, or with an open opportunity then. Accounts of NOTHING are not."""
        known = np.maximum(account, 0)
        if not len(self.customer_since):
            return np.zeros(len(account), dtype=bool)
        is_open = self._count(self.opened, known, moment) > self._count(self.closed, known, moment)
        return (account != NOTHING) & (is_open | (self.customer_since[known] <= moment))

    @staticmethod
    def _count(groups: Groups, account: Ints, moment: Ints) -> Ints:
        return groups.place(account, moment, after=True) - groups.starts[account]


def sorted_ids(*columns: pa.ChunkedArray) -> pa.Array:
    """All values, each once, sorted."""
    chunks = [chunk for column in columns for chunk in text(column).chunks]
    unique = pc.unique(pa.chunked_array(chunks, type=pa.string()))
    unique = unique.filter(pc.is_valid(unique))
    return unique.take(pc.sort_indices(unique))


def _lookup(size: int, place: Ints, column: pa.ChunkedArray) -> pa.Array:
    """Values of `column` at their places among `size` subjects; null elsewhere."""
    row = np.full(size, NOTHING, dtype=np.int64)
    known = place != NOTHING
    row[place[known]] = np.flatnonzero(known)
    taken = pc.take(column, pa.array(row, mask=row == NOTHING))
    return taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken


def accounts(sources: Sources, *, sla: Sla, crm: Crm, as_of: int) -> Subjects:
    """Accounts: MQA entries, stages, opportunities, and the touches and activities of their people."""
    past = histories.histories(sources, crm=crm, objects=("Account",))
    ids = pc.utf8_replace_slice(past.keys, 0, len("account:"), "") if len(past.keys) else pa.array([], pa.string())
    subject_of = np.arange(len(ids))
    mqas = fetch(sources.account_mqa_changes, "account_id", "entered_at")
    stages = fetch(sources.account_stage_changes, "account_id", "stage", "entered_at")
    deals = fetch(sources.opportunities, "opportunity_id", "account_id", "created_at")
    owned = fetch(sources.person_accounts, "person_id", "account_id")
    records = fetch(sources.person_records, "source_key", "person_id")
    account_of_person, account_of_deal = codes(owned["account_id"], ids), codes(deals["account_id"], ids)
    deal_keys = pc.binary_join_element_wise("opportunity", text(deals["opportunity_id"]), ":").combine_chunks()

    whose, owned_ids = Periods.of(sources), text(owned["person_id"]).combine_chunks()

    def of_source(keys: pa.ChunkedArray, at: Ints) -> Ints:
        person = pc.take(records["person_id"], pc.index_in(keys, value_set=text(records["source_key"]).combine_chunks()))
        place = whose.places(keys, at, codes(person, owned_ids), owned_ids)
        of_person = np.where(place == NOTHING, NOTHING, np.append(account_of_person, NOTHING)[place])
        # a touch that names no person names the account itself or one of its opportunities
        itself, deal = codes(keys, past.keys), codes(keys, deal_keys)
        of_deal = np.where(deal == NOTHING, NOTHING, np.append(account_of_deal, NOTHING)[deal])
        return np.maximum(np.maximum(of_person, itself), of_deal)

    mqa_ids = _named("mqa", mqas["account_id"], moment_text(mqas["entered_at"]))
    parts = [
        events.part("mqa_entered", codes(mqas["account_id"], ids), micros(mqas["entered_at"]), mqa_ids),
        events.part("stage_entered", codes(stages["account_id"], ids), micros(stages["entered_at"]),
                    _named("stage", stages["account_id"], stages["stage"], moment_text(stages["entered_at"])), value=stages["stage"]),
        events.part("opportunity_created", codes(deals["account_id"], ids), micros(deals["created_at"]), deals["opportunity_id"]),
        *person_events(sources, sla, of_source, "account"),
        *events.from_histories(past, subject_of, sla=sla),
    ]  # fmt: skip
    lines = timelines.timelines(past, subject_of, len(ids), sla=sla)
    nothing = pa.nulls(len(ids), pa.string())
    none = np.zeros(len(ids), dtype=bool)
    of = events.Events.of(parts, len(ids), as_of)
    return Subjects("account", ids, past, lines, of, subject_of, nothing, none, nothing, past.keys, subject_of)


def people(sources: Sources, account_ids: pa.Array, *, sla: Sla, crm: Crm, as_of: int) -> Subjects:
    """People: what they did, what reps did and said, the stages they entered."""
    past = histories.histories(sources, crm=crm, objects=("Lead", "Contact"))
    records = fetch(sources.person_records, "source_key", "person_id")
    base = fetch(sources.people, "person_id", "lead_source", "is_internal")
    ids = sorted_ids(records["person_id"], base["person_id"])
    source_keys, person_of = text(records["source_key"]).combine_chunks(), codes(records["person_id"], ids)

    def of_source(keys: pa.ChunkedArray | pa.Array) -> Ints:
        place = codes(keys, source_keys)
        return np.where(place == NOTHING, NOTHING, np.append(person_of, NOTHING)[place])

    subject_of = of_source(past.keys)
    whose = Periods.of(sources)
    stages = fetch(sources.person_stage_changes, "person_id", "stage", "entered_at")
    leads = fetch(sources.leads, "lead_id", "is_converted", "converted_at", "modified_at", "converted_opportunity_id")
    leads = leads.filter(leads["is_converted"])
    lead_keys = pc.binary_join_element_wise("lead", leads["lead_id"], ":")
    converted_at = micros(pc.coalesce(leads["converted_at"], leads["modified_at"]))
    has_deal = pc.is_valid(leads["converted_opportunity_id"]).to_numpy()
    converted = events.part("converted", of_source(lead_keys), converted_at, lead_keys)
    with_deal = leads.filter(pa.array(has_deal))
    with_deal_keys = lead_keys.filter(pa.array(has_deal))
    roles = fetch(sources.opportunity_contact_roles, "opportunity_id", "contact_id", "created_at")
    deals = fetch(sources.opportunities, "opportunity_id", "created_at")
    deal = codes(roles["opportunity_id"], text(deals["opportunity_id"]).combine_chunks())
    born = np.append(micros(deals["created_at"]), -NEVER)[deal]
    parts = [
        converted,
        events.part("opportunity_created", of_source(with_deal_keys), converted_at[has_deal], with_deal["converted_opportunity_id"]),
        events.part("opportunity_created", of_source(pc.binary_join_element_wise("contact", roles["contact_id"], ":")),
                    np.maximum(micros(roles["created_at"]), born), roles["opportunity_id"]),
        events.part("stage_entered", codes(stages["person_id"], ids), micros(stages["entered_at"]),
                    _named("stage", stages["person_id"], stages["stage"], moment_text(stages["entered_at"])), value=stages["stage"]),
        *person_events(sources, sla, lambda keys, at: whose.places(keys, at, of_source(keys), ids), "person"),
        *events.from_histories(past, subject_of, sla=sla),
    ]  # fmt: skip
    lines = timelines.timelines(past, subject_of, len(ids), sla=sla)
    owned = fetch(sources.person_accounts, "person_id", "account_id")
    account_of = np.full(len(ids), NOTHING, dtype=np.int64)
    owner_place = codes(owned["person_id"], ids)
    is_known = owner_place != NOTHING
    account_of[owner_place[is_known]] = codes(owned["account_id"], account_ids)[is_known]
    place = codes(base["person_id"], ids)
    internal = pc.fill_null(_lookup(len(ids), place, base["is_internal"]), False).to_numpy(zero_copy_only=False)
    lead_source = _lookup(len(ids), place, text(base["lead_source"]))
    of = events.Events.of(parts, len(ids), as_of)
    return Subjects("person", ids, past, lines, of, account_of, lead_source, internal, ids, source_keys, person_of)


def opportunities(sources: Sources, account_ids: pa.Array, *, sla: Sla, crm: Crm, as_of: int) -> Subjects:
    """Opportunities: opened, moved, closed, their reason recorded."""
    past = histories.histories(sources, crm=crm, objects=("Opportunity",))
    ids = pc.utf8_replace_slice(past.keys, 0, len("opportunity:"), "") if len(past.keys) else pa.array([], pa.string())
    subject_of = np.arange(len(ids))
    rows = fetch(sources.opportunities, "opportunity_id", "account_id", "lead_source", "created_at", "is_closed", "closed_at")
    moves = fetch(sources.opportunity_stage_changes, "change_id", "opportunity_id", "stage", "changed_at")
    place = codes(rows["opportunity_id"], ids)
    closed = np.where(rows["is_closed"].to_numpy(), micros(rows["closed_at"]), NEVER)
    parts = [
        events.part("opportunity_created", place, micros(rows["created_at"]), rows["opportunity_id"]),
        events.part("opportunity_closed", place, closed, rows["opportunity_id"]),
        events.part("stage_moved", codes(moves["opportunity_id"], ids), micros(moves["changed_at"]), moves["change_id"],
                    value=moves["stage"]),
        *person_events(sources, sla, lambda keys, _: codes(keys, past.keys), "opportunity"),
        *events.from_histories(past, subject_of, sla=sla),
    ]  # fmt: skip
    lines = timelines.timelines(past, subject_of, len(ids), sla=sla)
    account_of = np.full(len(ids), NOTHING, dtype=np.int64)
    is_known = place != NOTHING
    account_of[place[is_known]] = codes(rows["account_id"], account_ids)[is_known]
    none = np.zeros(len(ids), dtype=bool)
    lead_source = _lookup(len(ids), place, text(rows["lead_source"]))
    of = events.Events.of(parts, len(ids), as_of)
    nobody = pa.nulls(len(ids), pa.string())
    return Subjects("opportunity", ids, past, lines, of, account_of, lead_source, none, nobody, past.keys, subject_of)


def taken(values: pa.Array, places: Ints) -> pa.Array:
    """Values at their places; null where there is none."""
    chosen = pc.take(values, pa.array(places, pa.int64(), mask=places == NOTHING))
    return chosen.combine_chunks() if isinstance(chosen, pa.ChunkedArray) else chosen


def standing(sources: Sources, account_ids: pa.Array) -> Standing:
    """Since when each account is a customer (its first win, or always when only its type says so), and its opportunities' spans."""
    rows = fetch(sources.accounts, "account_id", "is_customer")
    deals = fetch(sources.opportunities, "account_id", "created_at", "is_closed", "is_won", "closed_at")
    size = len(account_ids)
    account = codes(deals["account_id"], account_ids)
    closed = np.where(deals["is_closed"].to_numpy(), micros(deals["closed_at"]), NEVER)
    won = np.flatnonzero(deals["is_won"].to_numpy() & (account != NOTHING))
    since = np.full(size, NEVER, dtype=np.int64)
    np.minimum.at(since, account[won], closed[won])
    flagged = codes(rows["account_id"].filter(rows["is_customer"]), account_ids)
    flagged = flagged[flagged != NOTHING]
    since[flagged] = np.where(since[flagged] == NEVER, -NEVER, since[flagged])
    known = account != NOTHING
    account, begin, end = account[known], micros(deals["created_at"])[known], closed[known]
    begun, ended = np.lexsort((begin, account)), np.lexsort((end, account))
    return Standing(since, Groups.of(account[begun], begin[begun], size), Groups.of(account[ended], end[ended], size))


def person_events(sources: Sources, sla: Sla, of_source: Callable[[pa.ChunkedArray, Ints], Ints], subject: str) -> list[pa.Table]:
    """Touches that count, and the activities that some policy of this subject names."""
    table = sources.touches
    counting = table.filter((table.direction == "outbound") & ~table.is_automatic & table.is_completed)
    touches = fetch(counting, "touch_id", "source_key", "user_id", "created_by_id", "touch_type", "occurred_at")
    ours = pc.is_in(touches["touch_type"], value_set=pa.array(sla.parties.touch_types, pa.string()))
    system_users = pa.array(sla.parties.system_user_ids, pa.string())
    # automation logs its mails under the rep's name; a call that a dialer logs for a rep stays the rep's
    sent = pc.and_(pc.is_in(touches["created_by_id"], value_set=system_users), pc.equal(touches["touch_type"], "email"))
    system = pc.or_(pc.is_in(touches["user_id"], value_set=system_users), sent)
    touches = touches.filter(pc.and_(ours, pc.invert(system)))
    at = micros(touches["occurred_at"])
    part = events.part("touch", of_source(touches["source_key"], at), at, touches["touch_id"], value=touches["touch_type"])
    out = [events.once(part)]
    named = [event for policy in sla.policies if policy.subject == subject and policy.is_enabled
             for event in (policy.trigger, *policy.stops, *policy.cancels) if event.event == "activity"]  # fmt: skip
    if named:
        rows = sources.activities
        rows = rows.filter(~rows.is_bot & ~rows.is_automatic)
        if all(event.types for event in named):
            rows = rows.filter(rows.activity_type.isin(sorted({word for event in named for word in event.types})))
        if all(event.categories for event in named):
            rows = rows.filter(rows.category.lower().isin(sorted({word.lower() for event in named for word in event.categories})))
        happened = fetch(rows, "activity_id", "source_key", "activity_type", "category", "occurred_at")
        moment = micros(happened["occurred_at"])
        out.append(events.part("activity", of_source(happened["source_key"], moment), moment, happened["activity_id"],
                               value=happened["activity_type"], category=happened["category"]))  # fmt: skip
    return out


def moment_text(column: pa.ChunkedArray) -> pa.Array:
    """Moments as text for ids, to the microsecond."""
    shown = micros(column, 0).astype("datetime64[us]")
    return pa.array(np.datetime_as_string(shown, unit="us").astype(object), pa.string())


def _named(kind: str, *columns: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(kind, *columns, ":")
