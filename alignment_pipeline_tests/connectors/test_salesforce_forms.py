"""Ids, names, quoting, values and CSV: the small forms that a wrong character breaks."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alignment_pipeline.connectors import raw_rows, values
from alignment_pipeline.connectors.raw_rows import RowBatches
from alignment_pipeline.connectors.salesforce import bulk_csv, soql
from alignment_pipeline.connectors.salesforce.describe import ObjectDescription
from alignment_pipeline.connectors.salesforce.identifiers import api_name, id18, is_id
from alignment_pipeline.connectors.salesforce.values import wire_value
from alignment_pipeline.errors import DataLoss, Permanent
from alignment_pipeline_tests.connectors.served import NOW, STREAMS

POISON = [
    "\x00",
    "\ud800",
    "\r",
    "=cmd",
    "#N/A",
    "<script>alert(1)</script>",
    "\u202eevil",
    "👩\u200d👩",
    "a" * 200_000,
    "1e400",
]


def test_fifteen_characters_become_eighteen_and_case_matters() -> None:
    assert id18("001D000000IqhSL") == "001D000000IqhSLIAZ"
    assert id18("001D000000IqhSLIAZ") == "001D000000IqhSLIAZ"
    assert id18("001D000000iqhsl") != id18("001D000000IqhSL")
    with pytest.raises(ValueError, match="no Salesforce id"):
        id18("001D000000IqhS'")
    assert not is_id("001D000000IqhSLIAZ\n")


@given(st.text())
@example("Name\n")
def test_nothing_but_letters_digits_and_underscores_is_a_name(text: str) -> None:
    # (a pattern's `$` would let a line feed at the end pass)
    plain = text.isascii() and text.replace("_", "a").isalnum() and text[0].isalpha() and len(text) <= 80 if text else False
    if plain:
        assert api_name(text) == text
    else:
        with pytest.raises(Permanent):
            api_name(text)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_quoted_values_never_leave_their_quotes(texts: list[str]) -> None:
    query = soql.among("Name", texts)
    inside, escaped, outside = False, False, []
    for letter in query:
        if inside and escaped:
            escaped = False
        elif inside and letter == "\\":
            escaped = True
        elif letter == "'":
            inside = not inside
        elif not inside:
            outside.append(letter)

    assert not inside
    assert "".join(outside) == "Name IN (" + "," * (len(texts) - 1) + ")"


def test_queries_hold_bare_whole_seconds_and_checked_names() -> None:
    window = soql.Window(NOW, None)
    assert soql.select("Lead", ("Id", "Name"), where=window.where("SystemModstamp"), order_by=("SystemModstamp", "Id"), limit=5) == (
        "SELECT Id,Name FROM Lead WHERE SystemModstamp >= 2026-11-20T12:00:00Z ORDER BY SystemModstamp,Id LIMIT 5"
    )
    with pytest.raises(Permanent):
        soql.select("Lead WHERE Id != null", ("Id",))
    with pytest.raises(ValueError, match="between 1 and 200"):
        soql.ids_among("Id", [])


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("2022-03-17T16:21:26.000+0000", "datetime", "2022-03-17T16:21:26.000Z"),
        ("2022-03-17T16:21:26.000Z", "datetime", "2022-03-17T16:21:26.000Z"),
        ("2022-03-17T18:21:26+02:00", "datetime", "2022-03-17T16:21:26.000Z"),
        ("2022-03-17T16:21:26Z", "datetime", "2022-03-17T16:21:26.000Z"),
        ("0000-00-00", "datetime", "0000-00-00"),
        (Decimal("3.5E8"), "currency", "350000000"),
        ("350000000.0", "currency", "350000000"),
        (5, "int", "5"),
        ("5.0", "int", "5"),
        ("-0.0", "double", "0"),
        ("NaN", "double", "NaN"),
        ("1e400", "double", "1e400"),
        (True, "boolean", "true"),
        ("TRUE", "boolean", "true"),
        (None, "string", None),
        ("", "string", None),
        ("0", "string", "0"),
        ("09:00:00.000Z", "time", "09:00:00.000Z"),
    ],
)
def test_values_are_alike_whatever_transport_they_came_by(value: object, kind: str, text: str | None) -> None:
    assert values.canonical(value, kind) == text


def test_a_structure_is_no_value() -> None:
    with pytest.raises(ValueError, match="dict where a string"):
        values.canonical({"a": 1}, "string")


def test_python_values_are_written_as_the_api_takes_them() -> None:
    body = {"a": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "b": date(2026, 1, 2), "c": Decimal("7.25"), "d": Decimal("7")}

    assert json.loads(json.dumps(body, default=wire_value)) == {"a": "2026-01-02T03:04:05.000Z", "b": "2026-01-02", "c": 7.25, "d": 7}
    for wrong in (datetime(2026, 1, 1), object()):
        with pytest.raises(TypeError):
            wire_value(wrong)


@given(st.lists(st.lists(st.text().filter(lambda text: text not in ("", "#N/A")), min_size=2, max_size=2), min_size=1))
def test_csv_comes_back_as_it_went_but_for_line_ends(records: list[list[str]]) -> None:
    rows = [{"Id": str(number), "A": first, "B": second} for number, (first, second) in enumerate(records)]
    try:
        data = bulk_csv.encode(rows, ("Id", "A", "B"))
    except UnicodeEncodeError:
        return
    _, *found = bulk_csv.rows(io.BytesIO(data), where="x")

    assert [[one.replace("\r\n", "\n").replace("\r", "\n") for one in record] for record in records] == [row[1:] for row in found]
    assert b"\r" not in data


def test_null_clears_and_a_missing_key_leaves_the_field() -> None:
    data = bulk_csv.encode([{"Id": "1", "A": None, "B": True}, {"Id": "2", "B": 1.5}], ("Id", "A", "B"))

    assert data == b"Id,A,B\n1,#N/A,true\n2,,1.5\n"
    with pytest.raises(ValueError, match="NaN"):
        bulk_csv.cell(float("nan"))


@pytest.mark.parametrize("data", [b'"Id","Name"\n"1","cut', b'"Id","Name"\n"1"\n', b'"Id"\n"\xff\xfe"\n', b'"Id"\n"a"b"\n'])
def test_a_broken_page_is_data_loss(data: bytes) -> None:
    with pytest.raises(DataLoss):
        list(bulk_csv.rows(io.BytesIO(data), where="page"))


def test_poison_becomes_rows_or_is_put_aside_and_the_sum_fits() -> None:
    batches = RowBatches(STREAMS["Lead"], known_at=NOW, fallback=NOW, batch_rows=7)
    given_rows = 0
    found = []
    for place, text in enumerate(POISON * 3):
        given_rows += 1
        if not is_id(f"00Q{place:012}"):
            batches.refuse(place, "no id", {"Name": text})
            continue
        found += list(batches.add(f"00Q{place:012}", NOW, {"LastName": text}))
    found += list(batches.flush())
    texts = [row["LastName"] for batch in found for row in batch.to_pylist()]

    assert len(texts) + len(batches.quarantined) == given_rows
    assert set(texts) == {None, "\ufffd", *POISON[2:]}
    assert batches.repaired == 6


def test_a_hash_knows_values_not_order_nor_empty_fields_nor_line_ends() -> None:
    assert raw_rows.row_hash({"a": "1", "b": None}) == raw_rows.row_hash({"a": "1"})
    assert raw_rows.row_hash({"a": "x\r\ny", "b": "2"}) == raw_rows.row_hash({"b": "2", "a": "x\ny"})
    assert raw_rows.row_hash({"a": "1", "b": "2"}) != raw_rows.row_hash({"a": "2", "b": "1"})


def test_describe_is_read_whatever_it_leaves_out() -> None:
    found = ObjectDescription.read({"name": "Lead", "fields": [{"name": "Rating", "type": "picklist", "updateable": True}]})
    rating = found.field("rating")

    assert rating is not None
    assert (rating.name, rating.is_updateable, rating.is_filterable, found.field("Nope")) == ("Rating", True, True, None)
