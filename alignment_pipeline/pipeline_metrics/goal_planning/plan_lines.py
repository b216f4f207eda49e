"""`plan_lines` and `plan_sensitivities`: from the target back to deals, MQAs, people and contacts, with dates and chances.

Belongs here: the lines. Formulas: `arithmetic.py`; numbers they begin with: `plan_inputs.py`; rates and their draws: `plan_rates.py`.
Nothing here sets a goal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from alignment_pipeline.agreement.fiscal import Fiscal, FiscalPeriod
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.contracts.goal_planning import PLAN_LINES, PLAN_SENSITIVITIES
from alignment_pipeline.pipeline_metrics import deals
from alignment_pipeline.pipeline_metrics.goal_planning import arithmetic, plan_inputs, plan_rates
from alignment_pipeline.pipeline_metrics.goal_planning.arithmetic import whole
from alignment_pipeline.pipeline_metrics.goal_planning.plan_inputs import Inputs, MqaInputs
from alignment_pipeline.pipeline_metrics.goal_planning.plan_rates import Rates
from alignment_pipeline.pipeline_metrics.measures import WHOLE
from alignment_pipeline.wording import forms

PLANNED, MET, UNKNOWN, UNREACHABLE = "planned", "met", "cannot be planned", "not reachable by this path"
OVER, LATE = "over capacity", "too late to start"
LINES = ("bookings", "deals", "marketing_deals", "sqas", "mqas", "engaged_people", "contacts", "capacity")
CONTACT_YIELDS = "contact_yields: best marginal rate, if contacts were the only path"


def plan_tables(
    opportunity_states: ibis.Table,
    pipeline_metrics: ibis.Table,
    account_mqa_changes: ibis.Table,
    account_stage_changes: ibis.Table,
    contact_yields: ibis.Table,
    users: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    *,
    fiscal: Fiscal,
    pipeline: Pipeline,
    as_of: datetime,
    agreement_version: str,
    day: date | None = None,
) -> tuple[ibis.Table, ibis.Table]:
    """The plan of the period that holds the day, for each scope with a target of its own."""
    today = day or fiscal.day_of(as_of)
    period = fiscal.period_of(today)
    parted = deals.with_parts(opportunity_states, users, accounts, account_tiers)
    inputs = plan_inputs.inputs_of(parted, pipeline_metrics, today, fiscal=fiscal, pipeline=pipeline)
    until = min(fiscal.end_of(today), as_of)
    mqas = plan_inputs.mqas_of(account_mqa_changes, opportunity_states, until, pipeline=pipeline)
    sqas = plan_inputs.sqas_of(account_stage_changes, opportunity_states, until, pipeline=pipeline)
    marginal = plan_inputs.marginal_rate(contact_yields)
    lines: list[dict[str, Any]] = []
    bars: list[dict[str, Any]] = []
    for target in (one for one in pipeline.targets if one.period == period.name):
        plan = _Plan(inputs.get(target.scope, Inputs(target.scope)), inputs[WHOLE], target.amount * 100, period, today, pipeline)
        plan.write(mqas, sqas, marginal)
        lines += plan.lines
        bars += plan.bars
    stamp = {"period": period.name, "as_of": as_of, "agreement_version": agreement_version}
    return (
        ibis.memtable(pa.Table.from_pylist([line | stamp for line in lines], schema=PLAN_LINES.schema)),
        ibis.memtable(pa.Table.from_pylist([bar | stamp for bar in bars], schema=PLAN_SENSITIVITIES.schema)),
    )


class _Plan:
    """Lines of one scope."""

    def __init__(self, own: Inputs, parent: Inputs, target: float, period: FiscalPeriod, today: date, pipeline: Pipeline) -> None:
        self.own, self.parent, self.target = own, parent, target
        self.period, self.today, self.pipeline = period, today, pipeline
        self.lines: list[dict[str, Any]] = []
        self.bars: list[dict[str, Any]] = []
        self.lags = plan_rates.lags_of(own, parent, pipeline)

    def write(self, mqas: MqaInputs, sqas: MqaInputs, marginal: tuple[float | None, int]) -> None:
        """All lines; those that follow from deals only where deals can be planned."""
        conv = self.own.conversion if self.own.conversion is not None else self.parent.conversion
        expected = self.own.open * (conv or 0.0)
        need = self.target - self.own.bookings - expected
        note = None if conv is not None else "no history says what open pipeline converts to: it counts for nothing here"
        self._line(
            "bookings",
            self.target / 100,
            (self.own.bookings + expected) / 100,
            max(0.0, need) / 100,
            rate=conv,
            note=note,
            rate_source="conversion of open pipeline from this business day",
            state=PLANNED if need > 0 else MET,
        )
        rates = plan_rates.rates_of(self.own, self.parent, self.today, self.period, self.pipeline)
        if rates is None:
            cases = int(self.own.wins.cases)
            self._line("deals", None, None, None, n=cases, state=UNKNOWN, note=f"{cases} deals are too few, and so are the whole's")
            return
        needed = arithmetic.deals_needed(need, **rates.base)
        self._deals(needed, need, rates)
        if needed is None:
            return
        self._sensitivities(rates, need)
        self._chain(whole(needed) or 0, mqas, sqas, marginal)

    def _deals(self, needed: float | None, need: float, rates: Rates) -> None:
        n = int(self.own.wins.cases)
        worth = rates.amount_draws * rates.win_draws * rates.in_time_draws
        source = (
            "won within the agreement's days of those created, shrunk to the whole"
            if self.own.scope != WHOLE
            else "won within the agreement's days"
        )
        if needed is None:
            state = "no deal created now is won before the period ends" if not rates.in_time else "no deal was won"
            self._line("deals", None, None, None, rate=rates.win, n=n, state=UNREACHABLE, note=state, rate_source=source)
            return
        count = whole(needed) or 0
        with np.errstate(divide="ignore"):
            low, middle, high = arithmetic.percentiles(np.minimum(max(need, 0.0) / np.maximum(worth, 1e-9), 1e9))
        lower, upper = plan_rates.interval(rates.win_draws)
        later = 1 - rates.in_time
        later_deals = forms.plural(round(count * rates.win * later), "deal", "deals")
        falls = f"{rates.in_time:.0%} of their wins fall into the period, {later:.0%} ({later_deals}) into later ones"
        self._line(
            "deals",
            needed,
            0.0,
            float(count),
            rate=rates.win,
            n=n,
            lower=lower,
            upper=upper,
            rate_source=source,
            start_by=self._start_by(self.lags),
            p10=low,
            p50=middle,
            p90=high,
            chance=float((worth * count >= need).mean()),
            state=PLANNED if count else MET,
            note=falls,
        )

    def _start_by(self, *lags: Sequence[float]) -> date | None:
        """The period's end less the days within which 80 % of each lag are over."""
        days = 0.0
        for one in lags:
            if not one:
                return None
            days += float(np.percentile(np.asarray(one), 80, method="inverted_cdf"))
        return self.period.last - timedelta(days=int(-(-days // 1)))

    def _chain(self, count: int, mqas: MqaInputs, sqas: MqaInputs, marginal: tuple[float | None, int]) -> None:
        """From deals to marketing's part of them, accepted accounts, MQAs, people, contacts, and what reps can work."""
        terms = self.pipeline.planner
        part = count * terms.marketing_share_pct / 100
        begin = self._start_by(self.lags)
        self._line(
            "marketing_deals",
            part,
            0.0,
            float(whole(part) or 0),
            rate=terms.marketing_share_pct / 100,
            rate_source="agreement",
            start_by=begin,
        )
        if sqas.waits:
            self._accounts("sqas", "accounts that sales accepted", part, sqas)
        to_create = self._accounts("mqas", "MQAs", part, mqas)
        if to_create is not None:
            self._work(to_create, part / (mqas.rate.value or 1.0), self._start_by(self.lags, mqas.lags))
        yield_, accounts = marginal
        if yield_ is None:
            self._line(
                "contacts", None, None, None, n=accounts, state=UNKNOWN, note="no class of accounts shows what a further contact brings"
            )
        else:
            needed = part / (yield_ / 100)
            self._line(
                "contacts",
                needed,
                None,
                float(whole(needed) or 0),
                rate=yield_ / 100,
                n=accounts,
                rate_source=CONTACT_YIELDS,
                start_by=begin,
            )

    def _accounts(self, line: str, name: str, part: float, given: MqaInputs) -> float | None:
        """A line of accounts of which a measured share becomes deals; returns how many are to be created."""
        terms, rate = self.pipeline.planner, given.rate
        if rate.value is None or rate.n < self.pipeline.min_n:
            note = f"{rate.n} {name} are too few to say how many become deals"
            self._line(line, None, float(given.in_hand), None, n=rate.n, state=UNKNOWN, note=note)
            return None
        if not rate.value:
            note = f"none of the {rate.n} {name} became a deal"
            self._line(line, None, float(given.in_hand), None, rate=0.0, n=rate.n, state=UNREACHABLE, note=note)
            return None
        needed = part / rate.value
        in_hand = given.in_hand if self.own.scope == WHOLE else 0
        to_create = max(0.0, needed - in_hand)
        self._line(
            line,
            needed,
            float(in_hand),
            float(whole(to_create) or 0),
            rate=rate.value,
            n=rate.n,
            lower=rate.lower,
            upper=rate.upper,
            rate_source=f"{name} that became deals within {terms.mqa_days} days (Aalen-Johansen)",
            start_by=self._start_by(self.lags, given.lags),
        )
        return to_create

    def _work(self, to_create: float, needed: float, begin: date | None) -> None:
        """People to engage for MQAs, and what reps can work."""
        terms = self.pipeline.planner
        people = to_create * terms.engaged_per_mqa
        self._line(
            "engaged_people",
            people,
            0.0,
            float(whole(people) or 0),
            rate=terms.engaged_per_mqa,
            rate_source="agreement",
            start_by=begin,
        )
        weeks = plan_inputs.weeks_left(self.today, self.period)
        if terms.reps and weeks:
            limit, weekly = terms.reps * terms.mqas_per_rep_and_week, needed / weeks
            state = OVER if weekly > limit else PLANNED
            self._line(
                "capacity",
                weekly,
                limit,
                max(0.0, weekly - limit),
                state=state,
                rate=terms.mqas_per_rep_and_week,
                rate_source="agreement",
                note=f"MQAs a week against what {terms.reps} reps can work",
            )

    def _sensitivities(self, rates: Rates, need: float) -> None:
        draws = {"amount": rates.amount_draws, "win_rate": rates.win_draws, "in_time": rates.in_time_draws}
        ways: dict[str, dict[str, tuple[float, float]]] = {
            "ten_percent": {name: (0.9 * value, 1.1 * value) for name, value in rates.base.items()},
            "interval": {name: plan_rates.interval(values) for name, values in draws.items()},
        }
        for variation, ends in ways.items():
            for name, at_low, at_high in arithmetic.tornado(rates.base, ends, need):
                width = None if at_low is None or at_high is None else abs(at_low - at_high)
                low, high = ends[name]
                self.bars.append(
                    {
                        "scope": self.own.scope,
                        "rate_name": name,
                        "variation": variation,
                        "low": low,
                        "high": high,
                        "deals_at_low": at_low,
                        "deals_at_high": at_high,
                        "width": width,
                    }
                )

    def _line(
        self, line: str, needed: float | None, in_hand: float | None, to_create: float | None, *, start_by: date | None = None, **more: Any
    ) -> None:
        usual: dict[str, Any] = dict.fromkeys(("rate", "lower", "upper", "rate_source", "p10", "p50", "p90", "chance", "note"))
        row = {
            "scope": self.own.scope,
            "line": line,
            "place": LINES.index(line),
            "needed": needed,
            "in_hand": in_hand,
            "to_create": to_create,
        }
        is_late = start_by is not None and start_by < self.today and bool(to_create)
        self.lines.append(
            usual | row | {"start_by_on": start_by, "n": 0} | more | {"state": LATE if is_late else more.get("state", PLANNED)}
        )
