"""Raw rows: vendor values as text, hashed, in record batches of the raw table's schema.

Belongs here: turning a vendor's record into a row, repairing what no store can hold, and refusing what cannot be a row.
What the columns are: `contracts/raw.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import blake2b

import pyarrow as pa

from alignment_pipeline.connectors.streams import Quarantined
from alignment_pipeline.contracts import raw
from alignment_pipeline.contracts.systems.system import RawStream

_SCHEMAS: dict[str, pa.Schema] = {contract.name: contract.schema for contract in raw.CONTRACTS}
BATCH_ROWS = 5_000
# One encoder for all rows: json.dumps builds a new one for each call with options.
_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


def repaired(text: str) -> str:
    """The text without NUL characters and with lone surrogates replaced: neither can be stored as UTF-8 everywhere."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def row_hash(values: Mapping[str, str | None]) -> str:
    """Hash of a record's values: nulls left out (a new empty field is no new version), line ends alike for every transport."""
    present = [(name, value.replace("\r\n", "\n")) for name, value in sorted(values.items()) if value is not None]
    # Each value's length stands before it, so that no two records give the same text.
    text = "".join([f"{name}={len(value)}:{value};" for name, value in present])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class RowBatches:
    """Collects rows of one stream and gives them out in batches.

    `known_at` is the moment of learning for every row; None on the first load, when rows carry the vendor's own stamp instead
    and are marked reconstructed (a row without a stamp is then known since `fallback`).
    """

    def __init__(self, stream: RawStream, *, known_at: datetime | None, fallback: datetime, batch_rows: int = BATCH_ROWS) -> None:
        self.stream = stream
        self.schema = _SCHEMAS[stream.table]
        self.rows = self.deleted = self.repaired = 0
        self.quarantined: list[Quarantined] = []
        self._known_at = known_at
        self._fallback = fallback
        self._batch_rows = batch_rows
        self._columns: dict[str, list[object]] = {name: [] for name in self.schema.names}

    def add(
        self,
        record_id: str,
        modified_at: datetime | None,
        values: Mapping[str, str | None],
        *,
        custom: Mapping[str, str | None] | None = None,
        is_deleted: bool = False,
    ) -> Iterator[pa.RecordBatch]:
        """Add a row; yields a batch whenever one is full."""
        clean = self._clean(values)
        extra = self._clean(custom) if custom else {}
        row: dict[str, object] = {
            "record_id": record_id,
            "known_at": self._known_at or modified_at or self._fallback,
            "is_reconstructed": self._known_at is None,
            "modified_at": modified_at,
            "is_deleted": is_deleted,
            "row_hash": row_hash({**clean, **extra} if extra else clean),
            "custom_fields": _ENCODE(dict.fromkeys(custom) | extra) if custom else None,
        }
        self.rows += 1
        self.deleted += is_deleted
        clean |= row  # type: ignore[arg-type]
        for name, column in self._columns.items():
            column.append(clean.get(name))
        if len(self._columns["record_id"]) >= self._batch_rows:
            yield from self.flush()

    def refuse(self, record_id: object, reason: str, values: Mapping[str, str | None]) -> None:
        """Put a record aside with its reason."""
        self.quarantined.append(Quarantined(self.stream.object, repaired(str(record_id))[:64], reason, row_hash(values)))

    def flush(self) -> Iterator[pa.RecordBatch]:
        """The rows collected so far as one batch; nothing when there are none."""
        if not self._columns["record_id"]:
            return
        arrays = [pa.array(self._columns[field.name], type=field.type) for field in self.schema]
        self._columns = {name: [] for name in self.schema.names}
        yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def table(self, batches: Iterable[pa.RecordBatch]) -> pa.Table:
        """The batches that were given out, with the rows collected since, as one table."""
        return pa.Table.from_batches([*batches, *self.flush()], schema=self.schema)

    def _clean(self, values: Mapping[str, str | None]) -> dict[str, str | None]:
        """The values that are there, repaired. One loop without calls for plain text: it runs once for each value of each row."""
        cleaned: dict[str, str | None] = {}
        for name, value in values.items():
            if value is None:
                continue
            if "\x00" in value or not value.isascii():
                text = repaired(value)
                self.repaired += text != value
                if not text:
                    continue
                value = text
            cleaned[name] = value
        return cleaned
