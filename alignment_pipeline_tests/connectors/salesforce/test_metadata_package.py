"""The metadata package: what it declares, its reports show, and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pydantic import ValidationError

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.field_map import Crm, FieldMapping, InputMapping
from alignment_pipeline.connectors.salesforce import metadata_fields, metadata_package
from alignment_pipeline.connectors.salesforce.metadata_xml import NAMESPACE
from alignment_pipeline.sandbox.salesforce.formulas import compile_formula

CRM = loader.load(loader.default_path()).crm
FILES = metadata_package.files(CRM)
NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


def texts(file: str, path: str) -> list[str]:
    steps = "/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/"))
    return [str(found.text) for found in ET.fromstring(FILES[file]).iterfind(steps)]


def test_what_is_shipped_is_what_the_agreement_says() -> None:
    shipped = {
        path.relative_to(metadata_package.PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in metadata_package.PACKAGE.rglob("*")
        if path.is_file()
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
    names = [name for name in metadata_package.files(fewer) if "SLA_" in name and "Dispute" not in name]
    assert names == []


def references(file: str) -> set[str]:
    """Custom fields that a file names, as Object.Field__c."""
    object_ = next(name for name in ("Lead", "Contact", "Account", "Opportunity") if name in file.replace("Alignment_Leads_with", "Lead"))
    # a related list names the child's fields without its object
    text = re.sub(r"(?s)<relatedLists>.*</relatedLists>", "", FILES[file])
    pairs = re.findall(r"(?:(Lead|Contact|Account)[.$])?(\w+__c)\b", text)
    return {f"{named or object_}.{field}" for named, field in pairs}


PLACES = sorted(
    name for name in FILES if name.split("/")[0] in ("layouts", "flexipages") or "/listViews/" in name or "/compactLayouts/" in name
)


@pytest.mark.parametrize("file", PLACES)
def test_a_place_where_people_look_names_only_declared_fields(file: str) -> None:
    declared = {f"{name.split('/')[1]}.{name.split('/')[3].split('.')[0]}" for name in FILES if "/fields/" in name}
    assert references(file) <= declared


@pytest.mark.parametrize("object_", ["Lead", "Contact", "Account"])
def test_every_field_has_a_place_on_the_page_and_a_help_text(object_: str) -> None:
    mappings: list[FieldMapping | InputMapping] = [*CRM.fields, *CRM.inputs]
    ours = [mapping for mapping in mappings if mapping.object == object_]
    placed = texts(f"layouts/{object_}-Alignment {object_} Layout.layout-meta.xml", "layoutSections/layoutColumns/layoutItems/field")
    # the score stands for the three values that it is computed from
    shown = {*metadata_fields.filled(CRM, object_).values(), *(mapping.field for mapping in CRM.inputs)}
    assert metadata_fields.SCORE in placed
    assert [mapping.field for mapping in ours if mapping.field in shown and mapping.field not in placed] == []
    assert [mapping.field for mapping in ours if not mapping.help] == []


@pytest.mark.parametrize("object_", ["Lead", "Contact", "Account"])
def test_people_edit_their_fields_and_only_read_ours(object_: str) -> None:
    file = f"layouts/{object_}-Alignment {object_} Layout.layout-meta.xml"
    items = ET.fromstring(FILES[file]).iter(f"{{{NAMESPACE}}}layoutItems")
    behaviour = {
        str(item.findtext(f"{{{NAMESPACE}}}field")): item.findtext(f"{{{NAMESPACE}}}behavior")
        for item in items
        if str(item.findtext(f"{{{NAMESPACE}}}field")).endswith("__c")
    }
    theirs = {mapping.field for mapping in CRM.inputs if mapping.object == object_}
    assert {field: how for field, how in behaviour.items() if (how == "Edit") != (field in theirs)} == {}


def test_the_matched_account_is_a_lookup_with_a_related_list_and_report_types() -> None:
    field = FILES["objects/Lead/fields/Alignment_Matched_Account__c.field-meta.xml"]
    assert "<type>Lookup</type>" in field and "<referenceTo>Account</referenceTo>" in field
    assert "<deleteConstraint>SetNull</deleteConstraint>" in field, "deleting an account must never be blocked by us"
    lists = texts("layouts/Account-Alignment Account Layout.layout-meta.xml", "relatedLists/relatedList")
    assert "Lead.Alignment_Matched_Account__c" in lists
    assert texts("reportTypes/Alignment_Leads_with_matched_account.reportType-meta.xml", "label") == ["Leads with matched account"]
    joined = texts("reportTypes/Alignment_Accounts_with_matched_leads.reportType-meta.xml", "join/relationship")
    assert joined == [f"{metadata_fields.MATCHED_LEADS}__r"]


def with_text_account() -> Crm:
    dumped = CRM.model_dump()
    for mapping in dumped["fields"]:
        if mapping["value"] == "person.matched_account_id":
            mapping.update(type="text", length=18)
    return Crm.model_validate(dumped)


def test_the_matched_account_may_stay_text_and_nothing_then_leans_on_a_lookup() -> None:
    files = metadata_package.files(with_text_account())
    assert "<type>Text</type>" in files["objects/Lead/fields/Alignment_Matched_Account__c.field-meta.xml"]
    assert [name for name in files if ("atched_account" in name and "reportTypes" in name) or "Leads_by_Account" in name] == []
    assert "Lead.Alignment_Matched_Account__c" not in files["layouts/Account-Alignment Account Layout.layout-meta.xml"]
    assert "export const MATCHED_ACCOUNT_LOOKUP = null;" in files["lwc/alignmentFields/alignmentFields.js"]


def test_a_lookup_holds_the_matched_account_and_nothing_else() -> None:
    dumped = CRM.model_dump()
    next(mapping for mapping in dumped["fields"] if mapping["value"] == "person.persona")["type"] = "lookup"
    with pytest.raises(ValidationError, match=r"only person\.matched_account_id is one"):
        Crm.model_validate(dumped)


def test_dashboards_show_reports_and_groups_that_the_package_has() -> None:
    for file in (name for name in FILES if name.endswith(".dashboard-meta.xml")):
        tiles = list(ET.fromstring(FILES[file]).iter(f"{{{NAMESPACE}}}dashboardComponent"))
        assert tiles
        for tile in tiles:
            report = f"reports/{tile.findtext(f'{{{NAMESPACE}}}report')}.report-meta.xml"
            groups = [str(group.text) for group in tile.iterfind(f"{{{NAMESPACE}}}groupingColumn")]
            assert set(groups) <= set(texts(report, "groupingsDown/field"))


@pytest.mark.parametrize("file", sorted(name for name in FILES if name.endswith(".report-meta.xml") and "/SLA_Leads" not in name))
def test_a_report_over_a_type_of_ours_names_columns_of_that_type(file: str) -> None:
    kind = texts(file, "reportType")[0]
    if not kind.endswith("__c"):
        return
    type_file = f"reportTypes/{kind.removesuffix('__c')}.reportType-meta.xml"
    known = {
        f"{column.findtext(f'{{{NAMESPACE}}}table')}${column.findtext(f'{{{NAMESPACE}}}field')}"
        for column in ET.fromstring(FILES[type_file]).iter(f"{{{NAMESPACE}}}columns")
    }
    used = {*texts(file, "columns/field"), *texts(file, "groupingsDown/field"), *texts(file, "filter/criteriaItems/column")}
    assert used <= known
    assert not set(texts(file, "columns/field")) & set(texts(file, "groupingsDown/field")), "a grouping is no column"


@pytest.mark.parametrize(
    ("state", "due", "minutes", "text"),
    [
        ("pending", NOW + timedelta(minutes=50), 50, "50 min left"),
        ("at risk", NOW + timedelta(hours=3, minutes=5), 185, "3 h left"),
        ("pending", NOW + timedelta(hours=30), 1800, "1 day left"),
        ("pending", NOW + timedelta(days=4), 5760, "4 days left"),
        ("breached", NOW - timedelta(minutes=7), -7, "late by 7 min"),
        ("breached", NOW - timedelta(days=1, hours=2), -1560, "late by 1 day"),
        ("met", NOW - timedelta(days=1), None, ""),
        ("paused", NOW - timedelta(days=1), None, ""),
        ("pending", None, None, ""),
    ],
)
def test_the_time_left_counts_by_itself_and_only_while_somebody_has_to_act(
    state: str, due: datetime | None, minutes: float | None, text: str
) -> None:
    record = {"Alignment_SLA_Due__c": due, "Alignment_SLA_Status__c": state}
    found = []
    for field in (metadata_fields.MINUTES_LEFT, metadata_fields.TIME_LEFT):
        formula = texts(f"objects/Lead/fields/{field}.field-meta.xml", "formula")[0]
        found.append(compile_formula(formula, field)(record, NOW))
    assert found == [pytest.approx(minutes), text]


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


def with_number_score() -> Crm:
    """The field map of an organisation that keeps the score of leads as a number."""
    others = [one for one in CRM.fields if not (one.object == "Lead" and ".engagement_" in one.value)]
    number = {
        "object": "Lead",
        "field": "Score__c",
        "value": "person.engagement_score",
        "type": "number",
        "label": "Score",
        "help": "Score",
    }
    return CRM.model_copy(update={"fields": [FieldMapping.model_validate(number), *others]})


def test_the_score_is_a_formula_unless_the_agreement_maps_a_number() -> None:
    score = "objects/{}/fields/Alignment_Engagement_Score__c.field-meta.xml"
    files = metadata_package.files(with_number_score())

    assert "<formula>" in FILES[score.format("Lead")] and "<formula>" in FILES[score.format("Account")]
    assert score.format("Lead") not in files and "<formula>" in files[score.format("Contact")]
    assert "Score__c" in files["layouts/Lead-Alignment Lead Layout.layout-meta.xml"]
    assert metadata_fields.computed_scores(with_number_score()) == ["Contact", "Account"]


def test_the_integration_user_reads_the_formula_and_edits_what_it_is_computed_from() -> None:
    rights = {
        one.findtext(f"{{{NAMESPACE}}}field"): one.findtext(f"{{{NAMESPACE}}}editable")
        for one in ET.fromstring(FILES["permissionsets/Alignment_Integration.permissionset-meta.xml"]).iter(
            f"{{{NAMESPACE}}}fieldPermissions"
        )
    }

    assert "false" == rights["Lead.Alignment_Engagement_Score__c"]
    assert "true" == rights["Lead.Alignment_Engagement_Points__c"] == rights["Account.Alignment_Engagement_Points_At__c"]
