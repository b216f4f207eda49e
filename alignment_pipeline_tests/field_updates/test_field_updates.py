"""What every mapped field should say: rounding, moments, clears, reviews, scope, priorities."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.field_map import Crm, FieldMapping
from alignment_pipeline.agreement.parties import Scope
from alignment_pipeline.field_updates import field_updates as rule
from alignment_pipeline.reporting import run_measures as run_measures_rule
from alignment_pipeline_tests.staging.factories import NOW, account, contact, days_ago, lead, rows, staged, user

_PERSON = ("people", "person_records", "person_scores", "person_fits", "person_stages", "lead_account_matches", "person_slas")
_ACCOUNT = (
    "accounts", "account_scores", "account_fits", "account_tiers", "account_stages", "account_mqa_statuses", "person_accounts",
    "person_account_periods",
)  # fmt: skip
LIFECYCLE = loader.load(loader.default_path()).lifecycle
ENGAGED: dict[str, Any] = {"engagement": loader.load(loader.default_path()).scoring.engagement, "as_of": NOW}
Rows = dict[str, list[dict[str, Any]]]


def jane(**more: Any) -> Rows:
    """One person with an open lead and a contact, decided in every respect."""
    given: Rows = {
        "people": [{"person_id": "p", "owner_id": user(1), "contact_account_id": account(1)}],
        "person_records": [
            record("lead", lead(1)),
            record("contact", contact(1)),
            record("lead", lead(2), is_alive=False),
            {"source_key": "marketo:7", "person_id": "p", "object": "Marketo", "record_id": "7", "is_alive": True},
        ],
        "person_scores": [{"person_id": "p", "engagement_score": 12.3456789, "score_reason": "12 points"}],
        "person_fits": [{"person_id": "p", "fit_reason": "fits well"}],
        "person_stages": [{"person_id": "p", "stage": "MQL", "stage_reason": "raised a hand", "entered_at": days_ago(1.00000123)}],
        "lead_account_matches": [
            {"person_id": "p", "account_id": account(1), "decision": "matched", "confidence": 0.87654321, "reason": "same domain"}
        ],
        "person_slas": [{"person_id": "p", "sla_status": "pending", "sla_policy": "hand raise", "sla_reason": "due soon"}],
        "accounts": [{"account_id": account(1), "owner_id": user(1)}],
        "account_scores": [{"account_id": account(1), "engagement_score": 50.0, "people_engaged": 3, "score_reason": "three people"}],
        "account_tiers": [{"account_id": account(1), "tier": 1, "tier_reason": "named"}],
        "account_mqa_statuses": [
            {"account_id": account(1), "mqa_status": "MQA", "mqa_reason": "rule A", "times": 2, "first_at": days_ago(9)}
        ],
        "users": [{"user_id": user(1), "email": "rep@ours.example"}, {"user_id": user(2), "email": "other@ours.example"}],
    }
    return given | more


def record(kind: str, identifier: str, **more: Any) -> dict[str, Any]:
    usual = {"source_key": f"{kind}:{identifier}", "person_id": "p", "object": kind.title(), "record_id": identifier, "is_alive": True}
    return usual | more


def field(value: str, type_: str = "text", object_: str = "Lead", **more: Any) -> FieldMapping:
    name = f"{value.replace('.', '_')}__c"
    return FieldMapping.model_validate({"object": object_, "field": name, "value": value, "type": type_, "label": "L"} | more)


def planned(
    given: Rows, *fields: FieldMapping, scope: Scope | None = None, is_filling: bool = False
) -> dict[tuple[str, str], dict[str, Any]]:
    """(record, value's name) -> row."""
    persons = rule.person_values(*[staged(name, given.get(name, ())) for name in _PERSON], **ENGAGED)
    crm = Crm(fields=list(fields), fill_untargeted=is_filling)
    accounts = rule.account_values(*[staged(name, given.get(name, ())) for name in _ACCOUNT], crm=crm, lifecycle=LIFECYCLE, **ENGAGED)
    users = staged("users", given["users"])
    table = rule.field_updates(persons, accounts, users, crm=crm, scope=scope or Scope(), as_of=NOW, agreement_version="test")
    names = {mapping.field: mapping.value for mapping in fields}
    return {(row["record_id"], names[row["field"]]): row | {"value": json.loads(row["value"])} for row in rows(table)}


def test_every_living_record_of_a_person_says_the_same() -> None:
    fields = [field("person.stage"), field("person.stage", object_="Contact")]
    found = planned(jane(), *fields)
    assert {lead(1): ("Lead", "MQL"), contact(1): ("Contact", "MQL")} == {
        key: (row["object"], row["value"]) for (key, _), row in found.items()
    }
    assert {("raised a hand", account(1), NOW, "test")} == {
        (row["reason"], row["parent_id"], row["as_of"], row["agreement_version"]) for row in found.values()
    }


def test_values_are_what_the_field_can_hold() -> None:
    fields = [
        field("person.engagement_score", "number", scale=2, precision=8),
        field("person.match_confidence_pct", "percent", scale=0),
        field("person.stage_entered_at", "datetime"),
        field("person.stage_reason", "text", length=6),
        field("person.fit_score", "number"),
    ]
    found = {name: row["value"] for (_, name), row in planned(jane(), *fields).items()}
    expected = {
        "person.engagement_score": 12.35,
        "person.match_confidence_pct": 88.0,
        "person.stage_entered_at": "2026-11-19T11:59:59Z",
        "person.stage_reason": "raised",
        "person.fit_score": None,
    }
    assert expected == found


def test_text_of_any_letters_is_json() -> None:
    nasty = 'a "quote", a \\ slash,\na line, <b>, 日本 and \t'
    given = jane(person_stages=[{"person_id": "p", "stage": "MQL", "stage_reason": nasty}])
    assert nasty == planned(given, field("person.stage_reason"))[lead(1), "person.stage_reason"]["value"]


def test_a_reason_is_cut_where_the_journal_ends() -> None:
    given = jane(person_stages=[{"person_id": "p", "stage": "MQL", "stage_reason": "x" * 400}])
    assert 255 == len(planned(given, field("person.stage"))[lead(1), "person.stage"]["reason"])


def test_a_match_in_review_writes_no_account_but_says_why() -> None:
    fields = [field("person.matched_account_id"), field("person.match_confidence_pct", "percent"), field("person.match_reason")]
    for decision, expected in (("matched", account(1)), ("review", None), ("none", None)):
        match = {"person_id": "p", "account_id": account(1), "decision": decision, "confidence": 0.5, "reason": "two candidates"}
        found = {name: row["value"] for (_, name), row in planned(jane(lead_account_matches=[match]), *fields).items()}
        assert [expected, 50.0 if expected else None, "two candidates"] == [found[one.value] for one in fields], decision


def test_what_was_never_decided_clears_the_field() -> None:
    given = jane(person_stages=[], lead_account_matches=[], person_slas=[])
    for value in ("person.stage", "person.matched_account_id", "person.sla_status"):
        row = planned(given, field(value))[lead(1), value]
        assert (None, "no decision yet") == (row["value"], row["reason"])


def test_our_own_people_and_those_out_of_scope_have_no_row() -> None:
    internal = jane(people=[{"person_id": "p", "is_internal": True}])
    unscored = jane(person_scores=[])
    assert {} == planned(internal, field("person.stage")) == planned(unscored, field("person.stage"))


def test_the_scope_s_owners_limit_whose_records_are_written() -> None:
    fields = [field("person.stage"), field("account.tier", object_="Account")]
    mine, theirs = Scope(owner_emails=["REP@ours.example"]), Scope(owner_emails=["other@ours.example"])
    assert {lead(1), account(1)} == {key for key, _ in planned(jane(), *fields, scope=mine)}
    assert {} == planned(jane(), *fields, scope=theirs)


def test_accounts_say_their_numbers_as_their_fields_want_them() -> None:
    fields = [
        field("account.tier", "picklist", "Account"),
        field("account.mqa_count", "number", "Account"),
        field("account.people_engaged", "number", "Account"),
        field("account.mqa_first_at", "datetime", "Account"),
        field("account.mqa_latest_at", "date", "Account"),
    ]
    found = {name: row["value"] for (_, name), row in planned(jane(), *fields).items()}
    expected = ["1", 2.0, 3.0, "2026-11-11T12:00:00Z", None]
    assert expected == [found[mapping.value] for mapping in fields]


def test_clocks_and_mqas_are_written_first_and_what_the_plan_stamps_is_left_to_it() -> None:
    crm = loader.load(loader.default_path()).crm
    persons = rule.person_values(*[staged(name, jane().get(name, ())) for name in _PERSON], **ENGAGED)
    accounts = rule.account_values(*[staged(name, jane().get(name, ())) for name in _ACCOUNT], crm=crm, lifecycle=LIFECYCLE, **ENGAGED)
    table = rule.field_updates(
        persons, accounts, staged("users", jane()["users"]), crm=crm, scope=Scope(), as_of=NOW, agreement_version="test"
    )
    found = rows(table)
    values = {(mapping.object, mapping.field): mapping.value for mapping in crm.fields}
    assert {key for key, value in values.items() if not value.endswith(".synced_at")} == {(row["object"], row["field"]) for row in found}
    priorities = {values[row["object"], row["field"]]: row["priority"] for row in found}
    assert 0 == priorities["person.sla_status"] == priorities["account.mqa_status"]
    assert (
        priorities["person.sla_status"]
        < priorities["person.stage"]
        < priorities["person.engagement_points"]
        < priorities["person.fit_score"]
    )
    assert len(found) == len({(row["object"], row["record_id"], row["field"]) for row in found})


def test_every_value_that_may_be_mapped_is_offered() -> None:
    offered = {*rule.PERSON_OFFERS, *rule.ACCOUNT_OFFERS, "person.synced_at", "account.synced_at", "person.nurture"}
    schema = FieldMapping.model_json_schema()["properties"]["value"]
    named = schema.get("enum") or [value for one in schema["anyOf"] for value in one["enum"]]
    assert set(named) == offered


def test_no_mapped_field_means_no_update() -> None:
    assert {} == planned(jane())


def test_a_run_is_measured() -> None:
    given = {
        "accounts": [{"account_id": account(number)} for number in range(3)],
        "lead_account_matches": [
            {"person_id": str(n), "decision": word} for n, word in enumerate(["matched", "matched", "review", "none"])
        ],
        "account_mqa_statuses": [{"account_id": account(1), "is_mqa": True}, {"account_id": account(2), "is_mqa": False}],
        "sla_clocks": [{"clock_id": str(n), "state": word} for n, word in enumerate(["breached", "met", "breached"])],
    }
    tables = {name: staged(name, given.get(name, ())) for name in run_measures_rule.INPUTS}
    found = run_measures_rule.run_measures(tables, run_id="r", as_of=NOW, agreement_version="v").to_pylist()
    measured = {row["measure"]: row["value"] for row in found}
    expected = {"rows:accounts": 3.0, "rows:leads": 0.0, "match_rate": 0.5, "mqas": 1.0, "sla_breaches": 2.0, "quarantined_rows": 0.0}
    assert expected == {name: measured[name] for name in expected}


def test_without_leads_there_is_no_match_rate() -> None:
    tables = {name: staged(name, ()) for name in run_measures_rule.INPUTS}
    found = run_measures_rule.run_measures(tables, run_id="r", as_of=NOW, agreement_version="v").to_pylist()
    assert "match_rate" not in {row["measure"] for row in found}


FIELDS = [
    field("account.engagement_score", "number", "Account"),
    field("account.stage", object_="Account"),
    field("account.tier", object_="Account"),
]
NOBODY: Rows = {
    "account_scores": [{"account_id": account(1), "engagement_score": 0.0, "score_reason": "no activity"}],
    "account_tiers": [{"account_id": account(1), "tier_reason": "not targeted"}],
    "account_stages": [{"account_id": account(1), "stage": LIFECYCLE.accounts.start, "stage_reason": "start"}],
    "account_mqa_statuses": [{"account_id": account(1), "mqa_status": "no", "mqa_reason": "no", "times": 0}],
}


def values_of(**more: Any) -> list[Any]:
    is_filling = more.pop("is_filling", False)
    found = planned(jane(**(NOBODY | more)), *FIELDS, is_filling=is_filling)
    return [found[account(1), one.value]["value"] for one in FIELDS]


def test_an_untargeted_account_of_which_nobody_is_known_has_no_values() -> None:
    assert values_of() == [None, None, None]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"is_filling": True}, [0.0, LIFECYCLE.accounts.start, None]),
        ({"person_accounts": [{"person_id": "p", "account_id": account(1)}]}, [0.0, LIFECYCLE.accounts.start, None]),
        ({"person_account_periods": [{"person_id": "p", "account_id": account(1)}]}, [0.0, LIFECYCLE.accounts.start, None]),
        ({"account_tiers": [{"account_id": account(1), "tier": 2}]}, [0.0, LIFECYCLE.accounts.start, "2"]),
        ({"account_stages": [{"account_id": account(1), "stage": "Customer"}]}, [0.0, "Customer", None]),
        ({"account_mqa_statuses": [{"account_id": account(1), "mqa_status": "was", "times": 1}]}, [0.0, LIFECYCLE.accounts.start, None]),
    ],
    ids=["the agreement wants it filled", "somebody is known", "somebody was there", "it has a tier", "it is on its way", "it was an MQA"],
)
def test_any_other_account_is_filled(more: dict[str, Any], expected: list[Any]) -> None:
    assert values_of(**more) == expected
