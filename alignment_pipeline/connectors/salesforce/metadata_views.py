"""List views and compact layouts of the metadata package: what a rep opens first, and what stands at the top of a record.

Belongs here: short lists of fields. Whole pages: `metadata_layouts.py` and `metadata_pages.py`. Names of standard columns are those that
Salesforce itself writes in list views (LEAD.COMPANY, CONTACT.PHONE1, CORE.USERS.ALIAS).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.connectors.salesforce import metadata_xml as xml
from alignment_pipeline.connectors.salesforce.metadata_fields import MINUTES_LEFT, RUNNING_STATES, TIME_LEFT, filled, matched_account_lookup

OPEN_STATES = ",".join(RUNNING_STATES)
COMPACT_LAYOUT = "Alignment_Compact"
_STANDARD_COLUMNS = {
    "Lead": ("FULL_NAME", "LEAD.COMPANY", "LEAD.PHONE"),
    "Contact": ("FULL_NAME", "ACCOUNT.NAME", "CONTACT.PHONE1"),
    "Account": ("ACCOUNT.NAME",),
}
_OWNER_COLUMN = "CORE.USERS.ALIAS"
_COMPACT = {
    "Lead": (
        "Name",
        "Company",
        "person.matched_account_id",
        "person.stage",
        "person.sla_status",
        TIME_LEFT,
        "person.engagement_score",
        "Phone",
        "OwnerId",
    ),
    "Contact": ("Name", "AccountId", "person.stage", "person.sla_status", TIME_LEFT, "person.engagement_score", "Phone", "OwnerId"),
    "Account": (
        "Name",
        "account.stage",
        "account.mqa_status",
        "account.tier",
        "account.engagement_score",
        "account.people_engaged",
        "OwnerId",
    ),
}
_MOST_COMPACT = 10  # fields of a compact layout that Salesforce accepts

Rule = tuple[str, str, str]


def list_views(crm: Crm) -> dict[str, str]:
    """Relative path -> text: per person object what is due or late, of everybody and of the user; per account the MQAs."""
    files: dict[str, str] = {}
    for object_ in ("Lead", "Contact"):
        ours = filled(crm, object_)
        status, due, reason = (ours.get(f"person.sla_{part}") for part in ("status", "due_at", "reason"))
        if not (status and due and reason):
            continue
        columns = [*_STANDARD_COLUMNS[object_], status, TIME_LEFT, due, reason]
        is_open: Rule = (status, "equals", OPEN_STATES)
        views: tuple[tuple[str, str, str, list[str], list[Rule]], ...] = (
            ("Alignment_SLA_Due", "SLA due or late", "Everything", [*columns, _OWNER_COLUMN], [is_open]),
            ("Alignment_My_SLA", "My SLAs", "Mine", columns, [is_open]),
            ("Alignment_My_SLA_Today", "My SLAs due today", "Mine", columns, [is_open, (due, "equals", "TODAY")]),
            ("Alignment_My_SLA_Late", "My late SLAs", "Mine", columns, [is_open, (MINUTES_LEFT, "lessThan", "0")]),
        )
        for name, label, scope, shown, rules in views:
            files[f"objects/{object_}/listViews/{name}.listView-meta.xml"] = _list_view(name, label, scope, shown, rules)
    files.update(_account_views(crm))
    return files


def _account_views(crm: Crm) -> dict[str, str]:
    ours = filled(crm, "Account")
    mqa, reason, latest = (ours.get(f"account.mqa_{part}") for part in ("status", "reason", "latest_at"))
    if not (mqa and reason):
        return {}
    columns = [
        *_STANDARD_COLUMNS["Account"],
        mqa,
        reason,
        *(name for name in (ours.get("account.stage"), ours.get("account.tier")) if name),
    ]
    is_mqa: Rule = (mqa, "equals", "mqa")
    views: list[tuple[str, str, str, list[str], list[Rule]]] = [
        ("Alignment_MQA", "Marketing qualified accounts", "Everything", [*columns, _OWNER_COLUMN], [is_mqa]),
        ("Alignment_My_MQA", "My MQAs", "Mine", columns, [is_mqa]),
    ]
    if latest:
        rules = [is_mqa, (latest, "greaterOrEqual", "LAST_N_DAYS:7")]
        views.append(("Alignment_My_New_MQA", "My new MQAs", "Mine", [*columns, latest], rules))
    return {
        f"objects/Account/listViews/{name}.listView-meta.xml": _list_view(name, label, scope, shown, rules)
        for name, label, scope, shown, rules in views
    }


def _list_view(name: str, label: str, scope: str, columns: Iterable[str], rules: Sequence[Rule]) -> str:
    root = xml.root("ListView", [("fullName", name)])
    for column in columns:
        xml.append(root, "columns", column)
    xml.append(root, "filterScope", scope)
    for rule in rules:
        xml.group(root, "filters", zip(("field", "operation", "value"), rule, strict=True))
    xml.append(root, "label", label)
    return xml.text(root)


def compact_layouts(crm: Crm) -> dict[str, str]:
    """Relative path -> text: one compact layout per object that has fields of ours."""
    files = {}
    for object_, wanted in _COMPACT.items():
        ours = filled(crm, object_)
        if not ours:
            continue
        root = xml.root("CompactLayout", [("fullName", COMPACT_LAYOUT)])
        for field in compact_fields(crm, wanted, object_)[:_MOST_COMPACT]:
            xml.append(root, "fields", field)
        xml.append(root, "label", "Alignment")
        files[f"objects/{object_}/compactLayouts/{COMPACT_LAYOUT}.compactLayout-meta.xml"] = xml.text(root)
    return files


def compact_fields(crm: Crm, wanted: Iterable[str], object_: str) -> list[str]:
    """API names of the wanted standard fields and values, without those that the agreement does not map."""
    ours = filled(crm, object_)
    fields = []
    for name in wanted:
        if name == TIME_LEFT:
            fields += [TIME_LEFT] if "person.sla_due_at" in ours else []
        elif name == "person.matched_account_id":
            lookup = matched_account_lookup(crm)
            fields += [lookup] if lookup else []
        elif "." in name:
            fields += [ours[name]] if name in ours else []
        else:
            fields.append(name)
    return fields
