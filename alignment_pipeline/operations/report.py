"""The report of the published tables, as a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from alignment_pipeline.installation.home import Home
from alignment_pipeline.reporting import report

# a home of the demo holds this file: every page made from it says that its activity is fictional
DEMO_MARK = "this-is-a-demo"


def write_report(home: Home, *, as_of: datetime | None = None) -> Path:
    """Render the report and put it below `home/reports`; returns its path. `latest.html` is always the newest."""
    return write_both(home, as_of=as_of)[0]


def write_both(home: Home, *, as_of: datetime | None = None) -> tuple[Path, str]:
    """The same, and the report as Markdown."""
    warehouse = home.warehouse()
    moment = as_of or home.clock.now()
    page, text = report.render_both(
        {name: warehouse.read(name) for name in report.INPUTS},
        agreement=home.agreement,
        as_of=moment,
        is_demo=(home.path / DEMO_MARK).exists(),
    )
    folder = home.folder("reports")
    path = folder / f"report-{moment:%Y%m%dT%H%M%SZ}.html"
    for target in (path, folder / "latest.html"):
        target.write_text(page, encoding="utf-8")
        target.chmod(0o600)
    return path, text
