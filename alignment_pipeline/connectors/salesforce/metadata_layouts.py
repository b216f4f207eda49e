"""Page layouts of the metadata package, ready to be assigned to profiles: every field of ours has a place on the page.

Belongs here: sections of fields and related lists. The page around them: `metadata_pages.py`. Fields that people fill in come first and can
be edited; fields that we fill are read-only there; standard fields are few, since every organisation has a layout of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.connectors.salesforce import metadata_xml as xml
from alignment_pipeline.connectors.salesforce.metadata_fields import MINUTES_LEFT, TIME_LEFT, answered, filled, matched_account_lookup

Placed = tuple[str, str]
"""API name and behaviour on the page."""

_STANDARD: dict[str, tuple[Placed, ...]] = {
    "Lead": (
        ("Name", "Required"),
        ("Company", "Required"),
        ("Title", "Edit"),
        ("Email", "Edit"),
        ("Phone", "Edit"),
        ("LeadSource", "Edit"),
        ("Status", "Required"),
        ("OwnerId", "Edit"),
    ),
    "Contact": (
        ("Name", "Required"),
        ("AccountId", "Edit"),
        ("Title", "Edit"),
        ("Email", "Edit"),
        ("Phone", "Edit"),
        ("LeadSource", "Edit"),
        ("OwnerId", "Edit"),
    ),
    "Account": (
        ("Name", "Required"),
        ("Website", "Edit"),
        ("Phone", "Edit"),
        ("Type", "Edit"),
        ("Industry", "Edit"),
        ("NumberOfEmployees", "Edit"),
        ("OwnerId", "Edit"),
    ),
}
_ACTIVITIES = (
    ("RelatedActivityList", ("TASK.SUBJECT", "TASK.WHO_NAME", "TASK.DUE_DATE", "TASK.STATUS", "CORE.USERS.FULL_NAME")),
    ("RelatedHistoryList", ("TASK.SUBJECT", "TASK.WHO_NAME", "TASK.DUE_DATE", "CORE.USERS.FULL_NAME", "TASK.LAST_UPDATE")),
)
_PEOPLE_AND_DEALS = (
    ("RelatedContactList", ("FULL_NAME", "CONTACT.TITLE", "CONTACT.EMAIL", "CONTACT.PHONE1")),
    ("RelatedOpportunityList", ("OPPORTUNITY.NAME", "OPPORTUNITY.STAGE_NAME", "OPPORTUNITY.AMOUNT", "OPPORTUNITY.CLOSE_DATE")),
)


def layouts(crm: Crm) -> dict[str, str]:
    """Relative path -> text: one page layout for each of lead, contact and account that has fields of ours."""
    files = {}
    for object_ in _STANDARD:
        if filled(crm, object_) or answered(crm, object_):
            files[f"layouts/{object_}-Alignment {object_} Layout.layout-meta.xml"] = _layout(crm, object_)
    return files


def _layout(crm: Crm, object_: str) -> str:
    root = xml.root("Layout")
    ours, theirs = filled(crm, object_), answered(crm, object_)
    reasons = [field for value, field in ours.items() if value.endswith("_reason")]
    timing = [TIME_LEFT, MINUTES_LEFT] if "person.sla_due_at" in ours else []
    decided = [field for field in ours.values() if field.endswith("__c") and field not in reasons]
    _section(root, f"{object_} information", _STANDARD[object_])
    _section(root, "Alignment: your answer", [(field, "Edit") for field in theirs.values() if field.endswith("__c")])
    _section(root, "Alignment: where it stands", [(field, "Readonly") for field in [*decided, *timing]])
    _section(root, "Alignment: why", [(field, "Readonly") for field in reasons if field.endswith("__c")], columns=1)
    _section(root, "System information", (("CreatedById", "Readonly"), ("LastModifiedById", "Readonly")))
    for name, fields in _related(crm, object_):
        element = ET.SubElement(root, "relatedLists")
        for field in fields:
            xml.append(element, "fields", field)
        xml.append(element, "relatedList", name)
    return xml.text(root)


def _related(crm: Crm, object_: str) -> Iterable[tuple[str, tuple[str, ...]]]:
    if object_ == "Account":
        lookup, leads = matched_account_lookup(crm), filled(crm, "Lead")
        if lookup:
            more = [leads[value] for value in ("person.stage", "person.sla_status") if value in leads]
            yield f"Lead.{lookup}", ("FULL_NAME", "LEAD.COMPANY", "LEAD.STATUS", *more)
        yield from _PEOPLE_AND_DEALS
    yield from _ACTIVITIES


def _section(root: ET.Element, label: str, fields: Sequence[Placed], *, columns: int = 2) -> None:
    if not fields:
        return
    section = xml.group(
        root, "layoutSections", [("customLabel", "true"), ("detailHeading", "true"), ("editHeading", "true"), ("label", label)]
    )
    half = -(-len(fields) // columns)
    for first in range(0, half * columns, half):
        column = ET.SubElement(section, "layoutColumns")
        for field, behaviour in fields[first : first + half]:
            xml.group(column, "layoutItems", [("behavior", behaviour), ("field", field)])
    xml.append(section, "style", "OneColumn" if columns == 1 else "TwoColumnsTopToBottom")
