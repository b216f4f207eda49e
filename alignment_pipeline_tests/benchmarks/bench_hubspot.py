"""HubSpot at full size: how many calls a first reading, a reading with nothing new, and 10,000 written records cost.

    python -m alignment_pipeline_tests.benchmarks.bench_hubspot [--people 20000] [--events 150000] [--records 10000]

A portal with as many companies as people, a list of everybody and twenty lists of fifty, and events of which one in forty is a form
submission and the others are of marketing e-mails, read as the only CRM: histories, owners, pipelines, engagements and the CRM's tables
included. Exit code 1 when a limit is passed:
1,000 calls at first, 40 with nothing new, 3 x rows/100 + 40 for writing and reading back.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from alignment_pipeline.connectors.hubspot.extraction import HubSpotExtraction
from alignment_pipeline.connectors.streams import StreamState
from alignment_pipeline.contracts.systems.hubspot import CRM_STREAMS, HUBSPOT
from alignment_pipeline.sandbox.hubspot.settings import HubSpotSettings
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline_tests.connectors.served import TEN_DAYS_AGO, Served, served
from alignment_pipeline_tests.faults import kill
from alignment_pipeline_tests.write_back.portal_office import SCORE, agreement, contact_id, portal_office

FIRST, NOTHING_NEW = 1_000, 40
_FORMS_SHARE = 40
"""One event in so many is a form submission, the others are of e-mails: 50 submissions cost a call, of e-mail events 1,000."""
_LISTS, _OF_A_LIST = 20, 50
_ONE_STAMP = 12_000
"""More contacts than a search can page through bear one stamp, as after an import."""


def filled(people: int, events: int) -> HubSpotStore:
    """A portal with so many people, companies and events."""
    store = HubSpotStore(HubSpotSettings(search_lag_seconds=0.0))
    moments = [TEN_DAYS_AGO if number < _ONE_STAMP else TEN_DAYS_AGO + timedelta(seconds=number) for number in range(people)]
    contacts = ({"id": 1 + n, "at": moments[n], "email": f"p{n}@c{n}.example", "lastname": f"P{n}"} for n in range(people))
    companies = ({"id": 1_000_000 + n, "at": moments[n], "name": f"C{n}", "domain": f"c{n}.example"} for n in range(people))
    pipeline = {"id": "default", "label": "Sales", "stages": [{"id": "s1", "label": "New", "metadata": {"probability": "0.2"}}]}
    store.load({"contacts": contacts, "companies": companies}, pipelines=[pipeline])
    for number in range(_LISTS + 1):
        listed = store.add_list(f"List {number}", "DYNAMIC", TEN_DAYS_AGO).id
        for contact in range(people if number == 0 else _OF_A_LIST):
            store.join(listed, str(1 + contact), moments[contact])
    for form in range(5):
        store.add_form(f"form-{form}", f"Form {form}")
    for number in range(events):
        at, email = TEN_DAYS_AGO + timedelta(seconds=number), f"p{number % people}@c{number % people}.example"
        if number % _FORMS_SHARE:
            store.happened("OPEN", email, at)
        else:
            store.submit(f"form-{number // _FORMS_SHARE % 5}", at, {"email": email})
    for listed in store.submissions.values():
        listed.sort(key=lambda one: one["submittedAt"])
    store.loaded()
    return store


def reading(world: Served, states: dict[str, StreamState]) -> tuple[int, int, float, dict[str, StreamState], dict[str, int]]:
    """Rows, calls, seconds, states and calls by endpoint of one reading of everything."""
    session, begun = world.hubspot(), time.perf_counter()
    source = HubSpotExtraction(session, states, plays_crm=True)
    rows = 0
    after: dict[str, StreamState] = {}
    for one in source.readings((*HUBSPOT.streams, *CRM_STREAMS)):
        rows += sum(batch.num_rows for batch in one)
        after[one.report.stream.object] = one.report.state
    return rows, session.counter.total, time.perf_counter() - begun, after, dict(session.counter.by_endpoint)


def read(people: int, events: int) -> bool:
    """Read twice; True when both stayed inside their limits."""
    with served(hubspot=filled(people, events)) as world:
        rows, first, seconds, states, endpoints = reading(world, {})
        print(f"first: {people:,} contacts, {people:,} companies, {events:,} events: {rows:,} rows, {first:,} calls, {seconds:.0f} s")
        print("  " + ", ".join(f"{name} {number:,}" for name, number in sorted(endpoints.items(), key=lambda pair: -pair[1])))
        world.world.advance(86_400)
        rows, again, seconds, _, endpoints = reading(world, states)
        print(f"a day later, nothing new: {rows:,} rows, {again:,} calls, {seconds:.0f} s")
        print("  " + ", ".join(f"{name} {number:,}" for name, number in sorted(endpoints.items(), key=lambda pair: -pair[1])))
    return first <= FIRST and again <= NOTHING_NEW


def write(records: int) -> bool:
    """Write one value of so many records; True when the calls stayed inside the limit and a second plan has nothing."""
    numbers = kill.wide_agreement().write_back
    wide = {name: getattr(numbers, name) for name in ("guard", "breaker", "budget")}
    with tempfile.TemporaryDirectory() as folder, portal_office(Path(folder), contacts=records, chosen=agreement(**wide)) as acme:
        for number in range(records):
            acme.want(contact_id(number), **{SCORE: number % 999 + 0.5})
        planned = acme.plan().approve()
        before, begun = dict(acme.session.counter.by_endpoint), time.perf_counter()
        total = acme.session.counter.total
        done = planned.apply()
        seconds, calls = time.perf_counter() - begun, acme.session.counter.total - total
        again = acme.plan().plan.ops
        spent = {name: number - before.get(name, 0) for name, number in acme.session.counter.by_endpoint.items()}
    limit = 3 * records // 100 + 40
    print(
        f"written: {records:,} records, {dict(done.states)}, {calls:,} calls of {limit:,}, {seconds:.0f} s; a second plan has {len(again)}"
    )
    print("  " + ", ".join(f"{name} {number:,}" for name, number in sorted(spent.items(), key=lambda pair: -pair[1]) if number))
    return done.states == {"VERIFIED": records} and calls <= limit and not again


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--events", type=int, default=150_000)
    parser.add_argument("--records", type=int, default=10_000)
    given = parser.parse_args()
    kept = [read(given.people, given.events), write(given.records)]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
