"""Every place below the home that can hold personal data, and how an erasure reaches it.

Belongs here: the list. A test reads the program for places that are written and fails when one is missing here. Tables are reached by their
contracts (`erase.py`), the journal and its copies by `write_back/records/erase.py` and `journal/backup.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """How an erasure reaches a place."""

    ROWS = "rows are removed and older files deleted"
    LINES = "lines that name the person are removed"
    DATABASE = "rows that name the person are deleted, and the file is written again"
    WHEN_NAMED = "deleted when its name or content names the person"
    ALWAYS = "deleted by every erasure"
    NONE = "holds no personal data"


@dataclass(frozen=True)
class Place:
    """Files and folders by a pattern below the home."""

    pattern: str
    way: Way
    what: str


PLACES: tuple[Place, ...] = (
    Place("warehouse/[!d]*", Way.ROWS, "published tables, and kept days below snapshots"),
    Place("versions/[!d]*", Way.ROWS, "files of the published tables and of those before; the folders of `warehouse` are links to these"),
    Place("versions/damaged-*", Way.ALWAYS, "tables that were moved aside as damaged: they cannot be read row by row"),
    Place("warehouse/damaged-*", Way.ALWAYS, "the same, moved aside by an earlier release"),
    Place("warehouse/*/.arrivals-*", Way.ALWAYS, "rows of a process that died while it wrote"),
    Place("warehouse/*/.pointer-*", Way.ALWAYS, "a pointer of a process that died while it wrote"),
    Place("served/*", Way.ALWAYS, "what the served pages read, made from the tables"),
    Place("spill/*", Way.ALWAYS, "what a query did not keep in memory"),
    Place("journal.sqlite*", Way.ROWS, "operations, holds, drift, quarantine, messages"),
    Place("backups/*", Way.ROWS, "copies of the journal; replaced by one without the person"),
    Place("plans/*", Way.WHEN_NAMED, "previews of plans"),
    Place("reports/*", Way.WHEN_NAMED, "rendered reports"),
    Place(
        "packs/*/*/rows/*.csv", Way.LINES, "rows behind the numbers of a pack; the numbers stay, and name no person of a lead or contact"
    ),
    Place("packs/*/*/pack.json", Way.WHEN_NAMED, "numbers, accounts, our own reps, and what people wrote as the reason of a dispute"),
    Place("packs/*/*/pack.html", Way.WHEN_NAMED, "the same as a page"),
    Place("packs/*/*/pack.md", Way.WHEN_NAMED, "the same as a few lines"),
    Place("disputes.csv", Way.LINES, "disputes that people wrote: ids of people"),
    Place("actions.csv", Way.NONE, "what the meeting agreed to do, by whom of us"),
    Place("impacts/*", Way.WHEN_NAMED, "kept impact previews: ids of people"),
    Place("pack-outbox.jsonl*", Way.NONE, "keys of digests sent"),
    Place("notifications/*", Way.WHEN_NAMED, "messages as files; names are in the contents, ids in the names"),
    Place("outbox.jsonl*", Way.LINES, "keys of messages"),
    Place("dagster/storage/*", Way.WHEN_NAMED, "output of runs; the program's logs name no person, a traceback may"),
    Place(
        "dagster/history/*.db",
        Way.DATABASE,
        "runs and what their tables show: counts, accounts, decisions; the message of an error may name a person",
    ),
    Place("dagster/history/runs/*.db", Way.DATABASE, "the events of one run each: the same"),
    Place("dagster/schedules/*.db", Way.DATABASE, "ticks of schedules and sensors, with their errors"),
    Place("dagster/dagster.yaml", Way.NONE, "Dagster's settings"),
    Place("runs/*", Way.NONE, "the moments that runs decided as of"),
    Place("agreements/*", Way.NONE, "agreements and target lists: account ids"),
)
