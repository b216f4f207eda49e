"""Ordinary days with schedules on and no person: `make ten-days`, `make ten-days SMALL=1`, `STEPS=1` for a CRM that keeps the score as
a number.

A person approves the first fill and signs a standing approval. Every following day has the activity of the day two weeks before (the
generator's, re-dated), or none, and the daily job. Asked: nothing is refused, few records are written, and every score that a rep reads
by SOQL is the truth or within its step. `alignment_pipeline_tests/end_to_end/test_quiet_run.py` lives two such days of a small company.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from alignment_pipeline.agreement import loader
from alignment_pipeline.connectors.salesforce import metadata_package, rest_query
from alignment_pipeline.defs.launch import launch
from alignment_pipeline.installation import salesforce
from alignment_pipeline.operations import write_back
from alignment_pipeline.sandbox.organisation.organisation import generate
from alignment_pipeline_tests.end_to_end.company import Company, company, environment

WRITTEN = ("Lead", "Contact", "Account")
SCORE = "Alignment_Engagement_Score__c"
SMALL = (300, 1_200, 18_000)
BEFORE = timedelta(days=14)
#: Shares of all records that may be written on a day: with activity, and without any.
MOST_ON_A_DAY, MOST_WITHOUT_NEWS, MOST_WITHOUT_NEWS_BY_STEPS = 0.10, 0.02, 0.12
#: Percent of one object's records that the signed approval lets a day change: of the accounts, 12 % on a working day.
MOST_SHARE = 20


@dataclass(frozen=True)
class Day:
    """What came of one day."""

    day: str
    activities: int
    records: int
    written: int
    note: str
    fields: Counter[str]
    wrong_scores: int
    stale_scores: int
    seconds: float
    processor: float
    run_id: str = ""

    @property
    def share(self) -> float:
        """Part of all records that was written."""
        return self.written / self.records

    @property
    def is_refused(self) -> bool:
        """Whether the plan waits for a person."""
        return "nothing to write" not in self.note and self.note != ""


class Days:
    """A company that lives from day to day."""

    def __init__(self, acme: Company) -> None:
        self.company = acme
        self._anchor = acme.organisation.anchor.astimezone(UTC).date()
        self._activities: dict[str, list[Mapping[str, Any]]] = {}
        made = acme.organisation.marketo_activities
        for one in made() if callable(made) else made:
            self._activities.setdefault(str(one["activityDate"])[:10], []).append(one)

    def begin(self, *, most_records: int, most_creates: int = 200, most_cleared: int = 200) -> None:
        """A person approves the first plan and signs what schedules may write."""
        first = self.company.alignment("run", "--json")
        assert first.code in (0, 3), first.err
        applied = self.company.alignment("apply", json.loads(first.out)["plan"]["plan_hash"], "--json", "--by", "the founder")
        assert applied.code == 0, applied.err
        limits = ("--most-records", str(most_records), "--most-creates", str(most_creates), "--most-cleared", str(most_cleared))
        signed = self.company.alignment(
            "approve", "--standing", *limits, "--most-share", str(MOST_SHARE), "--days", "14", "--by", "the founder"
        )
        assert signed.code == 0, signed.err

    def live(self, *, has_news: bool = True, without: Sequence[str] = (), days: int = 1) -> Day:
        """The next day, or several at once: their activity, and the daily run at five in the morning after, less `without`."""
        world = self.company.world
        before = world.clock.now()
        morning = (before + timedelta(days=days)).replace(hour=5, minute=0, second=0, microsecond=0)
        world.advance((morning - before).total_seconds())
        past = [morning.date() - timedelta(days=ago) for ago in range(days, 0, -1)]
        arrived = [one for day in past for one in self._redated(day)] if has_news else []
        world.marketo.log.extend(arrived)
        seen, begun, cpu = len(world.audit), time.monotonic(), time.process_time()
        with environment(self.company.environ):
            outcome = launch("daily", home=self.company.home, without=without)
        assert outcome.is_success, outcome.failures
        writes = [write for write in world.audit.writes(after=seen, system="salesforce") if write.object in WRITTEN]
        written = {write.record_id for write in writes}
        fields = Counter(
            f"{write.object}.{name.removeprefix('Alignment_').removesuffix('__c')}" for write in writes for name in write.changes
        )
        wrong, stale = self.scores()
        return Day(
            day=morning.date().isoformat(),
            activities=len(arrived),
            records=sum(len(world.salesforce.tables[name]) for name in WRITTEN),
            written=len(written),
            note=self._waits(),
            fields=fields,
            wrong_scores=wrong,
            stale_scores=stale,
            seconds=time.monotonic() - begun,
            processor=time.process_time() - cpu,
            run_id=outcome.run_id,
        )

    def scores(self) -> tuple[int, int]:
        """Scores that a rep sees which differ from the truth by more than their step, and by more than a cent."""
        warehouse, session = self.company.home.warehouse(), salesforce.session(self.company.home)
        persons = dict(_pairs(warehouse.read("person_scores"), "person_id", "engagement_score"))
        truth = dict(_pairs(warehouse.read("account_scores"), "account_id", "engagement_score"))
        records = warehouse.read("person_records").select("record_id", "person_id", "object", "is_alive").to_pyarrow().to_pylist()
        truth |= {row["record_id"]: persons[row["person_id"]] for row in records if row["is_alive"] and row["person_id"] in persons}
        wrong = stale = 0
        for name in WRITTEN:
            query = f"SELECT Id, {SCORE} FROM {name} WHERE Alignment_Last_Synced__c != null"
            for row in rest_query.records(session, query, "scores"):
                shown, true = float(row[SCORE] or 0), float(truth.get(str(row["Id"])) or 0)
                stale += abs(shown - true) > 0.011
                wrong += abs(shown - true) > max(1.0, 0.1 * max(shown, true)) + 0.011
        return wrong, stale

    def _waits(self) -> str:
        """Why the newest plan waits for a person; empty when it was sent or holds nothing."""
        with self.company.home.journal() as journal:
            plans = write_back.plan_rows(journal).to_pylist()
        newest = plans[-1]
        done = newest["state"] == "DONE" or not newest["operations"]
        return "" if done else f"{newest['state']}: {newest['operations']} operations; {newest['reasons']}"

    def _redated(self, day: date) -> Iterator[dict[str, Any]]:
        """The activity of a day: that of the same weekday in the last two weeks before the company began."""
        back = timedelta(days=BEFORE.days * ((day - self._anchor).days // BEFORE.days + 1))
        for one in self._activities.get((day - back).isoformat(), []):
            moved = datetime.fromisoformat(str(one["activityDate"]).replace("Z", "+00:00")) + back
            kept = {name: value for name, value in one.items() if name not in ("id", "marketoGUID")}
            yield kept | {"activityDate": moved.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _pairs(table: Any, *names: str) -> list[tuple[Any, Any]]:
    return [tuple(row.values()) for row in table.select(*names).to_pyarrow().to_pylist()]


@contextmanager
def days(path: Path, *, accounts: int, people: int, activities: int, seed: int = 2026, is_by_steps: bool = False) -> Iterator[Days]:
    """A company of this size, before its first run; `is_by_steps`: its CRM keeps the score as a number, which is written by steps."""
    organisation, package = generate(seed=seed, accounts=accounts, people=people, activities=activities), None
    settings: dict[str, str] = {}
    if is_by_steps:
        package, agreement = path / "package", _by_steps(path)
        metadata_package.write(loader.load(agreement).crm, package)
        settings["ALIGNMENT_AGREEMENT"] = str(agreement)
    with company(organisation, path, package=package, **settings) as acme:
        yield Days(acme)


def _by_steps(folder: Path) -> Path:
    """The default agreement with the score in place of what the formula is computed from."""
    text = loader.default_path().read_text(encoding="utf-8")
    text = re.sub(r"    - \{[^}]*\.engagement_(points_at|half_life_days),[^}]*\}\n", "", text)
    text = text.replace("Alignment_Engagement_Points__c", SCORE).replace(".engagement_points,", ".engagement_score,")
    path = folder / "by_steps.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def main() -> int:
    """Ten days, the last of them without any activity."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=5_000)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--activities", type=int, default=300_000)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--small", action="store_true", help="300 accounts and 1,200 people")
    parser.add_argument("--steps", action="store_true", help="the CRM keeps the score as a number, which is written by steps")
    parser.add_argument("--fields", action="store_true", help="print which fields were written most")
    sizes = parser.parse_args()
    if sizes.small:
        sizes.accounts, sizes.people, sizes.activities = SMALL
    bad: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="ordinary-days-") as folder,
        days(Path(folder), accounts=sizes.accounts, people=sizes.people, activities=sizes.activities, is_by_steps=sizes.steps) as lived,
    ):
        share = MOST_WITHOUT_NEWS_BY_STEPS if sizes.steps else MOST_ON_A_DAY
        lived.begin(most_records=round(share * (sizes.accounts + sizes.people)))
        print("day          activities  written   share  scores beyond their step / a cent  processor")
        for number in range(1, sizes.days + 1):
            has_news = number < sizes.days
            one = lived.live(has_news=has_news)
            shown = f"{one.activities:10,}  {one.written:7,}  {one.share:6.2%}  {one.wrong_scores:8,} / {one.stale_scores:<6,}"
            print(f"{one.day}  {shown}  {one.processor:24.1f} s  {one.note}", flush=True)
            if sizes.fields:
                print(f"            {', '.join(f'{name} {number}' for name, number in one.fields.most_common(12))}", flush=True)
            without_news = MOST_WITHOUT_NEWS_BY_STEPS if sizes.steps else MOST_WITHOUT_NEWS
            most = max(MOST_ON_A_DAY, without_news if sizes.steps else 0) if has_news else without_news
            bad += [f"{one.day}: {one.share:.2%} of the records written, {most:.0%} asked"] if one.share > most else []
            bad += [f"{one.day}: {one.wrong_scores} scores beyond their step"] if one.wrong_scores else []
            bad += [f"{one.day}: {one.note}"] if one.is_refused else []
    for text in bad:
        print(text)
    print("held" if not bad else f"{len(bad)} not held")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
