"""CSV as Bulk API 2.0 writes and reads it.

Belongs here: quoting, delimiters, line endings. What the cells mean is in `query.py` and `ingest.py`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from alignment_pipeline.sandbox.salesforce.bulk_job import DELIMITERS, LINE_ENDINGS, Job
from alignment_pipeline.sandbox.salesforce.soql.run import Result
from alignment_pipeline.sandbox.salesforce.values import csv_renderer

_CHUNK = 2000


class BadTable(Exception):
    """An uploaded file that cannot be read; the message is the job's errorMessage."""


def line(cells: Iterable[str], delimiter: str, ending: str) -> str:
    """One row with every value quoted."""
    return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells) + ending


def lines(job: Job, header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A whole small file."""
    delimiter, ending = DELIMITERS[job.delimiter], LINE_ENDINGS[job.line_ending]
    return "".join(line(row, delimiter, ending) for row in [header, *rows]).encode("utf-8", "surrogatepass")


def pieces(job: Job, result: Result, start: int, end: int) -> Iterator[bytes]:
    """A page of a query result, header first, rendered in pieces so that memory stays flat."""
    delimiter, ending = DELIMITERS[job.delimiter], LINE_ENDINGS[job.line_ending]
    cells: list[tuple[Callable[..., object], Callable[[object], str]]] = [(one.getter, csv_renderer(one.field)) for one in result.columns]
    yield line([".".join(one.names) for one in result.columns], delimiter, ending).encode()
    for first in range(start, end, _CHUNK):
        rows = result.rows[first : min(first + _CHUNK, end)]
        yield "".join(line([render(get(row)) for get, render in cells], delimiter, ending) for row in rows).encode("utf-8", "surrogatepass")


def read(job: Job, content: bytes) -> tuple[list[str], list[list[str]]]:
    """Header and rows of an uploaded file. Raises BadTable."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadTable(f"InvalidBatch : Failed to parse CSV. Byte {error.start} is no valid UTF-8") from error
    has_crlf = "\r\n" in text
    has_bare = "\n" in text.replace("\r\n", "")
    if (job.line_ending == "LF" and has_crlf) or (job.line_ending == "CRLF" and has_bare):
        raise BadTable(f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {job.line_ending}")
    if "\x00" in text:
        raise BadTable("InvalidBatch : Failed to parse CSV. Found a NUL character")
    csv.field_size_limit(2**31 - 1)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[job.delimiter], strict=True))
    except csv.Error as error:
        raise BadTable(f"InvalidBatch : Failed to parse CSV. {error}") from error
    rows = [row for row in rows if row]
    if not rows:
        raise BadTable("InvalidBatch : Unable to find any data in the file")
    header, body = rows[0], rows[1:]
    for number, row in enumerate(body, start=2):
        if len(row) != len(header):
            raise BadTable(f"InvalidBatch : Failed to parse CSV. Row {number} has {len(row)} columns, the header has {len(header)}")
    return header, body
