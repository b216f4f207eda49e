"""Generates the Salesforce metadata package from the agreement's field map.

Belongs here: putting the package together and writing it, in Salesforce's source format, ready for `sf project deploy start`. Its parts:
`metadata_fields.py`, `metadata_permissions.py`, `metadata_views.py`, `metadata_layouts.py`, `metadata_pages.py`, `metadata_reports.py`,
`metadata_dashboards.py`. Which fields there are: the agreement (`agreement/field_map.py`). Written to `package/` by `make package`; a test
holds the two equal.
"""

from __future__ import annotations

from pathlib import Path

from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.connectors.salesforce import (
    metadata_dashboards,
    metadata_fields,
    metadata_layouts,
    metadata_pages,
    metadata_permissions,
    metadata_reports,
    metadata_views,
)

PACKAGE = Path(__file__).parent / "package"


def files(crm: Crm) -> dict[str, str]:
    """The package as relative path -> text, in a fixed order."""
    written: dict[str, str] = {}
    for part in (
        metadata_fields.fields(crm),
        metadata_permissions.permission_sets(crm),
        metadata_views.list_views(crm),
        metadata_views.compact_layouts(crm),
        metadata_layouts.layouts(crm),
        metadata_pages.pages(crm),
        metadata_pages.components(crm, PACKAGE),
        metadata_reports.report_types(crm),
        metadata_reports.reports(crm),
        metadata_dashboards.dashboards(crm),
    ):
        written.update(part)
    return dict(sorted(written.items()))


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
