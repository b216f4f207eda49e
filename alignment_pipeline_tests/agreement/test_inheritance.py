"""A file that extends another says only what differs; lists are changed by the names of their items; every error has its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.loader import AgreementError

SHIPPED = loader.load(loader.default_path())


def extending(text: str) -> Agreement:
    return loader.loads(f"extends: default\n{text}", name="our.yaml")


def refused(text: str) -> str:
    with pytest.raises(AgreementError) as caught:
        extending(text)
    return str(caught.value)


def fields(agreement: Agreement) -> list[str]:
    return [f"{one.object}.{one.field}" for one in agreement.crm.fields]


def test_a_file_that_only_extends_is_the_shipped_agreement_without_its_signatures() -> None:
    parties = "{marketing: {signed_on: 2025-12-15}, sales: {signed_on: 2025-12-15}}"

    assert (None, None) == (extending("").parties.sales.signed_on, extending("").parties.marketing.signed_on)
    assert SHIPPED == extending(f"parties: {parties}")
    assert SHIPPED.version == extending(f"parties: {parties}").version


def test_a_value_replaces_the_inherited_one_and_leaves_its_neighbours() -> None:
    found = extending("matching: {match_confidence: 0.9}\nscoring: {engagement: {decay: {half_life_days: 45}}}")

    assert 0.9 == found.matching.match_confidence
    assert SHIPPED.matching.review_confidence == found.matching.review_confidence
    assert 45 == found.scoring.engagement.decay.half_life_days
    assert SHIPPED.scoring.engagement.rules == found.scoring.engagement.rules
    assert SHIPPED.version != found.version


def test_a_list_that_is_written_out_replaces_the_inherited_one() -> None:
    assert ["phone*"] == list(extending("touches: {call_types: [phone*]}").touches.call_types)


def test_a_list_is_extended_and_reduced_by_value() -> None:
    found = extending("people: {shared_mailboxes: {extend: [team2], prepend: [first], reduce: [info, sales]}}")

    kept = [one for one in SHIPPED.people.shared_mailboxes if one not in ("info", "sales")]
    assert ["first", *kept, "team2"] == list(found.people.shared_mailboxes)


def test_an_item_of_the_same_name_is_changed_in_its_place_and_others_are_added() -> None:
    found = extending("""
scoring:
  engagement:
    rules:
      extend:
        - {label: Page visit, points: 2}
        - {label: Long meeting, type: meeting, points: 9}
""").scoring.engagement.rules

    was = [rule.label for rule in SHIPPED.scoring.engagement.rules]
    assert [*was, "Long meeting"] == [rule.label for rule in found]
    visit = next(rule for rule in found if rule.label == "Page visit")
    assert ("web_visit", 2) == (visit.type, visit.points)


def test_one_line_maps_a_field_for_several_objects() -> None:
    line = "{object: [Lead, Contact], field: Fit2__c, value: person.fit_score, type: number, label: Fit}"
    found = extending(f"crm: {{fields: {{extend: [{line}], reduce: [Account.Alignment_Tier__c, Alignment_Persona__c]}}}}")

    left_out = ("Account.Alignment_Tier__c", "Lead.Alignment_Persona__c", "Contact.Alignment_Persona__c")
    assert [one for one in fields(SHIPPED) if one not in left_out] + ["Lead.Fit2__c", "Contact.Fit2__c"] == fields(found)


def test_a_file_may_extend_another_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "company.yaml").write_text("extends: default\nname: Company\nmatching: {match_confidence: 0.9}\n", encoding="utf-8")
    (tmp_path / "pilot.yaml").write_text("extends: company.yaml\nscope: {countries: [Germany]}\n", encoding="utf-8")

    found = loader.load(tmp_path / "pilot.yaml")

    assert ("Company", 0.9, ["Germany"]) == (found.name, found.matching.match_confidence, list(found.scope.countries))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("matching:\n  match_confidence: 9\n", "our.yaml:3: matching.match_confidence: found 9"),
        ("matching:\n  match_confidance: 0.9\n", "our.yaml:3: matching.match_confidance: unknown key; did you mean 'match_confidence'?"),
        (
            "people:\n  shared_mailboxes:\n    reduce: [nobody]\n",
            "our.yaml:4: people.shared_mailboxes.reduce: 'nobody' is not in the inherited list",
        ),
        ("people:\n  shared_mailboxes:\n    extend: x\n", "our.yaml:4: people.shared_mailboxes.extend: found 'x'; allowed: a list"),
        ("scope:\n  tiers:\n    extend:\n      - 7\n", "our.yaml:5: scope.tiers.0: found 7"),
        (
            "crm:\n  fields:\n    extend:\n      - {object: [Lead, Contract], field: A__c, value: person.persona, type: text, label: A}\n",
            "our.yaml:5: crm.fields.",
        ),
        ("crm:\n  fields:\n    extend:\n      - {object: Lead, field: A__c}\n", "our.yaml:5: crm.fields."),
    ],
)
def test_a_mistake_is_said_with_the_line_of_the_file_that_has_it(text: str, said: str) -> None:
    assert said in refused(text)


def test_a_mistake_in_what_is_extended_is_said_with_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "company.yaml").write_text("extends: default\nmatching:\n  match_confidence: 9\n", encoding="utf-8")
    (tmp_path / "pilot.yaml").write_text("extends: company.yaml\n", encoding="utf-8")

    with pytest.raises(AgreementError) as caught:
        loader.load(tmp_path / "pilot.yaml")

    assert str(caught.value).startswith(f"{tmp_path / 'company.yaml'}:3: matching.match_confidence: found 9")


@pytest.mark.parametrize("extends", ["nowhere.yaml", "pilot.yaml", "[default]", "3", "~"])
def test_what_cannot_be_extended_is_said(tmp_path: Path, extends: str) -> None:
    path = tmp_path / "pilot.yaml"
    path.write_text(f"name: Pilot\nextends: {extends}\n", encoding="utf-8")

    with pytest.raises(AgreementError) as caught:
        loader.load(path)

    assert str(caught.value).startswith(f"{path}:2: extends: ")


def test_a_list_is_changed_only_where_there_is_something_to_extend() -> None:
    with pytest.raises(AgreementError, match=r"our.yaml:\d+: touches.call_types: "):
        loader.loads("name: a\ntouches: {call_types: {extend: [x]}}\n", name="our.yaml")
