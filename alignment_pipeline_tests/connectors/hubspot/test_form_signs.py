"""The fast lane's polls with the Webhooks Journal: forms are asked when it tells of a submission, and each time while it cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.activity_types import HAND_RAISE
from alignment_pipeline.connectors.hubspot import listening
from alignment_pipeline.connectors.hubspot.form_signs import AWAKE, CONTACTS, SAFETY
from alignment_pipeline.connectors.hubspot.listening import HubSpotLog
from alignment_pipeline.connectors.hubspot.webhooks_journal import ENTRIES, READ, VARIABLES
from alignment_pipeline.connectors.values import stamp_text
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.hubspot.settings import HubSpotSettings
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore, Person
from alignment_pipeline_tests.connectors.served import NOW, TEN_DAYS_AGO, Served, served

PACE = 2.5
FORM, EMAIL = "form-1", "ada@acme.example"
SOURCES = [
    one for one in loader.load(loader.default_path()).scoring.activity_types if (one.system, one.category) == ("hubspot", HAND_RAISE)
]


@dataclass
class Polls:
    """A log with its journal, polled at the lane's pace."""

    world: Served
    store: HubSpotStore
    log: HubSpotLog
    token: str

    def poll(self) -> tuple[list[str], dict[str, int]]:
        """Who was found, and calls by endpoint, of one poll; then the pace's pause."""
        before = dict(self.log.counter.by_endpoint)
        entries, self.token = self.log.poll(self.token)
        after = self.log.counter.by_endpoint
        self.world.world.advance(PACE)
        return [one.person for one in entries], {
            name: after[name] - before.get(name, 0) for name in after if after[name] > before.get(name, 0)
        }

    def warm(self) -> None:
        """Poll once, so that the journal's end is known; it tells of something that is past."""
        Person(self.store, self.world.world.clock).edit("contacts", "11", {"city": str(self.world.world.clock.now())})
        self.world.world.advance(1.1)
        self.poll()

    def submit(self, email: str = EMAIL) -> None:
        """The form is sent in, and the journal tells of it when the next poll comes."""
        self.store.submit(FORM, self.world.clock.now(), {"email": email})
        self.world.world.advance(1.1)

    def until_found(self) -> int:
        """Polls until somebody is found."""
        for number in range(1, 8):
            if self.poll()[0]:
                return number
        raise AssertionError("nobody was found")


def opened(world: Served) -> Polls:
    """A log of its own, from now on."""
    store: HubSpotStore = world.world.hubspot
    log = listening.listen(world.environment | store.journal_environment(), world.clock, SOURCES, list)
    return Polls(world, store, log, stamp_text(world.world.clock.now()))


@contextmanager
def polls(*, subscribed: bool = True, **settings: Any) -> Iterator[Polls]:
    with served(hubspot=HubSpotStore(HubSpotSettings(**settings))) as world:
        store: HubSpotStore = world.world.hubspot
        store.add_form(FORM, "Request a demo")
        store.load({"contacts": [{"id": 11, "at": TEN_DAYS_AGO, "email": EMAIL}]})
        if subscribed:
            store.changes.subscribe(CONTACTS, ["CREATE", "UPDATE"], ["recent_conversion_date", "city"], NOW)
        yield opened(world)


@pytest.fixture(scope="module")
def shared() -> Iterator[Served]:
    with polls() as found:
        yield found.world


@pytest.fixture
def quick(shared: Served) -> Iterator[Polls]:
    found = opened(shared)
    found.warm()
    yield found
    shared.world.faults.clear()


def test_without_news_three_of_four_polls_ask_the_journal_alone(quick: Polls) -> None:
    calls = [quick.poll()[1] for _ in range(8)]

    spared, asked = {"journal": 1}, {"form submissions": 1}
    assert calls == [spared] * 3 + [asked] + [spared] * 3 + [asked]
    assert quick.log.remark is None
    assert quick.log.calls_a_poll < 2, "the pace counts what polls cost"


def test_a_submission_is_found_by_the_next_poll_and_asked_for_a_while(quick: Polls) -> None:
    quick.submit()

    assert quick.until_found() == 1
    forms = [quick.poll()[1].get("form submissions", 0) for _ in range(4)]
    assert forms == [1, 1, 1, 0], f"asked for {AWAKE}, since a submission may show later than the contact"
    assert quick.log.remark is None


def test_other_changes_of_contacts_spare_the_forms(quick: Polls) -> None:
    person = Person(quick.store, quick.world.world.clock)
    for city in ("Ghent", "Bruges"):
        person.edit("contacts", "11", {"city": city})
    quick.world.world.advance(1.1)

    assert quick.poll() == ([], {"journal": 1})
    assert quick.poll() == ([], {"journal": 1})


@pytest.mark.parametrize("changes", [None, {}, [{"name": "city"}], "city"])
def test_an_event_that_does_not_say_what_changed_is_a_sign(quick: Polls, changes: Any) -> None:
    event = {"objectTypeId": "0-1", "action": "UPDATE", "propertyChanges": changes}
    quick.world.fault("answer", system="hubspot", path="journal-files", status=200, content={"journalEvents": [event]})
    Person(quick.store, quick.world.world.clock).edit("contacts", "11", {"city": f"Town of {quick.world.world.clock.now()}"})
    quick.world.world.advance(1.1)

    assert quick.poll()[1] == {"journal": 1, "form submissions": 1}
    assert quick.log.remark is None


def test_a_new_contact_is_a_sign(quick: Polls) -> None:
    Person(quick.store, quick.world.world.clock).create("contacts", {"email": "new@acme.example"})
    quick.world.world.advance(1.1)

    assert quick.poll()[1] == {"journal": 1, "form submissions": 1}


def test_the_first_entry_of_an_empty_journal_is_a_sign() -> None:
    with polls() as empty:
        empty.poll()
        assert empty.poll()[1] == {"journal": 1}
        empty.submit()

        assert empty.until_found() == 1


@pytest.mark.parametrize("how", ["never subscribed", "an hour late"])
def test_a_journal_that_does_not_tell_costs_ten_seconds_at_most(how: str) -> None:
    with polls(subscribed=how != "never subscribed", journal_delay_seconds=3_600.0) as silent:
        silent.warm()
        silent.submit()

        assert silent.until_found() * PACE <= SAFETY.total_seconds() + PACE


def test_more_news_than_a_call_brings_is_a_sign_and_is_not_read_one_by_one(quick: Polls) -> None:
    person = Person(quick.store, quick.world.world.clock)
    for number in range(3 * ENTRIES):
        person.edit("contacts", "11", {"city": f"City {number}"})
    quick.world.world.advance(1.1)

    assert quick.poll()[1] == {"journal": 1, "form submissions": 1}
    assert quick.poll()[1] == {"journal": 1, "form submissions": 1}, "it goes to the end"
    quick.world.world.advance(AWAKE.total_seconds())
    quick.poll()
    assert quick.poll()[1] == {"journal": 1}


@pytest.mark.parametrize("says_404", [False, True])
def test_an_offset_of_last_week_is_left_behind(says_404: bool) -> None:
    with polls(says_no_news_by_404=says_404) as late:
        late.submit()
        late.warm()
        late.world.world.advance(1.0)
        assert [late.poll()[1].get("form submissions", 0) for _ in range(2)] == [0, 0], "at the end there is no news"
        late.world.world.advance(4 * 86_400)
        late.submit()

        assert late.until_found() <= 2
        assert [late.poll() for _ in range(6)][-1][1].get("journal", 0) <= 2
        assert late.log.remark is None


def test_the_apps_token_is_renewed(quick: Polls) -> None:
    quick.world.world.advance(1_900)
    quick.poll()

    assert quick.poll()[1] == {"journal": 1, "journal login": 1}
    for token in list(quick.store.tokens._of_apps):
        quick.store.tokens.rotate(token)
    assert quick.poll()[1] == {"journal": 2, "journal login": 1}
    assert quick.log.remark is None


def _no_scope(polls: Polls) -> None:
    polls.store.tokens._of_apps = {name: (end, frozenset()) for name, (end, _) in polls.store.tokens._of_apps.items()}


def _no_app(polls: Polls) -> None:
    polls.store.tokens._of_apps.clear()
    polls.world.fault("answer", system="hubspot", path="oauth", status=400, content={"category": "BAD_CLIENT_ID"}, count=None)


def _answer(**fault: Any) -> Callable[[Polls], None]:
    return lambda polls: polls.world.fault(**({"kind": "answer", "system": "hubspot", "path": "webhooks-journal", "count": None} | fault))


UNREADABLE: Mapping[str, tuple[Callable[[Polls], None], str]] = {
    "unreachable": (_answer(kind="cut_before"), "Retryable|ConnectionError"),
    "5xx": (_answer(status=503, content=""), "503"),
    "maintenance page": (_answer(kind="html", status=200), "no JSON"),
    "429": (_answer(status=429, content={"policyName": "SECONDLY"}), "429"),
    "no scope": (_no_scope, READ),
    "no such app": (_no_app, VARIABLES[0]),
    "no object": (_answer(status=200, content=[1]), "no object"),
    "no list": (_answer(status=200, content={"results": {"a": 1}}), "no list"),
    "redirect": (_answer(status=302, content="", headers={"Location": "https://example.com/"}), "redirect"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_while_the_journal_cannot_be_read_the_forms_are_polled_each_time_and_it_is_said(quick: Polls, name: str) -> None:
    spoil, says = UNREADABLE[name]
    spoil(quick)
    quick.submit()

    assert quick.until_found() == 1
    assert [quick.poll()[1].get("form submissions", 0) for _ in range(6)] == [1] * 6
    assert "polled as without it" in str(quick.log.remark) and any(one in str(quick.log.remark) for one in says.split("|")), (
        quick.log.remark
    )


def test_a_journal_that_comes_back_is_used_again_after_a_minute(quick: Polls) -> None:
    quick.world.fault("answer", system="hubspot", path="webhooks-journal", status=503, content="", count=1)
    calls = [quick.poll()[1] for _ in range(30)]

    assert sum(one.get("journal", 0) for one in calls[:24]) == 1, "it is left alone for a minute"
    assert {"journal": 1} in calls[24:] and quick.log.remark is None


def _entry(url: str) -> Callable[[Polls], None]:
    content = {"results": [{"currentOffset": "00000000-0000-0000-0000-000000000001", "url": url}]}
    return _answer(path="/next/", status=200, content=content, count=1)


def _file(**fault: Any) -> Callable[[Polls], None]:
    return _answer(**({"path": "journal-files"} | fault))


HOSTILE: Mapping[str, tuple[Callable[[Polls], None], str]] = {
    "another host": (_entry("https://files.example.com/a.json"), "was not fetched"),
    "a host like it": (_entry("https://amazonaws.com.example.org/a.json"), "was not fetched"),
    "plain http": (_entry("http://bucket.s3.amazonaws.com/a.json"), "was not fetched"),
    "a file": (_entry("file:///etc/passwd"), "was not fetched"),
    "a user before the host": (_entry("https://amazonaws.com@example.com/a"), "was not fetched"),
    "an address that is none": (_entry("https://[amazonaws.com/a.json"), "cannot be read"),
    "no address": (_entry(""), "was not fetched"),
    "no path": (_entry("https://bucket.s3.amazonaws.com"), "not an absolute path"),
    "expired": (_file(status=403, content="<Error/>"), "expired"),
    "gone": (_file(status=404, content=""), "expired"),
    "S3 is down": (_file(status=503, content=""), "503"),
    "redirect": (_file(status=307, content="", headers={"Location": "http://169.254.169.254/"}), "redirect"),
    "no JSON": (_file(status=200, content="<html>"), "no JSON"),
    "nested too deeply": (_file(status=200, content="[" * 100_000), "nested too deeply"),
    "no events": (_file(status=200, content={"journalEvents": "all"}), "no list of events"),
    "events that are none": (_file(status=200, content={"journalEvents": [1]}), "no list of events"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_read_makes_the_forms_polled_and_it_is_said(quick: Polls, name: str) -> None:
    spoil, says = HOSTILE[name]
    spoil(quick)
    quick.submit()

    assert quick.until_found() == 1
    assert "could not be read" in str(quick.log.remark) and says in str(quick.log.remark), quick.log.remark


def test_a_file_on_this_machine_is_not_fetched_for_a_portal_that_is_elsewhere(quick: Polls) -> None:
    signs = quick.log.signs
    assert signs is not None
    credentials = signs.journal.session.credentials
    object.__setattr__(credentials, "host", type(credentials.host)("api.hubapi.com", False))

    with pytest.raises(Exception, match="on this machine; it was not fetched"):
        signs.journal._of_host(urlsplit("http://127.0.0.1:80/a.json"))


def test_half_a_configuration_is_refused() -> None:
    with served(hubspot=HubSpotStore()) as world, pytest.raises(ConfigurationError, match=VARIABLES[1]):
        listening.listen(world.environment | {VARIABLES[0]: "journal-app-1"}, world.clock, SOURCES, list)
