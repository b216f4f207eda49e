"""Dashboards of the metadata package: one for reps, one for managers. Both show what the signed-in user may see.

Belongs here: which report stands where. The reports themselves: `metadata_reports.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.connectors.salesforce import metadata_xml as xml
from alignment_pipeline.connectors.salesforce.metadata_reports import FOLDER, Summary, summaries

_SHARED = (("accessLevel", "View"), ("sharedTo", "AllInternalUsers"), ("sharedToType", "Organization"))
_COLUMNS, _ROW_HEIGHT, _WIDTH, _HEIGHT = 12, 36, 6, 8
# (report, chart)
Tile = tuple[str, str]
REP: Sequence[Tile] = (("My_SLA_Leads", "Donut"), ("My_SLA_Contacts", "Donut"), ("My_MQAs", "Metric"), ("Leads_by_Account", "Bar"))
MANAGER: Sequence[Tile] = (
    ("SLA_by_Owner_Leads", "BarStacked"),
    ("SLA_by_Owner_Contacts", "BarStacked"),
    ("MQAs_by_Owner", "Bar"),
    ("Stages_Leads", "Funnel"),
    ("Stages_Contacts", "Funnel"),
    ("Leads_by_Account", "Bar"),
)


def dashboards(crm: Crm) -> dict[str, str]:
    """Relative path -> text: the dashboards whose reports there are, and their folder."""
    known = {summary.name: summary for summary in summaries(crm)}
    files = {}
    for name, title, about, tiles in (
        ("Alignment_Rep", "Alignment: my day", "What is due today and which of your accounts qualify.", REP),
        ("Alignment_Manager", "Alignment: my team", "Who has something due or late, and where people and accounts stand.", MANAGER),
    ):
        shown = [(report, chart) for report, chart in tiles if report in known]
        if shown:
            files[f"dashboards/{FOLDER}/{name}.dashboard-meta.xml"] = _dashboard(title, about, shown, known)
    if not files:
        return {}
    folder = xml.root("DashboardFolder")
    xml.group(folder, "folderShares", _SHARED)
    xml.append(folder, "name", FOLDER)
    return files | {f"dashboards/{FOLDER}.dashboardFolder-meta.xml": xml.text(folder)}


def _dashboard(title: str, about: str, tiles: Sequence[Tile], known: Mapping[str, Summary]) -> str:
    white, black = "#FFFFFF", "#000000"
    pairs = [("backgroundEndColor", white), ("backgroundFadeDirection", "Diagonal"), ("backgroundStartColor", white)]
    root = xml.root("Dashboard", pairs)
    grid = ET.SubElement(root, "dashboardGridLayout")
    for number, (report, chart) in enumerate(tiles):
        place = ET.SubElement(grid, "dashboardGridComponents")
        xml.append(place, "colSpan", str(_WIDTH))
        xml.append(place, "columnIndex", str(number * _WIDTH % _COLUMNS))
        _tile(place, known[report], chart)
        xml.append(place, "rowIndex", str(number * _WIDTH // _COLUMNS * _HEIGHT))
        xml.append(place, "rowSpan", str(_HEIGHT))
    xml.append(grid, "numberOfColumns", str(_COLUMNS))
    xml.append(grid, "rowHeight", str(_ROW_HEIGHT))
    for tag, value in (
        ("dashboardType", "LoggedInUser"),
        ("description", about),
        ("isGridLayout", "true"),
        ("textColor", black),
        ("title", title),
        ("titleColor", black),
        ("titleSize", "12"),
    ):
        xml.append(root, tag, value)
    return xml.text(root)


def _tile(place: ET.Element, summary: Summary, chart: str) -> None:
    element = ET.SubElement(place, "dashboardComponent")
    xml.append(element, "autoselectColumnsFromReport", "false")
    summed = [("axisBinding", "y"), ("column", "RowCount")] if chart != "Metric" else [("column", "RowCount")]
    xml.group(element, "chartSummary", summed)
    xml.append(element, "componentType", chart)
    xml.append(element, "displayUnits", "Integer")
    if chart != "Metric":
        groups = summary.groups if chart == "BarStacked" else summary.groups[:1]
        for group in groups:
            xml.append(element, "groupingColumn", f"{summary.object}${group}")
    xml.append(element, "header", summary.title)
    if chart == "Metric":
        xml.append(element, "metricLabel", summary.title)
    else:
        xml.append(element, "legendPosition", "Bottom")
    xml.append(element, "report", f"{FOLDER}/{summary.name}")
    if chart != "Metric":
        xml.append(element, "showValues", "true")
        xml.append(element, "sortBy", "RowValueDescending")
        xml.append(element, "useReportChart", "false")
