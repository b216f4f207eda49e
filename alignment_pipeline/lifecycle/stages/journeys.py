"""From walks to tables: the history of stages and where everyone stands now, for people and accounts alike.

Belongs here: rows and sentences of stages. The walk: `machine.py`; who is walked: `person_stages.py`, `account_stages.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from alignment_pipeline.agreement.stages import AccountStages, PersonStages, StageState
from alignment_pipeline.contracts.moments import from_microseconds
from alignment_pipeline.lifecycle import words
from alignment_pipeline.lifecycle.stages.conditions import LEVEL_WORDS, Book, Signal, shown_patterns, wanted_text
from alignment_pipeline.lifecycle.stages.machine import Alternative, CompiledMove, Kind, Stay, Test, Walked
from alignment_pipeline.wording import forms

_SIGNAL = re.compile(r"\{(\d+)\}")
_MISSING = forms.opening("mqa.missing")
Said = Callable[[Test, Signal, int], str]
"""How an amount that is missing is said."""


@dataclass(frozen=True)
class Owner:
    """Whose duty an entity is: CRM user and why; None when nobody has it."""

    owner_id: str | None
    reason: str | None


@dataclass(frozen=True)
class Text:
    """A text that somebody set, such as a status, and the signal that it belongs to."""

    at_us: int
    signal: int
    text: str


@dataclass(frozen=True)
class Facts:
    """What explanations need to know about one entity beside its walk."""

    amounts: Mapping[int, int]
    fit_score: float | None
    owner: Owner
    mqa_reason: str | None = None
    texts: Sequence[Text] = ()


class Journeys:
    """Collects rows of the two tables, stay by stay."""

    def __init__(self, stages: PersonStages | AccountStages, moves: Sequence[CompiledMove], book: Book, *, key: str, unit: str) -> None:
        self._states: list[StageState] = stages.stages
        self._moves = moves
        self._book = book
        self._unit = unit
        self._key = key
        self.changes: dict[str, list[object]] = {
            name: [] for name in (key, "sequence", "stage", "sub_stage", "previous_stage", "entered_at", "left_at", "reason")
        }
        self.now: dict[str, list[object]] = {
            name: []
            for name in (
                key, "stage", "sub_stage", "entered_at", "first_entered_at", "times_entered", "previous_stage", "stage_reason",
                "next_stage", "missing", "owner_team", "owner_id", "owner_reason",
            )
        }  # fmt: skip

    def stage(self, state: int) -> str:
        """The stage that a state is or belongs to."""
        return self._states[state].part_of or self._states[state].name

    def sub_stage(self, state: int) -> str | None:
        """The step inside the stage."""
        return self._states[state].name if self._states[state].part_of else None

    def add(self, entity_id: str, walked: Walked, facts: Facts) -> None:
        """Add one entity's rows."""
        before: str | None = None
        walked = replace(walked, stays=tuple(replace(stay, reason=self._said(stay, facts)) for stay in walked.stays))
        for sequence, stay in enumerate(walked.stays, start=1):
            row: tuple[object, ...] = (
                entity_id,
                sequence,
                self.stage(stay.state),
                self.sub_stage(stay.state),
                before,
                stay.entered_us,
                stay.left_us,
            )
            for column, cell in zip(self.changes.values(), (*row, words.sentence(_capital(stay.reason))), strict=True):
                column.append(cell)
            before = self.stage(stay.state)
        for column, value in zip(self.now.values(), self._now(entity_id, walked, facts), strict=True):
            column.append(value)

    def _said(self, stay: Stay, facts: Facts) -> str:
        """The reason of a stay, with the texts that it was for: `status set to Unqualified`."""

        def text(slot: re.Match[str]) -> str:
            signal = int(slot[1])
            said = [one.text for one in facts.texts if one.signal == signal and one.at_us <= stay.entered_us]
            return said[-1] if said else forms.listed(shown_patterns(self._book.signals[signal].patterns))

        return _SIGNAL.sub(text, stay.reason)

    def _now(self, entity_id: str, walked: Walked, facts: Facts) -> tuple[object, ...]:
        stays = walked.stays
        last = stays[-1]
        stage = self.stage(last.state)
        entries = self._entries(stays, stage)
        previous = next((self.stage(stay.state) for stay in reversed(stays) if self.stage(stay.state) != stage), None)
        missing = self._missing(walked, facts, self._measure)
        nearest = missing[0] if missing else None
        asked = self._missing(walked, facts, self._asked, only=nearest["stage"]) if nearest else []
        state = self._states[last.state]
        asks_sales = state.works == "sales"
        return (
            entity_id,
            stage,
            self.sub_stage(last.state),
            entries[-1],
            entries[0],
            len(entries),
            previous,
            words.sentence(self._sentence(last, asked[0] if asked else None)),
            nearest["stage"] if nearest else None,
            json.dumps(missing, ensure_ascii=False),
            state.team or None,
            facts.owner.owner_id if asks_sales else None,
            facts.owner.reason if asks_sales else None,
        )

    def _entries(self, stays: Sequence[Stay], stage: str) -> list[int]:
        """When the entity came into the stage from another one."""
        entered = []
        before: str | None = None
        for stay in stays:
            now = self.stage(stay.state)
            if now == stage and before != stage:
                entered.append(stay.entered_us)
            before = now
        return entered

    def _sentence(self, stay: Stay, nearest: Mapping[str, str] | None) -> str:
        step = self.sub_stage(stay.state)
        name = self.stage(stay.state) + (f" ({step})" if step else "")
        since = words.date_text(from_microseconds(stay.entered_us))
        form = "stage.new" if stay.reason.casefold() in ("new", self.stage(stay.state).casefold()) else "stage.since"
        text = forms.say(form, stage=name, since=since, why=stay.reason)
        if nearest is None or nearest["missing"].casefold() == f"a {nearest['stage']}".casefold():
            return text
        room = forms.LIMIT - forms.length(text) - forms.length(forms.say("stage.next", stage=nearest["stage"], ways="")) - 1
        ways = forms.ways(nearest["missing"].split("; or "), room=room)
        return f"{text} {forms.say('stage.next', stage=nearest['stage'], ways=ways)}"

    def _missing(self, walked: Walked, facts: Facts, said: Said, only: str | None = None) -> list[dict[str, str]]:
        """For every stage that can be reached forward from here (or `only` one), what is missing; the nearest stage first."""
        stay = walked.stays[-1]
        is_aside = self._states[stay.state].is_side_track
        here = self.stage(stay.state)
        by_stage: dict[str, list[tuple[str, ...]]] = {}
        for move in sorted(self._moves, key=lambda one: one.to):
            is_forward = not self._states[move.to].is_side_track and (is_aside or move.to > stay.state)
            if stay.state in move.sources and is_forward:
                # from outside a stage, any of its steps leads into it; inside, the step itself is what comes next
                name = self.stage(move.to) if self.stage(move.to) != here else self._states[move.to].name
                if only is not None and name != only:
                    continue
                texts = [self._lacking(alternative, walked, facts, said) for alternative in move.alternatives]
                by_stage.setdefault(name, []).extend(parts for parts in texts if parts)
        return [{"stage": name, "missing": "; or ".join(_shortest(ways))} for name, ways in by_stage.items() if ways]

    def _lacking(self, alternative: Alternative, walked: Walked, facts: Facts, said: Said) -> tuple[str, ...]:
        parts = (self._test(test, walked, facts, said) for test in alternative.tests)
        return tuple(part for part in parts if part)

    def _test(self, test: Test, walked: Walked, facts: Facts, said: Said) -> str:
        if test.kind is Kind.DAYS:
            return f"{test.value} days in this stage"
        signal = self._book.signals[test.signal]
        if test.kind is Kind.IS and walked.values[test.signal] == test.value:
            return ""
        if signal.measure is not None:
            return said(test, signal, facts.amounts.get(test.signal, 0))
        return _plain(test, signal, facts)

    def _measure(self, test: Test, signal: Signal, has: int) -> str:
        assert signal.measure is not None
        if signal.kind == "activity":
            return words.one_or(words.amount(signal.measure, self._unit))
        if test.value == 0 and test.kind is Kind.IS:
            return f"no activity for {signal.measure.days} days"
        needed = signal.measure.people or signal.measure.threshold
        if has >= needed:
            return f"{words.criterion(signal.measure, self._unit)} again"
        return f"{words.missing(signal.measure, self._unit, has)} in {signal.measure.days} days"

    def _asked(self, test: Test, signal: Signal, has: int) -> str:
        """As `_measure`, without a number that is another one tomorrow: the whole criterion, for the sentence in the CRM."""
        assert signal.measure is not None
        needed = signal.measure.people or signal.measure.threshold
        is_amount = signal.kind != "activity" and not (test.value == 0 and test.kind is Kind.IS)
        return words.criterion(signal.measure, self._unit) if is_amount and has < needed else self._measure(test, signal, has)


def _shortest(ways: Sequence[tuple[str, ...]]) -> list[str]:
    """Ways as texts, each once, without those that ask for more than another way does."""
    needs = [set(way) for way in ways]
    return list(dict.fromkeys(" and ".join(way) for way in ways if not any(other < set(way) for other in needs)))


def _plain(test: Test, signal: Signal, facts: Facts) -> str:
    shown = forms.listed(signal.patterns)
    if signal.kind == "fit":
        has = "not scored yet" if facts.fit_score is None else f"now {int(facts.fit_score)}"
        return f"a fit of {signal.number:g} ({has})"
    if signal.kind == "tier":
        return f"tier {shown}"
    if signal.kind == "people":
        return f"somebody who is {shown}"
    if signal.kind in ("status", "becomes"):
        return wanted_text(signal)
    if signal.name == "mqa" and test.value and facts.mqa_reason:
        reason = facts.mqa_reason.removesuffix(".")
        return reason.removeprefix(_MISSING) if reason.startswith(_MISSING) else reason[:1].lower() + reason[1:]
    text = LEVEL_WORDS[signal.name]
    return text if test.value or test.kind is Kind.PULSE else f"not {text}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
