"""HubSpot as the write-back's CRM: rows have their own outcomes, tasks are made once, people's edits and merges are seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.field_map import FieldMapping
from alignment_pipeline.connectors.crm import Crm
from alignment_pipeline.connectors.hubspot import crm as hubspot_crm
from alignment_pipeline.connectors.hubspot import preparation
from alignment_pipeline.connectors.hubspot.crm_ids import crm_id
from alignment_pipeline.connectors.row_results import RetryClass
from alignment_pipeline.connectors.values import parse_stamp
from alignment_pipeline.errors import OutcomeUnknown
from alignment_pipeline.sandbox.hubspot.links import CONTACT_TO_COMPANY
from alignment_pipeline.sandbox.hubspot.records import Source
from alignment_pipeline.sandbox.hubspot.settings import READ_SCOPES, HubSpotSettings
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore, Person
from alignment_pipeline_tests.connectors.served import TEN_DAYS_AGO, Served, served

AGREEMENT = loader.load(loader.example_path("hubspot_only"))
SCORE, STAGE = "alignment_engagement_score", "alignment_stage"
LINK = "alignment_matched"


def mapped(*more: FieldMapping) -> Any:
    """The example's field map, with further lines."""
    return AGREEMENT.crm.model_copy(update={"fields": [*AGREEMENT.crm.fields, *more]})


def opened(world: Served, fields: Any = None, people: int = 3) -> tuple[Crm, list[str]]:
    """A portal with our properties and some contacts; the CRM and the contacts' ids."""
    store: HubSpotStore = world.world.hubspot
    contacts = [{"id": 11 + number, "at": TEN_DAYS_AGO, "email": f"p{number}@acme.example"} for number in range(people)]
    store.load(
        {
            "contacts": contacts,
            "companies": [{"id": 21, "at": TEN_DAYS_AGO, "name": "Acme"}, {"id": 22, "at": TEN_DAYS_AGO, "name": "Beta"}],
        }
    )
    session = world.hubspot()
    fields = fields or mapped()
    preparation.make(session, preparation.missing(session, fields))
    return hubspot_crm.crm(session, fields), [crm_id("contacts", str(one["id"])) for one in contacts]


def person(world: Served) -> Person:
    return Person(world.world.hubspot, world.world.clock)


def task(key: str, who: str) -> dict[str, Any]:
    values = {
        "Subject": "Call Ann",
        "Status": "NOT_STARTED",
        "Priority": "High",
        "ActivityDate": "2026-11-20",
        "OwnerId": crm_id("owners", "7"),
    }
    return {"alignment_key": key, "WhoId": who, **values}


def test_each_row_of_a_batch_has_its_own_outcome(world: Served) -> None:
    crm, (one, two, three) = opened(world)
    person(world).archive("contacts", "12")
    assert crm.writer is not None
    gone, good, wrong = crm.writer.update_collection(
        "Contact", [{"Id": two, SCORE: 1}, {"Id": one, SCORE: 12.5}, {"Id": three, STAGE: "no such"}]
    )

    assert (gone.is_success, gone.retry) == (False, RetryClass.GONE)
    assert good.is_success and crm.reader.read_by_ids("Contact", [one], [SCORE])[one] == {SCORE: "12.5", "Id": one}
    assert (wrong.is_success, wrong.code, wrong.fields) == (False, "INVALID_OPTION", (STAGE,)), (
        "one wrong value refused the batch, not the rows"
    )


def test_a_lost_answer_is_unknown_and_nothing_is_sent_twice(world: Served) -> None:
    crm, (one, *_) = opened(world)
    world.fault("cut_after", system="hubspot", path=".*batch/update", count=1)
    assert crm.writer is not None
    with pytest.raises(OutcomeUnknown):
        crm.writer.update_collection("Contact", [{"Id": one, SCORE: 3}])

    assert len([write for write in world.world.audit.writes() if write.action == "update"]) == 1


def test_an_edit_since_the_reading_holds_a_shared_value_back(world: Served) -> None:
    crm, (one, *_) = opened(world)
    record = crm.reader.read_by_ids("Contact", [one], [STAGE, "SystemModstamp"])[one]
    assert record is not None and crm.writer is not None
    read_at = parse_stamp(record["SystemModstamp"])
    world.world.advance(1)
    person(world).edit("contacts", "11", {STAGE: "MQL"})
    refused = crm.writer.update_one("Contact", one, {STAGE: "Target"}, if_unmodified_since=read_at)
    assert (refused.code, refused.retry) == ("PRECONDITION_FAILED", RetryClass.CONFLICT)
    assert world.world.hubspot.objects["contacts"]["11"].values[STAGE] == "MQL"

    world.world.advance(1)
    person(world).edit("contacts", "11", {"phone": "1"})
    other = crm.writer.update_one(
        "Contact", one, {STAGE: "Target"}, if_unmodified_since=world.world.clock.now() - timedelta(milliseconds=500)
    )
    assert other.is_success, "an edit of another property is none of this one"


@pytest.mark.parametrize(
    ("source", "is_person"), [("SALESFORCE", False), ("CRM_UI", True), ("AUTOMATION_PLATFORM", True), ("NEW_KIND", True)]
)
def test_the_source_of_an_edit_says_whether_a_person_is_behind_it(world: Served, source: str, is_person: bool) -> None:
    crm, (one, *_) = opened(world)
    store: HubSpotStore = world.world.hubspot
    read_at = world.world.clock.now()
    world.world.advance(1)
    assert crm.writer is not None
    with store.lock:
        store.change("contacts", store.objects["contacts"]["11"], {STAGE: "MQL"}, world.world.clock.now(), Source(source, "x"))

    written = crm.writer.update_one("Contact", one, {STAGE: "Target"}, if_unmodified_since=read_at)

    assert written.is_success is not is_person
    assert store.objects["contacts"]["11"].values[STAGE] == ("MQL" if is_person else "Target")


class Between:
    """A session in which somebody edits between our last look and our write."""

    def __init__(self, session: Any, edit: Callable[[], None]) -> None:
        self._session, self._edit = session, edit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def write(self, *arguments: Any, **options: Any) -> Any:
        self._edit()
        self._edit = lambda: None
        return self._session.write(*arguments, **options)


def test_an_edit_between_the_last_look_and_the_write_is_put_back(world: Served) -> None:
    crm, (one, *_) = opened(world)
    record = crm.reader.read_by_ids("Contact", [one], ["SystemModstamp"])[one]
    portal: Any = crm.writer

    def edit() -> None:
        person(world).edit("contacts", "11", {STAGE: "MQL"})
        world.world.advance(0.2)

    world.world.advance(1)
    portal.session = Between(portal.session, edit)
    assert record is not None
    refused = portal.update_one("Contact", one, {STAGE: "Target"}, if_unmodified_since=parse_stamp(record["SystemModstamp"]))

    stages = world.world.hubspot.objects["contacts"]["11"].history[STAGE]
    assert refused.retry is RetryClass.CONFLICT, "the next look sees the person's value and decides"
    assert [version.value for version in stages] == ["MQL", "Target", "MQL"]


def test_a_task_is_made_once_and_one_that_lost_its_contact_is_completed(world: Served) -> None:
    crm, (one, *_) = opened(world)
    assert crm.writer is not None
    first = crm.writer.upsert_collection("Task", "alignment_key", [task("sla:1", one)])
    again = crm.writer.upsert_collection("Task", "alignment_key", [task("sla:1", one)])
    assert (first[0].is_created, again[0].is_created, first[0].record_id) == (True, False, again[0].record_id)
    (made,) = crm.reader.find_by_keys("Task", "alignment_key", ["sla:1"], ["Priority", "ActivityDate", "Subject"])["sla:1"]
    assert (made["Priority"], made["ActivityDate"], made["Subject"]) == ("High", "2026-11-20", "Call Ann")

    # the process died between the task and its association
    store: HubSpotStore = world.world.hubspot
    (number,) = store.objects["tasks"]
    store.links["tasks", "contacts"].pop(number)
    assert crm.reader.find_by_keys("Task", "alignment_key", ["sla:1", "sla:2"], []) == {"sla:1": [], "sla:2": []}
    crm.writer.upsert_collection("Task", "alignment_key", [task("sla:1", one)])
    assert list(store.linked("tasks", number, "contacts")) == ["11"] and len(store.objects["tasks"]) == 1
    shown = crm.reader.read_by_ids("Task", [crm_id("tasks", number)], ["WhoId", "OwnerId"])[crm_id("tasks", number)]
    assert shown is not None and (shown["WhoId"], shown["OwnerId"]) == (one, crm_id("owners", "7"))


def test_a_task_about_a_deal_is_associated_with_the_deal_and_no_company_of_the_same_number(world: Served) -> None:
    crm, _ = opened(world)
    store: HubSpotStore = world.world.hubspot
    store.load({"deals": [{"id": number, "at": TEN_DAYS_AGO, "dealname": "Renewal", "dealstage": "open"} for number in (21, 31)]})
    assert crm.writer is not None
    tasks = [about("WhatId", "deals", "21"), about("WhatId", "companies", "22"), about("WhatId", "deals", "31")]
    results = crm.writer.upsert_collection("Task", "alignment_key", tasks)

    assert all(result.is_success for result in results)
    linked = [[list(store.linked("tasks", number, kind)) for kind in ("deals", "companies")] for number in store.objects["tasks"]]
    assert [[["21"], []], [[], ["22"]], [["31"], []]] == linked
    ids = [str(result.record_id) for result in results]
    shown = crm.reader.read_by_ids("Task", ids, ["WhatId"])
    assert [one["WhatId"] for one in tasks] == [(shown[number] or {})["WhatId"] for number in ids]
    assert all(crm.reader.find_by_keys("Task", "alignment_key", [one["alignment_key"] for one in tasks], []).values())


def test_a_task_whose_record_is_gone_is_refused_alone(world: Served) -> None:
    crm, people = opened(world)
    assert crm.writer is not None
    tasks = [about("WhoId", "contacts", "11"), about("WhoId", "contacts", "999"), about("WhatId", "companies", "21")]
    results = crm.writer.upsert_collection("Task", "alignment_key", tasks)

    assert [None, "OBJECT_NOT_FOUND", None] == [result.code for result in results]
    assert RetryClass.GONE is results[1].retry and people[0] == tasks[0]["WhoId"]


def about(name: str, kind: str, number: str) -> dict[str, Any]:
    """A task about a record of this kind."""
    return {**task(f"sla:{kind}:{number}", crm_id("contacts", "11")), "WhoId": None, name: crm_id(kind, number)}


def test_a_merged_record_answers_by_its_new_id(world: Served) -> None:
    crm, (one, two, _) = opened(world)
    merged = person(world).merge("contacts", "11", "12")
    records = crm.reader.read_by_ids("Contact", [one, two], [SCORE])

    assert [record and record["Id"] for record in records.values()] == [crm_id("contacts", merged)] * 2


def test_an_earlier_lifecycle_stage_is_acknowledged_and_read_back_unchanged(world: Served) -> None:
    crm, (one, *_) = opened(world)
    assert crm.writer is not None
    person(world).edit("contacts", "11", {"lifecyclestage": "customer"})
    result = crm.writer.update_collection("Contact", [{"Id": one, "lifecyclestage": "lead"}])

    record = crm.reader.read_by_ids("Contact", [one], ["lifecyclestage"])[one]
    assert result[0].is_success and record is not None and record["lifecyclestage"] == "customer", "only reading back shows the refusal"


def test_a_proposed_company_is_an_association_under_a_label_of_its_own(world: Served) -> None:
    link = FieldMapping(object="Contact", field=LINK, value="person.matched_account_id", type="lookup", label="Matched company")
    crm, (one, *_) = opened(world, mapped(link))
    store: HubSpotStore = world.world.hubspot
    store.link("contacts", "11", "companies", "21", type_ids=[CONTACT_TO_COMPANY["primary"]])
    acme, beta = (crm_id("companies", number) for number in ("21", "22"))

    def written(company: str | None) -> Any:
        assert crm.writer is not None
        assert crm.writer.update_collection("Contact", [{"Id": one, LINK: company, SCORE: 2}])[0].is_success
        record = crm.reader.read_by_ids("Contact", [one], [LINK])[one]
        return record and record[LINK]

    assert [written(beta), written(acme), written(None)] == [beta, acme, None]
    assert CONTACT_TO_COMPANY["primary"] in store.linked("contacts", "11", "companies")["21"], "people's own association is left alone"
    described = crm.describe_all(["Contact", "Lead"])
    assert described["Lead"] is None and described["Contact"] is not None
    assert (field := described["Contact"].field(LINK)) is not None and field.type == "reference" and field.is_updateable


NURTURE = FieldMapping(object="Contact", field="alignment_nurture_list", value="person.nurture", type="list", label="Nurture (Alignment)")


def test_nurture_may_be_a_static_list_that_people_join_and_leave(world: Served) -> None:
    crm, (one, two, *_) = opened(world, mapped(NURTURE))
    store: HubSpotStore = world.world.hubspot
    (nurture,) = store.lists.values()
    store.join(nurture.id, "13", TEN_DAYS_AGO)

    def written(**is_member: bool) -> list[str | None]:
        assert crm.writer is not None
        rows = [{"Id": {"one": one, "two": two}[name], NURTURE.field: value} for name, value in is_member.items()]
        assert all(row.is_success for row in crm.writer.update_collection("Contact", rows))
        shown = crm.reader.read_by_ids("Contact", [one, two], [NURTURE.field, SCORE])
        return [(shown[key] or {})[NURTURE.field] for key in (one, two)]

    assert (nurture.name, nurture.processing) == ("Nurture (Alignment)", "MANUAL")
    assert [written(one=True, two=False), written(two=True), written(one=False)] == [["true", "false"], ["true", "true"], ["false", "true"]]
    assert set(nurture.members) == {"12", "13"}, "whom others put in stays"
    description = crm.describe_all(["Contact"])["Contact"]
    assert description is not None and (field := description.field(NURTURE.field)) is not None and field.type == "boolean"


def test_a_member_that_hubspot_passes_over_is_seen_by_reading_back(world: Served) -> None:
    crm, (one, *_) = opened(world, mapped(NURTURE))
    assert crm.writer is not None
    world.fault("answer", system="hubspot", method="PUT", path="memberships", status=200, count=1, content={"recordsIdsAdded": []})

    crm.writer.update_collection("Contact", [{"Id": one, NURTURE.field: True}])

    shown = crm.reader.read_by_ids("Contact", [one], [NURTURE.field])[one]
    assert shown is not None and shown[NURTURE.field] == "false"


def test_a_list_that_filters_fill_takes_no_members_and_is_no_field(world: Served) -> None:
    world.world.hubspot.add_list(NURTURE.label, "DYNAMIC", TEN_DAYS_AGO)
    crm, _ = opened(world, mapped(NURTURE))

    description = crm.describe_all(["Contact"])["Contact"]

    assert description is not None and description.field(NURTURE.field) is None


def test_properties_are_shown_first_then_made_in_a_group_of_their_own(world: Served) -> None:
    session = world.hubspot()
    needed = preparation.missing(session, AGREEMENT.crm)
    assert {one.name for one in needed if one.kind == "tasks"} == {"alignment_key", "alignment_about"}
    assert len(world.world.audit.writes()) == 0

    preparation.make(session, needed)
    definitions = world.world.hubspot.definitions
    assert {definitions.of(one.kind)[one.name].group for one in needed} == {"alignment"}
    assert definitions.of("tasks")["alignment_key"].is_unique and definitions.of("contacts")[SCORE].type == "number"
    assert preparation.missing(session, AGREEMENT.crm) == []


def test_a_missing_scope_is_named() -> None:
    with served(hubspot=HubSpotStore(HubSpotSettings(tokens={"pat": READ_SCOPES}))) as world:
        session = world.hubspot()
        with pytest.raises(Exception, match=r"crm\.schemas\.contacts\.write"):
            preparation.make(session, preparation.missing(session, AGREEMENT.crm))


def test_ten_thousand_rows_are_looked_at_written_and_read_back_with_three_calls_for_each_hundred(world: Served) -> None:
    crm, ids = opened(world, people=1_000)
    assert crm.writer is not None
    before = crm.calls()
    for first in range(0, len(ids), 100):
        part = ids[first : first + 100]
        crm.reader.read_by_ids("Contact", part, [SCORE])
        assert all(row.is_success for row in crm.writer.update_collection("Contact", [{"Id": one, SCORE: 5} for one in part]))
        assert {record and record[SCORE] for record in crm.reader.read_by_ids("Contact", part, [SCORE]).values()} == {"5"}

    assert crm.calls() - before <= 3 * len(ids) / 100 + 40


def test_the_days_calls_and_the_newest_sync_are_told(world: Served) -> None:
    crm, (one, *_) = opened(world)
    assert crm.writer is not None and crm.organization_id == "hubspot:4711001"
    crm.writer.update_collection("Contact", [{"Id": one, "alignment_last_synced": "2026-11-20T10:00:00.000Z"}])
    world.world.advance(60)
    newest, limits = crm.newest("Contact", "alignment_last_synced"), crm.limits()

    assert newest is not None and newest.record_id == one and str(newest.value).startswith("2026-11-20T10:00:00")
    assert limits.allowed == 650_000 and limits.remaining is not None and limits.remaining < 650_000
    assert crm.newest("Lead", "x") is None and crm.newest("Contact", "no_such_property") is None


def test_the_example_maps_nothing_of_the_portals_own() -> None:
    agreement: Agreement = AGREEMENT
    assert {one.object for one in agreement.crm.fields} == {"Contact", "Account"}
    assert all(one.field.startswith(preparation.PREFIX) for one in agreement.crm.fields)
