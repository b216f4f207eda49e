"""HubSpot beside Salesforce and Marketo: a form of either system becomes one Task of Salesforce, and neither waits for the other.

The folder's company has a portal with contacts for some people whom Salesforce has as leads, and one form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from alignment_pipeline.connectors.hubspot.form_signs import FormSigns
from alignment_pipeline.connectors.hubspot.listening import HubSpotLog
from alignment_pipeline.connectors.hubspot.webhooks_journal import App, WebhooksJournal
from alignment_pipeline.fast_lane import lane
from alignment_pipeline.fast_lane.lane import Lane
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore, Person
from alignment_pipeline_tests.fast_lane.lane_world import HUBSPOT_FORM, Place

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@dataclass(frozen=True)
class Asked:
    """Somebody whom all three systems know."""

    marketo: int
    lead: str
    contact: str
    email: str


@dataclass
class Beside:
    """The company with its portal, and the lane over both logs."""

    place: Place
    portal: HubSpotStore
    warm: Lane

    def somebody(self) -> Asked:
        """A person without a task, in a fixed order."""
        leads = self.place.company.world.salesforce.tables["Lead"]
        by_lead = {one.values.get("salesforceleadid"): one for one in self.portal.living("contacts")}
        person, lead = next(one for one in self.place.reachable() if one[1] in by_lead)
        return Asked(person, lead, by_lead[lead].id, str(leads[lead]["Email"]))

    def submit(self, email: str) -> None:
        """Somebody sends HubSpot's form in, now."""
        self.portal.submit(HUBSPOT_FORM, self.place.company.world.clock.now(), {"email": email})

    def hurry(self) -> None:
        """Pauses are over."""
        self.warm.memory.open = {guid: replace(one, not_before=None) for guid, one in self.warm.memory.open.items()}


@pytest.fixture(scope="module")
def beside(monday: Place) -> Iterator[Beside]:
    monday.company.settings |= monday.hubspot_settings
    try:
        with lane.opened(monday.home) as found, lane.leading(found):
            # what other tests left waiting
            found.memory.open.clear()
            found.tick()
            yield Beside(monday, monday.portal, found)
    finally:
        monday.company.settings.clear()


def test_a_form_of_hubspot_becomes_one_task_of_salesforces_rep(beside: Beside) -> None:
    asked = beside.somebody()
    beside.submit(asked.email.upper())

    made = beside.warm.tick()

    owner = beside.place.company.world.salesforce.tables["Lead"][asked.lead]["OwnerId"]
    assert (made.tasks_created, len(made.answered), made.waiting) == (1, 1, {}), made
    assert [task["OwnerId"] for task in beside.place.tasks(asked.lead)] == [owner]
    assert set(made.calls) == {"hubspot", "marketo", "salesforce"}
    assert not beside.portal.objects["tasks"], "the CRM's task is Salesforce's alone"


def test_a_second_look_writes_nothing_and_costs_one_call_for_each_log(beside: Beside) -> None:
    before = beside.place.writes()

    made = beside.warm.tick()

    assert (made.polled, made.is_idle, beside.place.writes()) == (0, True, before)
    assert made.calls == {"hubspot": 1, "marketo": 1}


def test_one_person_who_raises_a_hand_in_both_systems_gets_one_task(beside: Beside) -> None:
    asked = beside.somebody()
    beside.submit(asked.email)
    beside.place.raise_hand(asked.marketo)

    made = beside.warm.tick()

    assert (made.polled, len(made.answered), made.tasks_created) == (2, 2, 1), made
    assert len(beside.place.tasks(asked.lead)) == 1


def test_a_contact_that_salesforce_has_no_record_of_waits_for_it(beside: Beside) -> None:
    email = "nobody.yet@example-raiser.com"
    Person(beside.portal, beside.place.company.world.clock).create("contacts", {"email": email, "lastname": "Yet"})
    beside.submit(email)

    made = beside.warm.tick()

    beside.warm.memory.open.clear()
    assert (list(made.waiting.values()), made.tasks_created) == ([lane.NO_RECORD], 0)


@pytest.mark.parametrize("down", ["hubspot", "marketo"])
def test_while_one_system_does_not_answer_the_other_ones_forms_do_not_wait(beside: Beside, down: str) -> None:
    asked = beside.somebody()
    faults = beside.place.company.world.faults
    beside.place.company.fault("answer", system=down, status=503, count=1_000)
    (beside.place.raise_hand(asked.marketo) if down == "hubspot" else beside.submit(asked.email))
    try:
        made = beside.warm.tick()
    finally:
        faults.clear()

    assert (len(made.answered), made.tasks_created, list(made.unread)) == (1, 1, [down]), made
    again = beside.somebody()
    (beside.submit(again.email) if down == "hubspot" else beside.place.raise_hand(again.marketo))
    assert beside.warm.tick().tasks_created == 1, "and it is read again when it answers"


def test_with_the_webhooks_journal_forms_are_asked_when_it_tells_of_one_and_always_while_it_is_down(beside: Beside) -> None:
    world, log = beside.place.company.world, beside.warm.reader.logs["hubspot"]
    assert isinstance(log, HubSpotLog)
    beside.portal.changes.subscribe("0-1", ["CREATE", "UPDATE"], ["recent_conversion_date"], world.clock.now())
    client, (secret, _) = next(iter(beside.portal.settings.journal_apps.items()))
    log.signs = FormSigns(WebhooksJournal(log.session, App(client, secret)))
    first, second = beside.somebody(), None
    try:
        beside.submit(first.email)
        world.advance(1.5)
        told = beside.warm.tick()
        second = beside.somebody()
        beside.place.company.fault("answer", system="hubspot", path="webhooks-journal", status=503, content="", count=1_000)
        beside.submit(second.email)
        world.advance(1.5)
        down = [beside.warm.tick() for _ in range(2)]
    finally:
        log.signs = None
        world.faults.clear()

    assert (told.tasks_created, told.remarks) == (1, {}), told
    assert sum(one.tasks_created for one in down) == 1, down
    assert log.counter.by_endpoint["journal"] >= 1
