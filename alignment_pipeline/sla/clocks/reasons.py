"""The sentence that says why a clock stands where it stands, for the rep who has to act.

Belongs here: which form of the catalogue (`wording/catalogue.py`) is said of a clock, with its moments in the owner's time zone. Nothing
in a sentence changes from minute to minute: how late it is by now is a formula field.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from alignment_pipeline.agreement.sla_policies import Event, Policy
from alignment_pipeline.sla.arrays import NEVER, Ints
from alignment_pipeline.sla.clocks.clocks import NO_EVENT, Starts
from alignment_pipeline.sla.clocks.states import AT_RISK, BREACHED, CANCELLED, MET, MET_LATE, PAUSED, STATES, UNKNOWN, Times
from alignment_pipeline.wording import catalogue, forms, moments

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def reasons(policy: Policy, clocks: Starts, times: Times, state: Ints, zones: Sequence[str | None], *, year: int) -> list[str]:
    """One sentence per clock; `zones` are those of the owners, None where nothing is known. `year` need not be said."""
    trigger = trigger_words(policy.trigger)
    wanted = forms.wanted([(stop.event, stop.count) for stop in policy.stops if not stop.stages])
    done = [catalogue.EVENTS[stop.event][1] for stop in policy.stops]
    out: list[str] = []
    for number, code in enumerate(state.tolist()):
        zone = zones[number]
        start, due, stop = (_moment(one[number], zone, year) for one in (clocks.start, times.due, clocks.stop))
        begun = _without(start, zone)
        if clocks.is_pre_touched[number] and code == MET:
            text = forms.say("sla.early", start=start)
        elif code == MET_LATE and stop == due:
            key = "sla.met_just_late" if zone else "sla.met_late_that_day"
            text = forms.say(key, stop=stop, done=done[clocks.stop_by[number]])
        elif code in (MET, MET_LATE):
            text = forms.say(f"sla.{STATES[code]}", stop=stop, done=done[clocks.stop_by[number]], due=_without(due, zone))
        elif code == UNKNOWN:
            text = forms.say("sla.unknown", due=due)
        elif code == PAUSED:
            text = forms.say("sla.paused", wanted=wanted)
        elif code == CANCELLED:
            text = forms.say("sla.deleted" if clocks.cancel_event[number] == NO_EVENT else "sla.cancelled")
        else:
            key = {AT_RISK: "sla.at_risk", BREACHED: "sla.breached"}.get(code, "sla.pending")
            text = forms.say(key, due=due, wanted=wanted, trigger=trigger, start=begun)
        out.append(forms.fit(text))
    return out


def trigger_words(event: Event) -> str:
    """What set the clock off: `they asked to be contacted`, `became MQL`."""
    if event.stages:
        return f"became {forms.listed(event.stages)}"
    for category in event.categories:
        if category in catalogue.CATEGORIES:
            return catalogue.CATEGORIES[category]
    details = [word.replace("_", " ") for word in (*event.values, *event.types, *event.categories)]
    words = catalogue.EVENTS[event.event][1]
    return f"{words} ({forms.listed(details)})" if details else words


def _without(text: str, zone: str | None) -> str:
    """A moment without its zone, which the sentence has said already."""
    return text.removesuffix(f" {moments.place(zone)} time") if zone else text


def _moment(us: int, zone: str | None, year: int) -> str:
    return "never" if abs(int(us)) >= NEVER else moments.due(_EPOCH + timedelta(microseconds=int(us)), zone, year=year)
