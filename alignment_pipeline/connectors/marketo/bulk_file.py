"""The file of a bulk extract: fetched in pieces if need be, proven by size and checksum, read row by row.

Belongs here: one file. The job that made it: `bulk_extract.py`.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import IO, Any

from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.connectors.transport import Call
from alignment_pipeline.errors import DataLoss, Retryable

_LONGEST_FIELD = 1 << 26
_TRIES = 3
_NULL = "null"


def rows(session: MarketoSession, path: str, status: Mapping[str, Any], columns: Sequence[str]) -> Iterator[dict[str, str | None]]:
    """Rows of a completed job's file, column -> text (None for the text `null`). DataLoss when the file cannot be proven whole."""
    with tempfile.TemporaryFile() as spool:
        _fetch(session, path, status, spool)
        spool.seek(0)
        count = 0
        for row in _read(spool, columns, path):
            count += 1
            yield row
    promised = status.get("numberOfRecords")
    if promised is not None and count != int(promised):
        raise DataLoss(f"{path}: the job has {promised} records, its file holds {count}")


def _fetch(session: MarketoSession, path: str, status: Mapping[str, Any], spool: IO[bytes]) -> None:
    """Download until the file is whole. A broken download goes on at its last byte (Range); a wrong checksum starts again."""
    size = int(status["fileSize"]) if status.get("fileSize") is not None else None
    promised = str(status.get("fileChecksum") or "")
    call = Call(
        "GET",
        path,
        "bulk file",
        headers={"Accept": "text/csv", "Accept-Encoding": "identity"},
        expects_json=False,
        accept=frozenset({404, 416}),
        headers_now=lambda: _range(spool),
    )
    for _ in range(_TRIES):
        answer = session.send(call, lambda status_code: _Continued(spool, status_code))
        if answer.status == 404:
            if size == 0 or status.get("numberOfRecords") == 0:
                return
            raise Retryable(f"{path}: the job is complete, but its file is not there yet")
        length = spool.seek(0, io.SEEK_END)
        if answer.status == 206 and size is not None and length < size:
            continue
        if (size is None or length == size) and _proves(spool, promised):
            return
        if size is None or length >= size or answer.status == 416:
            spool.seek(0)
            spool.truncate()
    raise DataLoss(f"{path}: the file does not fit its size ({size}) and checksum after {_TRIES} downloads")


class _Continued:
    """A sink that appends to the spool for 206 and starts it again for 200."""

    def __init__(self, spool: IO[bytes], status: int) -> None:
        self._spool = spool
        self._status = status

    def __enter__(self) -> IO[bytes]:
        if self._status == 206:
            self._spool.seek(0, io.SEEK_END)
        else:
            self._spool.seek(0)
            self._spool.truncate()
        return self._spool

    def __exit__(self, *_: object) -> None:
        self._spool.flush()


def _range(spool: IO[bytes]) -> dict[str, str]:
    have = spool.seek(0, io.SEEK_END)
    return {"Range": f"bytes={have}-"} if have else {}


def _proves(spool: IO[bytes], promised: str) -> bool:
    """True when the spool has the promised `sha256:<hex>`; a checksum of another kind or none proves nothing and is let pass."""
    kind, _, digest = promised.partition(":")
    if kind.lower() != "sha256":
        return True
    spool.seek(0)
    sha = sha256()
    while piece := spool.read(1 << 20):
        sha.update(piece)
    return sha.hexdigest() == digest.lower()


def _read(spool: IO[bytes], columns: Sequence[str], where: str) -> Iterator[dict[str, str | None]]:
    csv.field_size_limit(_LONGEST_FIELD)
    ours = {name.lower(): name for name in columns}
    header: list[str] | None = None
    try:
        for record in csv.reader(_lines(spool), strict=True):
            if not record:
                continue
            if header is None:
                header = [ours.get(name.strip().lower(), name) for name in record]
                if set(header) != set(columns):
                    raise DataLoss(f"{where}: the file's columns are {record[:6]}..., not the ones asked for")
                continue
            if len(record) != len(header):
                raise DataLoss(f"{where}: a record has {len(record)} columns, the header {len(header)}")
            yield {name: None if value in ("", _NULL) else value for name, value in zip(header, record, strict=True)}
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataLoss(f"{where}: the file is no whole CSV ({type(error).__name__}: {error})") from error


def _lines(spool: IO[bytes]) -> Iterator[str]:
    """Lines without the stray carriage returns and NULs that these files may hold."""
    # Half characters (surrogates) get through and are repaired in their row; any other wrong byte breaks the file.
    text = io.TextIOWrapper(spool, encoding="utf-8-sig", errors="surrogatepass", newline="\n")
    try:
        for line in text:
            yield line.replace("\r", "").replace("\x00", "")
    finally:
        text.detach()
