"""The rows of the result agree with themselves."""

from __future__ import annotations

import json

from alignment_pipeline.matching import match
from alignment_pipeline.matching.decision import match_rows
from alignment_pipeline_tests.matching import factories


def test_a_row_shows_the_weightiest_evidence_first_and_it_adds_up() -> None:
    base = factories.index({"name": "Quorvex", "website": "quorvex.com", "country": "DE"})

    row = factories.matched(base, company="Quorvex", email_domain="quorvex.com", country="US")
    points = [item["points_micro"] for item in json.loads(str(row["evidence"]))]

    assert row["score_micro"] == sum(points)
    assert sorted(points, key=abs, reverse=True) == points


def test_no_leads_give_an_empty_table_of_the_same_columns() -> None:
    table = match.match_leads(factories.leads({"company": "x"}).iloc[:0], factories.index({"name": "Quorvex"}))

    assert (0, match_rows.SCHEMA) == (table.num_rows, table.schema)
