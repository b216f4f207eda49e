"""Assets of the write-back: a plan that is judged and shown, its sending inside a standing approval, and what came of it."""

from datetime import timedelta

import dagster as dg

from alignment_pipeline.defs import summaries
from alignment_pipeline.defs.bases import Bases
from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.defs.retrying import recoverable
from alignment_pipeline.defs.specs import table
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.line.run import maker
from alignment_pipeline.operations import write_back
from alignment_pipeline.write_back.records import results


@dg.asset(**table("run_measures", deps=[one.table for one in maker("run_measures").inputs]))
def run_measures(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    with run.home.journal() as journal:
        if Bases(run).plan_news(journal) is None:
            return run.materialized(run.warehouse.append("run_measures", []), unchanged="no plan is made that these would be measures of")
    walk = run.walk()
    walk.evaluate(maker("run_measures"), run_id=run.run_id)
    rows = walk.tables["run_measures"]
    shown = {row["measure"].replace(":", "_"): row["value"] for row in rows.to_pylist()}
    return run.materialized(run.warehouse.append("run_measures", rows), **shown)


@dg.asset(**table("write_plans", deps=[*write_back.PLAN_INPUTS, *write_back.NAMED, "run_measures", "extractions"]))
def write_plans(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    if write_back.is_past(run.as_of, run.home.clock.now()):
        with run.home.journal() as journal:
            rows = write_back.plan_rows(journal)
        return run.publish("write_plans", rows, note="decided as of the past: no plan is made, the CRM gets no values of the past")
    bases = Bases(run)
    with recoverable(), run.home.journal() as journal:
        news = bases.plan_news(journal)
        if news is None:
            return bases.stands("write_plans")
        crm = write_back.open_crm(run.home, may_write=False)
        planned = write_back.make_plan(
            run.home,
            run.tables(*write_back.PLAN_INPUTS),
            run.read("run_measures"),
            run.read("extractions"),
            agreement=run.agreement,
            journal=journal,
            crm=crm,
            as_of=run.as_of,
            run_id=run.run_id,
            names=write_back.record_names(run.tables(*write_back.NAMED)),
            reactions=crm.reactions,
        )
        result = run.publish(
            "write_plans",
            write_back.plan_rows(journal),
            planned_because=news,
            plan_hash=planned.plan.plan_hash,
            plan_state=planned.state,
            verdict=planned.judgement.verdict.value,
            guard=planned.judgement.reasons(),
            counts=planned.plan.counts(),
            preview=dg.MetadataValue.path(str(planned.page)),
            api_calls=crm.calls(),
        )
        bases.sign_plans(journal)
    return result


@dg.asset(
    key="crm_writes",
    deps=["write_plans"],
    group_name="write_back",
    owners=["team:revenue-operations"],
    kinds={"salesforce", "marketo"},
    pool="crm_write",
    description="What was sent to the CRM: the last plan, when a person approved it or a signed standing approval covers it, and "
    "nothing otherwise. No run configuration widens that; who launches this can do no more than the schedule.",
    freshness_policy=table("write_results", deps=[])["freshness_policy"],
)
def crm_writes(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    plan = write_back.latest_plan(run.read("write_plans"))
    if plan is None or not plan["operations"]:
        with run.home.journal() as journal:
            before = _sent(journal)
        note = "nothing to write: the CRM says what it should"
        return dg.MaterializeResult(metadata={"note": note, "records_written": 0, **before})
    with recoverable(), run.home.journal() as journal:
        crm = write_back.open_crm(run.home)
        done = write_back.apply_standing(run.home, plan["plan_hash"], agreement=run.agreement, journal=journal, crm=crm)
        if isinstance(done, str):
            return dg.MaterializeResult(metadata={"note": done, "records_written": 0, "plan_hash": plan["plan_hash"], **_sent(journal)})
        if done.error is not None:
            raise done.error
        return dg.MaterializeResult(metadata={**done.to_json(), **_sent(journal)})


def _sent(journal: Journal) -> dict[str, dg.MetadataValue]:
    """What was sent last, by whoever approved it, as a table."""
    rows = write_back.sent(journal)
    if not rows:
        return {}
    shown = [(row["object"], row["state"], row["operations"], row["latest"]) for row in rows]
    table_of = summaries.markdown(["object", "outcome", "operations", "latest"], shown)
    return {"last_written": dg.MetadataValue.md(f"Plan {rows[0]['plan_hash'][:12]}\n\n{table_of}")}


@dg.asset(**table("write_results", deps=["crm_writes"]))
def write_results(context: dg.AssetExecutionContext, line: LineResource) -> dg.MaterializeResult:
    run = line.open(context)
    keep_from = run.home.clock.now() - timedelta(days=run.agreement.retention.undo_days)
    with run.home.journal() as journal:
        rows = results.updated(journal, run.read("write_results"), keep_from=keep_from)
        return run.publish("write_results", rows)
