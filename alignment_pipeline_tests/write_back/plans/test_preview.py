"""Nothing in a preview can act."""

from __future__ import annotations

import html.parser
from pathlib import Path

from alignment_pipeline.write_back.plans import preview
from alignment_pipeline_tests.write_back.office import lead_id, office

XSS = [
    *(f"<script>alert({n})</script>" for n in range(20)),
    *(f"<img src=x onerror=alert({n})>" for n in range(20)),
    *(f'"><svg/onload=alert({n})>' for n in range(20)),
    *(f"<a href='javascript:alert({n})'>x</a>" for n in range(20)),
    *(f"{{{{ {n} * 7 }}}}</td><iframe src=//evil{n}>" for n in range(20)),
]


class _Active(html.parser.HTMLParser):
    """Collects everything in a page that could act."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "svg", "img", "a", "form", "base"):
            self.found.append(tag)
        self.found += [name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "").lower()]


def test_a_hundred_hostile_values_make_no_active_node(tmp_path: Path) -> None:
    with office(tmp_path, leads=100) as acme:
        for number, payload in enumerate(XSS):
            acme.edit(lead_id(number), Note__c=payload[:80])
            acme.want(lead_id(number), Note__c="ours", Reason__c=payload[:80], Score__c=1)
        planned = acme.plan()

        lines, page = preview.write_preview(planned.plan, planned.judgement, acme.home / "plans")

        found = _Active()
        found.feed(page.read_text(encoding="utf-8"))
        assert len(XSS) == 100 and found.found == []
        assert "<script" not in page.read_text(encoding="utf-8")
        assert len(lines.read_text().splitlines()) == sum(len(op.after) + len(op.carried) for op in planned.plan.ops)
        assert (page.stat().st_mode & 0o777, page.parent.stat().st_mode & 0o777) == (0o600, 0o700)
