"""`make bench-write-back`: 50,000 changed records planned, applied and verified against the embedded Salesforce over HTTP.

Belongs here: what a run costs in calls, seconds and journal time. `machine` fields go by Bulk, `shared` ones each by a conditional write.
`refused` is a first fill of which the CRM refuses one record in 200: it must end, with the refused ones listed as dead letters.
The sandbox works in the same process, so its time is part of the wall time, and the journal's share is of all of it. Two times are told of
the journal: its own (statements and commits in the database, with their fsync) and that of whole transactions, the making of rows included.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from alignment_pipeline.write_back.records import dead_letters
from alignment_pipeline_tests.faults import kill
from alignment_pipeline_tests.write_back.office import lead_id, office

RECORDS = 50_000


class DatabaseTime:
    """Seconds that an engine's statements and commits take in the database."""

    def __init__(self, engine: Engine) -> None:
        self.seconds = self._begun = 0.0
        self._commit = engine.dialect.do_commit
        event.listen(engine, "before_cursor_execute", self._begin)
        event.listen(engine, "after_cursor_execute", self._end)
        engine.dialect.do_commit = self._committed  # type: ignore[method-assign]

    def _begin(self, *_: Any) -> None:
        self._begun = time.perf_counter()

    def _end(self, *_: Any) -> None:
        self.seconds += time.perf_counter() - self._begun

    def _committed(self, connection: Any) -> None:
        self._begin()
        self._commit(connection)
        self._end()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["machine", "shared", "refused"])
    parser.add_argument("--records", type=int, default=RECORDS)
    chosen = parser.parse_args()
    wide = kill.wide_agreement().write_back
    shipped = kill.agreement().write_back
    budget = wide.budget.model_copy(update={"least_calls": 10**7})
    settings = {"daily_api_requests": 10**8}
    with tempfile.TemporaryDirectory() as folder, office(
        Path(folder), leads=chosen.records, settings=settings, guard=wide.guard, budget=budget, sending=shipped.sending
    ) as acme:  # fmt: skip
        for number in range(chosen.records):
            acme.want(lead_id(number), **({"Note__c": f"ours {number}"} if chosen.kind == "shared" else {"Score__c": number % 999 + 0.5}))
        refused = range(0, chosen.records, 200) if chosen.kind == "refused" else ()
        if refused:
            path = "Lead/(" + "|".join(lead_id(number) for number in refused) + ")$"
            acme.fault("row_error", path=path, count=None, code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message="Region is required")
        planned = acme.plan().approve()
        calls, journal, commits = dict(acme.session.counter.by_endpoint), acme.journal.seconds, acme.journal.commits
        database = DatabaseTime(acme.journal.engine)
        begun = time.perf_counter()
        done = planned.apply()
        seconds, own = time.perf_counter() - begun, database.seconds
        journal = acme.journal.seconds - journal
        spent = {
            name: number - calls.get(name, 0) for name, number in acme.session.counter.by_endpoint.items() if number != calls.get(name, 0)
        }
        expected = {"VERIFIED": chosen.records - len(refused), "DEAD": len(refused)}
        assert done.states == {state: number for state, number in expected.items() if number}, done.states
        assert (done.stopped, done.error, done.plan_state) == (None, None, "DONE"), done.stopped
        listed = len(dead_letters.listing(acme.journal))
        assert listed == len(refused), listed
        again = acme.plan().plan.ops
    print(f"{listed:,} dead letters listed")
    print(f"{chosen.records:,} {chosen.kind}: {sum(spent.values()):,} calls, {seconds:.0f} s, a second plan has {len(again)} operations")
    print(
        f"journal {own:.1f} s ({own / seconds:.1%}) of its own, {journal:.1f} s ({journal / seconds:.1%}) of whole transactions, "
        f"{acme.journal.commits - commits:,} commits"
    )
    print(", ".join(f"{name} {number:,}" for name, number in sorted(spent.items(), key=lambda pair: -pair[1])))


if __name__ == "__main__":
    main()
