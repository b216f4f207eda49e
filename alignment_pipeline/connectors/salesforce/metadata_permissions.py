"""Permission sets of the metadata package: what the integration user may do, and what people may see and edit.

Belongs here: the two permission sets. The fields they grant: `metadata_fields.py`.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from alignment_pipeline.agreement.field_map import MARKETO_LEAD, Crm
from alignment_pipeline.connectors.salesforce import metadata_xml as xml
from alignment_pipeline.connectors.salesforce.metadata_fields import MINUTES_LEFT, SCORE, TIME_LEFT, computed_scores, sla_due_fields

INTEGRATION_SET = "Alignment_Integration"
READER_SET = "Alignment_Fields_Reader"


def permission_sets(crm: Crm) -> dict[str, str]:
    """Relative path -> text of both permission sets."""
    return {
        f"permissionsets/{INTEGRATION_SET}.permissionset-meta.xml": _permission_set(crm, integration=True),
        f"permissionsets/{READER_SET}.permissionset-meta.xml": _permission_set(crm, integration=False),
    }


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
    rights += [(object_, name, False) for object_, _ in sla_due_fields(crm) for name in (MINUTES_LEFT, TIME_LEFT)]
    rights += [(object_, SCORE, False) for object_ in computed_scores(crm)]
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
