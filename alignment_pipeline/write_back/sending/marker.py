"""Recognises a journal that was lost, restored from an old backup, or another organisation's: then nothing is applied until it is adopted.

Belongs here: comparing the journal with what is not restored along with it. Two things tell: a file beside it that names the journal and
the end of its log of attempts, written before every send; and the CRM itself, whose newest time of syncing no older journal has sent. Only
`alignment plan --adopt` (`records/adopt.py`) goes on from there; the refusal does not wear off, because nothing that is refused moves them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.connectors.crm import Crm
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.journal import files, settings
from alignment_pipeline.journal.journal import Journal, from_stamp, stamp
from alignment_pipeline.journal.lease import FULL
from alignment_pipeline.journal.tables import ATTEMPT_LOG, RUN, SETTING
from alignment_pipeline.write_back.fields.shape import Scalar
from alignment_pipeline.write_back.sending import attempt_log

_NAME = "journal.mark"
_SETTING = "journal_id"
_SYNCED_UNTIL = "synced_until:"
#: The fast lane does not ask the CRM again within this time.
_ASKED_RECENTLY = timedelta(minutes=10)
_ADVICE = "Run `alignment plan --adopt`: it takes what the CRM holds as the new starting point and sends nothing. Nothing was applied"


class JournalLost(ConfigurationError):
    """The journal is not the one that wrote last."""


def check(journal: Journal, crm: Crm, agreement: Agreement, *, lane: str = FULL) -> None:
    """Raise JournalLost when the mark or the CRM knows of writes that this journal does not. Moves nothing."""
    mark = _check_mark(journal)
    asked = mark.get("asked_at") if mark else None
    if lane == FULL or asked is None or journal.clock.now() - from_stamp(asked) > _ASKED_RECENTLY:
        _check_crm(journal, crm, agreement)
        put(journal, asked_at=journal.now())


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


def put(journal: Journal, *, asked_at: str | None = None) -> None:
    """Remember this journal and how far its log of attempts has come. Called before each send, by the holder of the CRM's lease."""
    mine = settings.get(journal, _SETTING)
    if mine is None:
        mine = uuid.uuid4().hex
        settings.put(journal, _SETTING, mine)
    with journal.read() as connection:
        log = attempt_log.head(connection)
    if asked_at is None:
        asked_at = _read(journal.home / _NAME).get("asked_at")
    files.write_private(journal.home / _NAME, json.dumps({"journal_id": mine, "log": asdict(log), "asked_at": asked_at}))


def renew(journal: Journal, crm: Crm, agreement: Agreement) -> None:
    """After an adoption: another journal from here on, which knows the CRM's newest time of syncing."""
    settings.put(journal, _SETTING, uuid.uuid4().hex)
    with journal.begin() as connection:
        for object_, field in _synced_fields(agreement):
            newest = crm.newest(object_, field) if crm.reaches(object_) else None
            if newest is not None:
                note_synced(journal, connection, object_, [newest.value])
    put(journal, asked_at=journal.now())


def note_synced(journal: Journal, connection: Connection, object_: str, values: Iterable[Scalar]) -> None:
    """In the transaction of an intent: the newest time of syncing that is about to be written."""
    moments = [moment for moment in (_moment(value) for value in values) if moment is not None]
    if moments:
        name = f"{_SYNCED_UNTIL}{object_}"
        before = connection.execute(select(SETTING.c.value).where(SETTING.c.name == name)).scalar()
        newest = max([*moments, *([from_stamp(before)] if before else [])])
        journal.upsert(connection, SETTING, [{"name": name, "value": stamp(newest), "at": journal.now()}])


def noted_log(journal: Journal) -> attempt_log.Head:
    """The end of the log of attempts as it was noted last; its beginning when nothing was."""
    return attempt_log.Head(**_read(journal.home / _NAME).get("log", {}))


def _check_mark(journal: Journal) -> Mapping[str, Any]:
    mark = _read(journal.home / _NAME)
    if not mark:
        return mark
    if settings.get(journal, _SETTING) != mark["journal_id"]:
        raise JournalLost(f"the write-back's journal was replaced or lost: what was written before is not known. {_ADVICE}")
    noted = attempt_log.Head(**mark.get("log", {}))
    with journal.read() as connection:
        link = connection.execute(select(ATTEMPT_LOG.c.link).where(ATTEMPT_LOG.c.seq == noted.seq)).scalar()
        last = attempt_log.head(connection)
    if noted.seq and link != noted.link:
        raise JournalLost(f"the journal is an old copy: it knows {last.seq} sends and answers, {noted.seq} were noted. {_ADVICE}")
    return mark


def _check_crm(journal: Journal, crm: Crm, agreement: Agreement) -> None:
    for object_, field in _synced_fields(agreement):
        newest = crm.newest(object_, field) if crm.reaches(object_) else None
        moment = _moment(newest.value) if newest else None
        if newest is None or moment is None:
            continue
        known = settings.get(journal, f"{_SYNCED_UNTIL}{object_}")
        if known is None or from_stamp(known).replace(microsecond=0) < moment:
            knows = f"syncs until {known}" if known else "no sync at all"
            raise JournalLost(
                f"{object_} {newest.record_id} was synced at {moment:%Y-%m-%d %H:%M:%S} UTC by {newest.by or 'an unknown user'}, "
                f"this journal knows {knows}: it is an old copy or was lost, or another installation writes to this organisation. {_ADVICE}"
            )


def _synced_fields(agreement: Agreement) -> list[tuple[str, str]]:
    return [(mapping.object, mapping.field) for mapping in agreement.crm.fields if mapping.value.endswith(".synced_at")]


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def _read(path: Path) -> dict[str, Any]:
    try:
        mark: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise JournalLost(f"{_NAME} is damaged. {_ADVICE}") from error
    return mark
