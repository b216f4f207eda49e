"""The report: it renders whatever the tables hold, runs nothing, and lets no name of a company become markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.reporting import report
from alignment_pipeline.wording import report as words
from alignment_pipeline_tests.staging.factories import NOW, account, days_ago, lead, staged, user
from alignment_pipeline_tests.wording.forbidden import problems

AGREEMENT = loader.load(loader.default_path())
_PARTS = {
    "tag": ["<script>{0}</script>", "<img src=x onerror={0}>", "<svg/onload={0}>", "<iframe src=javascript:{0}>", "<body onload={0}>",
            "<a href='javascript:{0}'>x</a>", "<style>@import'{0}'</style>", "<object data={0}>", "<math><mi xlink:href=javascript:{0}>",
            "<form action=javascript:{0}><input type=submit>"],
    "break": ["{0}", '">{0}', "'>{0}", "</td>{0}", "</title>{0}", "</style>{0}", "-->{0}", "]]>{0}", "{{{{7*7}}}}{0}", "{{% raw %}}{0}"],
}  # fmt: skip


def payloads(script: str) -> list[str]:
    """A hundred ways to have this run."""
    return [outer.format(inner.format(script)) for outer in _PARTS["break"] for inner in _PARTS["tag"]]


PAYLOADS = payloads("alert(1)")
_PASSIVE = set("html head meta title style body main h1 h2 p div span strong section table tr th td ul li code dl dt dd footer".split())


class Active(HTMLParser):
    """Collects what a browser would run or load, and everything that is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.text: list[str] = []
        self.csp = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        if tag not in _PASSIVE:
            self.found.append(tag)
        self.found += [name for name in given if name.startswith("on") or name in ("src", "href", "action", "data", "srcdoc", "formaction")]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.csp = given.get("content") or ""

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def tables(**given: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: staged(name, given.get(name, ())) for name in report.INPUTS}


def parsed(page: str) -> Active:
    found = Active()
    found.feed(page)
    found.close()
    return found


@pytest.fixture(scope="module")
def hostile() -> Active:
    """Pages of an organisation whose every name is an attack."""
    found = Active()
    for page in hostile_pages(PAYLOADS):
        found.feed(page)
    found.close()
    return found


def hostile_pages(attacks: list[str]) -> Iterator[str]:
    """25 rows of each list are shown, so the attacks take turns."""
    for start in range(0, len(attacks), report.LISTED):
        chunk = list(enumerate(attacks[start : start + report.LISTED]))
        yield report.render(
            tables(
                accounts=[{"account_id": account(n), "name": text, "owner_id": user(n)} for n, text in chunk],
                users=[{"user_id": user(n), "name": text} for n, text in chunk],
                people=[{"person_id": str(n), "company": text, "email_domain": text, "country": text} for n, text in chunk],
                lead_account_matches=[
                    {"person_id": str(n), "lead_id": lead(n), "account_id": account(n), "decision": "review", "reason": text}
                    for n, text in chunk
                ],
                account_scores=[{"account_id": account(n), "engagement_points": 1.0, "score_reason": text} for n, text in chunk],
                account_mqa_statuses=[
                    {"account_id": account(n), "is_mqa": n % 2 == 0, "mqa_status": "not yet", "nearest_path": text, "mqa_reason": text}
                    for n, text in chunk
                ],
                sla_clocks=[
                    {"clock_id": str(n), "policy": text, "party": "sales", "state": "breached", "owner_id": user(n)} for n, text in chunk
                ],
                marketing_commitments=[{"commitment": str(n), "title": text, "reason": text, "state": text} for n, text in chunk],
                person_stages=[{"person_id": str(n), "stage": text} for n, text in chunk],
                write_results=[{"op_key": str(n), "object": "Lead", "state": "DEAD", "reason": text} for n, text in chunk],
                extractions=[{"run_id": "r", "system": "salesforce", "object": text, "note": text, "started_at": NOW} for _, text in chunk],
                write_plans=[
                    {"plan_hash": "h", "state": "BLOCKED", "verdict": "BLOCKED", "reasons": json.dumps([text for _, text in chunk]),
                     "counts": json.dumps({"objects": {}, "holds": {chunk[0][1]: 3}}), "approved_by": chunk[1][1], "created_at": NOW}
                ],
            ),
            agreement=AGREEMENT.model_copy(update={"name": chunk[2][1]}),
            as_of=NOW,
        )  # fmt: skip


def test_an_empty_section_says_what_it_would_have_held() -> None:
    page = " ".join(parsed(report.render(tables(), agreement=AGREEMENT, as_of=NOW)).text)
    texts = [text for part in words.PARTS.values() for text in (part.title, part.about, part.empty, *part.columns)]
    texts += [text for pair in words.HEADLINE.values() for text in pair]

    assert [] == [part.empty for part in words.PARTS.values() if part.empty.replace("`", "") not in page]
    assert {} == {text: wrong for text in texts if (wrong := [one for one in problems(text) if one != "an empty place"])}


def test_there_are_a_hundred_attacks() -> None:
    assert 100 == len(set(PAYLOADS))


def test_no_name_becomes_something_that_runs(hostile: Active) -> None:
    assert [] == hostile.found


def test_every_name_is_shown_as_it_was_typed(hostile: Active) -> None:
    shown = "\n".join(hostile.text)
    assert [] == [text for text in PAYLOADS if text not in shown]


def test_nothing_is_loaded_by_its_policy(hostile: Active) -> None:
    assert "default-src 'none'" in hostile.csp and "script-src" not in hostile.csp


def test_an_organisation_without_anything_has_a_report() -> None:
    page = parsed(report.render(tables(), agreement=AGREEMENT, as_of=NOW))
    text = " ".join(page.text)
    assert [] == page.found
    assert "No plan has been made yet" in text and AGREEMENT.name in text and AGREEMENT.version in text


def test_an_empty_home_s_report_says_what_to_run_first() -> None:
    read = [{"run_id": "r", "system": "salesforce", "object": "Lead"}]

    empty = report.render(tables(), agreement=AGREEMENT, as_of=NOW)
    filled = report.render(tables(extractions=read), agreement=AGREEMENT, as_of=NOW)

    assert "then <code>alignment run</code>" in empty and "alignment run" not in filled


def test_the_demo_says_that_it_is_fiction_and_others_do_not() -> None:
    demo = report.render(tables(), agreement=AGREEMENT, as_of=NOW, is_demo=True)
    assert words.NOTICE in " ".join(parsed(demo).text)
    assert words.NOTICE not in report.render(tables(), agreement=AGREEMENT, as_of=NOW)


def test_headline_numbers_are_the_tables() -> None:
    given = tables(
        lead_account_matches=[
            {"person_id": str(n), "decision": word} for n, word in enumerate(["matched"] * 3 + ["review"] + ["none"] * 4)
        ],
        account_scores=[{"account_id": account(n)} for n in range(4)],
        account_mqa_statuses=[{"account_id": account(n), "is_mqa": n == 0} for n in range(4)],
    )
    found = {label: (number, remark) for label, number, remark in report.headline(given)}
    assert ("3", "38% of 8") == found["Leads matched"]
    assert "1" == found["To review"][0]
    assert ("1", "25% of accounts") == found["MQAs now"]
    # what both pages would count in two ways stands on the page of the meeting alone
    assert not {"Promises kept in time", "Nearly there", "Breaches by rep"} & {
        *found, *re.findall(r"<h2>([^<]*)</h2>", report.render(given, agreement=AGREEMENT, as_of=NOW))
    }  # fmt: skip


def test_long_lists_say_what_they_leave_out() -> None:
    many = report.LISTED + 5
    given = tables(
        lead_account_matches=[{"person_id": f"{n:03}", "decision": "review", "confidence": n / 100} for n in range(many)],
        people=[{"person_id": f"{n:03}", "company": f"Company {n}"} for n in range(many)],
    )
    section = report.review_queue(given)
    assert (many, report.LISTED, 5) == (section.total, len(section.rows), section.left_out)
    assert f"Company {many - 1}" == section.rows[0][0], "the most confident first"


def test_freshness_shows_the_last_reading_of_each_stream() -> None:
    given = tables(
        extractions=[
            {"run_id": "1", "system": "salesforce", "object": "Lead", "started_at": days_ago(2), "method": "bulk", "new_rows": 100},
            {"run_id": "2", "system": "salesforce", "object": "Lead", "started_at": days_ago(1), "method": "rest", "new_rows": 1},
            {"run_id": "2", "system": "salesforce", "object": "(shared)", "started_at": days_ago(1), "method": "rest"},
        ]
    )
    assert [("salesforce", "Lead", "rest")] == [(row[0], row[1], row[4]) for row in report.freshness(given).rows]


def test_the_inputs_are_tables_of_the_contracts() -> None:
    assert set(report.INPUTS) <= set(CONTRACTS)


def test_markdown_carries_no_markup_and_no_row_about_one_person() -> None:
    given = tables(
        accounts=[{"account_id": account(1), "name": "<b>|[x](http://evil)"}],
        account_scores=[{"account_id": account(1), "engagement_points": 1.0}],
        account_mqa_statuses=[{"account_id": account(1), "is_mqa": True, "mqa_status": "mqa", "mqa_reason": "hand\nraised"}],
        people=[{"person_id": "1", "company": "Doe and sons"}],
        lead_account_matches=[{"person_id": "1", "lead_id": lead(1), "account_id": account(1), "decision": "review", "reason": "unsure"}],
    )
    page, text = report.render_both(given, agreement=AGREEMENT, as_of=NOW)

    assert "Doe and sons" in page and "Doe and sons" not in text and "Matches to review" not in text
    assert "\\<b\\>\\|\\[x\\](http://evil)" in text and "hand raised" in text
    assert "| Account | Owner | Tier | People engaged | Engagement | Since | Why |\n|---|---|---:|---:|---:|---|---|\n| " in text
