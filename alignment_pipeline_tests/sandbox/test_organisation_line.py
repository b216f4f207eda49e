"""The demo organisation in the pipeline's first tables: nothing is quarantined, every kind of activity occurs, nobody is merged wrongly."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import ibis
import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.identity import person_records
from alignment_pipeline.sandbox import organisation
from alignment_pipeline.sandbox.organisation import Organisation
from alignment_pipeline.staging import activities, contacts, crm_record_states, leads, marketing_persons, quarantine, touches, versions
from alignment_pipeline_tests.line.raw_tables import raw_tables


class Line:
    """The organisation's raw tables on an engine of their own, and the default agreement."""

    def __init__(self, found: Organisation) -> None:
        self.organisation = found
        self.agreement: Agreement = loader.load(loader.default_path())
        self.raw = {name: ibis.memtable(table) for name, table in raw_tables(found).items()}

    def living(self, name: str) -> ibis.Table:
        return versions.living(self.raw[name], as_of=self.organisation.anchor)


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    yield Line(organisation.generate(seed=41, accounts=200, people=800, activities=6000))


def test_no_row_is_quarantined(line: Line) -> None:
    assert quarantine.quarantined_rows(line.raw, as_of=line.organisation.anchor).to_pyarrow().to_pylist() == []


def test_every_kind_of_activity_of_the_agreement_occurs(line: Line) -> None:
    scoring = line.agreement.scoring
    raw = {name: line.living(name) for name in activities.TABLES}
    found = activities.activities(raw, activity_types=scoring.activity_types, exclusions=scoring.exclusions).to_pyarrow()
    kinds = Counter(found["activity_type"].to_pylist())
    # the demo company has no trial
    wanted = {source.type for source in scoring.activity_types if source.category != "trial"}

    assert wanted - set(kinds) == set()
    assert kinds["inbound_call"] == sum(record["CallType"] == "Inbound" for record in line.organisation.salesforce["Task"])
    assert {"hand_raise", "content", "inbound"} <= set(found["category"].to_pylist())
    assert any(found["is_bot"].to_pylist())
    assert any(found["is_automatic"].to_pylist())


def test_touches_go_both_ways_and_machines_are_told_apart(line: Line) -> None:
    found = touches.touches(
        line.living("raw_salesforce_tasks"),
        line.living("raw_salesforce_events"),
        reading=line.agreement.touches,
        exclusions=line.agreement.scoring.exclusions,
        as_of=line.organisation.anchor,
    ).to_pyarrow()
    kinds = Counter(zip(found["touch_type"].to_pylist(), found["direction"].to_pylist(), found["is_automatic"].to_pylist(), strict=True))

    for kind in (("call", "outbound"), ("call", "inbound"), ("email", "outbound"), ("email", "inbound"), ("meeting", "outbound")):
        assert kinds[*kind, False] >= 3, kind
    assert kinds["email", "inbound", True] >= 3
    assert kinds["email", "outbound", True] == 0


def test_identity_merges_no_two_people(line: Line) -> None:
    states = crm_record_states.crm_record_states(line.raw, as_of=line.organisation.anchor)
    changes = line.living("raw_salesforce_lead_changes")
    crm = line.agreement.crm
    found = person_records.person_records(
        contacts.contacts(line.living("raw_salesforce_contacts"), crm=crm),
        leads.leads(line.living("raw_salesforce_leads"), changes=changes, crm=crm),
        marketing_persons.marketing_persons({name: line.living(name) for name in marketing_persons.TABLES}),
        states,
        definitions=line.agreement.people,
    ).to_pyarrow()
    right = {
        f"{prefix}:{identifier}": person
        for person, one in line.organisation.truth.persons.items()
        for prefix, kind in (("lead", "leads"), ("contact", "contacts"), ("marketo", "marketo"))
        for identifier in one[kind]
    }
    together: dict[str, set[str]] = defaultdict(set)
    for key, person in zip(found["source_key"].to_pylist(), found["person_id"].to_pylist(), strict=True):
        together[person].add(right[key])

    assert len(together) > 700
    assert [persons for persons in together.values() if len(persons) > 1] == []
