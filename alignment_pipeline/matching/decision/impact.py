"""Impact: what a changed rule, rarity table or agreement would move, before it takes effect.

Belongs here: comparing two results of matching. Making them is `match.py`'s.
"""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from alignment_pipeline.matching.names.rarity import RarityTable

MOVES = pa.schema(
    [
        ("lead_id", pa.string()),
        ("from_decision", pa.string()),
        ("from_account_id", pa.string()),
        ("to_decision", pa.string()),
        ("to_account_id", pa.string()),
        ("from_confidence", pa.float64()),
        ("to_confidence", pa.float64()),
        ("to_reason", pa.string()),
    ]
)
SUMMARY = pa.schema([("from_decision", pa.string()), ("to_decision", pa.string()), ("is_same_account", pa.bool_()), ("leads", pa.int64())])


def moves(before: pa.Table, after: pa.Table) -> pa.Table:
    """One row per lead whose decision or account differs; a lead on one side only has "absent" on the other."""
    left = {row["lead_id"]: row for row in before.to_pylist()}
    right = {row["lead_id"]: row for row in after.to_pylist()}
    rows = []
    for lead_id in sorted(left.keys() | right.keys()):
        old, new = left.get(lead_id, {}), right.get(lead_id, {})
        if (old.get("decision"), old.get("account_id")) != (new.get("decision"), new.get("account_id")):
            rows.append(
                {
                    "lead_id": lead_id,
                    "from_decision": old.get("decision", "absent"),
                    "from_account_id": old.get("account_id"),
                    "to_decision": new.get("decision", "absent"),
                    "to_account_id": new.get("account_id"),
                    "from_confidence": old.get("confidence"),
                    "to_confidence": new.get("confidence"),
                    "to_reason": new.get("reason"),
                }
            )
    return pa.Table.from_pylist(rows, schema=MOVES)


def summary(moved: pa.Table) -> pa.Table:
    """How many leads move from where to where, most first."""
    counts = Counter(
        (row["from_decision"], row["to_decision"], row["from_account_id"] == row["to_account_id"]) for row in moved.to_pylist()
    )
    rows = [
        {"from_decision": old, "to_decision": new, "is_same_account": same, "leads": count} for (old, new, same), count in counts.items()
    ]
    rows.sort(key=lambda row: (-row["leads"], row["from_decision"], row["to_decision"], row["is_same_account"]))
    return pa.Table.from_pylist(rows, schema=SUMMARY)


def rarity_changes(before: RarityTable, after: RarityTable, *, least_change: float = 0.02) -> list[tuple[str, float, float]]:
    """Words whose weight moves by at least `least_change` when the table is refreshed: word, weight before, weight after, biggest first."""
    words = sorted(set(before.counts) | set(after.counts))
    moved = [(word, before.weight(word), after.weight(word)) for word in words]
    kept = [change for change in moved if abs(change[1] - change[2]) >= least_change]
    return sorted(kept, key=lambda change: (-abs(change[1] - change[2]), change[0]))
