"""Incremental matching: which leads a change can touch, and only those.

Belongs here: comparing two states of the accounts, and the leads that share a blocking key with a changed account before or after. Under
one rarity
table the result equals a full run (a property test holds it). Keys are made in `keys.py` and `candidates.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from alignment_pipeline.matching import candidates, evidence_domains, keys, leads, match, names, records
from alignment_pipeline.matching.index import AccountIndex

KEYS = pa.schema([("lead_id", pa.string()), ("key", pa.string())])


def lead_keys(frame: records.Frame, index: AccountIndex) -> pa.Table:
    """Every blocking key of every lead: lead_id, key. Depends on the rarity table and the settings, not on the accounts."""
    mark = index.vocabulary.mark()
    batch = leads.read(frame, index)
    index.vocabulary.forget(mark)
    lead_column: list[str] = []
    key_column: list[str] = []
    of_name = {name: _name_keys(name, index) for name in batch.distinct}
    for row in range(len(batch)):
        found = [*candidates.exact_keys(batch, row, index), *of_name[batch.company[row]]]
        lead_column += [batch.lead_id[row]] * len(found)
        key_column += found
    return pa.table({"lead_id": lead_column, "key": key_column}, schema=KEYS)


def _name_keys(company: str, index: AccountIndex) -> list[str]:
    forms = leads.with_aliases(names.forms(company), index.aliases)
    return [*candidates.company_keys(forms, index), *(_typo(number) for number in sorted(keys.typo_hashes(forms)))]


def _typo(number: int) -> str:
    return f"y:{number:08x}"


def changed_accounts(before: records.Frame, after: records.Frame) -> list[str]:
    """Ids of accounts that are new, gone, or differ in any column of either table."""
    left, right = _contents(before), _contents(after)
    return sorted(account_id for account_id in left.keys() | right.keys() if left.get(account_id) != right.get(account_id))


def _contents(frame: records.Frame) -> dict[str, tuple[tuple[str, str], ...]]:
    rows = records.row_count(frame)
    ids = records.text_column(frame, "account_id", rows)
    columns = sorted(frame.columns) if not isinstance(frame, (pa.Table, pa.RecordBatch)) else sorted(frame.schema.names)
    cells = [records.text_column(frame, column, rows) for column in columns]
    return {ids[row]: tuple((column, cell[row]) for column, cell in zip(columns, cells, strict=True) if cell[row]) for row in range(rows)}


def affected_leads(keys_of_leads: pa.Table, changed: Iterable[str], *states: AccountIndex) -> list[str]:
    """Leads that a change of accounts can affect, given the index before and the index after.

    Besides the changed accounts themselves, their parents, children and namesakes count as changed, as do the accounts on the same site:
    their
    evidence depends on the changed ones.
    """
    wanted: set[str] = set()
    for index in states:
        wanted |= _keys_of(_with_relatives(set(changed), index), index)
    return sorted(
        {lead for lead, key in zip(keys_of_leads["lead_id"].to_pylist(), keys_of_leads["key"].to_pylist(), strict=True) if key in wanted}
    )


def _with_relatives(changed: set[str], index: AccountIndex) -> Sequence[int]:
    facts = index.facts
    final = {evidence_domains.final_account(account_id, index.merged_into) for account_id in changed} | changed
    positions = {facts.position[account_id] for account_id in final if account_id in facts.position}
    parents = {int(facts.parent[at]) for at in positions if facts.parent[at] >= 0}
    children = set(np.flatnonzero(np.isin(facts.parent, np.array(sorted(positions), dtype=np.int64))).tolist()) if positions else set()
    sites = {facts.site[at] for at in positions if facts.site[at]}
    stems = {facts.stem[at] for at in positions if facts.stem[at]}
    kin = {at for at in range(len(index)) if facts.site[at] in sites or facts.stem[at] in stems}
    return sorted(positions | parents | children | kin)


def _keys_of(positions: Sequence[int], index: AccountIndex) -> set[str]:
    wanted = np.zeros(len(index), dtype=bool)
    wanted[list(positions)] = True
    numbers = np.unique(np.repeat(np.arange(len(index.key_number)), np.diff(index.key_first))[wanted[index.key_accounts]])
    chosen = set(numbers.tolist())
    found = {key for key, number in index.key_number.items() if number in chosen}
    return found | {_typo(int(number)) for number in np.unique(index.typo_hash[wanted[index.typo_account]])}


def rematch(
    previous: pa.Table,
    frame: records.Frame,
    index: AccountIndex,
    lead_ids: Iterable[str],
    *,
    always: records.Frame | None = None,
    never: records.Frame | None = None,
) -> pa.Table:
    """The previous matches with the given leads matched anew, in the order of `frame` (all living leads); leads no longer there are
    dropped."""
    rows = records.row_count(frame)
    ids = records.text_column(frame, "lead_id", rows)
    again = set(lead_ids)
    old = {lead_id: at for at, lead_id in enumerate(previous["lead_id"].to_pylist())}
    picked = [row for row in range(rows) if ids[row] in again or ids[row] not in old]
    fresh = match.match_leads(_take(frame, picked), index, always=always, never=never)
    at_fresh = {ids[row]: at for at, row in enumerate(picked)}
    both = pa.concat_tables([previous, fresh])
    order = [at_fresh[lead_id] + previous.num_rows if lead_id in at_fresh else old[lead_id] for lead_id in ids]
    return both.take(pa.array(order, pa.int64()))


def _take(frame: records.Frame, rows: list[int]) -> records.Frame:
    if isinstance(frame, (pa.Table, pa.RecordBatch)):
        return frame.take(pa.array(rows, pa.int64()))
    return frame.iloc[rows]
