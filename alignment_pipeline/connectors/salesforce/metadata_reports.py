"""Reports of the metadata package: whose promises are due or late, for leads and for contacts.

Belongs here: the report folder and its reports in source format. The fields they show: `metadata_package.py`. Names of standard columns
are those of the standard report types LeadList and ContactList.
"""

from __future__ import annotations

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.connectors.salesforce import metadata_xml as xml

FOLDER = "Alignment"
OPEN_STATES = "pending,at risk,breached"
_SHARED = (("accessLevel", "View"), ("sharedTo", "AllInternalUsers"), ("sharedToType", "Organization"))
# object -> report type, standard columns
_TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Lead": ("LeadList", ("OWNER", "FIRST_NAME", "LAST_NAME", "COMPANY", "LEAD_SOURCE")),
    "Contact": ("ContactList", ("FIRST_NAME", "LAST_NAME", "ACCOUNT.NAME")),
}


def reports(crm: Crm, minutes_left: str) -> dict[str, str]:
    """Relative path -> text: a report for each object whose SLA fields are mapped, and the folder when there is one."""
    by_value: dict[tuple[str, str], str] = {(mapping.object, mapping.value): mapping.field for mapping in crm.fields}
    found = {}
    for object_ in _TYPES:
        names = [by_value.get((object_, f"person.sla_{part}")) for part in ("status", "policy", "due_at", "reason")]
        known = [name for name in names if name]
        if len(known) == len(names):
            found[f"reports/{FOLDER}/SLA_{object_}s.report-meta.xml"] = _report(object_, known, minutes_left)
    if found:
        folder = xml.root("ReportFolder")
        xml.group(folder, "folderShares", _SHARED)
        xml.append(folder, "name", FOLDER)
        found[f"reports/{FOLDER}.reportFolder-meta.xml"] = xml.text(folder)
    return found


def _report(object_: str, names: list[str], minutes_left: str) -> str:
    report_type, standard = _TYPES[object_]
    status, policy, due, reason = (f"{object_}.{name}" for name in names)
    root = xml.root("Report")
    for column in (*standard, due, f"{object_}.{minutes_left}", reason):
        xml.group(root, "columns", [("field", column)])
    xml.append(root, "description", "Promises that are due or late, by state and policy. Minutes left run by themselves.")
    rule = xml.group(root, "filter", ())
    xml.group(rule, "criteriaItems", [("column", status), ("operator", "equals"), ("value", OPEN_STATES)])
    xml.append(root, "format", "Summary")
    for field in (status, policy):
        xml.group(root, "groupingsDown", [("dateGranularity", "Day"), ("field", field), ("sortOrder", "Asc")])
    for tag, value in (
        ("name", f"SLA due or late: {object_.lower()}s"),
        ("reportType", report_type),
        ("scope", "organization" if object_ == "Contact" else "org"),
        ("showDetails", "true"),
        ("showGrandTotal", "true"),
        ("showSubTotals", "true"),
    ):
        xml.append(root, tag, value)
    xml.group(root, "timeFrameFilter", [("dateColumn", "CREATED_DATE"), ("interval", "INTERVAL_CUSTOM")])
    return xml.text(root)
