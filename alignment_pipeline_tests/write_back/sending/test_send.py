"""Nothing shared is written without a condition: a person who types between our last look and our write wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from alignment_pipeline.connectors.crm import Reader, Record, Writer
from alignment_pipeline.write_back.plans import prepare
from alignment_pipeline.write_back.plans import rollback as undoing
from alignment_pipeline.write_back.sending.apply import open_run
from alignment_pipeline_tests.write_back.office import Office, Planned, lead_id, office

# the person types in the second of the last look at the latest, which the sandbox's clock (it stands) would not show
LATER = {"seconds": 30}


class Typing:
    """The CRM's writer (or reader) with a person who types just before each of these calls is made."""

    def __init__(self, honest: Any, call: str, types: Callable[[], None]) -> None:
        self._honest, self._call, self._types = honest, call, types

    def __getattr__(self, name: str) -> Any:
        if name == self._call:
            self._types()
        return getattr(self._honest, name)


def _rollback(acme: Office, run_id: str) -> Planned:
    run = open_run(acme.journal, acme.crm, acme.agreement, "undo")
    made = undoing.build_rollback(acme.journal, run_id, agreement=acme.agreement, org_id=acme.crm.organization_id, new_run_id="undo")
    kept = prepare.keep(acme.journal, made, run.rules)
    return Planned(acme, made, kept.judgement, kept.state)


def _typed_while_sending(acme: Office, record_id: str, **values: Any) -> None:
    """A person types in the moment between the last look and whatever write comes."""

    def types() -> None:
        acme.advance(**LATER)
        acme.edit(record_id, **values)

    writer: Writer = acme.crm.writer  # type: ignore[assignment]
    for call in ("update_one", "update_collection"):
        writer = Typing(writer, call, types)  # type: ignore[assignment]
    acme.crm.writer = writer


def test_a_task_that_a_person_takes_up_while_it_is_rolled_back_stays_theirs(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want_task("sla:1", lead_id(1))
        first = acme.run()
        acme.advance(minutes=5)
        (task,) = acme.world.salesforce.tables["Task"].values()
        planned = _rollback(acme, first.run_id).approve()
        _typed_while_sending(acme, task["Id"], Status="In Progress")

        planned.apply()

        assert acme.value(task["Id"], "Status") == "In Progress"


def test_a_rollback_of_a_field_that_is_shared_by_now_is_conditional(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=5)
        first = acme.run()
        acme.advance(minutes=5)
        fields = [one.model_copy(update={"owner": "shared"}) if one.field == "Score__c" else one for one in acme.agreement.crm.fields]
        section = acme.agreement.crm.model_copy(update={"fields": fields})
        acme.agreement = acme.agreement.model_copy(update={"crm": section, "version": "shared by now"})
        planned = _rollback(acme, first.run_id).approve()
        _typed_while_sending(acme, lead_id(0), Score__c=77)

        planned.apply()

        assert acme.value(lead_id(0), "Score__c") == 77


def test_a_record_that_is_changed_again_and_again_in_one_second_is_left_until_it_rests(tmp_path: Path) -> None:
    """An HTTP date has whole seconds: a second change within the second of the last look would pass the condition."""
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Note__c="ours")
        acme.want(lead_id(1), Note__c="ours")
        planned = acme.plan().approve()
        looks = iter(range(2))
        honest = acme.crm.reader

        def types_elsewhere() -> None:
            number = next(looks, None)
            if number is not None:
                acme.edit(lead_id(0), Company=f"Example {number}")

        def types_the_note() -> None:
            if acme.value(lead_id(0), "Note__c") is None:
                acme.edit(lead_id(0), Note__c="typed")

        acme.crm.reader = Typing(honest, "read_by_ids", types_elsewhere)  # type: ignore[assignment]
        acme.crm.writer = Typing(acme.crm.writer, "update_one", types_the_note)  # type: ignore[assignment]

        done = planned.apply()

        assert acme.value(lead_id(0), "Note__c") == "typed" and acme.value(lead_id(1), "Note__c") == "ours"
        assert done.states == {"HELD": 1, "VERIFIED": 1}


class WithoutStamps:
    """A reader whose records say nothing of when they were changed."""

    def __init__(self, honest: Reader) -> None:
        self._honest = honest

    def read_by_ids(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Record | None]:
        found = self._honest.read_by_ids(object_name, ids, fields)
        return {key: None if record is None else {**record, "SystemModstamp": None} for key, record in found.items()}


@pytest.mark.parametrize("patience", [0, 1500])
def test_without_the_time_of_the_last_change_nothing_shared_is_written(patience: float, tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Note__c="ours")
        acme.want(lead_id(1), Score__c=3)
        planned = acme.plan().approve()
        acme.crm.reader = WithoutStamps(acme.crm.reader)  # type: ignore[assignment]

        planned.apply(patience_seconds=patience)

        assert {write.record_id for write in acme.writes()} == {lead_id(1)}
