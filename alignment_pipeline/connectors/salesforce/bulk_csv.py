"""CSV as Bulk API 2.0 writes and reads it.

Belongs here: bytes to rows and back. Jobs and pages are `bulk_query.py` and `bulk_ingest.py`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from alignment_pipeline.connectors.salesforce.values import wire_value
from alignment_pipeline.errors import DataLoss

# A long text area holds 131,072 characters, csv's own limit; rich text with pictures holds more.
_LONGEST_FIELD = 1 << 26
NULL = "#N/A"


def rows(source: IO[bytes], *, where: str) -> Iterator[list[str]]:
    """Records of a page, header included. The bytes are UTF-8; newlines inside quotes stay. DataLoss when they are no CSV."""
    csv.field_size_limit(_LONGEST_FIELD)
    # Half characters (surrogates) get through and are repaired in their row; any other wrong byte breaks the page.
    text = io.TextIOWrapper(source, encoding="utf-8-sig", errors="surrogatepass", newline="")
    width: int | None = None
    try:
        for record in csv.reader(text, strict=True):
            if not record:
                continue
            width = width or len(record)
            if len(record) != width:
                raise DataLoss(f"{where}: a record has {len(record)} columns, the first had {width}; the page is cut or broken")
            yield record
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataLoss(f"{where}: the page is no whole CSV ({type(error).__name__}: {error})") from error
    finally:
        text.detach()


def cell(value: Any) -> str:
    """One value for ingest: None clears the field (`#N/A`; an empty cell would leave it), newlines are LF as the job says."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n") or NULL
    if isinstance(value, (int, float)):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError("neither NaN nor infinity can be written")
        return repr(value)
    return str(wire_value(value))


def encode(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """Records as a CSV file: the columns in that order, a missing key is an empty cell (field unchanged), LF, no BOM."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    for record in records:
        writer.writerow([cell(record[name]) if name in record else "" for name in columns])
    return target.getvalue().encode("utf-8")
