"""`alignment tidy`: deletes what the agreement's retention section does not keep any longer, and says how large the rest is.

Belongs here: files below the home, rows of tables that grow with every run, and calling the journal's summary. Dagster's own history is
deleted by the wiring (`defs/tidy.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
from ibis import _

from alignment_pipeline.contracts.moments import moment
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.lease import CRM, FULL, RUN, acquire
from alignment_pipeline.warehouse.warehouse import Warehouse
from alignment_pipeline.write_back.records import summary

_LEASE_SECONDS = 120.0
#: A name that begins so was left behind by a process that died while it wrote, as is what lies in the spill folder longer than a run lasts.
_LEFT_OVER = (".arrivals-", ".pointer-")
_LEFT_OVER_DAYS = 2
#: Tables to which every run adds rows, whether or not there is news: the moment of a row, its run, and what else tells rows apart.
#: Of an older day the last rows are kept, which say how far each stream was read and what the sources were like.
_OF_EVERY_RUN = {"extractions": ("started_at", ("system", "object")), "run_measures": ("measured_at", ("measure",))}


@dataclass(frozen=True)
class Tidied:
    """What was deleted, and how large each part of the home is now (bytes)."""

    operations: int
    plans: int
    messages: int
    files: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """As `--json` shows it."""
        return asdict(self)


def tidy(home: Home, journal: Journal) -> Tidied:
    """Delete what is older than the agreement keeps. Raises AnotherWriter while a run or an apply is at work."""
    keep = home.agreement.retention
    now = home.clock.now()

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    with acquire(journal, RUN), acquire(journal, FULL), acquire(journal, CRM, wait_seconds=_LEASE_SECONDS):
        done = summary.summarise(journal, before=ago(keep.undo_days), messages_before=ago(keep.notification_days))
        files = {
            "plans": _delete_older(home.path / "plans", ago(keep.plan_days)),
            "reports": _delete_older(home.path / "reports", ago(keep.report_days)),
            "notifications": _delete_older(home.path / "notifications", ago(keep.notification_days)),
            "runs": _delete_older(home.path / "runs", ago(keep.run_days)),
            "damaged": sum(
                _delete_older(home.path / place, ago(keep.damaged_days), pattern="damaged-*") for place in ("versions", "warehouse")
            ),
            "packs": _delete_packs(home.path / "packs", None if keep.pack_days is None else ago(keep.pack_days)),
            "agreements": _delete_agreements(home, ago(keep.agreement_days)),
            "left over": sum(path.exists() and _delete(path) for path in list(_left_over(home.path, ago(_LEFT_OVER_DAYS))))
            + _delete_older(home.path / "spill", ago(_LEFT_OVER_DAYS)),
        }
        rows = {name: _shorten(home.warehouse(), name, ago(keep.run_days)) for name in _OF_EVERY_RUN}
    return Tidied(done.operations, done.plans, done.messages, files, rows, sizes(home))


def sizes(home: Home) -> dict[str, int]:
    """Part of the home -> bytes."""
    by_name: dict[str, int] = {}
    for path in sorted(home.path.iterdir()) if home.path.is_dir() else []:
        name = "journal" if path.name.startswith("journal.sqlite") else path.name
        by_name[name] = by_name.get(name, 0) + _size(path)
    return {name: size for name, size in by_name.items() if size}


def _shorten(warehouse: Warehouse, name: str, before: datetime) -> int:
    """Keep of every day before a moment only the last rows of a table; returns how many rows were deleted."""
    if not warehouse.exists(name):
        return 0
    at, apart = _OF_EVERY_RUN[name]
    rows = warehouse.read(name)
    of_a_day = ibis.window(group_by=[*apart, _[at].truncate("D")], order_by=[_[at].desc(), _.run_id.desc()])
    kept = rows.mutate(later=ibis.row_number().over(of_a_day)).filter((_[at] >= moment(before)) | (_.later == 0)).drop("later")
    old = int(rows.count().execute() - kept.count().execute())
    if old:
        warehouse.replace(name, kept.order_by(at, "run_id"))
    return old


def _delete_older(folder: Path, before: datetime, *, pattern: str = "*") -> int:
    return sum(_delete(path) for path in sorted(folder.glob(pattern)) if _changed(path) < before) if folder.is_dir() else 0


def _delete_packs(folder: Path, before: datetime | None) -> int:
    """Packs made before a moment; the newest stays, since the next one is compared with it."""
    packs = sorted(folder.glob("*/*/pack.json"), key=lambda path: (_changed(path), path))
    old = [path.parent for path in packs[:-1] if before is not None and _changed(path) < before]
    deleted = sum(_delete(path) for path in old)
    for period in {path.parent for path in old}:
        if not any(period.iterdir()):
            period.rmdir()
    return deleted


def _delete_agreements(home: Home, before: datetime) -> int:
    """A past day is decided again under its own agreement: while one is kept that is as old, every agreement is."""
    days = home.path / "warehouse" / "snapshots"
    if days.is_dir() and any(path.name < before.date().isoformat() for path in days.iterdir()):
        return 0
    in_force = f"{home.agreement.version}.json"
    old = (path for path in sorted((home.path / "agreements").glob("*")) if path.name != in_force)
    return sum(_delete(path) for path in old if _changed(path) < before)


def _left_over(folder: Path, before: datetime) -> Iterator[Path]:
    for path in folder.rglob(".*"):
        if path.name.startswith(_LEFT_OVER) and _changed(path) < before:
            yield path


def _delete(path: Path) -> int:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return 1


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC)


def _size(path: Path) -> int:
    if path.is_symlink() or path.is_file():
        return path.lstat().st_size
    files = {(entry.st_dev, entry.st_ino): entry.st_size for one in path.rglob("*") if one.is_file() and (entry := one.lstat())}
    return sum(files.values())
