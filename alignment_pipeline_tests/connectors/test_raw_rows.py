"""Raw rows: repaired, hashed, or put aside."""

from __future__ import annotations

from alignment_pipeline.connectors import raw_rows
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.salesforce.identifiers import is_id
from alignment_pipeline_tests.connectors.served import NOW, STREAMS

POISON = [
    "\x00",
    "\ud800",
    "\r",
    "=cmd",
    "#N/A",
    "<script>alert(1)</script>",
    "\u202eevil",
    "👩\u200d👩",
    "a" * 200_000,
    "1e400",
]


def test_poison_becomes_rows_or_is_put_aside_and_the_sum_fits() -> None:
    batches = RowBatches(STREAMS["Lead"], known_at=NOW, fallback=NOW, batch_rows=7)
    given_rows = 0
    found = []
    for place, text in enumerate(POISON * 3):
        given_rows += 1
        if not is_id(f"00Q{place:012}"):
            batches.refuse(place, "no id", {"Name": text})
            continue
        found += list(batches.add(f"00Q{place:012}", NOW, {"LastName": text}))
    found += list(batches.flush())
    texts = [row["LastName"] for batch in found for row in batch.to_pylist()]

    assert len(texts) + len(batches.quarantined) == given_rows
    assert set(texts) == {None, "\ufffd", *POISON[2:]}
    assert batches.repaired == 6


def test_a_hash_knows_values_not_order_nor_empty_fields_nor_line_ends() -> None:
    assert raw_rows.row_hash({"a": "1", "b": None}) == raw_rows.row_hash({"a": "1"})
    assert raw_rows.row_hash({"a": "x\r\ny", "b": "2"}) == raw_rows.row_hash({"b": "2", "a": "x\ny"})
    assert raw_rows.row_hash({"a": "1", "b": "2"}) != raw_rows.row_hash({"a": "2", "b": "1"})
