"""States: what a clock's times mean as of a moment, given how far its feed is read; and the sentence that says why.

Belongs here: the eight states and their reasons. The times come from `sla/clocks/clocks.py` and `sla/clocks/durations.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alignment_pipeline.agreement.sla_policies import Policy
from alignment_pipeline.sla.arrays import NEVER, Flags, Ints
from alignment_pipeline.sla.clocks.clocks import NO_EVENT, Starts

STATES: tuple[str, ...] = ("pending", "at_risk", "met", "met_late", "breached", "paused", "cancelled", "unknown")
PENDING, AT_RISK, MET, MET_LATE, BREACHED, PAUSED, CANCELLED, UNKNOWN = range(8)
MAX_REASON = 255


@dataclass(frozen=True)
class Times:
    """Due and at-risk times of clocks, and whether each is paused now."""

    due: Ints
    at_risk: Ints
    is_paused: Flags


def states(clocks: Starts, times: Times, *, as_of: int, watermark: int) -> Ints:
    """State of each clock. A promise is broken, or kept late, only once activities have been synced past the due time: until then a
    touch in time may still arrive, and the state is unknown."""
    stopped = (clocks.stop < NEVER) & (clocks.stop <= clocks.cancel)
    cancelled = ~stopped & (clocks.cancel < NEVER)
    is_past = times.due <= as_of
    is_proven = times.due < watermark
    late = np.where(is_proven, MET_LATE, UNKNOWN)
    running = np.where(
        is_past,
        np.where(is_proven, BREACHED, UNKNOWN),
        np.where(times.is_paused, PAUSED, np.where(times.at_risk <= as_of, AT_RISK, PENDING)),
    )
    return np.where(cancelled, CANCELLED, np.where(stopped, np.where(clocks.stop <= times.due, MET, late), running))


def minute_texts(moments: Ints) -> npt.NDArray[np.str_]:
    """Moments as `2026-11-23 14:03 UTC`; what never comes is 'never'."""
    shown = np.where(np.abs(moments) >= NEVER, 0, moments).astype("datetime64[us]")
    texts = np.char.add(np.char.replace(np.datetime_as_string(shown, unit="m"), "T", " "), " UTC")
    return np.where(np.abs(moments) >= NEVER, "never", texts)


def reasons(policy: Policy, clocks: Starts, times: Times, state: Ints) -> list[str]:
    """One sentence per clock, without numbers that change from minute to minute."""
    trigger = policy.trigger.label
    wanted = " or ".join(event.label for event in policy.stops)
    stops = [event.label for event in policy.stops]
    started, due, stop = minute_texts(clocks.start), minute_texts(times.due), minute_texts(clocks.stop)
    share = f"{policy.at_risk_share * 100:g} %"
    out: list[str] = []
    for number, code in enumerate(state.tolist()):
        begun, end = started[number], due[number]
        if clocks.is_pre_touched[number] and code == MET:
            text = f"Kept before the clock started on {begun}: {wanted} was there already."
        elif code == MET:
            text = f"Stopped by {stops[clocks.stop_by[number]]} on {stop[number]}; due was {end}."
        elif code == MET_LATE:
            text = f"Late: stopped by {stops[clocks.stop_by[number]]} on {stop[number]}; due was {end}."
        elif code == BREACHED:
            text = f"No {wanted} by {end}, started by {trigger} on {begun}; activities have been synced past that time."
        elif code == UNKNOWN:
            text = f"Due was {end}; activities have not been synced past that time, so a reply in time may still arrive."
        elif code == PAUSED:
            text = f"Waits: on hold or for the customer. Started by {trigger} on {begun}."
        elif code == AT_RISK:
            text = f"{share} of the time is used without {wanted}; due {end}."
        elif code == CANCELLED:
            ended = "the record was deleted" if clocks.cancel_event[number] == NO_EVENT else "an event ended the promise"
            text = f"Ended without judgement: {ended}. Was due {end}."
        else:
            text = f"Needs {wanted} by {end}; started by {trigger} on {begun}."
        out.append(text[:MAX_REASON])
    return out
