"""Conditions of a policy on fields: of which subjects it holds, by what their records hold now.

Belongs here: the flags. How fields are named: `agreement/conditions.py`; their values: `staging/condition_values.py`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement import conditions
from alignment_pipeline.agreement.patterns import matches_text
from alignment_pipeline.agreement.sla_policies import Policy
from alignment_pipeline.sla.arrays import NOTHING, Flags, codes, fetch
from alignment_pipeline.sla.timelines.sources import Sources
from alignment_pipeline.sla.timelines.subjects import Subjects


def met(policy: Policy, sources: Sources, clocked: Subjects, accounts: Subjects) -> Flags:
    """Flag per subject: every field of `where` matches in one of its records, and no field of `where_not` does."""
    flags = np.ones(len(clocked.ids), dtype=np.bool_)
    for name, patterns in policy.where.items():
        flags &= _matching(name, patterns, sources, clocked, accounts)
    for name, patterns in policy.where_not.items():
        flags &= ~_matching(name, patterns, sources, clocked, accounts)
    return flags


def _matching(name: str, patterns: list[str], sources: Sources, clocked: Subjects, accounts: Subjects) -> Flags:
    object_, field = conditions.split(name)
    if object_ == conditions.PERSON:
        rows = fetch(sources.people, "person_id", field)
        matching_keys = _keys_where(rows["person_id"], rows[field], patterns).combine_chunks()
        return pc.is_in(clocked.person_of, value_set=matching_keys).to_numpy(zero_copy_only=False)
    rows = fetch(sources.condition_values, "source_key", "field", "value")
    rows = rows.filter(pc.equal(rows["field"], name))
    keys = _keys_where(rows["source_key"], rows["value"], patterns)
    if object_ == "Account" and clocked is not accounts:
        of_account = np.append(_of_records(keys, accounts), False)
        return of_account[np.where(clocked.account_of == NOTHING, len(accounts.ids), clocked.account_of)]
    return _of_records(keys, clocked)


def _keys_where(keys: pa.ChunkedArray, values: pa.ChunkedArray, patterns: list[str]) -> pa.ChunkedArray:
    """Keys beside a value that matches."""
    matching = [value for value in pc.unique(values).to_pylist() if matches_text(value, patterns)]
    return keys.filter(pc.is_in(values, value_set=pa.array(matching, pa.string())))


def _of_records(keys: pa.ChunkedArray, subjects: Subjects) -> Flags:
    record = codes(keys, subjects.record_keys)
    return _flags(subjects.subject_of_record[record[record != NOTHING]], len(subjects.ids))


def _flags(places: np.ndarray, size: int) -> Flags:
    out = np.zeros(size, dtype=np.bool_)
    out[places[places != NOTHING]] = True
    return out
