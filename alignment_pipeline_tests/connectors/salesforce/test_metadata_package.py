"""The metadata package: what it declares, its reports show, and nothing else."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.connectors.salesforce import metadata_package, metadata_reports
from alignment_pipeline.connectors.salesforce.metadata_xml import NAMESPACE

CRM = loader.load(loader.default_path()).crm
FILES = metadata_package.files(CRM)


def texts(file: str, path: str) -> list[str]:
    steps = "/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/"))
    return [str(found.text) for found in ET.fromstring(FILES[file]).iterfind(steps)]


def test_what_is_shipped_is_what_the_agreement_says() -> None:
    shipped = {
        path.relative_to(metadata_package.PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in metadata_package.PACKAGE.rglob("*-meta.xml")
    }
    assert FILES == shipped


@pytest.mark.parametrize("object_", ["Lead", "Contact"])
def test_a_report_shows_and_groups_fields_that_the_package_declares(object_: str) -> None:
    file = f"reports/Alignment/SLA_{object_}s.report-meta.xml"
    columns, groups = texts(file, "columns/field"), texts(file, "groupingsDown/field")
    ours = [name for name in (*columns, *groups) if name.endswith("__c")]
    assert {name.split(".")[0] for name in ours} == {object_}
    assert [name for name in ours if f"objects/{object_}/fields/{name.split('.')[1]}.field-meta.xml" not in FILES] == []
    assert f"{object_}.Alignment_SLA_Minutes_Left__c" in columns and f"{object_}.Alignment_SLA_Reason__c" in columns
    assert not set(columns) & set(groups), "a grouping is no column"
    assert "reports/Alignment.reportFolder-meta.xml" in FILES


@pytest.mark.parametrize("object_", ["Lead", "Contact"])
def test_a_report_asks_for_states_that_the_field_can_have(object_: str) -> None:
    status = next(mapping for mapping in CRM.fields if (mapping.object, mapping.value) == (object_, "person.sla_status"))
    file = f"reports/Alignment/SLA_{object_}s.report-meta.xml"
    assert texts(file, "filter/criteriaItems/column") == [f"{object_}.{status.field}"]
    assert set(texts(file, "filter/criteriaItems/value")[0].split(",")) <= set(status.values)


def test_without_sla_fields_there_is_no_report_and_no_folder() -> None:
    fewer = Crm(fields=[mapping for mapping in CRM.fields if not mapping.value.startswith("person.sla_")], inputs=CRM.inputs)
    assert metadata_reports.reports(fewer, "Left__c") == {}


def test_fields_of_marketo_are_not_declared_in_salesforce() -> None:
    nurture = {"object": "MarketoLead", "field": "recycled__c", "value": "person.nurture", "type": "text", "label": "Recycled"}
    more = Crm.model_validate({"fields": [*CRM.model_dump()["fields"], nurture], "inputs": CRM.model_dump()["inputs"]})
    assert metadata_package.files(more) == FILES


def test_a_field_that_the_map_no_longer_has_is_removed(tmp_path: Path) -> None:
    old = tmp_path / "objects/Lead/fields/Old__c.field-meta.xml"
    old.parent.mkdir(parents=True)
    old.write_text("<CustomField/>", encoding="utf-8")
    metadata_package.write(CRM, tmp_path)
    assert not old.exists() and (tmp_path / "reports/Alignment.reportFolder-meta.xml").exists()
