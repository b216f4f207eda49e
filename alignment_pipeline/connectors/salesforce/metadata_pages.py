"""Lightning record pages of the metadata package, and the Lightning web component that stands on them.

Belongs here: the pages, and the list of field names that the component reads. The component itself is written by hand in
`package/lwc/alignmentPanel/`; its tests lie in `alignment_pipeline_tests/interop/lwc/`.
"""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.connectors.salesforce import metadata_xml as xml
from alignment_pipeline.connectors.salesforce.metadata_fields import answered, filled, matched_account_lookup

PANEL = "alignmentPanel"
FIELD_NAMES = "alignmentFields"
API_VERSION = "66.0"
_OBJECTS = ("Lead", "Contact", "Account")
_PARTS: dict[str, tuple[str, ...]] = {
    "header": ("force:highlightsPanel",),
    "main": ("force:detailPanel", "force:relatedListContainer"),
    "sidebar": (PANEL, "runtime_sales_activities:activityPanel"),
}


def pages(crm: Crm) -> dict[str, str]:
    """Relative path -> text: a record page for each object that has fields of ours."""
    return {
        f"flexipages/Alignment_{object_}_Page.flexipage-meta.xml": _page(object_)
        for object_ in _OBJECTS
        if filled(crm, object_) or answered(crm, object_)
    }


def components(crm: Crm, folder: Path) -> dict[str, str]:
    """Relative path -> text: the panel as it lies below `folder`, and the field names of this agreement for it to read."""
    files = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((folder / "lwc" / PANEL).iterdir())
        if path.is_file()
    }
    bundle = xml.root("LightningComponentBundle", [("apiVersion", API_VERSION), ("isExposed", "false")])
    files[f"lwc/{FIELD_NAMES}/{FIELD_NAMES}.js-meta.xml"] = xml.text(bundle)
    files[f"lwc/{FIELD_NAMES}/{FIELD_NAMES}.js"] = _field_names(crm)
    return files


def _field_names(crm: Crm) -> str:
    names = {object_: {**filled(crm, object_), **answered(crm, object_)} for object_ in _OBJECTS}
    values = {
        object_: {mapping.meaning: mapping.values for mapping in crm.inputs if mapping.object == object_ and mapping.type == "picklist"}
        for object_ in _OBJECTS
    }
    lookup = json.dumps(matched_account_lookup(crm))
    return (
        "// Generated from the agreement's field map by `make package`. Do not edit.\n"
        f"export const FIELDS = {json.dumps(names, indent=4)};\n"
        f"export const CHOICES = {json.dumps(values, indent=4, ensure_ascii=False)};\n"
        f"export const MATCHED_ACCOUNT_LOOKUP = {lookup};\n"
    )


def _page(object_: str) -> str:
    root = xml.root("FlexiPage")
    for region, parts in _PARTS.items():
        element = ET.SubElement(root, "flexiPageRegions")
        for part in parts:
            instance = ET.SubElement(element, "itemInstances")
            xml.group(
                instance,
                "componentInstance",
                [("componentName", part), ("identifier", part.replace(":", "_") if ":" in part else f"c_{part}")],
            )
        xml.append(element, "name", region)
        xml.append(element, "type", "Region")
    for tag, value in (("masterLabel", f"Alignment {object_.lower()} page"), ("sobjectType", object_)):
        xml.append(root, tag, value)
    xml.group(root, "template", [("name", "flexipage:recordHomeTemplateDesktop")])
    xml.append(root, "type", "RecordPage")
    return xml.text(root)
