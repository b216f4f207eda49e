"""Vendor text becomes typed values, and what cannot be read becomes null: a table of poison."""

from __future__ import annotations

import random
import string
from datetime import UTC, date, datetime
from typing import Any

import ibis
import pyarrow as pa
import pytest

from alignment_pipeline.connectors.salesforce.identifiers import id18
from alignment_pipeline.staging import values

LONG = "00Q000000000001AAA"
CASES: dict[str, dict[str | None, Any]] = {
    "text": {
        " plain ": "plain",
        "": None,
        "   ": None,
        "a\x00b": "ab",
        "\x07\x1f": None,
        "tab\tand\nline": "tab\tand\nline",
        "日本語 – Ünïcode": "日本語 – Ünïcode",
        "=cmd|' /C calc'!A0": "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>": "<script>alert(1)</script>",
        "NULL": "NULL",
        None: None,
    },
    "id": {
        LONG: LONG,
        "00Q000000000001": "00Q000000000001EAA",
        "001D000000IRFma": "001D000000IRFmaIAH",
        "": None,
        "00Q": None,
        "00Q000000000001AAA ": None,
        "00Q-00000000001AAA": None,
        "00Q000000000001AAAA": None,
        "'; DROP TABLE x;--": None,
        None: None,
    },
    "email": {
        " Jane.Doe@Example.COM ": "jane.doe@example.com",
        "o'hara+x@sub.example.co.uk": "o'hara+x@sub.example.co.uk",
        "jürgen@müller.example": "jürgen@müller.example",
        "jane.doe": None,
        "@example.com": None,
        "jane@": None,
        "jane@localhost": None,
        "jane@example.": None,
        "a@b@c.example": None,
        "jane doe@example.com": None,
        "jane@example.com, joe@example.com": None,
        "Jane <jane@example.com>": None,
        "n/a": None,
        None: None,
    },
    "timestamp": {
        "2026-11-20T12:00:00.000Z": datetime(2026, 11, 20, 12, tzinfo=UTC),
        "2026-11-20T12:00:00.000+0000": datetime(2026, 11, 20, 12, tzinfo=UTC),
        "2026-11-20T07:00:00-05:00": datetime(2026, 11, 20, 12, tzinfo=UTC),
        "2026-11-20T07:00:00-0500": datetime(2026, 11, 20, 12, tzinfo=UTC),
        "2026-11-20T17:30:00.123456+05:30": datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC),
        "2024-02-29T00:00:00Z": datetime(2024, 2, 29, tzinfo=UTC),
        "2026-02-29T00:00:00Z": None,
        "2026-13-01T00:00:00Z": None,
        "20.11.2026": None,
        "yesterday": None,
        "": None,
        "infinity": None,
        "-infinity": None,
        "epoch": None,
        "1763640000": None,
        None: None,
    },
    "date": {
        "2026-11-20": date(2026, 11, 20),
        "2026-11-20T23:59:59.000Z": date(2026, 11, 20),
        "2026-02-30": None,
        "11/20/2026": None,
        "infinity": None,
        "soon": None,
        "": None,
        None: None,
    },
    "number": {
        "0": 0.0,
        "-12.5": -12.5,
        "1E+3": 1000.0,
        "1.7976931348623157e308": 1.7976931348623157e308,
        "1e999": None,
        "NaN": None,
        "inf": None,
        "-Infinity": None,
        "1,234": None,
        "12 %": None,
        "twelve": None,
        "": None,
        None: None,
    },
    "since": {
        "2026-11-20": date(2026, 11, 20),
        "1700-01-01": date(1700, 1, 1),
        "0001-01-01": date(1700, 1, 1),
        "0001-01-01T00:00:00.000Z": date(1700, 1, 1),
        "9999-12-31": None,
        "2026-02-30": None,
        "-infinity": None,
        "always": None,
        "": None,
        None: None,
    },
    "integer": {
        "250": 250,
        "250.0": 250,
        "2.5e2": 250,
        "-3": -3,
        "2.5": None,
        "9007199254740991": 9007199254740991,
        "9007199254740993000": None,
        "1e300": None,
        "NaN": None,
        "many": None,
        None: None,
    },
    "given": {"UNKNOWN_USER": True, " 0 ": True, "": False, "  ": False, "\x07": False, None: False},
    "flag": {
        "true": True,
        "TRUE": True,
        " True ": True,
        "1": True,
        "false": False,
        "0": False,
        "yes": None,
        "": None,
        None: None,
    },
    "time": {"08:00:00.000Z": "08:00:00.000Z", "23:59": "23:59", "24:00": None, "9am": None, "8:00": None, "": None, None: None},
}


@pytest.mark.parametrize("kind", sorted(CASES))
def test_every_kind_reads_what_it_should_and_nothing_else(kind: str) -> None:
    given = list(CASES[kind])
    table = ibis.memtable(pa.table({"position": list(range(len(given))), "value": pa.array(given, pa.string())}))
    found = table.select("position", read=values.KINDS[kind](table.value)).order_by("position").to_pyarrow().to_pylist()
    assert CASES[kind] == {given[row["position"]]: row["read"] for row in found}


def test_every_kind_has_its_table_of_cases() -> None:
    assert set(values.KINDS) == set(CASES)


@pytest.mark.parametrize(
    ("document", "expected"),
    [('{"Flag__c": " yes "}', "yes"), ('{"Flag__c": null}', None), ('{"Flag__c": ""}', None), ("{}", None), ('{"Other__c": "x"}', None)],
)
def test_a_field_of_the_agreement_is_read_from_its_document(document: str, expected: str | None) -> None:
    table = ibis.memtable(pa.table({"custom_fields": [document]}))
    assert [expected] == table.select(read=values.custom(table, "Flag__c")).to_pyarrow().column("read").to_pylist()


def test_short_ids_become_what_the_connectors_make_of_them() -> None:
    dice = random.Random(3)
    short = ["".join(dice.choices(string.ascii_letters + string.digits, k=15)) for _ in range(500)]
    table = ibis.memtable(pa.table({"short": short}))
    found = table.select("short", long=values.identifier(table.short)).to_pyarrow().to_pylist()
    assert {one: id18(one) for one in short} == {row["short"]: row["long"] for row in found}


def test_a_meaning_that_nobody_mapped_is_null() -> None:
    table = ibis.memtable(pa.table({"custom_fields": ['{"Flag__c": "x"}']}))
    assert [None] == table.select(read=values.custom(table, None)).to_pyarrow().column("read").to_pylist()
