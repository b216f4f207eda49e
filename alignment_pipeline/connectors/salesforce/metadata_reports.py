"""Reports and report types of the metadata package: what is due or late, new MQAs, and leads by matched account.

Belongs here: report types, the report folder and its reports in source format. The fields they show: `metadata_fields.py`; the dashboards
made of them: `metadata_dashboards.py`. All reports but the two oldest rest on report types of ours, whose columns bear the API names of
fields; names of standard columns are those of the standard report types LeadList and ContactList.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.connectors.salesforce import metadata_xml as xml
from alignment_pipeline.connectors.salesforce.metadata_fields import (
    MATCHED_LEADS,
    MINUTES_LEFT,
    TIME_LEFT,
    answered,
    filled,
    matched_account_lookup,
)
from alignment_pipeline.connectors.salesforce.metadata_views import OPEN_STATES

FOLDER = "Alignment"
_SHARED = (("accessLevel", "View"), ("sharedTo", "AllInternalUsers"), ("sharedToType", "Organization"))
# object -> report type, standard columns
_TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Lead": ("LeadList", ("OWNER", "FIRST_NAME", "LAST_NAME", "COMPANY", "LEAD_SOURCE")),
    "Contact": ("ContactList", ("FIRST_NAME", "LAST_NAME", "ACCOUNT.NAME")),
}
_BASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Lead": ("leads", ("Name", "Company", "Owner.Name", "Status", "LeadSource", "Phone", "Email", "CreatedDate")),
    "Contact": ("accounts", ("Name", "Account.Name", "Owner.Name", "Title", "Phone", "Email", "CreatedDate")),
    "Account": ("accounts", ("Name", "Owner.Name", "Industry", "Type", "CreatedDate")),
}
WITH_MATCH = "Alignment_Leads_with_matched_account"
MATCHED = "Alignment_Accounts_with_matched_leads"


@dataclass(frozen=True)
class Summary:
    """One report over one of our report types."""

    name: str
    title: str
    about: str
    type: str
    object: str
    groups: tuple[str, ...]
    columns: tuple[str, ...]
    rules: tuple[tuple[str, str, str], ...]
    is_mine: bool = False


def type_of(object_: str) -> str:
    """Name of our report type over one object."""
    return f"Alignment_{object_}s"


def report_types(crm: Crm) -> dict[str, str]:
    """Relative path -> text: one type per object with fields of ours, and two over the lookup to the matched account."""
    files = {}
    for object_, (category, standard) in _BASES.items():
        ours = _columns(crm, object_)
        if ours:
            files[type_of(object_)] = _report_type(
                f"{object_}s with alignment fields",
                f"{object_}s with what the alignment pipeline says of them.",
                object_,
                category,
                [(f"{object_}s", object_, [*standard, *ours])],
            )
    lookup = matched_account_lookup(crm)
    if lookup:
        leads, account = [*_BASES["Lead"][1], *_columns(crm, "Lead")], _columns(crm, "Account")
        files[WITH_MATCH] = _report_type(
            "Leads with matched account",
            "Leads beside the account they belong to, with fields of both.",
            "Lead",
            "leads",
            [
                ("Leads", "Lead", leads),
                ("Matched account", "Lead", [f"{lookup}.{name}" for name in ("Name", "Owner.Name", "Industry", *account)]),
            ],
        )
        files[MATCHED] = _report_type(
            "Accounts with matched leads",
            "Accounts that have matched leads, one row per lead.",
            "Account",
            "accounts",
            [("Accounts", "Account", [*_BASES["Account"][1], *account]), ("Matched leads", f"Account.{MATCHED_LEADS}__r", leads)],
            relationship=f"{MATCHED_LEADS}__r",
        )
    return {f"reportTypes/{name}.reportType-meta.xml": text for name, text in files.items()}


def _columns(crm: Crm, object_: str) -> list[str]:
    ours = filled(crm, object_)
    names = [*ours.values(), *answered(crm, object_).values()]
    if "person.sla_due_at" in ours:
        names += [TIME_LEFT, MINUTES_LEFT]
    return list(dict.fromkeys(names))


def _report_type(
    label: str,
    about: str,
    base: str,
    category: str,
    sections: Sequence[tuple[str, str, Sequence[str]]],
    *,
    relationship: str | None = None,
) -> str:
    root = xml.root("ReportType", [("baseObject", base), ("category", category), ("deployed", "true"), ("description", about)])
    if relationship:
        xml.group(root, "join", [("outerJoin", "false"), ("relationship", relationship)])
    xml.append(root, "label", label)
    for title, table, fields in sections:
        section = ET.SubElement(root, "sections")
        for field in fields:
            xml.group(section, "columns", [("checkedByDefault", "false"), ("field", field), ("table", table)])
        xml.append(section, "masterLabel", title)
    return xml.text(root)


def reports(crm: Crm) -> dict[str, str]:
    """Relative path -> text: every report whose fields are mapped, and the folder when there is one."""
    files = {}
    for object_ in _TYPES:
        ours = filled(crm, object_)
        names = [ours.get(f"person.sla_{part}") for part in ("status", "policy", "due_at", "reason")]
        known = [name for name in names if name]
        if len(known) == len(names):
            files[f"SLA_{object_}s"] = _due_report(object_, known)
    for summary in summaries(crm):
        files[summary.name] = _summary_report(summary)
    if not files:
        return {}
    folder = xml.root("ReportFolder")
    xml.group(folder, "folderShares", _SHARED)
    xml.append(folder, "name", FOLDER)
    return {f"reports/{FOLDER}/{name}.report-meta.xml": text for name, text in files.items()} | {
        f"reports/{FOLDER}.reportFolder-meta.xml": xml.text(folder)
    }


def summaries(crm: Crm) -> list[Summary]:
    """The reports over our own report types, as far as their fields are mapped."""
    listed = []
    for object_ in ("Lead", "Contact"):
        ours, plural = filled(crm, object_), f"{object_.lower()}s"
        if all(f"person.sla_{part}" in ours for part in ("status", "due_at", "reason")):
            status = ours["person.sla_status"]
            rules = ((status, "equals", OPEN_STATES),)
            columns: tuple[str, ...] = ("Name", "Phone", TIME_LEFT, ours["person.sla_due_at"], ours["person.sla_reason"])
            about = f"Your {plural} with something due or late, most urgent state first."
            listed.append(
                Summary(
                    f"My_SLA_{object_}s", f"My SLAs: {plural}", about, type_of(object_), object_, (status,), columns, rules, is_mine=True
                )
            )
            about = f"What is due or late, by owner: {plural}."
            listed.append(
                Summary(
                    f"SLA_by_Owner_{object_}s",
                    f"SLAs by owner: {plural}",
                    about,
                    type_of(object_),
                    object_,
                    ("Owner.Name", status),
                    columns,
                    rules,
                )
            )
        if "person.stage" in ours:
            stage, reason = ours["person.stage"], ours.get("person.stage_reason")
            columns = tuple(name for name in ("Name", "Owner.Name", reason) if name)
            about = f"How many {plural} stand in each stage."
            listed.append(
                Summary(
                    f"Stages_{object_}s",
                    f"Stages: {plural}",
                    about,
                    type_of(object_),
                    object_,
                    (stage,),
                    columns,
                    ((stage, "notEqual", ""),),
                )
            )
    return listed + _account_summaries(crm)


def _account_summaries(crm: Crm) -> list[Summary]:
    ours = filled(crm, "Account")
    listed = []
    if "account.mqa_status" in ours and "account.mqa_reason" in ours:
        mqa = ours["account.mqa_status"]
        more = (
            ours.get("account.tier"),
            ours.get("account.engagement_score"),
            ours.get("account.mqa_latest_at"),
            ours["account.mqa_reason"],
        )
        columns = ("Name", *(name for name in more if name))
        rules = ((mqa, "equals", "mqa"),)
        listed.append(
            Summary(
                "My_MQAs", "My MQAs", "Your accounts that qualify now.", type_of("Account"), "Account", (mqa,), columns, rules, is_mine=True
            )
        )
        listed.append(
            Summary(
                "MQAs_by_Owner",
                "MQAs by owner",
                "Accounts that qualify now.",
                type_of("Account"),
                "Account",
                ("Owner.Name",),
                columns,
                rules,
            )
        )
    lookup, leads = matched_account_lookup(crm), filled(crm, "Lead")
    if lookup:
        reason = leads.get("person.match_reason")
        columns = tuple(name for name in ("Name", "Company", "Owner.Name", reason) if name)
        listed.append(
            Summary(
                "Leads_by_Account",
                "Leads by matched account",
                "Leads under the account they belong to.",
                WITH_MATCH,
                "Lead",
                (f"{lookup}.Name",),
                columns,
                ((f"{lookup}.Name", "notEqual", ""),),
            )
        )
    return listed


def _summary_report(summary: Summary) -> str:
    def column(name: str) -> str:
        return f"{summary.object}${name}"

    root = xml.root("Report")
    for name in summary.columns:
        xml.group(root, "columns", [("field", column(name))])
    xml.append(root, "description", summary.about)
    rules = ET.SubElement(root, "filter")
    for field, operator, value in summary.rules:
        xml.group(rules, "criteriaItems", [("column", column(field)), ("operator", operator), ("value", value)])
    xml.append(root, "format", "Summary")
    for name in summary.groups:
        xml.group(root, "groupingsDown", [("dateGranularity", "Day"), ("field", column(name)), ("sortOrder", "Asc")])
    for tag, value in (
        ("name", summary.title),
        ("reportType", f"{summary.type}__c"),
        ("scope", "user" if summary.is_mine else "organization"),
        ("showDetails", "true"),
        ("showGrandTotal", "true"),
        ("showSubTotals", "true"),
    ):
        xml.append(root, tag, value)
    xml.group(root, "timeFrameFilter", [("dateColumn", column("CreatedDate")), ("interval", "INTERVAL_CUSTOM")])
    return xml.text(root)


def _due_report(object_: str, names: list[str]) -> str:
    report_type, standard = _TYPES[object_]
    status, policy, due, reason = (f"{object_}.{name}" for name in names)
    root = xml.root("Report")
    for column in (*standard, due, f"{object_}.{TIME_LEFT}", f"{object_}.{MINUTES_LEFT}", reason):
        xml.group(root, "columns", [("field", column)])
    xml.append(root, "description", "What is due or late, by state and policy. The time left updates on its own.")
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
