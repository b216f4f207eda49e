"""How rare a word is: counted on the account base, frozen in a dated table.

Belongs here: counting, weighing, comparing two tables. The first full run of a day counts the words again and says which moved most; the
other runs of that day and the fast lane use the frozen table, so that an unrelated account never changes a match.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from alignment_pipeline.matching.names import names, wordlists

PRIOR_SHARE = 0.1


@functools.cache
def _prior() -> tuple[dict[str, int], int]:
    """Word counts of a public list of companies, so that a base of fifty accounts still knows that "solutions" is common."""
    rows = [line.split() for line in wordlists.lines("word_counts.txt")]
    counts = {word: int(count) for word, count in rows}
    return counts, counts.pop("_total_")


@dataclass(frozen=True)
class RarityTable:
    """Word counts over account names: `counts` accounts that use a word, `total` accounts, `counted_on` the day it was frozen."""

    counts: Mapping[str, int]
    total: int
    counted_on: date | None = None
    version: str = field(default="")

    @classmethod
    def count(cls, account_names: Iterable[str], *, counted_on: date | None = None) -> RarityTable:
        """Count each word once per account name."""
        counts: Counter[str] = Counter()
        total = 0
        for name in account_names:
            total += 1
            seen: set[str] = set()
            for form in names.forms(name)[:1]:
                seen.update(form.core)
            counts.update(seen)
        body = json.dumps([total, sorted(counts.items())], separators=(",", ":"))
        return cls(dict(counts), total, counted_on, hashlib.sha256(body.encode()).hexdigest()[:16])

    @functools.cached_property
    def _scale(self) -> float:
        return max(1.0, self.total * PRIOR_SHARE / _prior()[1])

    @functools.cached_property
    def _ceiling(self) -> float:
        return math.log(self.total + _prior()[1] * self._scale + 1.0)

    def frequency(self, word: str) -> float:
        """Accounts that use a word, the prior's share included."""
        return self.counts.get(word, 0) + _prior()[0].get(word, 0) * self._scale

    def weight(self, word: str) -> float:
        """0 for a word in every name, 1 for a word nobody uses."""
        return max(0.02, 1.0 - math.log(self.frequency(word) + 1.0) / self._ceiling)

    def to_table(self) -> pa.Table:
        """One row per word: word, accounts; the total under the empty word."""
        rows = [("", self.total), *sorted(self.counts.items())]
        day = pa.array([self.counted_on] * len(rows), pa.date32())
        return pa.table({"word": [row[0] for row in rows], "accounts": pa.array([row[1] for row in rows], pa.int64()), "counted_on": day})

    @classmethod
    def from_table(cls, table: pa.Table) -> RarityTable:
        """The inverse of `to_table`."""
        counts = dict(zip(table["word"].to_pylist(), table["accounts"].to_pylist(), strict=True))
        total = counts.pop("", 0)
        days = table["counted_on"].to_pylist() if "counted_on" in table.column_names else []
        body = json.dumps([total, sorted(counts.items())], separators=(",", ":"))
        return cls(counts, total, days[0] if days else None, hashlib.sha256(body.encode()).hexdigest()[:16])
