"""The values that `make interop` renders say what today's catalogue says; when they do not: `make demo`, then `make panel-values`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.wording import catalogue, forms
from alignment_pipeline_tests.interop import panel_values
from alignment_pipeline_tests.wording.forbidden import problems

RECORDS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "lwc" / "values.json").read_text(encoding="utf-8"))
SENTENCES = {"Match reason", "MQA reason", "Score reason", "SLA reason", "Stage reason", "Tier reason"}
#: said of an account whose agreement rules it out, without a form
WITHOUT_FORM = {"None of the agreed conditions applies to this account."}


def of_field(label: str) -> re.Pattern[str]:
    """One sentence after the other, each of a form of the field."""
    mine = [forms.pieces(key) for key, form in catalogue.FORMS.items() if form.field == label]
    each = "|".join("".join(re.escape(text) + (".+?" if name else "") for text, name in pieces) for pieces in mine)
    return re.compile(f"(?:{each})(?: (?:{each}))*")


@pytest.fixture(scope="module")
def labels() -> dict[tuple[str, str], str]:
    return {(one.object, one.field): one.label for one in loader.load(loader.default_path()).crm.fields}


def test_there_is_a_record_of_each_object_and_state(labels: dict[tuple[str, str], str]) -> None:
    assert {"Lead", "Contact", "Account"} == {record["object"] for record in RECORDS}
    assert {"mqa", "not yet"} <= {record["fields"].get("Alignment_MQA__c") for record in RECORDS}
    assert {"met", "breached", "pending"} <= {record["fields"].get("Alignment_SLA_Status__c") for record in RECORDS}
    computed = {(record["object"], panel_values.SCORE) for record in RECORDS}
    assert {(record["object"], field) for record in RECORDS for field in record["fields"]} - computed <= labels.keys()
    assert any(record["fields"][panel_values.SCORE] for record in RECORDS)


def test_every_sentence_is_one_of_today_s_catalogue(labels: dict[tuple[str, str], str]) -> None:
    said = [(labels.get((record["object"], field)), text) for record in RECORDS for field, text in record["fields"].items()]
    sentences = [(label, text) for label, text in said if label in SENTENCES and text]

    assert SENTENCES == {label for label, _ in sentences}
    assert [] == [
        text for label, text in sentences if text not in WITHOUT_FORM and not of_field(str(label)).fullmatch(text.rstrip("\u2026"))
    ]
    assert [] == [(text, problems(text, has_names=True)) for _, text in sentences if problems(text, has_names=True)]
