"""The pages of a full week and of a quarter in Chromium: nothing is loaded, axe finds nothing, they fit, and print on two sides.

Needs Chromium on the machine (a CI machine may lack it; the tests then say so) and the packages playwright and axe-playwright-python.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from alignment_pipeline.meeting import page as pages
from alignment_pipeline.meeting.pack import Meeting, Pack
from alignment_pipeline.meeting.sections.actions import Action
from alignment_pipeline.meeting.sections.disputes import Dispute
from alignment_pipeline.wording import forms
from alignment_pipeline_tests.browsing import AXE, Seen, browser, opened
from alignment_pipeline_tests.faults.web_ui import CHROMIUM
from alignment_pipeline_tests.meeting.factories import Rows, busy, clock, made, reviewed, weeks_ago
from alignment_pipeline_tests.staging.factories import account, lead, user

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
__all__ = ["browser"]
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 800}
MOST_BYTES, MOST_SCREENS = 250_000, 4


def full() -> Pack:
    """A week in which every list of the page is longer than what it shows, with names as long as people give them."""
    numbers = range(1, 41)
    lacks = '"missing": "5 more minutes and a person who decides"'
    path = f'[{{"path": "Depth", "criteria": [{{"has": 75, "needs": 80, {lacks}}}, {{"has": 2, "needs": 2, "missing": null}}]}}]'
    missing = forms.opening("mqa.missing") + "80 minutes of engagement and a person who decides in 90 days."
    statuses = [
        {"account_id": account(n), "mqa_status": "not yet", "paths": path, "mqa_reason": missing, "nearest_path": "Depth"}
        if n % 2
        else {"account_id": account(n), "is_mqa": True, "mqa_status": "mqa", "latest_at": weeks_ago(n % 5), "path": "Depth"}
        for n in numbers
    ]
    rows: dict[str, Rows] = busy() | {
        "users": [{"user_id": user(n), "name": f"Anneliese Müller-Hohenstein {n}", "department": "Sales"} for n in numbers],
        "accounts": [
            {"account_id": account(n), "name": f"Reading & Writing Foundation of Northern Europe {n}", "owner_id": user(n)} for n in numbers
        ],
        "account_mqa_statuses": statuses,
        "account_scores": [
            {"account_id": account(n), "tier": 1 + n % 3, "engagement_points": 10.0 * n, "people_engaged": n, "is_surging": n > 3}
            for n in numbers
        ],
    }
    rows["sla_clocks"] = [
        *rows["sla_clocks"],
        *(clock(7000 + n, ("met", "met_late", "breached")[n % 3], owner=1 + n % 40, account_id=account(1 + n % 40)) for n in range(200)),
        *(
            clock(9000 + n, "pending", policy="first_touch_mqa", subject_id=account(n), account_id=account(n), trigger_id=f"mqa-{n}",
                  trigger_at=weeks_ago(-0.1), weeks=-0.5)
            for n in numbers
        ),
    ]  # fmt: skip
    disputes = [
        Dispute(f"d{n}", "rejection", f"lead:{lead(n)}", "marketing", "Kim Roe", date(2026, 11, 16), "The title was right")
        for n in range(6)
    ]
    actions = [Action(f"Call the hand-raisers of list {n}", "Ann Lee", date(2026, 11, 10 + n)) for n in range(6)]
    return made(Meeting(disputes=disputes, actions=actions), **rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("packs")
    for name, one in (("week", full()), ("quarter", reviewed())):
        (found / f"{name}.html").write_text(pages.render(one.content), encoding="utf-8")
    return found


def faults(page: Page) -> dict[str, list[str]]:
    """What axe finds; an evaluation is not part of the page, whose policy allows no script."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return {one["id"]: [node["html"][:120] for node in one["nodes"]] for one in page.evaluate("axe.run(document)")["violations"]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("name", ["week", "quarter"])
def test_a_page_is_accessible_fits_and_loads_nothing(browser: Browser, folder: Path, name: str, size: dict[str, int], scheme: str) -> None:
    seen, address = Seen(), (folder / f"{name}.html").as_uri()
    page = opened(browser, seen, viewport=size, color_scheme=scheme)
    page.goto(address)
    todo = page.locator("#todo").bounding_box()
    height = page.evaluate("document.documentElement.scrollHeight")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    # what is to be done stands on the first screen
    assert todo is not None and todo["y"] < size["height"] / 2
    page.keyboard.press("Tab")
    assert "To what we do this week" == page.locator(":focus").inner_text()
    page.locator("summary").click()
    violations = faults(page)
    page.context.close()

    assert {} == violations
    assert ([address], []) == (seen.requests, seen.errors)
    if name == "week" and size is WIDE:
        assert height <= MOST_SCREENS * size["height"]
        assert len((folder / "week.html").read_bytes()) <= MOST_BYTES


def test_a_full_week_is_printed_on_two_sides_and_stays_readable(browser: Browser, folder: Path) -> None:
    seen = Seen()
    page = opened(browser, seen, viewport=WIDE, color_scheme="dark")
    page.goto((folder / "week.html").as_uri())
    sheets = page.pdf(format="A4", print_background=True)
    page.emulate_media(media="print")
    violations = faults(page)
    page.context.close()

    assert 2 == len(re.findall(rb"/Type\s*/Page\b(?!s)", sheets))
    assert {} == violations
