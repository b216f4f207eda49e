"""`alignment pack`: makes the pack of a week or quarter, keeps it in the home, and sends its digest.

Belongs here: reading tables and files, writing a pack once, finding kept ones. What a pack holds: `meeting/pack.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis

from alignment_pipeline.connectors.notify import messages, notifier, sinks
from alignment_pipeline.connectors.notify.messages import Message
from alignment_pipeline.connectors.notify.store import FileStore
from alignment_pipeline.errors import ConfigurationError, DataLoss
from alignment_pipeline.installation import agreements
from alignment_pipeline.installation.home import Home
from alignment_pipeline.line import run as line_run
from alignment_pipeline.line.run import Walk
from alignment_pipeline.meeting import digest, pack, page, periods
from alignment_pipeline.meeting.pack import Meeting, Pack
from alignment_pipeline.meeting.periods import Kind, Period
from alignment_pipeline.meeting.sections import quarter as quarter_section
from alignment_pipeline.operations import impact_reach, pack_files, previews, quarter_review
from alignment_pipeline.operations.notify import FOLDER as NOTIFICATIONS
from alignment_pipeline.operations.report import DEMO_MARK
from alignment_pipeline.warehouse.warehouse import Warehouse

FOLDER = "packs"
#: In the pack of a quarter: the goals that the plan asks for, as a patch of the agreement.
PATCH = "goals.yaml"
OUTBOX = "pack-outbox.jsonl"
NOTICE = "Demo data: companies are real, people are invented, and everything that happens between them is fictional."
_DATED = ("pipeline_movements", "pipeline_metrics")
# packs that a new one is compared with: those of the weeks on its lines
_MOST_EARLIER = 30


@dataclass(frozen=True)
class Kept:
    """A pack in the home."""

    folder: Path
    is_new: bool = False

    @property
    def pack_id(self) -> str:
        """Its id, the folder's name."""
        return self.folder.name

    @property
    def period(self) -> str:
        """The week or quarter it is about."""
        return self.folder.parent.name

    @property
    def page(self) -> Path:
        """The page."""
        return self.folder / "pack.html"

    @property
    def numbers(self) -> Path:
        """Its numbers."""
        return self.folder / "pack.json"

    @property
    def rows(self) -> Path:
        """The folder of the rows behind them."""
        return self.folder / "rows"

    def content(self) -> dict[str, Any]:
        """What pack.json holds. Raises DataLoss when it cannot be read."""
        try:
            return json.loads(self.numbers.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
        except (OSError, ValueError) as error:
            raise DataLoss(
                f"{self.numbers} cannot be read ({type(error).__name__}); move the folder away and make the pack again"
            ) from error


def kept(home: Home, period: str | None = None) -> list[Kept]:
    """Packs in the home, by the moment they are about, the newest last."""
    folders = (home.path / FOLDER).glob(f"{period or '*'}/*")
    listed = [one for one in map(Kept, folders) if one.numbers.is_file() and one.page.is_file()]
    return sorted(listed, key=lambda one: (one.content()["as_of"], one.pack_id))


def latest(home: Home) -> Kept | None:
    """The newest pack of a week; None when none was made."""
    weeks = [one for one in kept(home) if "-W" in one.period]
    return weeks[-1] if weeks else None


def period_of(home: Home, as_of: datetime, *, week: str | None = None, quarter: str | None = None, kind: Kind = "week") -> Period:
    """The period asked for by name, or the one that a meeting at that moment is about. Raises ConfigurationError for one to come."""
    fiscal = home.agreement.fiscal
    today = fiscal.day_of(as_of)
    named = week or quarter
    if named:
        chosen = periods.parse(named, fiscal)
    elif kind == "quarter":
        # in its first week a quarter has little to review yet
        chosen = periods.quarter_of(today - timedelta(days=7), fiscal)
    else:
        chosen = periods.meeting_week(today)
    if chosen.first > today:
        raise ConfigurationError(f"{chosen.name} begins on {chosen.first}; the last run decided as of {today}. Run `alignment run` first")
    return chosen


def decided_as_of(warehouse: Warehouse) -> datetime:
    """The moment of the last run. Raises ConfigurationError when nothing has been decided yet."""
    for name in ("person_outcomes", "pipeline_metrics", "account_scores"):
        if not warehouse.exists(name):
            raise ConfigurationError(f"the table {name} has not been made yet; start with `alignment run`")
    newest = warehouse.read("account_scores").as_of.max().to_pyarrow().as_py()
    if newest is None:
        raise ConfigurationError("the last run scored no account; there is nothing to show")
    return newest  # type: ignore[no-any-return]


def make(home: Home, warehouse: Warehouse, period: Period) -> Kept:
    """Make the pack of a period from the published tables and keep it. The same inputs give the same pack, which is never rewritten."""
    as_of = decided_as_of(warehouse)
    earlier = [one.content() for one in kept(home)][-_MOST_EARLIER:]
    # a pack of these very tables is no earlier one
    earlier = [one for one in earlier if one["as_of"] < as_of.isoformat()]
    given = Meeting(
        disputes=pack_files.disputes(home.path / pack_files.DISPUTES),
        actions=pack_files.actions(home.path / pack_files.ACTIONS),
        earlier=earlier,
        previews=previews.of(home, home.agreement.version),
        changed_keys=_changed_keys(home, earlier),
        review=quarter_review.review_of(home, warehouse, period, as_of) if period.kind == "quarter" else None,
    )
    organisations = warehouse.read("raw_salesforce_organizations").order_by(ibis.desc("known_at")).limit(1).to_pyarrow().to_pylist()
    new_pack = pack.pack_of(
        _tables(home, warehouse, period, as_of),
        agreement=home.agreement,
        period=period,
        as_of=as_of,
        given=given,
        organisation=(organisations[0]["Name"] or "") if organisations else "",
        notice=NOTICE if (home.path / DEMO_MARK).exists() else "",
    )
    return _keep(home, new_pack)


def send(home: Home, one: Kept) -> notifier.Delivery:
    """Send the digest to ALIGNMENT_NOTIFY_URLS, or as a file; each pack once per channel."""
    settings = home.agreement.sla.escalation.notifications.model_copy(update={"quiet_hours": None, "digest_minutes": 0})
    text = (one.folder / "pack.md").read_text(encoding="utf-8")
    subject, _, body = text.partition("\n")
    message = Message(
        key=f"pack:{one.period}:{one.pack_id}",
        title=f"Pack of {one.period}",
        subject=messages.safe_line(subject)[: messages.MAX_SUBJECT],
        body=messages.safe_text(body.strip())[: messages.MAX_BODY],
        recipients=(),
    )
    configured = sinks.sinks_of(home.environ.get(sinks.ENVIRONMENT_VARIABLE, ""), home.folder(NOTIFICATIONS))
    # an address per recipient is for people; the page goes to channels
    channels = [sink for sink in configured if not sink.is_personal]
    with FileStore(home.path / OUTBOX) as store:
        return notifier.deliver([message], channels, store, settings=settings, now=home.clock.now())


def _changed_keys(home: Home, earlier: list[dict[str, Any]]) -> list[str]:
    """The keys in which the agreement differs from that of the last pack, when that one is kept here."""
    last = earlier[-1]["agreement"]["version"] if earlier else home.agreement.version
    if last == home.agreement.version or not (home.path / agreements.FOLDER / f"{last}.json").is_file():
        return []
    return sorted(impact_reach.changed_keys(agreements.kept(home, last), home.agreement))


def _tables(home: Home, warehouse: Warehouse, period: Period, as_of: datetime) -> dict[str, ibis.Table]:
    """The tables of a pack; pipeline as of the period's last day, its bridge from the day before the period."""
    day = min(home.agreement.fiscal.day_of(as_of), period.last)
    walk = Walk(home.agreement, as_of, lambda one: warehouse.read(one.table), line_run.in_memory)
    since: date = period.first - timedelta(days=1)
    walk.evaluate(line_run.maker("pipeline_movements"), day=day, since=since)
    walk.evaluate(line_run.maker("pipeline_metrics"), day=day)
    names = (*pack.INPUTS, *quarter_section.INPUTS) if period.kind == "quarter" else pack.INPUTS
    return {name: walk.tables[name] if name in _DATED else warehouse.read(name) for name in names}


def _keep(home: Home, new_pack: Pack) -> Kept:
    """Write the folder aside and rename it; one that is there already stays as it is."""
    folder = home.folder(FOLDER) / new_pack.content["period"]["name"]
    folder.mkdir(exist_ok=True, mode=0o700)
    target = folder / new_pack.pack_id
    if target.exists():
        return Kept(target)
    aside = Path(tempfile.mkdtemp(prefix=".making-", dir=folder))
    try:
        (aside / "rows").mkdir(mode=0o700)
        files = {f"rows/{name}.csv": data for name, data in new_pack.files.items()}
        files |= {
            "pack.json": new_pack.json,
            "pack.html": page.render(new_pack.content).encode(),
            "pack.md": digest.text(new_pack.content).encode(),
        }
        if "review" in new_pack.content["sections"]:
            files[PATCH] = new_pack.content["sections"]["review"]["patch"].encode()
        for name, data in files.items():
            descriptor = os.open(aside / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
        aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Kept(target, is_new=True)
