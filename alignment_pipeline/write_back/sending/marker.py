"""Recognises a journal that was lost, restored from an old backup, or another organisation's: then nothing is applied until it is adopted.

Belongs here: the mark beside the journal that remembers which journal it was and how far it had come. Rebuilding the bases of a lost
journal is `write_back/records/adopt.py`.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import select

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.journal import settings
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.lease import FULL, current_fence
from alignment_pipeline.journal.tables import RUN
from alignment_pipeline.write_back.sending import attempt_log

_NAME = "journal.mark"
_SETTING = "journal_id"
_ADVICE = "Run `alignment plan --adopt`: it takes what the CRM holds as the new starting point and sends nothing. Nothing was applied"


class JournalLost(ConfigurationError):
    """The journal is not the one that wrote last."""


def check(journal: Journal, *, lane: str = FULL) -> None:
    """Raise JournalLost when the mark knows another journal, or this one further on than it is. Called by the holder of the lane's lease;
    the number of a full apply's own lease is not counted.
    """
    path = journal.home / _NAME
    if not path.exists():
        return
    mark = _read(path)
    mine = settings.get(journal, _SETTING)
    if mine != mark["journal_id"]:
        raise JournalLost(f"the write-back's journal was replaced or lost: what was written before is not known. {_ADVICE}")
    before = current_fence(journal) - (lane == FULL)
    if before < int(mark["fence"]):
        raise JournalLost(f"the journal is an old copy (run {before} of {mark['fence']}). {_ADVICE}")


def check_organization(journal: Journal, org_id: str) -> None:
    """Raise ConfigurationError when the journal's runs wrote to another organisation.

    A copied sandbox has the ids of its original, so the one's bases and unknown outcomes would be taken for the other's.
    """
    refused = (RUN.c.status.is_distinct_from("REFUSED"), RUN.c.mode.in_(("apply", "adopt")))
    with journal.read() as connection:
        last = connection.execute(select(RUN.c.org_id).where(*refused).order_by(RUN.c.started.desc(), RUN.c.run_id).limit(1)).scalar()
    if last is not None and last != org_id:
        raise ConfigurationError(
            f"this journal is organisation {last}'s, the CRM is organisation {org_id}: give each its own ALIGNMENT_HOME, "
            "or let this one start over with `alignment plan --adopt`. Nothing was read or written"
        )


def put(journal: Journal, *, lane: str = FULL) -> None:
    """Remember this journal and how far it has come. Written aside, then renamed.

    Full applies are what is counted: the fast lane, which may run beside one, only leaves a first mark where there is none.
    """
    if lane != FULL and (journal.home / _NAME).exists():
        return
    mine = settings.get(journal, _SETTING)
    if mine is None:
        mine = uuid.uuid4().hex
        settings.put(journal, _SETTING, mine)
    with journal.read() as connection:
        log = attempt_log.head(connection)
    path = journal.home / _NAME
    aside = path.with_suffix(f".{os.getpid()}")
    handle = os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        json.dump({"journal_id": mine, "fence": current_fence(journal) if lane == FULL else 0, "log": asdict(log)}, file)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def noted_log(journal: Journal) -> attempt_log.Head:
    """The end of the log of attempts as it was noted last; its beginning when nothing was."""
    path = journal.home / _NAME
    return attempt_log.Head(**_read(path).get("log", {})) if path.exists() else attempt_log.Head()


def _read(path: Path) -> dict[str, Any]:
    try:
        mark: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
    except ValueError as error:
        raise JournalLost(f"{_NAME} is damaged. {_ADVICE}") from error
    return mark
