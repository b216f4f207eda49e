"""Properties: SOQL conditions against plain Python, ids, CSV and JSON values, formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.salesforce.bulk.table import line
from alignment_pipeline.sandbox.salesforce.formulas import compile_formula
from alignment_pipeline.sandbox.salesforce.ids import suffix, to18
from alignment_pipeline.sandbox.salesforce.soql.run import run
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.salesforce.values import java_double, rounded
from alignment_pipeline_tests.sandbox.salesforce_world import NOW, lead, people, write_package

Condition = tuple[str, Callable[[dict[str, Any]], bool]]
TITLES = ["CEO", "ceo", "Head of 100%_x", "O'Neil", None]
SIZES = [None, 0, 5, 50]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SalesforceStore:
    package: Path = write_package(tmp_path_factory.mktemp("package"))
    made = SalesforceStore(package=package)
    leads = [
        lead(number, Title=title, NumberOfEmployees=size, IsConverted=number % 2 == 0)
        for number, (title, size) in enumerate(((title, size) for title in TITLES for size in SIZES), start=1)
    ]
    made.load(people() | {"Lead": leads})
    return made


def literal(value: Any) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, int) else "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def lowered(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def equals(name: str, value: Any) -> Condition:
    return f"{name} = {literal(value)}", lambda row: lowered(row.get(name)) == lowered(value)


def differs(name: str, value: Any) -> Condition:
    return f"{name} != {literal(value)}", lambda row: lowered(row.get(name)) != lowered(value)


def among(name: str, values: list[Any], negated: bool) -> Condition:
    text = f"{name} {'NOT IN' if negated else 'IN'} ({', '.join(map(literal, values))})"
    return text, lambda row: (lowered(row.get(name)) in {lowered(value) for value in values}) is not negated


def above(value: int) -> Condition:
    return f"NumberOfEmployees > {value}", lambda row: row.get("NumberOfEmployees") is not None and row["NumberOfEmployees"] > value


def junction(operator: str, parts: list[Condition]) -> Condition:
    text = "(" + f" {operator} ".join(part for part, _ in parts) + ")"
    combine = all if operator == "AND" else any
    return text, lambda row: combine(check(row) for _, check in parts)


def negation(part: Condition) -> Condition:
    return f"(NOT {part[0]})", lambda row: not part[1](row)


leaves = st.one_of(
    st.builds(equals, st.just("Title"), st.sampled_from(TITLES)),
    st.builds(differs, st.just("Title"), st.sampled_from(TITLES)),
    st.builds(equals, st.just("NumberOfEmployees"), st.sampled_from(SIZES)),
    st.builds(among, st.just("Title"), st.lists(st.sampled_from(TITLES), min_size=1, max_size=3), st.booleans()),
    st.builds(above, st.sampled_from([0, 5, 49])),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(junction, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)), st.builds(negation, inner)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(condition=conditions)
def test_conditions_agree_with_plain_python(store: SalesforceStore, condition: Condition) -> None:
    text, check = condition
    found = run(store, store.schema, f"SELECT Id FROM Lead WHERE {text} ORDER BY Id", now=NOW)

    assert sorted(row["Id"] for row in store.rows("Lead") if check(row)) == [row["Id"] for row in found.rows]


@given(st.from_regex(r"[0-9A-Za-z]{15}", fullmatch=True))
def test_an_id_finds_its_case_again_from_its_suffix(id15: str) -> None:
    whole = id15 + suffix(id15)

    assert whole == to18(id15) == to18(whole) == to18(whole.lower()) == to18(whole.upper())


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00")), min_size=1, max_size=4))
def test_any_text_survives_a_result_file(cells: list[str]) -> None:
    text = line(cells, ",", "\n")

    assert [cells] == list(csv.reader(io.StringIO(text, newline=""), strict=True))


@given(st.floats(min_value=-1e15, max_value=1e15, allow_nan=False))
def test_java_doubles_read_back_as_the_same_number(value: float) -> None:
    assert value == float(java_double(value))


@pytest.mark.parametrize(("value", "scale", "expected"), [(2.5, 0, 3.0), (-2.5, 0, -3.0), (1.005, 2, 1.01), (12.25, 1, 12.3)])
def test_numbers_round_half_away_from_zero(value: float, scale: int, expected: float) -> None:
    assert expected == rounded(value, scale)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("1 + 2 * 3 ^ 2", 19.0),
        ("IF(ISBLANK(Empty__c), 'none', 'some') & '!'", "none!"),
        ("Score__c >= 80 && NOT(ISPICKVAL(Grade__c, 'B'))", True),
        ("(Due__c - NOW()) * 24", 36.0),
        ("DATEVALUE(Due__c) - TODAY()", 2.0),
        ("Empty__c + 1", None),
        ("ROUND(MAX(Score__c, 3) / 7, 1)", 12.1),
        ("-FLOOR(2.7) + LEN('abc')", 1.0),
        ("BLANKVALUE(Empty__c, 7) / 0", None),
    ],
)
def test_formulas_are_calculated(formula: str, expected: Any) -> None:
    record = {"Score__c": 85.0, "Grade__c": "A", "Due__c": datetime(2026, 11, 22, 0, 0, tzinfo=UTC)}

    assert expected == compile_formula(formula, "test")(record, NOW)


@pytest.mark.parametrize("formula", ["1 +", "(1", "REGEX(a, 'b')", "1 ? 2", "1 2", "IF(1, 2"])
def test_a_formula_that_cannot_be_read_says_where(formula: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^here: formula"):
        compile_formula(formula, "here")
