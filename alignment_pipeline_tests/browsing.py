"""Chromium for tests that look at a page: one browser for a file, and what a page asks for and says while it is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from alignment_pipeline_tests.faults.web_ui import CHROMIUM

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js")


@dataclass
class Seen:
    """What a page asked for and said while it was open."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield opened
        opened.close()


def opened(browser: Browser, seen: Seen, **options: Any) -> Page:
    page = browser.new_context(**options).new_page()
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: seen.errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    return page
