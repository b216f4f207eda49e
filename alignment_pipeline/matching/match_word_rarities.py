"""match_word_rarities: how many accounts use each word, frozen for a day.

Belongs here: when the counts are taken again. Counting and weighing: `names/rarity.py`.
"""

from __future__ import annotations

from datetime import date

import ibis
import pyarrow as pa

from alignment_pipeline.matching.names.rarity import RarityTable


def match_word_rarities(frozen: pa.Table, accounts: ibis.Table, *, day: date) -> pa.Table:
    """One row per word (word, accounts, counted_on): `frozen` when it was counted on `day` or later, else the words of `accounts`."""
    before = RarityTable.from_table(frozen) if frozen.num_rows else None
    if before is not None and before.counted_on is not None and before.counted_on >= day:
        return frozen
    names = accounts.select("name").to_pyarrow().column("name").to_pylist()
    return RarityTable.count([name or "" for name in names], counted_on=day).to_table()
