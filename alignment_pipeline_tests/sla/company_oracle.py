"""The promises kept by a whole organisation, by an independent reading.

Belongs here: starts, stops, pauses and states of every clock, exact to the microsecond. Shares no code with
`alignment_pipeline/sla/`. What happened to whom: `company_cases.py`; when work counts: `company_hours.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.sla_policies import Event, Policy
from alignment_pipeline_tests.sla.company_cases import Case, Happened, Organisation, Read, Standing
from alignment_pipeline_tests.sla.company_hours import MICRO, Hours, Strip
from alignment_pipeline_tests.sla.company_records import BEFORE, NEVER, Row

AHEAD = timedelta(days=60)
# what has to be read before a missing stop proves anything; ? where a CRM may have no such object
_ACTED = ("marketo activities", "salesforce CampaignMember?", "salesforce Task", "salesforce Event?")
_HISTORY = ("salesforce LeadHistory?", "salesforce ContactHistory?")
_DEALS = ("salesforce Opportunity", "salesforce OpportunityContactRole?")
PROOF = {
    "touch": ("salesforce Task", "salesforce Event?"),
    "stage_entered": (*_ACTED, *_HISTORY, *_DEALS),
    "opportunity_created": _DEALS,
    "reason_recorded": (*_DEALS, "salesforce OpportunityFieldHistory?"),
    **dict.fromkeys(("assignment", "disposition", "accepted", "rejected", "pushed_back", "deferred", "converted"), _HISTORY),
}
_PEOPLE = ("salesforce Lead", "salesforce Contact")
RECORDS = {"person": _PEOPLE, "account": ("salesforce Account", *_PEOPLE), "opportunity": ("salesforce Opportunity",)}


@dataclass
class Clock:
    """One clock, as published; minutes are in microseconds here."""

    case: Case
    policy: str
    trigger: datetime
    start: datetime
    stop: datetime = NEVER
    cancel: datetime = NEVER
    is_pre_touched: bool = False
    due: datetime | None = None
    at_risk: datetime | None = None
    used: int = 0
    paused: int = 0
    is_paused_now: bool = False
    owner: str | None = None
    by_owner: dict[str | None, list[int]] = field(default_factory=dict)

    @property
    def end(self) -> datetime:
        return min(self.stop, self.cancel)


class Oracle:
    """All clocks and exclusions of the agreement's policies over one organisation."""

    def __init__(self, read: Read, agreement: Agreement, as_of: datetime, extractions: list[Row]) -> None:
        self.sla, self.as_of = agreement.sla, as_of
        self.organisation = Organisation(read, agreement, as_of)
        self.users = {row["user_id"]: row for row in read("users")}
        self.queues = {row["queue_id"]: (row["queue_name"] or "").strip().lower() for row in read("queue_members")}
        self.read_to: dict[str, datetime | None] = {}
        for row in sorted(extractions, key=lambda row: row["started_at"]):
            if not row["object"].startswith("("):
                self.read_to[f"{row['system']} {row['object']}"] = row["watermark_at"]
        policies = [policy for policy in self.sla.policies if policy.is_enabled]
        every = [one.at for case in self.organisation.cases() for one in case.events if any(_is(one, each.trigger) for each in policies)]
        begin = min(every, default=as_of).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
        self.hours = Hours(self.sla, read("crm_holidays"), begin, as_of + AHEAD)
        self.clocks: list[Clock] = []
        self.exclusions: set[tuple[str, str, datetime, str]] = set()
        for policy in policies:
            self._run(policy)

    def _run(self, policy: Policy) -> None:
        mine = {"person": self.organisation.people, "account": self.organisation.accounts, "opportunity": self.organisation.deals}
        for case in mine[policy.subject].values():
            triggers = [one for one in case.events if one.is_dated and _is(one, policy.trigger)]
            free: datetime | None = None
            for one in triggers:
                refused = self._refused(policy, case, one.at)
                if refused:
                    self.exclusions |= {(policy.name, case.id, one.at, refused)} - {(policy.name, case.id, one.at, "new")}
                    continue
                if free is not None and one.at <= free:
                    continue
                start = self._first_human(case, one.at) if policy.start == "assignment" else one.at
                if start is None or one.at >= case.gone:
                    break
                clock = self._clock(policy, case, one, start)
                self.clocks.append(clock)
                free = {"never": NEVER, "after_stop": clock.end, "after_due": min(clock.end, clock.due or NEVER)}[policy.again]

    def _refused(self, policy: Policy, case: Case, moment: datetime) -> str:
        if policy.subject != "person":
            return ""
        if case.is_internal:
            return "internal"
        if policy.applies_to == "new" and case.is_existing(moment):
            return "existing_account"
        return "new" if policy.applies_to == "existing" and not case.is_existing(moment) else ""

    def _is_human(self, owner: str | None) -> bool:
        return owner is not None and owner.startswith("005") and owner not in self.sla.parties.system_user_ids

    def _first_human(self, case: Case, moment: datetime) -> datetime | None:
        """From when on, at the moment or later, a named human owns the subject."""
        if self._is_human(_at(case.line, moment).owner):
            return moment
        return next((one.at for one in case.line if one.at > moment and self._is_human(one.owner)), None)

    def _clock(self, policy: Policy, case: Case, trigger: Happened, start: datetime) -> Clock:
        clock = Clock(case, policy.name, trigger.at, start)
        window = min(trigger.at - timedelta(hours=policy.pre_touch_hours), start)
        for wanted in policy.stops:
            if wanted.event == "assignment":
                clock.stop = min(clock.stop, self._first_human(case, start) or NEVER)
                continue
            mine = [one for one in case.events if one is not trigger and _is(one, wanted)]
            later = [one for one in mine if one.at >= start]
            moments = sorted(max(min(one.earliest or one.at, one.at), start) for one in later)
            if len(moments) >= wanted.count:
                clock.stop = min(clock.stop, moments[wanted.count - 1])
            clock.is_pre_touched |= wanted.count == 1 and any(window <= one.at < start for one in mine)
        assert not policy.cancels, "no shipped policy has events that cancel; teach the oracle"
        clock.stop = start if clock.is_pre_touched else clock.stop
        clock.cancel = max(case.gone, start)
        self._spend(policy, clock)
        return clock

    def _spend(self, policy: Policy, clock: Clock) -> None:
        """Go through the clock's time piece by piece; after its end the state it ended in goes on, which says when it was due."""
        duty = (clock.case.account if policy.duty == "account_owner" else clock.case) or Case("")
        until = min(clock.end, self.as_of)
        target = round(policy.target.total_minutes * 60) * 1_000_000
        risk = round(target * policy.at_risk_share)
        total = 0
        for begin, end, state, is_paused in self._pieces(policy, duty.line, clock):
            spent_until = min(end, until)
            if begin <= until:
                clock.owner, clock.is_paused_now = (state.owner if self._is_human(state.owner) else None), is_paused
                raw = max(spent_until - begin, timedelta()) // MICRO
                used = 0 if is_paused or not raw else self._micros(policy, state.owner, begin, spent_until)
                clock.used, clock.paused = clock.used + used, clock.paused + (raw if is_paused else 0)
                slice_ = clock.by_owner.setdefault(state.owner, [0, 0])
                slice_[0], slice_[1] = slice_[0] + used, slice_[1] + raw
            if is_paused:
                continue
            here = 2 * target if end == NEVER else self._micros(policy, state.owner, begin, end)
            for name, need in (("due", target), ("at_risk", risk)):
                if getattr(clock, name) is None and total + here >= need:
                    setattr(clock, name, self._reach(policy, state.owner, begin, need - total))
            total += here
        clock.is_paused_now &= clock.end > self.as_of

    def _pieces(self, policy: Policy, line: list[Standing], clock: Clock) -> Iterator[tuple[datetime, datetime, Standing, bool]]:
        """(begin, end, state, is paused): as long as nothing changes; the last one lasts for ever."""
        caps = {"hold": timedelta(hours=self.sla.pauses.hold_cap_hours), "waiting": timedelta(hours=self.sla.pauses.waiting_cap_hours)}

        def over(state: Standing) -> list[datetime]:
            sinces = {"hold": state.hold_since, "waiting": state.wait_since}
            return [since + caps[name] for name, since in sinces.items() if since is not None and name in policy.pauses]

        moments = {one.at for one in line} | {moment for one in line for moment in over(one)}
        cuts = [clock.start, *sorted(moment for moment in moments if clock.start < moment < clock.end), NEVER]
        for begin, end in itertools.pairwise(cuts):
            state = _at(line, begin)
            yield begin, end, state, self._is_human(state.owner) and any(begin < moment for moment in over(state))

    # whose hours

    def _micros(self, policy: Policy, owner: str | None, begin: datetime, end: datetime) -> int:
        if policy.calendar is None:
            return (end - begin) // MICRO
        strip = self._strip(policy, owner)
        return strip.micros(begin, min(end, strip.end - MICRO))

    def _reach(self, policy: Policy, owner: str | None, begin: datetime, need: int) -> datetime:
        return begin + need * MICRO if policy.calendar is None else self._strip(policy, owner).reach(begin, need)

    def _strip(self, policy: Policy, owner: str | None) -> Strip:
        assert policy.zone != "lead", "no shipped policy reads leads' zones; teach the oracle"
        is_reps = policy.zone == "rep" and self._is_human(owner)
        return self.hours.strip(str(policy.calendar), self.users.get(owner or "", {}).get("time_zone") if is_reps else None)

    # what it comes to

    def state(self, clock: Clock, policy: Policy) -> str:
        """The state's name."""
        proof = self.watermark(policy)
        due = clock.due or NEVER
        if clock.stop < NEVER and clock.stop <= clock.cancel:
            return "met" if clock.stop <= due else "met_late" if due < proof else "unknown"
        if clock.cancel < NEVER:
            return "cancelled"
        if due <= self.as_of:
            return "breached" if due < proof else "unknown"
        if clock.is_paused_now:
            return "paused"
        return "at_risk" if (clock.at_risk or NEVER) <= self.as_of else "pending"

    def watermark(self, policy: Policy) -> datetime:
        """How far everything that can stop the policy's clocks has been read."""
        wanted = {name for event in policy.stops for name in PROOF[event.event]} | set(RECORDS[policy.subject])
        known = [self.read_to.get(name.rstrip("?"), NEVER if name.endswith("?") else None) for name in wanted]
        return BEFORE if None in known else min(one for one in known if one is not None)

    def party(self, owner: str | None) -> str:
        """Whose time it is."""
        parties = self.sla.parties
        if owner is None or owner in parties.system_user_ids:
            return "system"
        if not owner.startswith("005"):
            return "marketing" if self.queues.get(owner) in {name.lower() for name in parties.marketing_queues} else "system"
        department = (self.users.get(owner, {}).get("department") or "").strip().lower()
        return "marketing" if department in {name.lower() for name in parties.marketing_departments} else "sales"

    def rows(self) -> dict[tuple[str, str, datetime], dict[str, Any]]:
        """The clocks as `sla_clocks` has them, by (policy, subject, start)."""
        out = {}
        for clock in self.clocks:
            policy = self.sla.policy(clock.policy)
            is_stopped = clock.stop < NEVER and clock.stop <= clock.cancel
            shares = dict.fromkeys(("system", "marketing", "sales"), 0)
            for owner, (used, _) in clock.by_owner.items():
                shares[self.party(owner)] += used
            out[clock.policy, clock.case.id, clock.start] = {
                "state": self.state(clock, policy), "trigger_at": clock.trigger, "due_at": clock.due, "at_risk_at": clock.at_risk,
                "stopped_at": clock.stop if is_stopped else None, "elapsed_minutes": clock.used / 60e6,
                "raw_minutes": (min(clock.end, self.as_of) - clock.start) // MICRO / 60e6, "paused_minutes": clock.paused / 60e6,
                "owner_id": clock.owner, "is_pre_touched": clock.is_pre_touched, "watermark_at": self.watermark(policy),
                "account_id": getattr(clock.case.account, "id", None) if policy.subject == "person" else None,
                **{f"{name}_minutes": share / 60e6 for name, share in shares.items()},
                "slices": {owner: (used / 60e6, raw / 60e6) for owner, (used, raw) in clock.by_owner.items() if raw},
            }  # fmt: skip
        return out


def published(clocks: list[Row], slices: list[Row]) -> dict[tuple[str, str, datetime], dict[str, Any]]:
    """The published clocks in the shape of `Oracle.rows`."""
    shares: dict[str, dict[str | None, list[int]]] = {}
    for row in slices:
        if row["raw_minutes"]:
            mine = shares.setdefault(row["clock_id"], {}).setdefault(row["owner_id"], [0, 0])
            mine[0], mine[1] = mine[0] + round(row["elapsed_minutes"] * 60e6), mine[1] + round(row["raw_minutes"] * 60e6)
    names = ("state", "trigger_at", "due_at", "at_risk_at", "stopped_at", "elapsed_minutes", "raw_minutes", "paused_minutes", "owner_id",
             "is_pre_touched", "watermark_at", "system_minutes", "marketing_minutes", "sales_minutes")  # fmt: skip
    return {
        (row["policy"], row["subject_id"], row["started_at"]): {
            **{name: row[name] for name in names},
            "account_id": row["account_id"] if row["subject"] == "person" else None,
            "slices": {owner: (used / 60e6, raw / 60e6) for owner, (used, raw) in shares.get(row["clock_id"], {}).items()},
        }
        for row in clocks
    }


def _at(line: list[Standing], moment: datetime) -> Standing:
    return [one for one in line if one.at <= moment][-1]


def _is(one: Happened, wanted: Event) -> bool:
    values = {word.strip().lower() for word in (*wanted.types, *wanted.stages, *wanted.values)}
    categories = {word.strip().lower() for word in wanted.categories}
    is_value = not values or one.value.strip().lower() in values
    return one.kind == wanted.event and is_value and (not categories or one.category.strip() in categories)
