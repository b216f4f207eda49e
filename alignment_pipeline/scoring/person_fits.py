"""Fit of people: the title read, the criteria applied.

Belongs here: `person_fits`. Reading one title: `titles.py`. The arithmetic of criteria: `fit.py`.
"""

from __future__ import annotations

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.personas import Personas
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.moments import Moment
from alignment_pipeline.contracts.scoring import PERSON_FITS
from alignment_pipeline.contracts.shape import as_contract, step
from alignment_pipeline.scoring.fit import with_fit
from alignment_pipeline.scoring.titles import TitleReader

NO_TIER = "none"
_READINGS = pa.schema(
    [
        pa.field("read_title", pa.string()),
        pa.field("seniority", pa.string()),
        pa.field("function", pa.string()),
        pa.field("persona", pa.string()),
        pa.field("committee_role", pa.string()),
        pa.field("person_weight", pa.float64()),
    ]
)


def person_fits(
    people: ibis.Table,
    person_accounts: ibis.Table,
    account_tiers: ibis.Table,
    *,
    scoring: Scoring,
    as_of: Moment,
    agreement_version: str,
    readings: ibis.Table | None = None,
) -> ibis.Table:
    """One row per person of `people`. Titles are read once each, so a million people cost their distinct titles.

    `readings` is what `title_readings` gave for these people's titles, where the caller has kept it.
    """
    if readings is None:
        readings = title_readings(people.select("title").distinct(), personas=scoring.personas)
    joined = people.left_join(readings, people.title == readings.read_title)
    tiers = account_tiers.filter(account_tiers.tier.notnull()).select("account_id", account_tier=account_tiers.tier.cast("string"))
    tiered = person_accounts.inner_join(tiers, "account_id").select("account_tier", tiered_person_id="person_id")
    joined = joined.left_join(tiered, joined.person_id == tiered.tiered_person_id)
    # having no account on the target list is known, not a gap
    joined = joined.mutate(account_tier=joined.account_tier.fill_null(NO_TIER))
    said = {name: joined[name].nullif("") for name in ("seniority", "function", "persona", "committee_role")}
    joined = step(joined, person_weight=joined.person_weight.fill_null(scoring.personas.unknown_weight), **said)
    rows = with_fit(joined, scoring.fit.people, known_pct_at_least=scoring.fit.known_pct_at_least)
    return as_contract(rows, PERSON_FITS, as_of=as_of, agreement_version=agreement_version)


def title_readings(titles: ibis.Table, *, personas: Personas) -> ibis.Table:
    """One row per title: seniority, function, persona, committee role, weight. Empty text stands for null (Spark would read NaN)."""
    reader = TitleReader(personas)
    weights = {level.name: level.weight for level in personas.seniorities}
    labels = {level.name: level.label for level in personas.seniorities} | {f.name: f.label for f in personas.functions}
    rows = []
    for title in titles.to_pyarrow()["title"].to_pylist():
        if title is None:
            continue
        reading = reader.read(title)
        words = [labels[name] for name in (reading.seniority, reading.function) if name is not None]
        rows.append(
            {
                "read_title": title,
                "seniority": reading.seniority or "",
                "function": reading.function or "",
                "persona": ", ".join(words),
                "committee_role": committee_role(personas, reading.seniority, reading.function) or "",
                "person_weight": weights.get(reading.seniority or "", personas.unknown_weight),
            }
        )
    return ibis.memtable(pa.Table.from_pylist(rows, schema=_READINGS))


def committee_role(personas: Personas, seniority: str | None, function: str | None) -> str | None:
    """First seat of the buying committee that such a person takes."""
    for role in personas.committee:
        if (not role.seniorities or seniority in role.seniorities) and (not role.functions or function in role.functions):
            return role.name
    return None
