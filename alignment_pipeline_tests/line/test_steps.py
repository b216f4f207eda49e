"""The line is said once: its rows are true to the rules they call, and nothing calls a rule around them."""

from __future__ import annotations

import ast
import inspect
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

import ibis
import pytest
from ibis.common.exceptions import IbisError

import alignment_pipeline
from alignment_pipeline.agreement import loader
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.fast_lane import decisions as lane
from alignment_pipeline.line import calls, run, steps
from alignment_pipeline.line.step import Asks, Kind, Read, Step, Version
from alignment_pipeline.line.steps import LINE, STEPS

PACKAGE = Path(alignment_pipeline.__file__).parent
MADE_ELSEWHERE = {"extractions", "refused_rows"}
AGREEMENT = loader.load(loader.default_path())
AS_OF = datetime(2026, 11, 21, 8, tzinfo=UTC)
by_name = pytest.mark.parametrize("step", LINE, ids=lambda step: step.name)


def rule_functions() -> set[tuple[str, str]]:
    """(module, function) of every function of a rule package that a row or its call refers to."""
    found = set()
    for module in (steps, calls):
        tree = ast.parse(inspect.getsource(module))
        for node in ast.walk(tree):
            owner = getattr(module, node.value.id, None) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else None
            if isinstance(owner, ModuleType) and owner is not calls and inspect.isfunction(getattr(owner, node.attr, None)):
                found.add((owner.__name__, node.attr))
            if isinstance(node, ast.Name) and inspect.isfunction(called := getattr(module, node.id, None)):
                found.add((called.__module__, called.__name__))
    return {(module, name) for module, name in found if module.split(".")[1] in RULES}


RULES = ("pipeline_metrics", "staging", "identity", "matching", "scoring", "lifecycle", "sla", "field_updates", "reporting")


def references(path: Path) -> set[tuple[str, str]]:
    """(module, name) of everything that a file takes from another module by its name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules: dict[str, str] = {}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                found.add((node.module, alias.name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found.add((modules[node.value.id], node.attr))
    return found


def test_no_rule_is_called_around_the_line() -> None:
    rules = rule_functions()
    assert len(rules) > 50
    around = {}
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE).parts[0]
        if inside == "line" or inside in RULES:
            continue
        if called := references(path) & rules:
            around[str(path.relative_to(PACKAGE))] = sorted(called)

    assert {} == around


def test_what_finds_a_call_around_the_line_finds_one(tmp_path: Path) -> None:
    path = tmp_path / "around.py"
    path.write_text("from alignment_pipeline.scoring import account_tiers as tiers\nrows = tiers.account_tiers(1, 2)\n", encoding="utf-8")

    assert ("alignment_pipeline.scoring.account_tiers", "account_tiers") in references(path) & rule_functions()


@by_name
def test_a_row_reads_what_earlier_rows_make_or_what_is_read_from_outside(step: Step) -> None:
    earlier = {name for one in LINE[: LINE.index(step)] for name in one.makes}
    for one in step.inputs:
        is_raw = one.table.startswith("raw_")
        assert one.table in CONTRACTS or not run.maker(one.table).is_published if one.table != run.TARGET_LIST else True
        assert one.version in (Version.DECIDED, Version.BEFORE) or is_raw
        if one.version is Version.DECIDED and not is_raw:
            assert one.table in earlier | MADE_ELSEWHERE | {run.TARGET_LIST}, one.table


@by_name
def test_a_row_names_the_arguments_of_its_rule(step: Step) -> None:
    parameters = inspect.signature(step.rule).parameters
    is_open = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    given = {*step.named, *step.takes}
    required = {
        name for name, one in parameters.items() if one.kind is inspect.Parameter.KEYWORD_ONLY and one.default is inspect.Parameter.empty
    } - {"run_id"}
    assert is_open or given <= set(parameters)
    assert required <= given | {"as_of", "agreement_version"}
    assert is_open or ("as_of" in parameters) == (step.asks is not Asks.NOTHING)


@by_name
def test_a_row_takes_parts_that_the_agreement_has(step: Step) -> None:
    for place in step.takes.values():
        assert place == "*" or attrgetter(place)(AGREEMENT) is not None


def test_every_published_table_has_a_contract_and_one_maker() -> None:
    made = [name for step in LINE if step.is_published for name in step.makes]
    assert len(made) == len(set(made))
    assert set(made) <= set(CONTRACTS)


def test_steps_that_make_a_value_are_no_assets() -> None:
    assert {"account_index", "matching_settings", "title_readings", "sla_sources"} <= {
        name for step in STEPS if not step.is_published for name in step.makes
    }


def test_needed_steps_stop_at_what_is_given() -> None:
    given = ("activities", "people", "person_records", "person_accounts", "accounts")
    names = [step.name for step in run.needed(("person_scores",), given=given)]

    assert names[-2:] == ["person_engagement_factors", "person_scores"]
    assert "activities" not in names and "lead_account_matches" not in names


def test_the_fast_lane_says_which_tables_it_takes_as_published() -> None:
    walked = {name for step in lane.steps() for name in step.makes}
    outside = set(run.outside(lane.steps()))
    taken = {*lane.WHOLE, *lane.OF_ACCOUNTS, *lane.OF_DEALS, *lane.LEFT, "account_index"}

    assert {name for name in outside if not name.startswith("raw_")} <= taken
    assert walked.isdisjoint(taken)
    assert {"match_labels", "match_rule_precisions", "lead_account_matches", "person_stage_changes"} <= walked


@pytest.mark.parametrize("step", [one for one in STEPS if one.kind is Kind.EXPRESSION], ids=lambda step: step.name)
def test_an_expression_reads_no_row_while_it_is_built(step: Step) -> None:
    """Its tables here are bound to no engine, so that a query over them fails. The fast lane keeps what such a row gave for other rows."""
    step.call(unbound, agreement=AGREEMENT, as_of=AS_OF)


def test_a_fold_that_calls_itself_an_expression_is_found() -> None:
    (fold,) = run.needed(("person_slas",), given=("sla_clocks",))

    with pytest.raises(IbisError):
        fold.call(unbound, agreement=AGREEMENT, as_of=AS_OF)


def unbound(one: Read) -> Any:
    """A table of its contract that belongs to no engine; a value that other rows make, over such tables."""
    if one.table in CONTRACTS:
        return ibis.table(CONTRACTS[one.table].empty().schema, name=one.table)
    if one.table == run.TARGET_LIST:
        return None
    maker = run.maker(one.table)
    if maker.kind is Kind.EXPRESSION:
        return maker.call(unbound, agreement=AGREEMENT, as_of=AS_OF)[one.table]
    made = maker.call(lambda other: ibis.memtable(CONTRACTS[other.table].empty()), agreement=AGREEMENT, as_of=AS_OF)[one.table]
    return ibis.table(made.schema(), name=one.table) if isinstance(made, ibis.Table) else made
