"""How far forecasts were from what came: bias, WAPE, MASE, MAPE.

Belongs here: the arithmetic. Which forecasts there were: `forecast_accuracy.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Accuracy:
    """Shares of the actual; None where there is nothing to divide by. MASE below 1 beats taking the last period's actual."""

    bias: float | None
    wape: float | None
    mase: float | None
    mape: float | None


def accuracy(forecasts: Sequence[float], actuals: Sequence[float], *, before: float | None = None) -> Accuracy:
    """Accuracy over periods in their order; `before` is the actual of the period before the first."""
    errors = [forecast - actual for forecast, actual in zip(forecasts, actuals, strict=True)]
    total = sum(actuals)
    last = [before, *actuals][: len(actuals)]
    steps = [abs(actual - previous) for actual, previous in zip(actuals, last, strict=True) if previous is not None]
    naive = sum(steps) / len(steps) if steps else 0.0
    relative = [abs(error) / actual for error, actual in zip(errors, actuals, strict=True) if actual > 0]
    return Accuracy(
        bias=sum(errors) / total if total else None,
        wape=sum(abs(error) for error in errors) / total if total else None,
        mase=sum(abs(error) for error in errors) / len(errors) / naive if errors and naive else None,
        mape=sum(relative) / len(relative) if relative else None,
    )
