"""Counted activities as arrays, read once for all criteria of a fold.

Belongs here: from `scored_activities` to arrays of who, when, how much, and which criteria an activity counts for.
Which sums cross which threshold, and when: `crossings.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.agreement.patterns import matches
from alignment_pipeline.contracts.moments import day_number, micros, microseconds

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_NOBODY = -1


@dataclass(frozen=True)
class Events:
    """One position per counted activity. People and accounts are positions in `person_ids`, `account_ids`; -1 is no account."""

    person_ids: pa.Array
    account_ids: pa.Array
    person: Ints
    account: Ints
    at_us: Ints
    day: Ints
    weighted: Ints
    taken: dict[str, Bools]
    fit: Ints
    as_of_us: int

    @cached_property
    def member(self) -> Ints:
        """Each event's person on its account: the person's own number, or one of its own for each further account they were on."""
        account = np.full(len(self.person_ids), _NOBODY, dtype=np.int64)
        account[self.person] = self.account
        elsewhere = account[self.person] != self.account
        if not elsewhere.any():
            return self.person
        pairs = self.person[elsewhere] * (len(self.account_ids) + 1) + self.account[elsewhere] + 1
        member = self.person.copy()
        member[elsewhere] = len(self.person_ids) + np.unique(pairs, return_inverse=True)[1]
        return member

    @cached_property
    def account_of_members(self) -> Ints:
        """Account of each member."""
        account = np.full(int(self.member.max(initial=-1)) + 1, _NOBODY, dtype=np.int64)
        account[self.member] = self.account
        return account

    def of(self, measure: Measure) -> Bools:
        """Which events a criterion counts."""
        return self.taken[_selection(measure)]

    def amounts(self, measure: Measure) -> Ints:
        """How much each event adds to a criterion: weighted micro-points, or 1."""
        return self.weighted if measure.points is not None else np.ones(len(self.weighted), dtype=np.int64)


def counted_events(scored: ibis.Table, person_fits: ibis.Table, measures: Sequence[Measure], *, as_of: datetime) -> Events:
    """The counted activities of `scored_activities`, with what each of the criteria needs to know about them."""
    today = day_number(as_of)
    fits = person_fits.select("seniority", "function", fit_person_id="person_id")
    counted = scored.filter(scored.exclusion.isnull())
    rows = counted.left_join(fits, counted.person_id == fits.fit_person_id)
    selections = {_selection(measure): measure for measure in measures}
    flags = {f"taken_{number}": _condition(rows, measure) for number, measure in enumerate(selections.values())}
    table = rows.select(
        person_id=rows.person_id,
        account_id=rows.account_id,
        at_us=micros(rows.occurred_at),
        day=ibis.literal(today, type="int64") - rows.age_days,
        weighted=rows.weighted_micro,
        **flags,
    ).to_pyarrow()
    person_ids, person = _coded(table["person_id"])
    account_ids, account = _coded(table["account_id"])
    return Events(
        person_ids=person_ids,
        account_ids=account_ids,
        person=person,
        account=account,
        at_us=_ints(table["at_us"]),
        day=_ints(table["day"]),
        weighted=_ints(table["weighted"]),
        taken={selection: table[f"taken_{number}"].to_numpy() for number, selection in enumerate(selections)},
        fit=_fit_points(person_fits, person_ids)
        if any(measure.plus_fit for measure in measures)
        else np.zeros(len(person_ids), dtype=np.int64),
        as_of_us=microseconds(as_of),
    )


def _fit_points(person_fits: ibis.Table, person_ids: pa.Array) -> Ints:
    """Fit points of the people at `person_ids`; what is not scored adds nothing."""
    scored = person_fits.filter(person_fits.fit_score.notnull()).select("person_id", "fit_micro").to_pyarrow()
    positions = pc.index_in(person_ids, value_set=scored["person_id"].combine_chunks())
    return scored["fit_micro"].combine_chunks().take(positions).fill_null(0).to_numpy(zero_copy_only=False)


def _selection(measure: Measure) -> str:
    return repr((measure.types, measure.categories, measure.details, measure.seniorities, measure.functions))


def _condition(rows: ibis.Table, measure: Measure) -> ibis.Value:
    condition = ibis.literal(True)
    if measure.types:
        condition = condition & rows.activity_type.isin(measure.types)
    if measure.categories:
        condition = condition & matches(rows.category, measure.categories)
    if measure.details:
        condition = condition & matches(rows.detail, measure.details)
    if measure.seniorities:
        condition = condition & rows.seniority.isin(measure.seniorities).fill_null(False)
    if measure.functions:
        condition = condition & rows.function.isin(measure.functions).fill_null(False)
    return condition


def _coded(column: pa.ChunkedArray) -> tuple[pa.Array, Ints]:
    """Distinct values, and the position of each row's value among them (-1 for null)."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    positions = encoded.indices.fill_null(_NOBODY).cast(pa.int64())
    return encoded.dictionary, positions.to_numpy(zero_copy_only=False)


def _ints(column: pa.ChunkedArray) -> Ints:
    return column.combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False)
