"""The pages in Chromium: nothing is asked of another host, nothing runs, axe finds nothing, and a phone shows them whole.

Needs Chromium on the machine (a CI machine may lack it; the tests then say so) and the packages playwright and axe-playwright-python.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from alignment_pipeline_tests.browsing import AXE, Seen, browser, opened
from alignment_pipeline_tests.faults.web_ui import CHROMIUM
from alignment_pipeline_tests.reporting.test_report import payloads
from alignment_pipeline_tests.serving import company
from alignment_pipeline_tests.serving.test_application import PAGES, labels, path
from alignment_pipeline_tests.staging.factories import account

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
__all__ = ["browser"]
TEXTS = ("Acme", "Umbrella Ltd", "Donaudampfschifffahrtsgesellschaft" * 2)
SIZES = {"wide": (1440, 900), "phone": (390, 800)}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = company.home(tmp_path_factory.mktemp("served"), TEXTS)
    company.keep_pack(home, "newest")
    with company.served(home, takes_verdicts=True) as address:
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", sorted(SIZES))
def test_pages_are_accessible_fit_and_ask_for_nothing_elsewhere(browser: Browser, url: str, size: str, scheme: str) -> None:
    seen = Seen()
    width, height = SIZES[size]
    page = opened(browser, seen, viewport={"width": width, "height": height}, color_scheme=scheme)
    violations = {}
    for address in [*PAGES, "/nothing"]:
        page.goto(url + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        # an evaluation is not part of the page: its policy, which allows no script, stays as it is
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document)")["violations"]
        violations |= {f"{address} {one['id']}": [node["html"][:120] for node in one["nodes"]] for one in found}
    page.context.close()

    assert {} == violations
    assert [] == [request for request in seen.requests if not request.startswith(url)]
    assert [] == [error for error in seen.errors if "404" not in error]


def test_everything_works_without_a_script_and_by_the_keyboard(browser: Browser, tmp_path: Path) -> None:
    home = company.home(tmp_path, TEXTS)
    with company.served(home, takes_verdicts=True) as url:
        page = opened(browser, Seen(), java_script_enabled=False)
        page.goto(url)
        page.keyboard.press("Tab")
        assert "To the content" == page.locator(":focus").inner_text()
        page.get_by_role("searchbox").press_sequentially("umbrella")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Umbrella Ltd", exact=True).click()
        assert "Umbrella Ltd" == page.locator("h1").inner_text() and page.get_by_role("heading", name="Timeline").is_visible()
        page.get_by_role("link", name="Match review").click()
        page.locator("table a").first.click()
        page.get_by_role("radio").first.press("Space")
        page.get_by_label("Your name").press_sequentially("Jane Doe")
        page.keyboard.press("Enter")
        page.wait_for_url("**/review?done=1")
        assert page.get_by_text("The verdict is kept.").is_visible()
        assert page.get_by_text("judged, waits for the next run").is_visible()
        page.context.close()

    assert 1 == len(labels(home)) and "page Jane Doe" == labels(home)[0][3]


def test_a_page_is_printed_black_on_white_and_nothing_is_cut_off(browser: Browser, url: str) -> None:
    page = opened(browser, Seen(), viewport={"width": 718, "height": 1000}, color_scheme="dark")
    page.emulate_media(media="print")
    for address in (path("people", company.person(0)), path("accounts", account(0)), path("review", company.person(0))):
        page.goto(url + address)
        ink = page.locator("h1").evaluate("one => getComputedStyle(one).color")
        paper = page.locator("section").first.evaluate("one => getComputedStyle(one).backgroundColor")
        assert ("rgb(0, 0, 0)", "rgb(255, 255, 255)") == (ink, paper)
        assert not page.get_by_role("searchbox").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 718, address
    page.context.close()


def test_no_attack_runs_even_without_the_policy(browser: Browser, tmp_path: Path) -> None:
    """The policy is taken out on the way, so that the escaping alone must hold."""
    attacks = payloads("document.documentElement.dataset.ran=1")[:12]
    home = company.home(tmp_path, attacks)
    company.keep_pack(home, attacks[0])
    with company.served(home, takes_verdicts=True) as url:
        seen = Seen()
        page = opened(browser, seen)

        def without_policy(route: Any) -> None:
            answer = route.fetch()
            headers = {name: value for name, value in answer.headers.items() if name != "content-security-policy"}
            route.fulfill(response=answer, headers=headers)

        page.route("**/*", without_policy)
        addresses = ["/", "/search?q=number", "/review", *(path("accounts", account(n)) for n in range(len(attacks)))]
        addresses += [path(kind, company.person(n)) for n in range(len(attacks)) for kind in ("people", "review")]
        for address in addresses:
            page.goto(url + address)
            assert page.evaluate("document.documentElement.dataset.ran") is None, address
        page.set_content("<script>document.documentElement.dataset.ran=1</script>")
        assert "1" == page.evaluate("document.documentElement.dataset.ran")
        page.context.close()
    assert [] == [request for request in seen.requests if not request.startswith((url, "data:", "about:"))]
