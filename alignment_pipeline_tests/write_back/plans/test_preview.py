"""Nothing in a preview can act."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import re
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from alignment_pipeline.agreement import loader
from alignment_pipeline.write_back.plans import judgement, preview
from alignment_pipeline.write_back.plans.planned import Plan, PlannedOp
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
        if tag in ("iframe", "object", "embed", "svg", "img", "a", "form", "base"):
            self.found.append(tag)
        self.found += [name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "").lower()]


def scripts(page: str) -> tuple[str, str]:
    """The page's only two script elements: ours, allowed by its hash and by nothing else, and the data, which no browser runs."""
    found = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.S)
    assert [attributes.strip() for attributes, _ in found] == ['type="application/octet-stream" id="data"', ""]
    data, ours = found[0][1], found[1][1]
    digest = base64.b64encode(hashlib.sha256(ours.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'\"" in page and "default-src 'none'" in page
    return ours, data


CRM = loader.load(loader.default_path()).crm
NAMES = {"001A": "Acme", "001B": "Beta", "00QA": "Ann Lee (Acme)"}


def made(*ops: PlannedOp) -> Plan:
    return Plan("f" * 64, "run", "full", "00D", "config", "code", datetime(2026, 11, 12, 9, tzinfo=UTC), ops)


ACCOUNT = PlannedOp(
    object="Account",
    record_id="001A",
    after={"Alignment_MQA__c": "mqa", "Alignment_MQA_Reason__c": "Three people are engaged.", "Alignment_Fit_Score__c": 70},
    before={"Alignment_MQA__c": "not yet", "Alignment_MQA_Reason__c": None, "Alignment_Fit_Score__c": None},
    reasons={
        "Alignment_MQA__c": "Three people are engaged.",
        "Alignment_MQA_Reason__c": "Three people are engaged.",
        "Alignment_Fit_Score__c": "Software, 500 employees.",
    },
    reason="Three people are engaged.",
    stage=0,
)
LEAD = PlannedOp(
    object="Lead",
    record_id="00QA",
    after={"Alignment_Matched_Account__c": "001B", "Alignment_Persona__c": "", "Alignment_Stage__c": "MQL"},
    before={"Alignment_Matched_Account__c": "001A", "Alignment_Persona__c": "CIO", "Alignment_Stage__c": "Engaged"},
    reasons={"Alignment_Matched_Account__c": "The domain is Beta's.", "Alignment_Persona__c": "", "Alignment_Stage__c": "Raised a hand."},
    stage=1,
)
STOPPED = PlannedOp(
    object="Account", record_id="001B", after={"Alignment_MQA__c": "cooling down"}, before={"Alignment_MQA__c": "mqa"}, stage=0
)


def test_each_field_has_its_own_reason_and_names_stand_beside_ids(tmp_path: Path) -> None:
    lines, _ = preview.write_preview(made(ACCOUNT, LEAD), judgement.Judgement(()), tmp_path, crm=CRM, names=NAMES)

    rows = {(row["record_id"], row["field"]): row for row in map(json.loads, lines.read_text().splitlines())}
    assert rows["001A", "Alignment_Fit_Score__c"]["reason"] == "Software, 500 employees."
    assert rows["001A", "Alignment_MQA__c"]["reason"] == "Three people are engaged."
    moved = rows["00QA", "Alignment_Matched_Account__c"]
    assert (moved["name"], moved["label"], moved["before_name"], moved["after_name"]) == (
        "Ann Lee (Acme)",
        "Matched account",
        "Acme",
        "Beta",
    )


def test_a_field_that_goes_along_with_others_does_not_take_their_reason(tmp_path: Path) -> None:
    along = replace(ACCOUNT, carried={"Alignment_Last_Synced__c": "2026-11-12T09:00:00Z"})
    lines, _ = preview.write_preview(made(along), judgement.Judgement(()), tmp_path, crm=CRM, names=NAMES)

    reasons = {row["field"]: row["reason"] for row in map(json.loads, lines.read_text().splitlines())}
    assert reasons["Alignment_Last_Synced__c"] == "Set because other fields of the record change."
    assert reasons["Alignment_MQA__c"] == "Three people are engaged."


def test_checks_name_fields_by_their_labels_and_counts_have_commas(tmp_path: Path) -> None:
    check = judgement.Check("first_fill", "Account", judgement.Verdict.NEEDS_APPROVAL, "First fill of Account: Alignment_MQA__c, Other__c.")
    many = made(*(replace(ACCOUNT, record_id=f"001{number}") for number in range(1200)))
    _, page = preview.write_preview(many, judgement.Judgement((check,)), tmp_path, crm=CRM, names=NAMES)

    text = page.read_text()
    assert "First fill of Account: MQA, Other__c." in text
    assert "<td>1,200</td>" in text


def test_what_needs_a_person_is_open_and_what_is_fine_is_folded_with_its_number(tmp_path: Path) -> None:
    wanting = judgement.Check("records_filled", "Lead", judgement.Verdict.NEEDS_APPROVAL, "Lead: 400 records would be filled.")
    fine = [judgement.Check("stale", name, judgement.Verdict.OK, f"{name} is up to date.") for name in ("Task", "User")]
    _, page = preview.write_preview(made(ACCOUNT), judgement.Judgement((fine[0], wanting, fine[1])), tmp_path, crm=CRM, names=NAMES)

    seen, _, folded = page.read_text().partition("<details>")
    assert "Lead: 400 records would be filled." in seen and "is up to date" not in seen
    assert "<summary>2 checks are fine</summary>" in folded and "User is up to date." in folded.partition("</details>")[0]


def test_changes_are_grouped_by_consequence_and_the_biggest_come_first(tmp_path: Path) -> None:
    preview.write_preview(made(LEAD, STOPPED, ACCOUNT), judgement.Judgement(()), tmp_path, crm=CRM, names=NAMES)

    assert preview.read_groups(tmp_path, "f" * 64) == [
        "1 account becomes an MQA",
        "1 account stops being an MQA",
        "1 lead changes to Alignment stage MQL",
        "1 lead gets another Matched account",
        "1 account gets its first value of Fit score",
        "1 lead loses its Persona",
        "1 account gets its first value of MQA reason",
    ]


def test_what_reacts_in_the_crm_stands_on_the_page(tmp_path: Path) -> None:
    said = ["saving a Lead starts 1 flow (<b>Route</b>)", "it is not known whether triggers react: refused"]
    _, page = preview.write_preview(made(LEAD), judgement.Judgement(()), tmp_path, crm=CRM, reactions=said)

    assert "<li>Saving a Lead starts 1 flow (&lt;b&gt;Route&lt;/b&gt;).</li>" in page.read_text(encoding="utf-8")
    assert preview.read_groups(tmp_path, "f" * 64, "reactions") == said


def test_the_page_says_empty_names_and_what_was_found(tmp_path: Path) -> None:
    given = judgement.Judgement((judgement.Check("creates_per_owner", "001A", judgement.Verdict.BLOCKED, "30 for one owner (001A)."),))
    _, page = preview.write_preview(made(ACCOUNT, LEAD), given, tmp_path, crm=CRM, names=NAMES)

    text = page.read_text(encoding="utf-8")
    assert "Acme (001A)" in text and "Beta (001B)" in text and ">empty<" in text
    assert "30 for one owner (Acme, 001A)." in text
    assert "It is blocked and cannot be sent." in text and "Nothing has been sent" not in text


def test_the_data_of_the_page_holds_every_field_with_its_reason(tmp_path: Path) -> None:
    _, page = preview.write_preview(made(ACCOUNT, LEAD, STOPPED), judgement.Judgement(()), tmp_path, crm=CRM, names=NAMES)

    _, data = scripts(page.read_text(encoding="utf-8"))
    plan = json.loads(zlib.decompress(base64.b64decode(data)))
    found = set()
    for column in plan["columns"]:
        at = 0
        for gap, after, why in zip(column["r"], column["a"], column["w"], strict=True):
            at += gap
            found.add(
                (plan["names"][at], column["field"], after, why if isinstance(why, str) else plan["columns"][abs(why) - (why < 0)]["field"])
            )
    assert ("Acme", "Alignment_Fit_Score__c", 70, "Software, 500 employees.") in found
    assert ("Acme", "Alignment_MQA__c", "mqa", "Alignment_MQA_Reason__c") in found
    assert ("Ann Lee (Acme)", "Alignment_Matched_Account__c", "001B", "The domain is Beta's.") in found
    assert len(found) == 7


def test_a_large_plan_makes_a_page_below_two_megabytes(tmp_path: Path) -> None:
    ops = [
        PlannedOp(
            object="Lead",
            record_id=f"00Q{number:012d}",
            after={
                mapping.field: f"{number * 7919 % 9973} minutes of {mapping.label}" for mapping in CRM.fields if mapping.object == "Lead"
            },
            before={},
            reasons={},
            reason="",
            stage=1,
        )
        for number in range(23_000)
    ]
    _, page = preview.write_preview(made(*ops), judgement.Judgement(()), tmp_path, crm=CRM, names={})

    assert page.stat().st_size < 2_000_000


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
        ours, data = scripts(page.read_text(encoding="utf-8"))
        assert ours.count("</") == 0 and re.fullmatch(r"[A-Za-z0-9+/=]*", data)
        assert len(lines.read_text().splitlines()) == sum(len(op.after) + len(op.carried) for op in planned.plan.ops)
        assert (page.stat().st_mode & 0o777, page.parent.stat().st_mode & 0o777) == (0o600, 0o700)
