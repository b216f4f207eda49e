"""Custom fields of the metadata package: the fields that we fill, those that people fill in, and formulas beside them.

Belongs here: one file per field, and which field holds which value. Where people see the fields: `metadata_layouts.py`,
`metadata_pages.py`, `metadata_views.py` and `metadata_reports.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from alignment_pipeline.agreement.field_map import MARKETO_LEAD, Crm, FieldMapping, InputMapping
from alignment_pipeline.connectors.salesforce import metadata_xml as xml

MINUTES_LEFT = "Alignment_SLA_Minutes_Left__c"
TIME_LEFT = "Alignment_SLA_Time_Left__c"
SCORE = "Alignment_Engagement_Score__c"
MATCHED_LEADS = "Alignment_Matched_Leads"
RUNNING_STATES = ("pending", "at risk", "breached")
"""States of an SLA in which somebody still has to act."""

_TYPES = {
    "text": "Text",
    "long_text": "LongTextArea",
    "number": "Number",
    "percent": "Percent",
    "picklist": "Picklist",
    "datetime": "DateTime",
    "date": "Date",
    "checkbox": "Checkbox",
    "lookup": "Lookup",
}


def fields(crm: Crm) -> dict[str, str]:
    """Relative path -> text of every custom field that the package declares."""
    files: dict[str, str] = {}
    mappings: list[FieldMapping | InputMapping] = [*crm.fields, *crm.inputs]
    for mapping in mappings:
        if mapping.field.endswith("__c") and mapping.object != MARKETO_LEAD:
            files[_field_path(mapping.object, mapping.field)] = _field(mapping)
    # custom fields of tasks are declared on Activity, which Task and Event share
    files[_field_path("Activity", crm.tasks.external_key_field)] = _task_key(crm.tasks.external_key_field)
    for object_, due in sla_due_fields(crm):
        status = _status_field(crm, object_)
        files[_field_path(object_, MINUTES_LEFT)] = _minutes_left(due, status)
        files[_field_path(object_, TIME_LEFT)] = _time_left(due, status)
    for object_ in computed_scores(crm):
        files[_field_path(object_, SCORE)] = _score(_mapped(crm, object_), _side(object_))
    return files


def filled(crm: Crm, object_: str) -> Mapping[str, str]:
    """Value -> API name of the fields that show our values on one object, in the agreement's order.

    A score that the CRM computes stands for the three values that it is computed from.
    """
    ours, side = _mapped(crm, object_), _side(object_)
    if object_ not in computed_scores(crm):
        return ours
    return {f"{side}.engagement_score": SCORE} | {value: name for value, name in ours.items() if value not in _ageing_values(side)}


def computed_scores(crm: Crm) -> list[str]:
    """Objects whose engagement score is a formula: points, their day and the half-life are mapped, and the score's field is free."""
    mapped = {object_: _mapped(crm, object_) for object_ in ("Lead", "Contact", "Account")}
    return [name for name, ours in mapped.items() if _ageing_values(_side(name)) <= set(ours) and SCORE not in ours.values()]


def _mapped(crm: Crm, object_: str) -> dict[str, str]:
    return {mapping.value: mapping.field for mapping in crm.fields if mapping.object == object_}


def _side(object_: str) -> str:
    return "account" if object_ == "Account" else "person"


def _ageing_values(side: str) -> set[str]:
    return {f"{side}.engagement_{name}" for name in ("points", "points_at", "half_life_days")}


def answered(crm: Crm, object_: str) -> Mapping[str, str]:
    """Meaning -> API name of the fields that people fill in on one object, in the agreement's order."""
    return {mapping.meaning: mapping.field for mapping in crm.inputs if mapping.object == object_}


def matched_account_lookup(crm: Crm) -> str | None:
    """API name of the lead's lookup to its matched account; None when the account's id is kept as text, or not at all."""
    is_lookup = (m.field for m in crm.fields if m.object == "Lead" and m.value == "person.matched_account_id" and m.type == "lookup")
    return next(is_lookup, None)


def sla_due_fields(crm: Crm) -> list[tuple[str, str]]:
    """(object, API name) of the fields that say when an SLA is due."""
    return [(mapping.object, mapping.field) for mapping in crm.fields if mapping.value == "person.sla_due_at"]


def _field_path(object_: str, field: str) -> str:
    return f"objects/{object_}/fields/{field}.field-meta.xml"


def _field(mapping: FieldMapping | InputMapping) -> str:
    pairs: list[tuple[str, str]] = [("fullName", mapping.field)]
    if mapping.type == "checkbox":
        pairs.append(("defaultValue", "false"))
    if mapping.type == "lookup":
        # an account that is deleted in the CRM empties the field; it never blocks the deletion
        pairs.append(("deleteConstraint", "SetNull"))
    if mapping.help:
        pairs.append(("inlineHelpText", mapping.help))
    pairs.append(("label", mapping.label))
    if mapping.type in ("text", "long_text"):
        pairs.append(("length", str(mapping.length)))
    if mapping.type == "lookup":
        pairs += [("referenceTo", "Account"), ("relationshipLabel", "Matched leads"), ("relationshipName", MATCHED_LEADS)]
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


def _minutes_left(due: str, status: str | None) -> str:
    # a formula moves with the clock on its own: nothing is written while time passes, so nothing flickers
    pairs = [
        ("fullName", MINUTES_LEFT),
        ("formula", f"IF({_is_still(due, status)}, NULL, ({due} - NOW()) * 1440)"),
        ("formulaTreatBlanksAs", "BlankAsBlank"),
        ("inlineHelpText", "Minutes by the wall clock until the SLA is due; negative when it is late. Empty when nothing is due."),
        ("label", "SLA minutes left"),
        ("precision", "18"),
        ("required", "false"),
        ("scale", "0"),
        ("type", "Number"),
    ]
    return xml.text(xml.root("CustomField", pairs))


def _time_left(due: str, status: str | None) -> str:
    days = f"ABS({due} - NOW())"
    size = (
        f'IF({days} < 1 / 24, TEXT(FLOOR({days} * 1440)) & " min", '
        f'IF({days} < 1, TEXT(FLOOR({days} * 24)) & " h", '
        f'IF({days} < 2, "1 day", TEXT(FLOOR({days})) & " days")))'
    )
    pairs = [
        ("fullName", TIME_LEFT),
        ("formula", f'IF({_is_still(due, status)}, "", IF({due} < NOW(), "late by " & {size}, {size} & " left"))'),
        ("formulaTreatBlanksAs", "BlankAsBlank"),
        ("inlineHelpText", "How long is left until the SLA is due, or how late it is, by the wall clock. Empty when nothing is due."),
        ("label", "SLA time left"),
        ("required", "false"),
        ("type", "Text"),
    ]
    return xml.text(xml.root("CustomField", pairs))


def _score(ours: Mapping[str, str], side: str) -> str:
    # TODAY() is the day in the zone of whoever looks; whole days since a midnight UTC are the same for all
    points, since, half_life = (ours[f"{side}.engagement_{name}"] for name in ("points", "points_at", "half_life_days"))
    aged = f"{points} * 0.5 ^ (FLOOR(NOW() - {since}) / {half_life})"
    whose = "this person's own activity" if side == "person" else "all people of this account"
    pairs = [
        ("fullName", SCORE),
        ("formula", f"IF(ISBLANK({points}), NULL, MIN(100, MAX(0, IF(ISBLANK({since}), {points}, {aged}))))"),
        ("formulaTreatBlanksAs", "BlankAsBlank"),
        ("inlineHelpText", f"Recency-weighted engagement of {whose}, 0 to 100, as of today. Empty when no activity is known."),
        ("label", "Engagement score"),
        ("precision", "18"),
        ("required", "false"),
        ("scale", "2"),
        ("type", "Number"),
    ]
    return xml.text(xml.root("CustomField", pairs))


def _is_still(due: str, status: str | None) -> str:
    """The condition under which no time is running."""
    if status is None:
        return f"ISBLANK({due})"
    running = ", ".join(f'ISPICKVAL({status}, "{state}")' for state in RUNNING_STATES)
    return f"OR(ISBLANK({due}), NOT(OR({running})))"


def _status_field(crm: Crm, object_: str) -> str | None:
    is_picklist = (m.field for m in crm.fields if m.object == object_ and m.value == "person.sla_status" and m.type == "picklist")
    return next(is_picklist, None)
