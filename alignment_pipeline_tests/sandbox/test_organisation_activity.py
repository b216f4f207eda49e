"""The demo organisation's Marketo log and its hand-raises: shape, rhythm, bots, bursts, and clocks in every state."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alignment_pipeline.sandbox import organisation
from alignment_pipeline.sandbox.organisation import HandRaiseTruth, Organisation, geography, hand_raises

Row = dict[str, Any]


@cache
def small() -> Organisation:
    return organisation.generate(seed=31, accounts=200, people=800, activities=6000)


@cache
def medium() -> Organisation:
    return organisation.generate(seed=31, accounts=1000, people=4000, activities=60_000)


@cache
def log() -> tuple[Row, ...]:
    return tuple(small().marketo_activities)


def values(row: Row) -> dict[str, Any]:
    return {attribute["name"]: attribute["value"] for attribute in row["attributes"]}


def open_minutes(start: datetime, end: datetime, zone: str, step_seconds: int = 60) -> float:
    """Oracle: minutes of Monday to Friday 9 to 17 local time between two moments, counted step by step."""
    count, moment = 0, start
    while moment < end:
        local = moment.astimezone(ZoneInfo(zone))
        count += local.weekday() < 5 and 9 <= local.hour < 17
        moment += timedelta(seconds=step_seconds)
    return count * step_seconds / 60


def test_the_log_is_in_order_with_rising_unique_ids_inside_six_months() -> None:
    dates = [row["activityDate"] for row in log()]
    numbers = [row["id"] for row in log()]

    assert len(log()) == 6000
    assert dates == sorted(dates)
    assert all(one < later for one, later in pairwise(numbers))
    assert [row["marketoGUID"] for row in log()] == [str(number) for number in numbers]
    assert dates[0] >= (small().anchor - timedelta(days=183)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert dates[-1] <= small().anchor.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_reading_twice_gives_the_same_rows() -> None:
    assert tuple(small().marketo_activities) == log()


def test_every_row_belongs_to_a_lead_that_was_known_and_not_yet_gone() -> None:
    known = {lead["id"]: str(lead["createdAt"]) for lead in small().marketo_leads}
    gone = {lead["leadId"]: str(lead["activityDate"]) for lead in small().marketo_deleted_leads}
    for row in log():
        if row["leadId"] in gone:
            assert row["activityDate"] <= gone[row["leadId"]]
        else:
            assert row["activityDate"] >= known[row["leadId"]]
    assert gone
    assert not set(gone) & set(known)


def test_all_the_types_are_there_with_the_attributes_they_declare() -> None:
    declared = {kind["id"]: {one["name"] for one in kind["attributes"]} for kind in small().marketo_activity_types}  # type: ignore[attr-defined]
    seen = Counter(row["activityTypeId"] for row in log())

    assert {1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 22, 24, 25, 32, 46, 104, 113} == set(seen)
    assert {37, *seen} == set(declared)
    for row in log():
        assert set(values(row)) <= declared[row["activityTypeId"]]
        assert all(value not in (None, "") for value in values(row).values())
        assert ("primaryAttributeValue" in row) == (row["activityTypeId"] != 12)


def test_pages_are_paths_and_include_the_ones_that_rules_look_for() -> None:
    paths = Counter(values(row)["Webpage URL"] for row in log() if row["activityTypeId"] == 1)

    assert all(path.startswith("/") and "northwind" not in path for path in paths)
    assert min(paths[path] for path in ("/", "/pricing", "/demo", "/contact-sales", "/features/scoring", "/careers")) >= 5
    assert any("unsubscribe" in path for path in paths)


def test_forms_webinars_and_mails_carry_names() -> None:
    forms = {row["primaryAttributeValue"] for row in log() if row["activityTypeId"] == 2}
    steps = Counter((values(row)["New Status"], values(row)["Success"]) for row in log() if row["activityTypeId"] == 104)
    programs = {row["primaryAttributeValue"] for row in log() if row["activityTypeId"] == 104}
    campaigns = {record["Name"] for record in small().salesforce["Campaign"]}

    assert {*hand_raises.FORMS, "Newsletter signup", "Benchmark report download"} <= forms
    assert min(steps["Registered", False], steps["Attended", True], steps["No Show", False]) >= 10
    assert programs <= campaigns
    assert all("campaignId" in row for row in log() if row["activityTypeId"] in (6, 7, 8, 9, 10, 11))


def test_every_sent_mail_is_delivered_or_bounced() -> None:
    count = Counter(row["activityTypeId"] for row in log())

    # A person who is deleted between sending and delivery has the first row alone; the margin is for those few seconds.
    assert abs(count[6] - count[7] - count[8]) <= 2


def test_bots_open_and_click_everything_at_once_and_only_some_are_marked() -> None:
    bots = set(small().truth.bots)
    clicks: dict[tuple[int, str], int] = Counter((row["leadId"], row["activityDate"]) for row in log() if row["activityTypeId"] == 11)
    marked = {row["leadId"] for row in log() if row["activityTypeId"] in (10, 11) and values(row)["Is Bot Activity"]}

    assert len(bots) >= 3
    assert marked <= bots
    assert all(count >= 5 for (lead, _), count in clicks.items() if lead in bots)
    assert {values(row)["Bot Activity Pattern"] for row in log() if row["activityTypeId"] == 10} >= {"N/A"}
    many = set(medium().truth.bots)
    medium_marked = {row["leadId"] for row in medium().marketo_activities if row["activityTypeId"] == 11 and values(row)["Is Bot Activity"]}
    assert 0 < len(many & medium_marked) < len(many)


def test_internal_people_are_in_the_log() -> None:
    internal = set(small().truth.internal)
    emails = {lead["id"]: str(lead.get("email")) for lead in small().marketo_leads}

    assert len(internal) >= 3
    assert all(emails[lead].lower().endswith("@northwind-demo.example") for lead in internal)
    assert sum(row["leadId"] in internal for row in log()) >= 8


def test_visits_follow_office_hours_of_the_visitor_and_rest_on_weekends() -> None:
    japan = {lead["id"] for lead in medium().marketo_leads if lead.get("country") == "Japan"}
    america = {lead["id"] for lead in medium().marketo_leads if lead.get("country") == "United States"}
    hours: dict[str, Counter[int]] = {"japan": Counter(), "america": Counter()}
    days: Counter[int] = Counter()
    for row in medium().marketo_activities:
        if row["activityTypeId"] == 1:
            moment = datetime.fromisoformat(row["activityDate"])
            days[moment.weekday()] += 1
            for name, members in (("japan", japan), ("america", america)):
                if row["leadId"] in members:
                    hours[name][moment.hour] += 1

    assert sum(hours["japan"][hour] for hour in range(0, 9)) > 2 * sum(hours["japan"][hour] for hour in range(12, 21))
    assert sum(hours["america"][hour] for hour in range(14, 23)) > 2 * sum(hours["america"][hour] for hour in range(2, 11))
    assert days[5] + days[6] < days[1]


def test_a_few_people_are_very_busy() -> None:
    found = sorted(Counter(row["leadId"] for row in medium().marketo_activities).values(), reverse=True)
    tenth = found[: len(found) // 10]

    assert sum(tenth) > 0.3 * sum(found)
    assert found[0] > 8 * found[len(found) // 2]


def test_hot_accounts_burst_with_several_people() -> None:
    """The pages that several people of a hot account saw in its phase outnumber those of the weeks before it."""
    right = {lead.person: lead.account_id for lead in medium().truth.leads if lead.kind == "account"}
    of_contact = {record["Id"]: record["AccountId"] for record in medium().salesforce["Contact"]}
    account_of: dict[int, Any] = {}
    for person, one in medium().truth.persons.items():
        account = right.get(person) or next((of_contact[contact] for contact in one["contacts"]), None)
        account_of |= {int(number): account for number in one["marketo"]}
    visits: dict[Any, list[tuple[str, int]]] = defaultdict(list)
    for row in medium().marketo_activities:
        if row["activityTypeId"] == 1 and account_of.get(row["leadId"]) is not None:
            visits[account_of[row["leadId"]]].append((row["activityDate"], row["leadId"]))
    loud = 0
    for account, begun in medium().truth.hot_accounts.items():
        start = begun[0]
        end = (datetime.fromisoformat(start) + timedelta(days=36)).strftime("%Y-%m-%dT%H:%M:%SZ")
        inside = [lead for date, lead in visits[account] if start <= date <= end]
        before = [lead for date, lead in visits[account] if date < start]
        loud += len(set(inside)) >= 2 and len(inside) > len(before)

    assert len(medium().truth.hot_accounts) >= 40
    assert loud >= 0.75 * len(medium().truth.hot_accounts)


def stories(*, is_recent: bool) -> dict[str, list[HandRaiseTruth]]:
    found: dict[str, list[HandRaiseTruth]] = defaultdict(list)
    for raised in small().truth.hand_raises:
        if raised.is_recent == is_recent:
            found[raised.story].append(raised)
    return found


def test_every_story_is_staged_several_times() -> None:
    assert {story: len(found) for story, found in stories(is_recent=True).items()} == dict.fromkeys(hand_raises.RECENT, 3)
    assert all(len(stories(is_recent=False)[story]) >= 3 for story in hand_raises.PAST)


def test_each_hand_raise_is_a_form_in_the_log_at_that_second() -> None:
    filled = {(row["leadId"], row["activityDate"], row["primaryAttributeValue"]) for row in log() if row["activityTypeId"] == 2}

    for raised in small().truth.hand_raises:
        assert (raised.marketo_id, raised.submitted_at, raised.form) in filled
    forms = [row for row in log() if row["activityTypeId"] == 2 and row["primaryAttributeValue"] in hand_raises.FORMS]
    assert len(forms) == len(small().truth.hand_raises) + len(small().truth.customers_who_asked)


def test_the_marketo_person_is_synced_with_the_staged_lead() -> None:
    synced = {lead["id"]: lead.get("sfdcLeadId") for lead in small().marketo_leads}

    assert all(synced[raised.marketo_id] == raised.lead_id for raised in small().truth.hand_raises)


@pytest.mark.parametrize(
    ("story", "least", "most"),
    [("pending", 0.5, 3.5), ("at_risk", 4, 4.9), ("breached", 30, 1500), ("machine_only", 30, 1500)],
)
def test_clocks_without_touch_have_run_for_the_staged_time_at_the_anchor(story: str, least: float, most: float) -> None:
    leads = {record["Id"]: record for record in small().salesforce["Lead"]}
    users = {record["Id"]: record for record in small().salesforce["User"]}
    for raised in stories(is_recent=True)[story]:
        assert raised.assigned_at is not None
        assert raised.first_touch_at is None
        zone = users[leads[raised.lead_id]["OwnerId"]]["TimeZoneSidKey"]
        elapsed = open_minutes(datetime.fromisoformat(raised.assigned_at), small().anchor, str(zone), 5 if most < 5 else 60)
        assert least <= elapsed <= most, (raised, elapsed)


@pytest.mark.parametrize(("story", "least", "most"), [("met", 0, 5), ("weekend", 0, 5), ("met_late", 8, 262), ("to_account_owner", 0, 5)])
def test_touched_clocks_took_the_staged_time(story: str, least: int, most: int) -> None:
    leads = {record["Id"]: record for record in small().salesforce["Lead"]}
    users = {record["Id"]: record for record in small().salesforce["User"]}
    tasks = {(record["WhoId"], record["CompletedDateTime"]) for record in small().salesforce["Task"]}
    for raised in stories(is_recent=True)[story] + stories(is_recent=False)[story]:
        assert raised.assigned_at is not None
        assert raised.first_touch_at is not None
        zone = users[leads[raised.lead_id]["OwnerId"]]["TimeZoneSidKey"]
        touched = datetime.fromisoformat(raised.first_touch_at)
        assert least <= open_minutes(datetime.fromisoformat(raised.assigned_at), touched, str(zone)) <= most
        assert (raised.lead_id, touched) in tasks


def test_the_owner_history_says_when_the_lead_was_assigned_and_to_whom() -> None:
    history = defaultdict(list)
    for row in small().salesforce["LeadHistory"]:
        if row["Field"] == "Owner" and row["DataType"] == "EntityId":
            history[row["LeadId"]].append(row)
    queues = {record["Id"] for record in small().salesforce["Group"]}
    owner = {record["Id"]: record["OwnerId"] for record in small().salesforce["Lead"]}
    for raised in small().truth.hand_raises:
        rows = history[raised.lead_id]
        if raised.story == "in_queue":
            assert rows == []
            assert owner[raised.lead_id] in queues
        else:
            assert raised.assigned_at is not None
            assert rows[0]["CreatedDate"] == datetime.fromisoformat(raised.assigned_at)
            assert rows[0]["OldValue"] in queues
            assert len(rows) == (2 if raised.story == "second_rep" else 1)
            assert rows[-1]["NewValue"] == owner[raised.lead_id]


def test_awkward_touches_are_what_the_story_says() -> None:
    tasks = defaultdict(list)
    for record in small().salesforce["Task"]:
        tasks[record["WhoId"]].append(record)
    for raised in small().truth.hand_raises:
        mine = tasks[raised.lead_id]
        if raised.story == "touched_before":
            assert all(record["CompletedDateTime"] < datetime.fromisoformat(raised.submitted_at) for record in mine)
            assert len(mine) == 1
        elif raised.story == "machine_only":
            assert {record["TaskSubtype"] for record in mine} == {"Cadence", "Email"}
            assert not any(str(record["Subject"]).startswith("Email: ") for record in mine)
        elif raised.story in ("breached", "pending", "at_risk", "in_queue"):
            assert mine == []


def test_customers_who_ask_have_no_lead() -> None:
    synced = {lead["id"]: lead for lead in small().marketo_leads}

    assert len(small().truth.customers_who_asked) >= 3
    for number in small().truth.customers_who_asked:
        assert "sfdcLeadId" not in synced[number]
        assert "sfdcContactId" in synced[number]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Australia/Sydney"])
@pytest.mark.parametrize("minutes", [0.5, 4.2, 75, 481, 1400])
def test_business_minutes_agree_with_counting_them_one_by_one(zone: str, minutes: float) -> None:
    for moment in (
        datetime(2026, 11, 21, 8, tzinfo=UTC),
        datetime(2026, 3, 30, 13, tzinfo=UTC),
        datetime(2026, 10, 26, 22, 30, tzinfo=UTC),
    ):
        before = geography.business_minutes_before(moment, minutes, zone)
        after = geography.business_minutes_after(moment, minutes, zone)

        assert abs(open_minutes(before, moment, zone) - minutes) <= 1
        assert abs(open_minutes(moment, after, zone) - minutes) <= 1


def test_the_marketo_people_are_of_every_kind() -> None:
    leads = small().marketo_leads

    assert sum("sfdcLeadId" in lead for lead in leads) >= 300
    assert sum("sfdcContactId" in lead for lead in leads) >= 200
    assert sum("sfdcLeadId" not in lead and "sfdcContactId" not in lead for lead in leads) >= 60
    assert sum("sfdcLeadId" in lead and "sfdcContactId" in lead for lead in leads) >= 8
    assert len({lead["id"] for lead in leads}) == len(leads)
    assert all(str(lead["createdAt"]) <= str(lead["updatedAt"]) <= "2026-11-21T08:00:00Z" for lead in leads)
    assert sum("email" not in lead for lead in leads) >= 20
    assert len(small().marketo_deleted_leads) >= 6
    assert {row["primaryAttributeValueId"] for row in log() if row["activityTypeId"] == 32} <= {
        row["leadId"] for row in small().marketo_deleted_leads
    }
