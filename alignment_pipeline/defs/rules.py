"""Assets of the rules: one for each row of the line, or for several that share a value.

Belongs here: making assets from `line/steps.py`. What an asset says of its tables beside their rows: `notes.py`; its schema, group and
checks: `line.py`, from the contracts.
"""

import os
from collections.abc import Iterator, Sequence

import dagster as dg

from alignment_pipeline.defs import lineage, notes
from alignment_pipeline.defs.bases import Bases
from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.defs.specs import tables
from alignment_pipeline.engines import choice
from alignment_pipeline.line import run as line_run
from alignment_pipeline.line.step import Step, published
from alignment_pipeline.line.steps import STEPS


@dg.definitions
def rules() -> dg.Definitions:
    """Every table that a rule makes."""
    groups: dict[str, list[Step]] = {}
    for step in STEPS:
        if step.is_published:
            groups.setdefault(step.asset_name, []).append(step)
    kinds = choice.kinds_of(os.environ)
    return dg.Definitions(assets=[_asset(name, steps, kinds) for name, steps in groups.items()])


def _asset(name: str, steps: Sequence[Step], kinds: frozenset[str]) -> dg.AssetsDefinition:
    makes = published(steps)
    others = set(published(STEPS)) - set(makes)
    needed = line_run.needed(makes, given=others)

    @dg.multi_asset(name=name, **tables(*makes, deps=line_run.outside(needed), engine=kinds))
    def rule(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
        run = line.open(context)
        bases = Bases(run)
        parts = bases.parts(needed)
        news = bases.news(parts, makes)
        if news is None:
            yield from (bases.stands(table, **lineage.of(table, run)) for table in makes)
            return
        # all are worked out before one is published: some read what the run before left
        by_name = run.walk().along(needed)
        said = {table: notes.of(table, by_name, run) | lineage.of(table, run) for table in makes}
        results = [run.publish(table, by_name[table], decided_because=news, **said[table]) for table in makes]
        if all(check.passed for result in results for check in result.check_results or ()):
            bases.sign(parts, needed, [run.published[table] for table in makes])
        run.engine.release()
        yield from results

    return rule
