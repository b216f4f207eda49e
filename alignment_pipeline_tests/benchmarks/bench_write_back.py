"""`make bench-write-back`: 50,000 changed records planned, applied and verified against the embedded Salesforce over HTTP.

Belongs here: what a run costs in calls, seconds and journal time. `machine` fields go by Bulk, `shared` ones each by a conditional write.
The sandbox works in the same process, so its time is part of the wall time, and the journal's share is of all of it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from alignment_pipeline_tests.faults import kill
from alignment_pipeline_tests.sync.office import lead_id, office

RECORDS = 50_000


def main() -> None:
    """Run and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["machine", "shared"])
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
        planned = acme.plan().approve()
        calls, journal, commits = dict(acme.session.counter.by_endpoint), acme.journal.seconds, acme.journal.commits
        begun = time.perf_counter()
        done = planned.apply()
        seconds = time.perf_counter() - begun
        journal = acme.journal.seconds - journal
        spent = {
            name: number - calls.get(name, 0) for name, number in acme.session.counter.by_endpoint.items() if number != calls.get(name, 0)
        }
        assert done.states == {"VERIFIED": chosen.records}, done.states
        again = acme.plan().plan.ops
    print(
        f"{chosen.records:,} {chosen.kind}: {sum(spent.values()):,} calls, {seconds:.0f} s, journal {journal:.0f} s "
        f"({journal / seconds:.1%}, {acme.journal.commits - commits:,} commits), a second plan has {len(again)} operations"
    )
    print(", ".join(f"{name} {number:,}" for name, number in sorted(spent.items(), key=lambda pair: -pair[1])))


if __name__ == "__main__":
    main()
