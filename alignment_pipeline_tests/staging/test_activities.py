"""Activities by the agreement's list: the first line that a record meets names it, and a record that meets none is no activity."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.activity_types import ActivitySource, Exclusions
from alignment_pipeline.staging import activities as rule
from alignment_pipeline_tests.staging.factories import NOW, contact, lead, raw, raw_row, rows

MARKETO, TYPES = "raw_marketo_activities", "raw_marketo_activity_types"
MEMBERS, CAMPAIGNS, TASKS, EVENTS = (f"raw_salesforce_{name}" for name in ("campaign_members", "campaigns", "tasks", "events"))
CONTACTS, SUBMISSIONS, MAILS = (f"raw_hubspot_{name}" for name in ("contacts", "form_submissions", "email_events"))
VIEWS, JOINS = "raw_hubspot_page_views", "raw_hubspot_list_memberships"
AT = "2026-11-18T12:00:00Z"
NAMES = {1: "Visit Webpage", 2: "Fill Out Form", 10: "Open Email", 11: "Click Email", 104: "Change Status in Progression"}


def made(
    sources: list[ActivitySource] | None = None, exclusions: Exclusions | None = None, **given: list[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Activity id -> row; without `sources` by the shipped agreement."""
    shipped = loader.load(loader.default_path()).scoring
    given.setdefault("types", [raw_row(TYPES, str(number), name=name) for number, name in NAMES.items()])
    names = {"marketo": MARKETO, "types": TYPES, "members": MEMBERS, "campaigns": CAMPAIGNS, "tasks": TASKS, "events": EVENTS}
    names |= {"contacts": CONTACTS, "submissions": SUBMISSIONS, "mails": MAILS, "views": VIEWS, "joins": JOINS}
    tables = {table: raw(table, *given.get(name, ())) for name, table in names.items()}
    tables = {name: raw(name) for name in rule.TABLES} | tables
    table = rule.activities(tables, activity_types=sources or shipped.activity_types, exclusions=exclusions or shipped.exclusions)
    found = rows(table)
    assert len(found) == len({row["activity_id"] for row in found})
    return {row["activity_id"]: row for row in found}


def visit(number: int, kind: int = 1, primary: str | None = None, attributes: str = "{}", **more: Any) -> dict[str, Any]:
    return raw_row(MARKETO, str(number), leadId="7", activityTypeId=str(kind), primaryAttributeValue=primary, attributes=attributes, **more)


def test_the_shipped_list_reads_marketo() -> None:
    found = made(
        marketo=[
            visit(1, 1, "Pricing", '{"Webpage URL": "/pricing"}'),
            visit(2, 2, "Request a DEMO"),
            visit(3, 2, "Ebook download", '{"Program Name": "Autumn"}'),
            visit(4, 2, "Demo unsubscribe"),
            visit(5, 104, "Webinar", '{"New Status": "Attended On-demand"}'),
            visit(6, 104, "Webinar", '{"New Status": "Invited"}'),
            visit(7, 10, "Newsletter", '{"Is Bot Activity": true}'),
            visit(8, 99, "Nobody named this type"),
        ]
    )
    expected = {
        "marketo:1": ("web_visit", None, "/pricing", False),
        "marketo:2": ("form_fill", "hand_raise", "Request a DEMO", False),
        "marketo:3": ("form_fill", "content", "Ebook download", False),
        "marketo:5": ("webinar_attended", None, "Webinar", False),
        "marketo:7": ("email_open", None, "Newsletter", True),
    }
    assert expected == {key: tuple(row[name] for name in ("activity_type", "category", "detail", "is_bot")) for key, row in found.items()}
    assert {"marketo:7"} == {row["source_key"] for row in found.values()}


def test_the_shipped_list_reads_hubspot() -> None:
    found = made(
        contacts=[
            raw_row(CONTACTS, "5", email="jane@acme.example", hs_additional_emails="old@acme.example;j@acme.example"),
            raw_row(CONTACTS, "9", email="jane@acme.example"),
        ],
        submissions=[
            raw_row(
                SUBMISSIONS, "s-1", formName="Request a demo", email="JANE@acme.example", pageUrl="https://x.example/demo", values="{}"
            ),
            raw_row(SUBMISSIONS, "s-2", formName="Newsletter", email="old@acme.example", values="{}"),
            raw_row(SUBMISSIONS, "s-3", formName="Newsletter", email="nobody@acme.example", values="{}"),
        ],
        mails=[
            raw_row(MAILS, "m-1", type="OPEN", recipient="j@acme.example", subject="Spring", filteredEvent="false"),
            raw_row(MAILS, "m-2", type="CLICK", recipient="jane@acme.example", url="/pricing", filteredEvent="true"),
            raw_row(MAILS, "m-3", type="DELIVERED", recipient="jane@acme.example"),
        ],
    )
    expected = {
        "hubspot:s-1": ("form_fill", "hand_raise", "Request a demo", False),
        "hubspot:s-2": ("form_fill", "content", "Newsletter", False),
        "hubspot:m-1": ("email_open", None, "Spring", False),
        "hubspot:m-2": ("email_click", None, "/pricing", True),
    }
    assert expected == {key: tuple(row[name] for name in ("activity_type", "category", "detail", "is_bot")) for key, row in found.items()}
    assert {"hubspot:5"} == {row["source_key"] for row in found.values()}, "of two contacts with one address the smaller id"


def test_visits_of_pages_count_as_marketos_do_and_lists_where_the_agreement_names_them() -> None:
    views = [raw_row(VIEWS, "v-1", objectId="5", occurredAt=AT, url="/pricing", title="Pricing")]
    joins = [raw_row(JOINS, f"j-{name}", recordId="5", membershipTimestamp=AT, listName=name) for name in ("Webinar June", "All contacts")]
    webinars = ActivitySource(
        type="webinar_registered", hubspot="list_membership", where={"listName": ["webinar*"]}, detail_from=["listName"]
    )
    shipped = loader.load(loader.default_path()).scoring.activity_types

    expected = {
        "hubspot:v-1": ("web_visit", "/pricing", "hubspot:5"),
        "hubspot:j-Webinar June": ("webinar_registered", "Webinar June", "hubspot:5"),
    }
    assert list(made(views=views, joins=joins)) == ["hubspot:v-1"], "no list counts by itself"
    assert {
        key: (row["activity_type"], row["detail"], row["source_key"])
        for key, row in made([*shipped, webinars], views=views, joins=joins).items()
    } == expected


def test_a_value_of_a_form_can_decide() -> None:
    source = ActivitySource(type="form_fill", hubspot="form_submission", where={"country": ["germany"]})
    given = [
        raw_row(SUBMISSIONS, f"s-{number}", email="a@b.example", values=json.dumps({"country": country}))
        for number, country in enumerate(("Germany", "France"))
    ]
    assert list(made([source], contacts=[raw_row(CONTACTS, "1", email="a@b.example")], submissions=given)) == ["hubspot:s-0"]


def test_the_first_line_wins() -> None:
    special = ActivitySource(type="pricing_visit", marketo="visit webpage", where={"primaryAttributeValue": ["*pricing*"]})
    general = ActivitySource(type="web_visit", marketo="Visit Webpage")
    records = [visit(1, 1, "Our Pricing"), visit(2, 1, "Home")]
    assert {"marketo:1": "pricing_visit", "marketo:2": "web_visit"} == kinds(made([special, general], marketo=records))
    assert {"marketo:1": "web_visit", "marketo:2": "web_visit"} == kinds(made([general, special], marketo=records))


def kinds(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {key: row["activity_type"] for key, row in found.items()}


def test_a_type_by_its_id_wins_over_a_changed_name() -> None:
    source = ActivitySource(type="web_visit", marketo_id=1)
    assert {"marketo:1": "web_visit"} == kinds(
        made([source], types=[raw_row(TYPES, "1", name="Besuch einer Seite")], marketo=[visit(1), visit(2, 2)])
    )


def test_an_attribute_s_name_may_hold_anything_a_vendor_allows() -> None:
    names = ["Web.page [URL]", "Fallback's", 'quo"te', "a/b", "t~z", "back\\slash", "日本"]
    source = ActivitySource(type="web_visit", marketo="Visit Webpage", detail_from=names)
    given = [visit(number, attributes=json.dumps({name: f"/{number}"})) for number, name in enumerate(names)]
    found = made([source], marketo=[*given, visit(99)])
    assert [f"/{number}" for number in range(len(names))] == [found[f"marketo:{number}"]["detail"] for number in range(len(names))]
    assert found["marketo:99"]["detail"] is None


def test_campaign_responses_belong_to_the_contact_and_to_the_day_of_the_response() -> None:
    found = made(
        campaigns=[raw_row(CAMPAIGNS, "701000000000001AAA", Name="Trade show", Type="Event")],
        members=[
            member(1, LeadId=lead(1), ContactId=contact(1)),
            member(2, LeadId=lead(2)),
            member(3, LeadId=lead(3), Status="Sent", HasResponded="false", FirstRespondedDate=None),
            member(4),
        ],
    )
    first, second = (f"campaign_member:00v{number:012d}AAA" for number in (1, 2))
    expected = {first: f"contact:{contact(1)}", second: f"lead:{lead(2)}"}
    assert expected == {key: row["source_key"] for key, row in found.items()}
    row = found[first]
    assert ("campaign_response", "Event", "Visited", "Trade show") == tuple(
        row[name] for name in ("activity_type", "category", "detail", "program")
    )
    assert datetime(2026, 11, 3, tzinfo=UTC) == row["occurred_at"]


def member(number: int, **more: Any) -> dict[str, Any]:
    usual = {"CampaignId": "701000000000001AAA", "Status": "Visited", "HasResponded": "true", "FirstRespondedDate": "2026-11-03"}
    return raw_row(MEMBERS, f"00v{number:012d}AAA", **usual | more)


def call(number: int, **more: Any) -> dict[str, Any]:
    usual = {"WhoId": contact(1), "CallType": "Inbound", "IsClosed": "true", "TaskSubtype": "Call", "Subject": "Call"}
    return raw_row(TASKS, f"00T{number:012d}AAA", **usual | more)


def test_inbound_calls_count_when_they_happened() -> None:
    found = made(
        tasks=[
            call(1, CallDurationInSeconds="90", CompletedDateTime="2026-11-02T10:00:00.000Z"),
            call(2, CallDisposition="Left voicemail"),
            call(3, IsClosed="false"),
            call(4, CallType="Outbound"),
            call(5, WhoId=None),
            call(6, IsRecurrence="true"),
        ]
    )
    assert {"task:00T000000000001AAA": "inbound_call"} == kinds(found)
    (row,) = found.values()
    assert (1.5, datetime(2026, 11, 2, 10, tzinfo=UTC), f"contact:{contact(1)}") == tuple(
        row[name] for name in ("minutes", "occurred_at", "source_key")
    )


def test_automatic_answers_are_kept_and_marked() -> None:
    found = made(tasks=[call(1, CallType=None, TaskSubtype="Email", Subject="Re: Automatic reply: away")])
    assert [("inbound_email", True)] == [(row["activity_type"], row["is_automatic"]) for row in found.values()]


def test_meetings_count_once_for_the_one_who_was_met() -> None:
    usual = {"WhoId": lead(1), "Subject": "Demo", "DurationInMinutes": "45", "StartDateTime": "2026-11-04T15:00:00.000Z"}
    found = made(
        events=[
            raw_row(EVENTS, "00U000000000001AAA", **usual),
            raw_row(EVENTS, "00U000000000002AAA", **usual | {"IsChild": "true"}),
            raw_row(EVENTS, "00U000000000003AAA", **usual | {"Subject": "Canceled: Demo"}),
            raw_row(EVENTS, "00U000000000004AAA", **usual | {"StartDateTime": None, "ActivityDate": "2026-11-05"}),
        ]
    )
    expected = {
        "event:00U000000000001AAA": (45.0, datetime(2026, 11, 4, 15, tzinfo=UTC)),
        "event:00U000000000004AAA": (45.0, datetime(2026, 11, 5, tzinfo=UTC)),
    }
    assert expected == {key: (row["minutes"], row["occurred_at"]) for key, row in found.items()}


def test_what_was_learned_later_says_when() -> None:
    found = made(marketo=[visit(1, known_at=NOW, activityDate="2026-11-01T08:00:00Z")])
    assert (NOW, datetime(2026, 11, 1, 8, tzinfo=UTC)) == (found["marketo:1"]["known_at"], found["marketo:1"]["occurred_at"])
