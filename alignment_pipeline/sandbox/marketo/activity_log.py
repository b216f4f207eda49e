"""The activity log: millions of activities in order of their date, ready by page or by range.

The keys of every activity lie in seven integer columns (56 bytes each row); the rest lies in a temporary file (as `marshal`
writes it: four times as fast as JSON), so a million activities cost about 60 MB of memory. What the endpoints make of rows lives
in `activities.py` and `exports.py`.
"""

from __future__ import annotations

import marshal
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment_pipeline.sandbox.marketo.answers import iso
from alignment_pipeline.sandbox.marketo.tokens import Position

_COLUMNS = ("second", "activity_id", "lead_id", "type_id", "offset", "length", "visible")
_READ_ROWS = 2048
_ALWAYS = 0
_FORM = "2026-01-31T23:59:59Z"  # the form answers use; kept as it is

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Page:
    """Activities, the position after them, and whether the log goes on behind it."""

    records: list[dict[str, Any]]
    position: Position
    more: bool


class ActivityLog:
    """Append and read activities. Thread safe.

    Order is (activityDate, id). An activity that becomes visible late and is dated before a reader's position is passed over by
    that reader, as with the real log.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (it lives as long as the log)
        self.close = weakref.finalize(self, self._file.close)
        self._end = 0
        self._columns: dict[str, Integers] = {name: np.empty(0, dtype=np.int64) for name in _COLUMNS}
        self._pending: list[tuple[int, ...]] = []
        self._largest_id = 0

    def __len__(self) -> int:
        with self._lock:
            return len(self._columns["second"]) + len(self._pending)

    def mark(self) -> object:
        """What `go_back` takes to forget all that comes after now."""
        with self._lock:
            return self._settle(), self._largest_id

    def go_back(self, mark: object) -> None:
        """Forget every activity since `mark`."""
        with self._lock:
            self._pending = []
            self._columns, self._largest_id = mark  # type: ignore[misc]

    def since(self, mark: object) -> list[tuple[dict[str, Any], int]]:
        """Every activity added since `mark`, in order, with the Unix second from which it is visible."""
        with self._lock:
            columns = self._settle()
            known = mark[0]["activity_id"]  # type: ignore[index]
            rows = np.nonzero(~np.isin(columns["activity_id"], known))[0]
            return list(zip(map(_decoded, self._read(columns, rows)), columns["visible"][rows].tolist(), strict=True))

    def extend(self, activities: Iterable[Mapping[str, Any]], *, visible_at: int = _ALWAYS) -> int:
        """Append activities in the shape `activities.json` answers; returns how many.

        Each needs leadId, activityTypeId and activityDate (ISO text or aware datetime); id and marketoGUID are given when
        absent. They are visible from `visible_at` (Unix seconds) on. Raises ValueError naming the activity that does not fit.
        """
        with self._lock:
            count = 0
            buffer: list[bytes] = []
            size = 0
            for activity in activities:
                keys, payload = self._row(activity)
                self._pending.append((*keys, self._end + size, len(payload), visible_at))
                buffer.append(payload)
                size += len(payload)
                count += 1
                if size > 4_000_000:
                    self._write(buffer, size)
                    buffer, size = [], 0
                if len(self._pending) >= 200_000:
                    self._write(buffer, size)
                    buffer, size = [], 0
                    self._settle()
            self._write(buffer, size)
            return count

    def _row(self, activity: Mapping[str, Any]) -> tuple[tuple[int, int, int, int], bytes]:
        try:
            date = activity["activityDate"]
            second = _second(date)
            lead_id, type_id = int(activity["leadId"]), int(activity["activityTypeId"])
            activity_id = int(activity["id"]) if activity.get("id") is not None else self._largest_id + 1
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"activity {activity.get('id')!r} needs leadId, activityTypeId and activityDate: {error!r}") from error
        self._largest_id = max(self._largest_id, activity_id)
        guid = str(activity.get("marketoGUID") or activity_id)
        record = {
            "id": activity_id,
            "marketoGUID": guid,
            "leadId": lead_id,
            "activityDate": date if isinstance(date, str) and len(date) == len(_FORM) and date[-1] == "Z" else iso(second),
            "activityTypeId": type_id,
        }
        for name in ("campaignId", "primaryAttributeValueId", "primaryAttributeValue"):
            if activity.get(name) is not None:
                record[name] = activity[name]
        record["attributes"] = activity.get("attributes") or []
        return (second, activity_id, lead_id, type_id), marshal.dumps(record)

    def _write(self, buffer: list[bytes], size: int) -> None:
        if not buffer:
            return
        self._file.seek(self._end)
        rest = memoryview(b"".join(buffer))
        while rest:
            rest = rest[self._file.write(rest) :]
        self._end += size

    def _settle(self) -> dict[str, Integers]:
        """Bring pending rows into the sorted columns."""
        with self._lock:
            if self._pending:
                fresh = np.array(self._pending, dtype=np.int64).reshape(len(self._pending), len(_COLUMNS))
                self._pending = []
                merged = {name: np.concatenate([self._columns[name], fresh[:, place]]) for place, name in enumerate(_COLUMNS)}
                order = np.lexsort((merged["activity_id"], merged["second"]))
                self._columns = {name: column[order] for name, column in merged.items()}
            return self._columns

    def page(
        self,
        after: Position,
        *,
        now: int,
        type_ids: frozenset[int],
        lead_ids: frozenset[int] | None = None,
        limit: int = 300,
        scan_rows: int = 20_000,
    ) -> Page:
        """Up to `limit` visible activities of these types behind `after`, found within the next `scan_rows` rows."""
        with self._lock:
            columns = self._settle()
            start = self._place(columns, after)
            window = slice(start, start + scan_rows)
            fits = np.isin(columns["type_id"][window], np.array(sorted(type_ids), dtype=np.int64))
            if lead_ids is not None:
                fits &= np.isin(columns["lead_id"][window], np.array(sorted(lead_ids), dtype=np.int64))
            seen = columns["visible"][window] <= now
            places = np.nonzero(fits & seen)[0][:limit]
            if len(places) == limit and limit > 0:
                last = int(places[-1])
            elif limit == 0:
                last = -1
            else:
                visible = np.nonzero(seen)[0]
                last = int(visible[-1]) if len(visible) else -1
            more = bool((columns["visible"][start + last + 1 :] <= now).any())
            if more and last < 0 and limit > 0:
                last = len(seen) - 1
            position = after if last < 0 else Position(int(columns["second"][start + last]), int(columns["activity_id"][start + last]))
            return Page([_decoded(payload) for payload in self._read(columns, places + start)], position, more)

    @staticmethod
    def _place(columns: dict[str, Integers], after: Position) -> int:
        low = int(np.searchsorted(columns["second"], after.second, "left"))
        high = int(np.searchsorted(columns["second"], after.second, "right"))
        return low + int(np.searchsorted(columns["activity_id"][low:high], after.activity_id, "right"))

    def between(
        self, start: int, end: int, *, now: int, type_ids: frozenset[int] | None, without: frozenset[int]
    ) -> Iterator[dict[str, Any]]:
        """Visible activities dated within [start, end] (Unix seconds), in order; rows added meanwhile are not seen."""
        with self._lock:
            columns = self._settle()
            low = int(np.searchsorted(columns["second"], start, "left"))
            high = int(np.searchsorted(columns["second"], end, "right"))
            fits = columns["visible"][low:high] <= now
            if type_ids is not None:
                fits &= np.isin(columns["type_id"][low:high], np.array(sorted(type_ids), dtype=np.int64))
            if without:
                fits &= ~np.isin(columns["type_id"][low:high], np.array(sorted(without), dtype=np.int64))
            rows = np.nonzero(fits)[0] + low
        for begin in range(0, len(rows), _READ_ROWS):
            for payload in self._read(columns, rows[begin : begin + _READ_ROWS]):
                yield _decoded(payload)

    def _read(self, columns: dict[str, Integers], rows: Integers) -> list[bytes]:
        lines: list[bytes] = []
        with self._lock:
            for offset, length in zip(columns["offset"][rows].tolist(), columns["length"][rows].tolist(), strict=True):
                self._file.seek(offset)
                lines.append(self._file.read(length))
        return lines

    def reassign(self, losers: frozenset[int], winner: int) -> int:
        """Give the activities of merged leads to the winner; returns how many moved."""
        with self._lock:
            columns = {name: column.copy() for name, column in self._settle().items()}
            rows = np.nonzero(np.isin(columns["lead_id"], np.array(sorted(losers), dtype=np.int64)))[0]
            for row, payload in zip(rows.tolist(), self._read(columns, rows), strict=True):
                changed = marshal.dumps(_decoded(payload) | {"leadId": winner})
                columns["offset"][row], columns["length"][row], columns["lead_id"][row] = self._end, len(changed), winner
                self._write([changed], len(changed))
            self._columns = columns
            return len(rows)


def _decoded(payload: bytes) -> dict[str, Any]:
    record: dict[str, Any] = marshal.loads(payload)  # noqa: S302 (written by this process, into a file nobody else can name)
    return record


def _second(value: object) -> int:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())
