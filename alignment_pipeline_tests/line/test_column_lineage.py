"""The columns that a column is made from, derived from the rules' expressions."""

from __future__ import annotations

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.line.column_lineage import Lineage, column_lineage
from alignment_pipeline.line.run import maker
from alignment_pipeline.line.step import Kind
from alignment_pipeline.line.steps import STEPS


@pytest.fixture(scope="module")
def derived() -> dict[str, Lineage]:
    agreement = loader.load(loader.default_path())
    return {table: lineage for step in STEPS for table, lineage in column_lineage(step, agreement).items()}


def test_a_column_comes_from_the_columns_that_its_expression_reads(derived: dict[str, Lineage]) -> None:
    assert {("raw_salesforce_contacts", "Email")} == derived["contacts"]["email"]
    assert ("raw_salesforce_opportunities", "Amount") in derived["opportunities"]["amount_usd"]


def test_every_column_that_is_named_exists(derived: dict[str, Lineage]) -> None:
    for table, lineage in derived.items():
        assert set(CONTRACTS[table].names) <= set(lineage), table
        for column, sources in lineage.items():
            assert [] == [one for one in sources if one[1] not in CONTRACTS[one[0]].names], (table, column)


def test_sources_are_tables_that_the_rule_reads(derived: dict[str, Lineage]) -> None:
    for table, lineage in derived.items():
        read = {one.table for one in maker(table).inputs}
        assert {name for sources in lineage.values() for name, _ in sources} <= read, table


def test_of_folds_nothing_is_said_and_of_most_expressions_something(derived: dict[str, Lineage]) -> None:
    folds = {table for step in STEPS if step.kind is not Kind.EXPRESSION for table in step.makes}
    expressions = {
        table for step in STEPS if step.kind is Kind.EXPRESSION and step.is_published for table in step.makes if table in CONTRACTS
    }
    assert not folds & set(derived)
    assert len(derived) >= 0.5 * len(expressions), sorted(expressions - set(derived))
