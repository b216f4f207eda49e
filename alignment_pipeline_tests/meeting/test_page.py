"""The page: one file that runs nothing, loads nothing, and lets no name become markup."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser

import pytest

from alignment_pipeline.meeting import digest, markdown, page
from alignment_pipeline.meeting.pack import Meeting, Pack
from alignment_pipeline.meeting.sections.actions import Action
from alignment_pipeline.meeting.sections.disputes import Dispute, id_of
from alignment_pipeline_tests.meeting.factories import AGREEMENT, busy, made, reviewed
from alignment_pipeline_tests.reporting.test_report import PAYLOADS

_PASSIVE = set(
    "html head meta title style body header main footer section h1 h2 h3 p div span strong b br code table caption thead tbody tr th td ul "
    "ol li dl dt dd a details summary svg g path rect text".split()
)
_HREF = re.compile(r"^(#[\w-]+|rows/[a-z_]+\.csv|goals\.yaml)$")


class Active(HTMLParser):
    """Collects what a browser would run or load, ids, links, and everything that is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text: list[str] = []
        self.ids: list[str] = []
        self.targets: set[str] = set()
        self.csp = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in _PASSIVE:
            self.found.append(tag)
        self.found += [
            name for name in given if name.startswith("on") or name in ("src", "action", "data", "srcdoc", "formaction", "style")
        ]
        if "href" in given:
            self.found += [] if _HREF.match(given["href"] or "") else [given["href"] or ""]
            self.targets |= {given["href"][1:]} if (given["href"] or "").startswith("#") else set()
        self.ids += [given["id"] or ""] if "id" in given else []
        if given.get("http-equiv") == "Content-Security-Policy":
            self.csp = given.get("content") or ""

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(text: str) -> Active:
    found = Active()
    found.feed(text)
    found.close()
    return found


@pytest.fixture(scope="module")
def one() -> Pack:
    return made(**busy())


@pytest.fixture(scope="module")
def shown(one: Pack) -> str:
    return page.render(one.content)


def test_a_pack_is_rendered_to_the_same_bytes(one: Pack, shown: str) -> None:
    assert shown == page.render(one.content)
    assert digest.text(one.content) == digest.text(one.content)


def test_nothing_runs_and_nothing_is_loaded(shown: str) -> None:
    found = parsed(shown)
    style = re.search(r"<style>(.*?)</style>", shown, re.DOTALL)
    assert style is not None

    assert [] == found.found
    assert not re.search(r"https?:|//[a-z]", shown.replace("<!doctype", ""))
    assert "default-src 'none'" in found.csp and "script-src" not in found.csp and "unsafe" not in found.csp
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in found.csp


def test_every_link_leads_somewhere_and_every_id_is_one(one: Pack, shown: str) -> None:
    found = parsed(shown)

    assert found.targets <= set(found.ids)
    assert len(found.ids) == len(set(found.ids))
    assert {f"{name}.csv" for name in re.findall(r'href="rows/([a-z_]+)\.csv"', shown)} <= {f"{name}.csv" for name in one.files}


def test_the_page_of_a_quarter_shows_its_review() -> None:
    one = reviewed()
    shown = page.render(one.content)
    found = parsed(shown)
    text = " ".join(" ".join(found.text).split())

    assert [] == found.found and found.targets <= set(found.ids) and len(found.ids) == len(set(found.ids))
    # a rate outside the plan's interval is marked; one that the agreement gives is not measured again
    assert "20.0 % 15.0 to 25.0" in text and re.search(r'class="n news"><a[^>]*>29\.0 %', shown)
    assert "too late to start" in text and 'href="goals.yaml"' in shown
    assert "Webinars 60 40 12 10.0 % 20.0 % 5.0 to 35.0 500" in text and "Buyer's guide: 2 | 3 7 6 2 too few none" in text
    assert "The plan of 2026Q4 and what came" in markdown.text(one.content)


def test_what_to_do_stands_before_everything_else(shown: str) -> None:
    assert shown.index("What we do this week") < shown.index("What changed") < shown.index("What sales promised")
    order = [
        "What sales promised",
        "What marketing promised",
        "First touches by rep",
        ">Disputes<",
        "Nearly MQAs",
        ">Reasons<",
        "gap to plan",
        "What is new at accounts",
        "Changes of the agreement",
        ">Actions<",
    ]
    places = [shown.index(text) for text in order]
    assert places == sorted(places)


def test_every_table_and_chart_says_what_it_is(shown: str) -> None:
    assert shown.count("<svg") == shown.count('role="img" aria-label="') + shown.count('class="bar"')
    assert all('scope="' in head for head in re.findall(r"<th[ >][^>]*>", shown))


def attacked() -> Iterator[tuple[str, Pack]]:
    """The same organisation with an attack for every name; a few at a time, as each name is shown once."""
    rows = busy()
    for start in range(2):
        # every other attack, so that each turn has every way of breaking out and every tag
        texts = PAYLOADS[start::4]
        turn = {**rows}
        turn["accounts"] = [row | {"name": texts[n]} for n, row in enumerate(rows["accounts"])]
        turn["users"] = [
            {"user_id": row["owner_id"], "name": texts[5 + n], "department": texts[7]} for n, row in enumerate(rows["accounts"][:2])
        ]
        turn["person_outcomes"] = [row | {"code": texts[8]} for row in rows["person_outcomes"]]
        turn["opportunities"] = [row | {"loss_reason": texts[9], "stage": texts[10]} for row in rows["opportunities"]]
        turn["person_fits"] = [row | {"persona": texts[11], "committee_role": texts[12]} for row in rows["person_fits"]]
        turn["account_mqa_statuses"] = [row | {"mqa_reason": texts[13]} for row in rows["account_mqa_statuses"]]
        turn["pipeline_metrics"] = [row | {"definition": texts[14], "period": texts[15]} for row in rows["pipeline_metrics"]]
        dispute = Dispute(id_of("breach", "clock-3"), "breach", "clock-3", "sales", texts[16], date(2026, 11, 18), texts[17])
        action = Action(texts[18], texts[19], date(2026, 11, 18), note=texts[20])
        agreement = AGREEMENT.model_copy(update={"name": texts[21]})
        yield texts[21], made(Meeting(disputes=[dispute], actions=[action], changed_keys=[texts[22]]), agreement=agreement, **turn)


def test_no_name_becomes_something_that_runs() -> None:
    text = []
    for _, pack in attacked():
        found = parsed(page.render(pack.content))
        assert [] == found.found
        text += found.text
        assert "<script" not in markdown.text(pack.content) and "](" not in markdown.text(pack.content)
    shown = "\n".join(text)
    assert len([attack for attack in PAYLOADS if attack in shown]) >= 20


def test_few_cases_are_said_as_such_and_many_as_a_percentage(one: Pack) -> None:
    write = page.Writer(one.content)
    few = {"value": 77.8, "numerator": 7.0, "denominator": 9.0}
    number = page.NUMBERS["kept_in_time"]

    assert ("7 of 9", "") == write.text(few, number)
    assert ("78 %", "70 of 90") == write.text({"value": 77.8, "numerator": 70.0, "denominator": 90.0}, number)
    assert ("none", "") == write.text({"value": None, "numerator": 0.0, "denominator": 0.0}, number)


def test_the_digest_has_the_page_s_numbers_and_its_place(one: Pack) -> None:
    text = digest.text(one.content)

    assert "Week 47, 16 to 22 Nov 2026" in text.splitlines()[0]
    assert one.content["agenda"][0]["what"] in text
    assert f"packs/2026-W47/{one.pack_id}/pack.html" in text


def test_a_demo_says_that_it_is_fiction(one: Pack) -> None:
    assert "All of it is invented" in page.render({**one.content, "notice": "All of it is invented"})
