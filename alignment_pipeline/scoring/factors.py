"""The largest factors of a score, as JSON for machines and as words for people.

Belongs here: ranking factors and writing them down. Their numbers: `engagement.py`.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.scoring import sentences

TOP = 5
SPOKEN = 3


def top_factors(factors: ibis.Table, key: str) -> ibis.Table:
    """One row per `key` (person_id or account_id): top_factors (JSON list), spoken (the first three in words).

    The words count activities and name no points, which are fewer every day: a sentence stays true while nothing happens.
    """
    order = ibis.window(group_by=factors[key], order_by=[ibis.desc(factors.contribution_micro.abs()), factors.factor])
    ranked = factors.mutate(rank=ibis.row_number().over(order))
    largest = ranked.filter(ranked.rank < TOP)
    item = (
        ibis.literal('{"factor": ')
        + sentences.json_text(largest.factor)
        + ibis.literal(', "micro": ')
        + largest.contribution_micro.cast("string")
        + ibis.literal(', "activities": ')
        + largest.activities.cast("string")
        + ibis.literal("}")
    )
    words = largest.factor + ibis.literal(" ") + sentences.times(largest.activities)
    is_said = (largest.rank < SPOKEN) & (largest.contribution_micro != 0)
    listed = largest.mutate(item=item, words=ibis.ifelse(is_said, words, ibis.null("string")))
    # one column per rank instead of an ordered list: Spark orders no aggregation
    ranks = range(TOP)
    by_rank = {
        f"{name}_{rank}": ibis.ifelse(listed.rank == rank, listed[name], ibis.null("string")).max()
        for name in ("item", "words")
        for rank in ranks
    }
    grouped = listed.group_by(key).aggregate(**by_rank)
    items = sentences.joined([grouped[f"item_{rank}"] for rank in ranks], ", ")
    spoken = sentences.joined([grouped[f"words_{rank}"] for rank in ranks], ", ")
    return grouped.select(key, top_factors=ibis.literal("[") + items + ibis.literal("]"), spoken=spoken)
