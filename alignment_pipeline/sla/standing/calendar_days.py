"""Calendar days: how long each calendar was open on each day, in each zone that a clock was read in, so that anybody can check a due time.

Belongs here: the table. Hours, holidays and zones: `sla/calendars.py`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.contracts.moments import DAY, MINUTE
from alignment_pipeline.contracts.sla import CALENDAR_DAYS
from alignment_pipeline.sla.arrays import fetch
from alignment_pipeline.sla.calendars import Calendars

AHEAD = timedelta(days=60)


def calendar_days(sla_clocks: ibis.Table, business_hours: ibis.Table, crm_holidays: ibis.Table, *, sla: Sla, as_of: datetime) -> ibis.Table:
    """One row per calendar, zone and UTC day, from the reporting weeks on to 60 days ahead, without anybody's leave.

    The zones are those of the clocks; each calendar that a policy or commitment uses stands in its own zone too.
    """
    calendars = Calendars.of(business_hours, crm_holidays, sla=sla, first=as_of - timedelta(weeks=sla.reporting_weeks), last=as_of + AHEAD)
    read = sla_clocks.filter(sla_clocks.calendar.notnull() & sla_clocks.time_zone.notnull()).select("calendar", "time_zone").distinct()
    known = {calendar.name for calendar in sla.calendars}
    pairs = {(row["calendar"], row["time_zone"]) for row in fetch(read, "calendar", "time_zone").to_pylist() if row["calendar"] in known}
    used = {policy.calendar for policy in sla.policies if policy.is_enabled and policy.calendar}
    used |= {commitment.calendar for commitment in sla.commitments if commitment.calendar}
    pairs |= {(name, calendars.base_zone(name)) for name in used}
    return _days(calendars, sorted(pairs))


def _days(calendars: Calendars, pairs: list[tuple[str, str]]) -> ibis.Table:
    rows: dict[str, list[object]] = {name: [] for name in CALENDAR_DAYS.names}
    first, last = calendars.first.date(), calendars.last.date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    bounds = np.array([(day - date(1970, 1, 1)).days * DAY for day in [*days, last + timedelta(days=1)]], dtype=np.int64)
    for name, zone in pairs:
        consumed = calendars.open_time(name, zone).consumed(bounds)
        consumed = consumed - consumed[0]
        rows["calendar"] += [name] * len(days)
        rows["time_zone"] += [zone] * len(days)
        rows["day_on"] += days
        rows["open_minutes"] += (np.diff(consumed) / MINUTE).tolist()
        rows["cumulative_minutes"] += (consumed[:-1] / MINUTE).tolist()
    return ibis.memtable(pa.table(rows, schema=CALENDAR_DAYS.schema))
