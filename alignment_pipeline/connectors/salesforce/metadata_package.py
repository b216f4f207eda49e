"""Generates the Salesforce metadata package from the agreement's field map.

Belongs here: custom fields, the permission sets of the integration user and of CRM users, list views and reports, in Salesforce's
source format, ready for `sf project deploy start`. Which fields there are: the agreement (`agreement/field_map.py`). Written to
`package/` by `make package`; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

from alignment_pipeline.agreement.field_map import MARKETO_LEAD, Crm, FieldMapping, InputMapping
from alignment_pipeline.connectors.salesforce import metadata_xml as xml
from alignment_pipeline.connectors.salesforce.metadata_reports import OPEN_STATES, reports

MINUTES_LEFT = "Alignment_SLA_Minutes_Left__c"
PACKAGE = Path(__file__).parent / "package"
INTEGRATION_SET = "Alignment_Integration"
READER_SET = "Alignment_Fields_Reader"

_TYPES = {
    "text": "Text",
    "long_text": "LongTextArea",
    "number": "Number",
    "percent": "Percent",
    "picklist": "Picklist",
    "datetime": "DateTime",
    "date": "Date",
    "checkbox": "Checkbox",
}


def files(crm: Crm) -> dict[str, str]:
    """The package as relative path -> text, in a fixed order."""
    found: dict[str, str] = {}
    mappings: list[FieldMapping | InputMapping] = [*crm.fields, *crm.inputs]
    for mapping in mappings:
        if mapping.field.endswith("__c") and mapping.object != MARKETO_LEAD:
            found[_field_path(mapping.object, mapping.field)] = _field(mapping)
    # custom fields of tasks are declared on Activity, which Task and Event share
    found[_field_path("Activity", crm.tasks.external_key_field)] = _task_key(crm.tasks.external_key_field)
    for object_, due in _sla_due_fields(crm):
        found[_field_path(object_, MINUTES_LEFT)] = _minutes_left(due)
    found.update(_list_views(crm))
    found.update(reports(crm, MINUTES_LEFT))
    found[f"permissionsets/{INTEGRATION_SET}.permissionset-meta.xml"] = _permission_set(crm, integration=True)
    found[f"permissionsets/{READER_SET}.permissionset-meta.xml"] = _permission_set(crm, integration=False)
    return dict(sorted(found.items()))


def write(crm: Crm, folder: Path = PACKAGE) -> list[Path]:
    """Write the package below `folder`, remove files that the field map no longer has, and return the paths written."""
    wanted = files(crm)
    for old in sorted(folder.rglob("*-meta.xml")):
        if old.relative_to(folder).as_posix() not in wanted:
            old.unlink()
    written = []
    for relative, text in wanted.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return written


def _field_path(object_: str, field: str) -> str:
    return f"objects/{object_}/fields/{field}.field-meta.xml"


def _field(mapping: FieldMapping | InputMapping) -> str:
    pairs: list[tuple[str, str]] = [("fullName", mapping.field)]
    if mapping.type == "checkbox":
        pairs.append(("defaultValue", "false"))
    if mapping.help:
        pairs.append(("inlineHelpText", mapping.help))
    pairs.append(("label", mapping.label))
    if mapping.type in ("text", "long_text"):
        pairs.append(("length", str(mapping.length)))
    if mapping.type in ("number", "percent"):
        precision, scale = (mapping.precision, mapping.scale) if isinstance(mapping, FieldMapping) else (18, 0)
        pairs += [("precision", str(precision))]
        pairs += [("required", "false"), ("scale", str(scale))]
    elif mapping.type not in ("checkbox", "long_text"):
        pairs.append(("required", "false"))
    pairs.append(("trackHistory", "false"))
    pairs.append(("type", _TYPES[mapping.type]))
    root = xml.root("CustomField", pairs)
    if mapping.type == "long_text":
        xml.append(root, "visibleLines", "4")
    if mapping.type == "picklist":
        _value_set(root, mapping.values)
    return xml.text(root)


def _value_set(root: ET.Element, values: Iterable[str]) -> None:
    value_set = ET.SubElement(root, "valueSet")
    xml.append(value_set, "restricted", "true")
    definition = ET.SubElement(value_set, "valueSetDefinition")
    xml.append(definition, "sorted", "false")
    for value in values:
        entry = ET.SubElement(definition, "value")
        xml.append(entry, "fullName", value)
        xml.append(entry, "default", "false")
        xml.append(entry, "label", value)


def _task_key(field: str) -> str:
    pairs = [
        ("fullName", field),
        ("caseSensitive", "true"),
        ("externalId", "true"),
        ("inlineHelpText", "Key of the event this task was made for. Makes sure that it is made once."),
        ("label", "Alignment key"),
        ("length", "255"),
        ("required", "false"),
        ("type", "Text"),
        ("unique", "true"),
    ]
    return xml.text(xml.root("CustomField", pairs))


def _sla_due_fields(crm: Crm) -> list[tuple[str, str]]:
    return [(mapping.object, mapping.field) for mapping in crm.fields if mapping.value == "person.sla_due_at"]


def _minutes_left(due: str) -> str:
    # a formula moves with the clock by itself: nothing is written while time passes, so nothing flickers
    pairs = [
        ("fullName", MINUTES_LEFT),
        ("formula", f"IF(ISBLANK({due}), NULL, ({due} - NOW()) * 1440)"),
        ("formulaTreatBlanksAs", "BlankAsBlank"),
        ("inlineHelpText", "Minutes by the wall clock until the SLA is due; negative when it is late."),
        ("label", "SLA minutes left"),
        ("precision", "18"),
        ("required", "false"),
        ("scale", "0"),
        ("type", "Number"),
    ]
    return xml.text(xml.root("CustomField", pairs))


def _list_views(crm: Crm) -> dict[str, str]:
    found = {}
    by_value: dict[tuple[str, str], str] = {(mapping.object, mapping.value): mapping.field for mapping in crm.fields}
    for object_, name in (("Lead", "FULL_NAME"), ("Contact", "FULL_NAME")):
        status, due, reason = (by_value.get((object_, f"person.sla_{part}")) for part in ("status", "due_at", "reason"))
        if status and due and reason:
            columns = [name, status, due, MINUTES_LEFT, reason]
            found[f"objects/{object_}/listViews/Alignment_SLA_Due.listView-meta.xml"] = _list_view(
                "Alignment_SLA_Due", "SLA due or late", columns, (status, "equals", OPEN_STATES)
            )
    mqa, reason = by_value.get(("Account", "account.mqa_status")), by_value.get(("Account", "account.mqa_reason"))
    if mqa and reason:
        found["objects/Account/listViews/Alignment_MQA.listView-meta.xml"] = _list_view(
            "Alignment_MQA", "Marketing qualified accounts", ["ACCOUNT.NAME", mqa, reason], (mqa, "equals", "mqa")
        )
    return found


def _list_view(name: str, label: str, columns: list[str], rule: tuple[str, str, str]) -> str:
    root = xml.root("ListView", [("fullName", name)])
    for column in columns:
        xml.append(root, "columns", column)
    xml.append(root, "filterScope", "Everything")
    filters = ET.SubElement(root, "filters")
    for tag, value in zip(("field", "operation", "value"), rule, strict=True):
        xml.append(filters, tag, value)
    xml.append(root, "label", label)
    return xml.text(root)


def _permission_set(crm: Crm, *, integration: bool) -> str:
    label = "Alignment integration" if integration else "Alignment fields (read)"
    about = (
        "Least privilege of the integration user: edits the mapped fields, reads the objects it needs, deletes nothing."
        if integration
        else "People see the fields that the alignment pipeline fills and edit the ones they answer for."
    )
    root = xml.root("PermissionSet", [("description", about)])
    rights: list[tuple[str, str, bool]] = [
        (m.object, m.field, integration) for m in crm.fields if m.field.endswith("__c") and m.object != MARKETO_LEAD
    ]
    rights += [(m.object, m.field, not integration) for m in crm.inputs if m.field.endswith("__c")]
    rights += [("Task", crm.tasks.external_key_field, integration)]
    rights += [(object_, MINUTES_LEFT, False) for object_, _ in _sla_due_fields(crm)]
    for object_, field, editable in sorted(rights):
        permission = ET.SubElement(root, "fieldPermissions")
        xml.append(permission, "editable", str(editable).lower())
        xml.append(permission, "field", f"{object_}.{field}")
        xml.append(permission, "readable", "true")
    xml.append(root, "hasActivationRequired", "false")
    xml.append(root, "label", label)
    if integration:
        for object_, edits in (("Account", True), ("Campaign", False), ("Contact", True), ("Lead", True), ("Opportunity", False)):
            permission = ET.SubElement(root, "objectPermissions")
            for tag, value in (
                ("allowCreate", False),
                ("allowDelete", False),
                ("allowEdit", edits),
                ("allowRead", True),
                ("modifyAllRecords", False),
            ):
                xml.append(permission, tag, str(value).lower())
            xml.append(permission, "object", object_)
            xml.append(permission, "viewAllRecords", "true")
        for name in ("ApiEnabled", "EditTask"):
            permission = ET.SubElement(root, "userPermissions")
            xml.append(permission, "enabled", "true")
            xml.append(permission, "name", name)
    return xml.text(root)
