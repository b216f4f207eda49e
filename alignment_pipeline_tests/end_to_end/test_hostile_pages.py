"""Every HTML page that we write, made of a hundred attacks: read by libxml2's parser, and (in `make faults`) opened in Chromium."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from lxml import html

import alignment_pipeline
from alignment_pipeline.write_back.fields.decide import HoldReason
from alignment_pipeline.write_back.fields.holds import NewHold
from alignment_pipeline.write_back.plans import judgement, preview
from alignment_pipeline.write_back.plans.planned import Plan, PlannedOp, Quarantined
from alignment_pipeline_tests.faults.selection import wants_all
from alignment_pipeline_tests.faults.web_ui import CHROMIUM
from alignment_pipeline_tests.reporting import test_report

_PASSIVE = set(
    "html head meta title style body main h1 h2 h3 p div span strong section table tbody tr th td ul li code dl dt dd footer"
    " details summary input button label".split()  # the last three are made by the plan page's own script
)
_LOADING = {"src", "href", "action", "data", "srcdoc", "formaction", "background", "poster", "xlink:href"}


def plan_page(attacks: list[str]) -> str:
    """The preview of a plan in which every text is an attack."""
    ops = [
        PlannedOp(object=text, record_id=None, ext_key=text, stage=0, reason=text, before={text: text}, after={text: text})
        for text in attacks
    ]
    made = Plan(
        plan_hash=attacks[0],
        run_id=attacks[0],
        kind="full",
        org_id=attacks[0],
        config_hash=attacks[0],
        code_version=attacks[0],
        as_of=datetime(2026, 11, 20, tzinfo=UTC),
        ops=ops,
        holds=[NewHold(text, text, text, HoldReason.HUMAN_EDIT, text) for text in attacks],
        quarantined=[Quarantined(text, text, text, text, text) for text in attacks],
        managed=dict.fromkeys(attacks, 1),
    )
    return preview.render(
        made, judgement.Judgement(tuple(judgement.Check(text, text, judgement.Verdict.BLOCKED, text) for text in attacks))
    )


def pages(attacks: list[str]) -> dict[str, str]:
    """By name."""
    reports = {f"report {number}": page for number, page in enumerate(test_report.hostile_pages(attacks))}
    return {"plan": plan_page(attacks), **reports}


def is_ours(script: html.HtmlElement, page: str) -> bool:
    """The plan page's script, which its policy names by hash, and its data, which no browser runs."""
    if script.get("type") == "application/octet-stream":
        return True
    digest = base64.b64encode(hashlib.sha256((script.text or "").encode()).digest()).decode()
    return dict(script.attrib) == {} and f"script-src 'sha256-{digest}'" in page


def active(page: str) -> list[str]:
    """Whatever in a page could run or load."""
    root = html.document_fromstring(page)
    found = [str(node.tag) for node in root.iter() if node.tag not in _PASSIVE and not (node.tag == "script" and is_ours(node, page))]
    return found + [f"{node.tag} {name}" for node in root.iter() for name in node.attrib if name.startswith("on") or name in _LOADING]


def test_these_are_all_the_pages_we_write() -> None:
    root = Path(alignment_pipeline.__file__).parent
    # templates of Lightning web components are compiled by Salesforce, which knows no unescaped value
    ours = (path for path in root.rglob("*") if "lwc" not in path.parts and path.name.endswith((".j2", ".html", ".jinja")))
    # the served pages are attacked over HTTP (`serving/test_application.py`); Markdown is for Dagster's pages, which show no HTML in it
    templates = {str(path.relative_to(root)) for path in ours if "serving" not in path.parts and not path.name.endswith(".md.j2")}
    # the weekly page is attacked in its own test (`meeting/test_page.py`)
    assert {"meeting/page.html.j2", "reporting/report.html.j2", "write_back/plans/preview.html.j2"} == templates


def test_nothing_in_them_is_active_and_every_attack_is_shown_as_text() -> None:
    made = pages(test_report.PAYLOADS)
    shown = {name: html.document_fromstring(page).text_content() for name, page in made.items()}

    assert {name: [] for name in made} == {name: active(page) for name, page in made.items()}
    plan = shown.pop("plan")
    assert [] == [text for text in test_report.PAYLOADS if text not in plan]
    assert [] == [text for text in test_report.PAYLOADS if not any(text in page for page in shown.values())]


if wants_all() and CHROMIUM:

    def test_a_browser_runs_nothing_even_without_the_policy(tmp_path: Path) -> None:
        """The attack would mark the page; the policy that forbids scripts is taken out, so that the escaping alone must hold."""
        assert "<body data-ran" in _dumped(tmp_path, "<!doctype html><title>x</title><body><script>document.body.dataset.ran=1</script>")
        for page in pages(test_report.payloads("document.body.dataset.ran=1")).values():
            bare = page.replace("Content-Security-Policy", "X-Nothing")
            assert bare != page

            seen = _dumped(tmp_path, bare)

            assert "<body data-ran" not in seen and [] == active(seen)


def _dumped(folder: Path, page: str) -> str:
    """The page as Chromium has it after loading."""
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    done = subprocess.run([str(CHROMIUM), *options, path.as_uri()], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout
