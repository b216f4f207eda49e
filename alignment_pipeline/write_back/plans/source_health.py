"""The health of the sources a plan was made from: rows against their history, age, match rate.

Belongs here: the checks and the values they need. Who measures them: the wiring, from extraction's results.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alignment_pipeline.agreement.write_back import Sources
from alignment_pipeline.write_back.plans.judgement import Check, Verdict

#: What lifts a block of this kind.
_ADVICE = "If that is right, `alignment accept-sources` makes it the new normal"


@dataclass(frozen=True)
class SourceHealth:
    """One source: its rows now and in the last applied runs (oldest first), or one stream: its age and how often it is refreshed."""

    stream: str
    rows: int | None
    history: Sequence[int] = ()
    age_seconds: float | None = None
    cadence_seconds: float | None = None


def source_checks(sources: Sequence[SourceHealth], match_rates: Sequence[float], limits: Sources) -> Iterable[Check]:
    """One check per source and measure."""
    for source in sources:
        if source.rows is not None:
            yield _rows(source, source.rows, limits)
        if source.age_seconds is not None and source.cadence_seconds:
            yield _age(source, source.age_seconds / source.cadence_seconds, limits)
    leads = next((source.rows for source in sources if source.stream == "leads"), None)
    if len(match_rates) >= 2 and (leads is None or leads >= limits.smallest_leads):
        yield _match_rate(match_rates, limits)


def _rows(source: SourceHealth, now: int, limits: Sources) -> Check:
    past = [rows for rows in source.history[-7:] if rows > 0]
    usual = statistics.median(past) if past else None
    if now == 0 and usual:
        return Check(
            "source_rows", source.stream, Verdict.BLOCKED, f"{source.stream} is empty; it usually has {usual:,.0f} rows. {_ADVICE}", 0
        )
    drop = 100 * (usual - now) / usual if usual else 0.0
    is_judged = usual is not None and usual - now >= limits.smallest_drop
    verdict = _verdict(drop, limits.rows_approve_drop_pct, limits.rows_block_drop_pct) if is_judged else Verdict.OK
    usually = f", {max(drop, 0.0):.0f}% below the median of its last runs ({usual:,.0f})" if usual and drop > 0 else ""
    return Check(
        "source_rows",
        source.stream,
        verdict,
        f"{source.stream} has {now:,} rows{usually}.{'' if verdict == 'OK' else f' {_ADVICE}'}",
        round(drop, 2),
    )


def _age(source: SourceHealth, factor: float, limits: Sources) -> Check:
    verdict = _verdict(factor, limits.age_approve_factor, limits.age_block_factor)
    return Check(
        "source_age",
        source.stream,
        verdict,
        _age_text(source.stream, factor),
        round(factor, 2),
    )


def _age_text(stream: str, factor: float) -> str:
    if factor <= 1:
        return f"{stream} is up to date."
    return f"{stream} is {factor:.1f} times as old as it should be between two runs."


def _match_rate(match_rates: Sequence[float], limits: Sources) -> Check:
    usual = statistics.median(match_rates[-8:-1])
    fall = 100 * (usual - match_rates[-1])
    verdict = _verdict(fall, limits.match_rate_approve_points, limits.match_rate_block_points)
    text = f"{match_rates[-1]:.1%} of the leads are matched; the median of the last runs is {usual:.1%}."
    return Check("match_rate", "lead_account_matches", verdict, text, round(fall, 2))


def _verdict(value: float, approve: float, block: float) -> Verdict:
    return Verdict.BLOCKED if value > block else Verdict.NEEDS_APPROVAL if value > approve else Verdict.OK
