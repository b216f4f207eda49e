"""From a HubSpot form to a task: how long it takes, measured as `bench_fast_lane.py` does, with full runs beside it and kills in between.

    python -m alignment_pipeline_tests.benchmarks.bench_fast_lane_hubspot alone|beside [--raises 100] [--seconds 240] [--kills 5]

`alone`: HubSpot is the only CRM, and a task counts from the moment it is associated with its contact. `beside`: HubSpot stands in Marketo's
place beside Salesforce. `--journal`: the lane listens to the portal's Webhooks Journal too. The embedded portal's state is not kept, so one
sandbox at the machine's pace serves from the first run to the end. There are sixty people for each hand-raise: where one lead in
twenty raises a hand within minutes, the mix of policies moves so far that the guard asks a person, as it should.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import requests

from alignment_pipeline.connectors.hubspot import objects
from alignment_pipeline.connectors.hubspot.credentials import Credentials
from alignment_pipeline.connectors.hubspot.crm_ids import crm_id
from alignment_pipeline.connectors.hubspot.listening import CALLS_A_DAY
from alignment_pipeline.connectors.hubspot.session import HubSpotSession
from alignment_pipeline.connectors.hubspot.webhooks_journal import VARIABLES
from alignment_pipeline.installation import salesforce
from alignment_pipeline.sandbox.hubspot.settings import HubSpotSettings
from alignment_pipeline_tests.benchmarks import bench_fast_lane

_POLICIES = ("first_touch_hand_raiser", "first_touch_existing_account")


@dataclass
class HubSpotBench(bench_fast_lane.Bench):
    """One measurement."""

    is_alone: bool = True

    def sandbox_arguments(self, people: int) -> list[str]:
        """A portal as the CRM, or beside Salesforce."""
        which = ["--crm", "hubspot"] if self.is_alone else ["--marketing", "hubspot"]
        return [*which, "--factor", "1", "--accounts", "100", "--people", str(people), "--activities", str(5 * people)]

    def listen_to_journal(self) -> None:
        """Subscribe to contacts that send a form in, and give the lane the app's credentials."""
        client, (secret, _) = next(iter(HubSpotSettings().journal_apps.items()))
        root = f"http://{self.environ['HUBSPOT_API_HOST']}"
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
        form |= {"scope": "developer.webhooks_journal.subscriptions.write"}
        token = requests.post(f"{root}/oauth/v1/token", data=form, timeout=60).json()["access_token"]
        body = {"subscriptionType": "OBJECT", "objectTypeId": "0-1", "portalId": HubSpotSettings().portal_id}
        body |= {"actions": ["CREATE", "UPDATE"], "properties": ["recent_conversion_date"]}
        headers = {"Authorization": f"Bearer {token}"}
        requests.post(f"{root}/webhooks-journal/subscriptions/2026-03", json=body, headers=headers, timeout=60).raise_for_status()
        self.environ |= dict(zip(VARIABLES, (client, secret), strict=True))

    def raise_hand(self, person: str) -> None:
        """Somebody fills out the form for a demo, now."""
        self.control("hubspot", "hubspot/submissions", {"email": person, "form": "demo"})

    def allowances(self) -> dict[str, int]:
        """Calls a day, by system."""
        if self.is_alone:
            return {"hubspot": CALLS_A_DAY}
        return {"hubspot": CALLS_A_DAY, "salesforce": salesforce.session(self.home).limits()["DailyApiRequests"]["Max"]}

    def people(self) -> list[tuple[str, str]]:
        """(Address, record id) of people nobody clocks yet, whose rep is at work now."""
        store = self.home.warehouse()
        tables = {name: store.read(name) for name in ("marketing_persons", "leads", "contacts", "users", "sla_clocks")}
        zones = {str(row["user_id"]): row["time_zone"] for row in tables["users"].to_pyarrow().to_pylist() if row["is_active"]}
        now = self.clock.now()
        awake = {one for one, zone in zones.items() if zone and now.astimezone(ZoneInfo(zone)).hour in bench_fast_lane.AT_WORK}
        name, key = ("contacts", "contact_id") if self.is_alone else ("leads", "lead_id")
        records = {row[key]: row for row in tables[name].to_pyarrow().to_pylist()}
        clocked = {row["record_id"] for row in tables["sla_clocks"].to_pyarrow().to_pylist() if row["policy"] in _POLICIES}
        rows = []
        for person in tables["marketing_persons"].to_pyarrow().to_pylist():
            record = records.get(person[key])
            if record is None or not person["email"] or record.get("is_converted") or record["owner_id"] not in awake:
                continue
            if person[key] not in clocked:
                rows.append((str(person["email"]), str(person[key])))
        rows.sort()
        self.random.shuffle(rows)
        return rows

    def created(self) -> dict[str, datetime]:
        """Record id -> when its first task of ours was there."""
        if not self.is_alone:
            return super().created()
        writes = self.control("hubspot", "audit?system=hubspot&object=tasks&limit=100000")["writes"]
        first: dict[str, datetime] = {}
        for write in writes:
            target = (write["changes"].get("contacts") or [None, None])[1]
            if write["action"] == "associate" and target and crm_id("contacts", target) in self.sent:
                first.setdefault(crm_id("contacts", target), datetime.fromisoformat(write["at"]))
        return first

    def read_tasks(self) -> Counter[tuple[str, str]]:
        """(Contact, key) -> how many tasks the portal's list of them shows."""
        if not self.is_alone:
            return super().read_tasks()
        session = HubSpotSession(Credentials.from_env(self.environ), self.clock)
        counts: Counter[tuple[str, str]] = Counter()
        for record in objects.listed(session, "tasks", ["alignment_key"], associations=["contacts"]):
            key = record["properties"].get("alignment_key")
            for one in ((record.get("associations") or {}).get("contacts") or {}).get("results") or ():
                if key and crm_id("contacts", str(one["id"])) in self.sent:
                    counts[crm_id("contacts", str(one["id"])), str(key)] += 1
        return counts


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=("alone", "beside"))
    parser.add_argument("--raises", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-full-run", action="store_true")
    parser.add_argument("--journal", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-fast-lane-") as folder:
        chance = random.Random(given.seed)
        bench = HubSpotBench(
            Path(folder), given.raises, given.seconds, given.kills, not given.no_full_run, chance, is_alone=given.role == "alone"
        )
        with bench.sandbox(*bench.sandbox_arguments(given.people or max(500, 60 * given.raises)), is_kept=False):
            if bench.is_alone:
                bench.alignment("init", "--prepare", "--yes")
            bench.first_run()
            if given.journal:
                bench.listen_to_journal()
            begun = time.monotonic()
            bench.measure()
            return bench_fast_lane.report(bench, time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
