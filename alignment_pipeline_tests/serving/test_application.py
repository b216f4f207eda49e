"""The pages over HTTP: what they show, what they refuse, and the one thing they write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pytest
import requests
from lxml import html

from alignment_pipeline.installation.home import Home
from alignment_pipeline.operations import erase, review
from alignment_pipeline.serving import guard
from alignment_pipeline_tests.reporting.test_report import PAYLOADS
from alignment_pipeline_tests.serving import company
from alignment_pipeline_tests.serving.company import account, lead, person

TEXTS = ("Acme", "Umbrella Ltd", "Acme Labs")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    found = company.home(tmp_path_factory.mktemp("served"), TEXTS)
    company.keep_pack(found, "older", period="2026-W46", pack_id="0123456789ab")
    company.keep_pack(found, "newest")
    return found


@pytest.fixture(scope="module")
def url(home: Home) -> Iterator[str]:
    with company.served(home, takes_verdicts=True) as address:
        yield address


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A company whose every text is an attack."""
    found = company.home(tmp_path_factory.mktemp("hostile"), PAYLOADS)
    company.keep_pack(found, PAYLOADS[0])
    with company.served(found, takes_verdicts=True) as address:
        yield address


def path(kind: str, name: str) -> str:
    return f"/{kind}/{quote(name, safe='')}"


PAGES = ("/", "/search?q=acme", "/search", path("people", person(0)), path("accounts", account(0)), "/review", path("review", person(0)))


@pytest.mark.parametrize("page", [*PAGES, "/nothing", path("people", "nobody"), "/packs/2026-W01/000000/pack.html", "/style.css"])
def test_every_answer_has_the_headers_that_keep_it_safe(url: str, page: str) -> None:
    answer = requests.get(url + page, timeout=20)

    assert (404 if "no" in page or "W01" in page else 200) == answer.status_code
    assert guard.POLICY == answer.headers["content-security-policy"]
    assert [] == [name for name in guard.HEADERS if name.lower() not in answer.headers]
    assert "server" not in answer.headers


@pytest.mark.parametrize("page", [*PAGES, "/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "/search?q=number", "/search?q=" + "x" * 5000])
def test_no_name_becomes_something_that_runs(hostile: str, page: str) -> None:
    root = html.document_fromstring(requests.get(hostile + page, timeout=20).text)

    tags = {str(node.tag) for node in root.iter()}
    assert {"script", "style", "iframe", "object", "img", "svg", "base", "embed"}.isdisjoint(tags)
    attributes = [(name, value) for node in root.iter() for name, value in node.attrib.items()]
    assert [] == [name for name, _ in attributes if name.startswith("on") or name in ("style", "src", "srcdoc", "formaction")]
    assert [] == [value for name, value in attributes if name in ("href", "action") and not re.match(r"[/#]", value)]


def test_every_attack_is_shown_as_text(hostile: str) -> None:
    for number, text in enumerate(PAYLOADS[:12]):
        for page in (path("people", person(number)), path("accounts", account(number)), path("review", person(number))):
            shown = html.document_fromstring(requests.get(hostile + page, timeout=20).text).text_content()
            assert text in shown or " ".join(text.split()) in " ".join(shown.split()), page


def test_a_person_is_explained_with_everything_that_happened(url: str) -> None:
    shown = requests.get(url + path("people", person(0)), timeout=20).text

    kinds = ("activity", "touch", "stage", "clock", "escalation", "write")
    assert [] == [kind for kind in kinds if f'what">{kind}<' not in shown]
    assert "2.5 points" in shown and f'href="{path("accounts", account(0))}"' in shown
    assert [] == [
        kind for kind in ("mqa", "deal") if f'what">{kind}<' not in requests.get(url + path("accounts", account(0)), timeout=20).text
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("acme", "Acme"), ("ACME labs", "Acme Labs"), ("umbr", "Umbrella Ltd"), ("p1@acme.example", "Umbrella Ltd Number 1"),
        (lead(2), "Acme Labs Number 2"), (account(1), "Umbrella Ltd"), ("nobody at all", None), ("%", None),
        ("'; DROP TABLE people;--", None),
    ],
)  # fmt: skip
def test_a_search_finds_by_any_part_of_a_name_an_address_or_an_id(url: str, text: str, first: str | None) -> None:
    root = html.document_fromstring(requests.get(f"{url}/search", params={"q": text}, timeout=20).text)

    hits = [node.text_content() for node in root.xpath("//ol[@class='hits']//a")]
    assert first == (hits[0] if hits else None)


def test_packs_are_served_as_they_were_kept(url: str, home: Home) -> None:
    latest = requests.get(f"{url}/pack", timeout=20)
    kept = home.path / "packs" / "2026-W47" / "abc123def456"

    assert (f"{url}/packs/2026-W47/abc123def456/pack.html", (kept / "pack.html").read_bytes()) == (latest.url, latest.content)
    digest = guard.policy_of_file(latest.text)
    assert "style-src 'sha256-" in digest and "script" not in digest and digest == latest.headers["content-security-policy"]
    rows = requests.get(f"{url}/packs/2026-W47/abc123def456/rows/clocks.csv", timeout=20)
    assert ((kept / "rows" / "clocks.csv").read_bytes(), 'attachment; filename="clocks.csv"') == (
        rows.content, rows.headers["content-disposition"]
    )  # fmt: skip
    start = requests.get(url, timeout=20).text
    assert "newest" in start and "2026-W46" in start


@pytest.mark.parametrize(
    "page",
    ["/packs/2026-W47/../../journal.sqlite", "/packs/..%2F..%2Fhome/abc123def456/pack.html",
     "/packs/2026-W47/abc123def456/rows/..%2Fpack.html",
     "/packs/2026-W47/abc123def456/approval.key", "/packs/2026-W47/%2e%2e/pack.html"],
)  # fmt: skip
def test_no_other_file_of_the_home_is_served(url: str, page: str) -> None:
    request = requests.Request("GET", url).prepare()
    request.url = url + page

    assert 404 == requests.Session().send(request, timeout=20).status_code


def test_another_host_name_is_refused(url: str) -> None:
    """A page of another site that has its name point at this machine (DNS rebinding) reads nothing."""
    assert 400 == requests.get(url, headers={"Host": "evil.example"}, timeout=20).status_code


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("page", ["/", "/search", path("people", person(0)), "/review", "/packs/2026-W47/abc123def456/pack.html"])
def test_nothing_else_can_be_sent(url: str, page: str, method: str) -> None:
    assert 405 == requests.request(method, url + page, timeout=20).status_code


class Visitor:
    """A browser that has opened the review of a lead."""

    def __init__(self, url: str, number: int) -> None:
        self.session = requests.Session()
        self.address = url + path("review", person(number))
        root = html.document_fromstring(self.session.get(self.address, timeout=20).text)
        self.token = root.xpath("//input[@name='token']/@value")[0]

    def send(self, headers: dict[str, str] | None = None, **fields: str) -> requests.Response:
        form = {"token": self.token, "verdict": "first", "name": "Jane Doe"} | fields
        return self.session.post(self.address, data=form, headers=headers, timeout=60, allow_redirects=False)


def labels(home: Home) -> list[tuple[str, str, str, str]]:
    rows = home.warehouse().read("match_labels").to_pyarrow().to_pylist()
    return sorted((row["person_id"], row["account_id"], row["verdict"], row["source"]) for row in rows)


def test_a_verdict_is_kept_as_a_reviewed_file_would_and_is_signed(tmp_path: Path) -> None:
    home = company.home(tmp_path, TEXTS)
    with company.served(home, takes_verdicts=True) as url:
        assert 303 == Visitor(url, 0).send(verdict="first").status_code
        assert 303 == Visitor(url, 1).send(verdict="second", name="  Joe   Roe ").status_code
        assert 303 == Visitor(url, 2).send(verdict="neither").status_code
        assert 3 == requests.get(f"{url}/review", timeout=20).text.count("judged, waits for the next run")

    assert labels(home) == [
        (person(0), account(0), "right", "page Jane Doe"),
        (person(1), account(1), "wrong", "page Joe Roe"),
        (person(1), account(2), "right", "page Joe Roe"),
        (person(2), account(2), "wrong", "page Jane Doe"),
    ]
    by_file = company.home(tmp_path / "file", TEXTS)
    (tmp_path / "queue.csv").write_text(f"person_id,account_id,verdict\n{person(0)},{account(0)},right\n", encoding="utf-8")
    review.learn(by_file, by_file.warehouse(), tmp_path / "queue.csv")
    kept = [row for row in home.warehouse().read("match_labels").to_pyarrow().to_pylist() if row["person_id"] == person(0)]
    assert [row | {"source": "file"} for row in kept] == by_file.warehouse().read("match_labels").to_pyarrow().to_pylist()


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({"token": ""}, {}, 403),
        ({"token": "0" * 64}, {}, 403),
        ({}, {"Origin": "https://evil.example"}, 403),
        ({}, {"Sec-Fetch-Site": "cross-site"}, 403),
        ({}, {"Cookie": "review=" + "0" * 32}, 403),
        ({"name": " "}, {}, 400),
        ({"verdict": "third"}, {}, 400),
        ({"name": "x" * 5000}, {}, 413),
    ],
)
def test_a_form_that_is_not_ours_or_says_nothing_is_refused(
    url: str, home: Home, fields: dict[str, str], headers: dict[str, str], status: int
) -> None:
    assert status == Visitor(url, 0).send(headers, **fields).status_code
    assert [] == labels(home)


def test_without_review_the_pages_only_read(tmp_path: Path) -> None:
    home = company.home(tmp_path, TEXTS)
    with company.served(home) as url:
        page = requests.get(url + path("review", person(0)), timeout=20).text
        answer = requests.post(url + path("review", person(0)), data={"verdict": "first", "name": "x"}, timeout=20)

    assert ("<form method" in page, 403, []) == (False, answer.status_code, labels(home))


def test_the_proxy_says_who_signs_and_nobody_else_can(tmp_path: Path) -> None:
    home = company.home(tmp_path, TEXTS)
    with company.served(home, takes_verdicts=True, user_header="X-User") as url:
        visitor = Visitor(url, 0)
        assert 400 == visitor.send(name="Mallory").status_code
        assert 303 == visitor.send({"X-User": "jane@acme.example"}, name="Mallory").status_code

    assert [(person(0), account(0), "right", "page jane@acme.example")] == labels(home)


def test_what_is_published_is_shown_soon_and_who_is_erased_is_gone(tmp_path: Path) -> None:
    home = company.home(tmp_path, TEXTS)
    with company.served(home) as url:
        with home.journal() as journal:
            erase.erase_person(home, home.warehouse(), journal, lead(0))
        for _ in range(100):
            if requests.get(url + path("people", person(0)), timeout=20).status_code == 404:
                break
        else:
            pytest.fail("the erased person is still shown")
        assert 200 == requests.get(url + path("people", person(1)), timeout=20).status_code
        assert "ok" == requests.get(f"{url}/health", timeout=20).text

    left = [one for one in (home.path / "served").rglob("*") if b"p0@acme.example" in one.read_bytes()]
    assert [] == left


def test_a_home_without_anything_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {}, company.home(tmp_path, TEXTS).clock)
    empty = Home(tmp_path / "empty", {}, home.clock)
    with company.served(empty) as url:
        start = requests.get(url, timeout=20).text
        assert "No run has published anything yet" in start and "No pack has been made yet" in start
        assert 404 == requests.get(f"{url}/pack", timeout=20).status_code
        assert "No lead waits" in requests.get(f"{url}/review", timeout=20).text
    assert not (empty.path / "journal.sqlite").exists()
    assert isinstance(empty.warehouse().read("people").to_pyarrow(), pa.Table)
