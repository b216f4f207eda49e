"""Whose an activity is: the person of its record now, or at the moment it happened, and on which account.

Belongs here: from records to numbered people, and back to the records of some people. Who counts and with which weight: `persons.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import ibis
from ibis import _

from alignment_pipeline.contracts.shape import loosened, step

_EVER = ibis.literal(datetime(1970, 1, 1, tzinfo=UTC)).cast("timestamp('UTC')")
_FOR_GOOD = ibis.literal(datetime(9999, 1, 1, tzinfo=UTC)).cast("timestamp('UTC')")


@dataclass(frozen=True)
class Owners:
    """`now`: one row per record of somebody. `then`: one row per period of a record that was not the same person's, or whose person was not
    on the same account, all the time."""

    now: ibis.Table
    then: ibis.Table | None

    @classmethod
    def of(
        cls, person_records: ibis.Table, periods: ibis.Table | None, persons: ibis.Table, account_periods: ibis.Table | None = None
    ) -> Owners:
        """`persons` are numbered scored people; `periods` are `record_periods`; `account_periods` are `scored_periods`."""
        people = persons.view()
        now = person_records.inner_join(people, "person_id").select(
            now_key=_.source_key, person_no=_.person_no, weight=_.weight, person_exclusion=_.person_exclusion
        )
        if account_periods is not None:
            # no step: Ibis writes out a step wherever it is used, and this is used several times
            return cls(now, _of_accounts(person_records, periods, persons, account_periods))
        return cls(now, None if periods is None else _of_persons(periods, persons))

    def joined(self, activities: ibis.Table) -> ibis.Table:
        """Activities with person_no, weight and person_exclusion of their moment; with account periods also account_no of their people."""
        now = self.now.view()
        rows = activities.left_join(now, activities.source_key == now.now_key).drop("now_key")
        if self.then is None:
            return rows
        then = self.then.view()
        during = (rows.source_key == then.then_key, rows.occurred_at >= then.then_from, rows.occurred_at < then.then_until)
        joined = rows.left_join(then, during)
        was = joined.then_no.notnull()
        names = {"person_no": "then_no", "weight": "then_weight", "person_exclusion": "then_exclusion"}
        moved = joined.mutate(**{name: ibis.ifelse(was, joined[other], joined[name]) for name, other in names.items()})
        return moved.drop("then_key", "then_from", "then_until", *names.values())

    def records_of(self, numbers: ibis.Table) -> ibis.Table:
        """The records that these people (column person_no) have or had: source_key."""
        now = self.now.view()
        keys = now.semi_join(numbers, "person_no").select(source_key="now_key")
        if self.then is None:
            return keys
        then = self.then.view()
        had = then.select(source_key="then_key", person_no="then_no").semi_join(numbers.view(), "person_no").select("source_key")
        return ibis.union(keys, had)


def _of_persons(periods: ibis.Table, persons: ibis.Table) -> ibis.Table:
    """Periods of records, with their people as these are now."""
    people = persons.view()
    return periods.inner_join(people, "person_id").select(
        then_key=_.source_key,
        then_from=_.from_at,
        then_until=_.until_at.fill_null(_FOR_GOOD),
        then_no=_.person_no,
        then_weight=_.weight,
        then_exclusion=_.person_exclusion,
    )


def _of_accounts(person_records: ibis.Table, periods: ibis.Table | None, persons: ibis.Table, account_periods: ibis.Table) -> ibis.Table:
    """Periods of records, and of all records of people with several accounts, each cut where the account changed."""
    always = person_records.semi_join(account_periods.view(), "person_id").inner_join(persons.view(), "person_id")
    whole = always.select(
        then_key=always.source_key, then_from=_EVER, then_until=_FOR_GOOD, then_no=always.person_no, then_weight=always.weight,
        then_exclusion=always.person_exclusion,
    )  # fmt: skip
    if periods is not None:
        known = periods.view().select(known_key="source_key").distinct()
        whole = whole.anti_join(known, whole.then_key == known.known_key)
        whole = ibis.union(*(loosened(rows.select(*whole.columns)) for rows in (whole, _of_persons(periods, persons))))
    whole = step(whole)
    on = account_periods.view()
    on = on.select(
        "account_no", on_no="person_no", on_from="from_at", on_until=on.until_at.fill_null(_FOR_GOOD), on_weight="weight",
        on_exclusion="person_exclusion",
    )  # fmt: skip
    cut = whole.left_join(on, [whole.then_no == on.on_no, on.on_from < whole.then_until, on.on_until > whole.then_from])
    was = cut.account_no.notnull()
    return cut.select(
        "then_key",
        "then_no",
        then_from=ibis.ifelse(was & (cut.on_from > cut.then_from), cut.on_from, cut.then_from),
        then_until=ibis.ifelse(was & (cut.on_until < cut.then_until), cut.on_until, cut.then_until),
        then_weight=ibis.ifelse(was, cut.on_weight, cut.then_weight),
        then_exclusion=ibis.ifelse(was, cut.on_exclusion, cut.then_exclusion),
        account_no=cut.account_no,
    )
