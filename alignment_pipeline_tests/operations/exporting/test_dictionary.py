"""What tools are told about the tables: dbt's sources and a data contract, valid for who wrote these formats."""

from __future__ import annotations

import csv
import io
import json
from importlib import resources

import jsonschema
import pytest
from open_data_contract_standard.model import OpenDataContractStandard
from ruamel.yaml import YAML

from alignment_pipeline.agreement import loader
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.operations import numbers
from alignment_pipeline.operations.exporting import dictionary

ALL = list(CONTRACTS.values())


@pytest.mark.parametrize("form", ["parquet", "csv", "xlsx"])
def test_the_data_contract_follows_the_standard_s_schema(form: str) -> None:
    text = dictionary.data_contract(ALL, form, version="1.0")
    schema = json.loads(resources.files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8"))

    jsonschema.validate(YAML(typ="safe").load(text), schema)
    read = OpenDataContractStandard.from_string(text)
    assert {name: list(contract.names) for name, contract in CONTRACTS.items()} == {
        table.name: [one.name for one in table.properties] for table in read.schema_
    }
    people = next(table for table in read.schema_ if table.name == "people")
    assert ["personal", None] == [one.classification for one in people.properties if one.name in ("email", "email_domain")]


def test_dbt_finds_every_table_and_column_with_its_description() -> None:
    (source,) = YAML(typ="safe").load(dictionary.dbt_sources(ALL, "parquet"))["sources"]

    found = {table["name"]: {one["name"]: one["description"] for one in table["columns"]} for table in source["tables"]}
    assert {name: {one.name: one.description for one in contract.columns} for name, contract in CONTRACTS.items()} == found
    assert source["meta"]["external_location"].endswith("/tables/{name}.parquet")
    people = next(table for table in source["tables"] if table["name"] == "people")
    tests = {one["name"]: one.get("data_tests") for one in people["columns"]}
    assert (["not_null", "unique"], None) == (tests["person_id"], tests["email"])


def test_dbt_sees_who_reads_which_tables_and_no_table_that_was_left_out() -> None:
    exported = [contract for contract in ALL if contract.name != "sla_clocks"]
    text = dictionary.dbt_exposures(numbers.readers(loader.load(loader.default_path())), exported)
    exposures = {one["name"]: one for one in YAML(typ="safe").load(text)["exposures"]}

    assert {"weekly_page", "crm_lead", "crm_contact", "crm_account"} == set(exposures)
    assert ("dashboard", "application") == (exposures["weekly_page"]["type"], exposures["crm_lead"]["type"])
    assert "source('alignment', 'lead_account_matches')" in exposures["crm_lead"]["depends_on"]
    sources = {f"source('alignment', '{contract.name}')" for contract in exported}
    assert all(one["depends_on"] and set(one["depends_on"]) <= sources for one in exposures.values())


def test_every_column_is_a_line_of_the_dictionary_and_a_row_of_its_table_for_people() -> None:
    lines = list(csv.DictReader(io.StringIO(dictionary.spreadsheet(ALL))))
    text = dictionary.markdown(ALL, dict.fromkeys(CONTRACTS, 12_345))

    assert [(name, column) for name, contract in CONTRACTS.items() for column in contract.names] == [
        (line["table"], line["column"]) for line in lines
    ]
    assert [] == [name for name in CONTRACTS if f"## {name}\n" not in text]
    assert "12,345 rows. Key: person_id." in text
