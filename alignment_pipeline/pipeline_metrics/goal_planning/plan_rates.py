"""Rates of a plan: amount, win rate and share won in time of one scope, drawn towards the whole where it is small, and their draws.

Belongs here: which rates a scope is planned with. Numbers they are made of: `plan_inputs.py`; lines made with them: `plan_lines.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from alignment_pipeline.agreement.fiscal import FiscalPeriod
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.pipeline_metrics.goal_planning import arithmetic
from alignment_pipeline.pipeline_metrics.goal_planning.arithmetic import Share
from alignment_pipeline.pipeline_metrics.goal_planning.plan_inputs import Inputs
from alignment_pipeline.pipeline_metrics.measures import WHOLE

_RESAMPLES = 400


@dataclass(frozen=True)
class Rates:
    """What deals are divided by, and what their draws are."""

    amount: float
    win: float
    in_time: float
    win_draws: np.ndarray
    amount_draws: np.ndarray
    in_time_draws: np.ndarray

    @property
    def base(self) -> dict[str, float]:
        """The rates by name."""
        return {"amount": self.amount, "win_rate": self.win, "in_time": self.in_time}


def rates_of(own: Inputs, parent: Inputs, today: date, period: FiscalPeriod, pipeline: Pipeline) -> Rates | None:
    """Own rates, drawn towards the whole's; None when neither has enough cases."""
    terms, enough, is_whole = pipeline.planner, pipeline.min_n, own.scope == WHOLE
    if (is_whole and own.wins.cases < enough) or (not is_whole and parent.wins.cases < enough and own.wins.cases < enough):
        return None
    weight = 0.0 if is_whole or not parent.wins.cases else terms.shrink_n
    mean = parent.wins.value or 0.0
    share = Share(own.wins.hits + weight * mean, own.wins.cases + weight)
    lags = lags_of(own, parent, pipeline)
    amounts = own.amounts if len(own.amounts) >= enough else parent.amounts
    in_time = arithmetic.share_in_time(lags, today, period.last)
    if not amounts or in_time is None:
        return None
    rng = np.random.default_rng(terms.seed)
    values = np.asarray(amounts)
    spread = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    resampled = np.array([_resampled(lags, today, period.last, rng) for _number in range(_RESAMPLES)])
    return Rates(
        amount=float(values.mean()),
        win=share.value or 0.0,
        in_time=in_time,
        win_draws=arithmetic.drawn_rates(share, terms.draws, rng),
        amount_draws=np.maximum(rng.normal(values.mean(), spread, terms.draws), 1.0),
        in_time_draws=rng.choice(resampled, terms.draws),
    )


def lags_of(own: Inputs, parent: Inputs, pipeline: Pipeline) -> Sequence[float]:
    """Days from creation to won: own ones, or the whole's where there are few."""
    return own.lags if len(own.lags) >= pipeline.min_n else parent.lags


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of draws."""
    low, high = np.percentile(draws, (2.5, 97.5))
    return float(low), float(high)


def _resampled(lags: Sequence[float], today: date, last: date, rng: np.random.Generator) -> float:
    return arithmetic.share_in_time(list(rng.choice(np.asarray(lags), len(lags))), today, last) or 0.0
