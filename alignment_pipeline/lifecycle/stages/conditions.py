"""Compiles the agreement's `when` lines into tests on numbered signals, and says what each signal is.

Belongs here: the book of signals. How a signal's changes are found: `person_signals.py`, `lifecycle/signals/account_signals.py`,
`lifecycle/signals/crossings.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alignment_pipeline.agreement.decay import Decay
from alignment_pipeline.agreement.measures import Measure
from alignment_pipeline.agreement.stages import AccountMove, AccountStages, AccountWhen, PersonMove, PersonStages, PersonWhen, When
from alignment_pipeline.lifecycle import words
from alignment_pipeline.lifecycle.signals.crossings import MET, UNMET, Entity, now
from alignment_pipeline.lifecycle.signals.events import Events
from alignment_pipeline.lifecycle.stages.machine import Alternative, CompiledMove, Kind, Test
from alignment_pipeline.wording import forms

LEVEL_WORDS = {
    "customer": "a won opportunity or an account type that says customer",
    "on_open_opportunity": "a role on an open opportunity",
    "account_open_opportunity": "an open opportunity at the account",
    "account_mqa": "an account that is an MQA",
    "opted_out": "opted out",
    "email_invalid": "an invalid e-mail",
    "competitor": "a competitor",
    "converted": "a converted lead",
    "target": "a place on the target account list",
    "open_opportunity": "an open opportunity",
    "mqa": "an MQA",
    "disqualified": "a disqualified account type",
    "partner": "a partner",
    "opportunity_created": "a new opportunity",
    "opportunity_won": "a won opportunity",
    "opportunity_lost": "a lost opportunity",
}


@dataclass(frozen=True)
class Signal:
    """What a signal is: its kind, the name or number it is about, and the criterion or patterns."""

    kind: str
    name: str = ""
    measure: Measure | None = None
    patterns: tuple[str, ...] = ()
    number: float = 0.0


class Book:
    """Signals of one machine, each once, numbered in the order of use."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self._numbers: dict[str, int] = {}

    def number(self, signal: Signal) -> int:
        """The signal's number; equal signals share one."""
        key = repr((signal.kind, signal.name, signal.measure and signal.measure.model_dump_json(), signal.patterns, signal.number))
        if key not in self._numbers:
            self._numbers[key] = len(self.signals)
            self.signals.append(signal)
        return self._numbers[key]

    @property
    def measures(self) -> list[Measure]:
        """All criteria on activities."""
        return [signal.measure for signal in self.signals if signal.measure is not None]

    def amounts(self, events: Events, decay: Decay, *, entity: Entity) -> dict[str, dict[int, int]]:
        """What everyone has now of the criteria on activities: entity to signal to amount."""
        by_entity: dict[str, dict[int, int]] = {}
        for number, signal in enumerate(self.signals):
            if signal.kind == "measure" and signal.measure is not None:
                for entity_id, amount in now(events, signal.measure, decay, entity=entity).items():
                    by_entity.setdefault(entity_id, {})[number] = amount
        return by_entity

    @property
    def pulses(self) -> frozenset[int]:
        """Signals that only happen and are never on."""
        return frozenset(number for number, signal in enumerate(self.signals) if signal.kind in ("activity", "event", "becomes"))


def compiled(stages: PersonStages | AccountStages, book: Book, *, unit: str) -> list[CompiledMove]:
    """The machine's moves in the agreement's order, their conditions as tests on signals of `book`."""
    numbers = {name: number for number, name in enumerate(stages.names)}
    moves: Sequence[PersonMove | AccountMove] = stages.moves
    return [
        CompiledMove(
            to=numbers[move.to],
            sources=frozenset(numbers[name] for name in move.from_),
            alternatives=tuple(Alternative(_tests(when, book), when.reason or _reason(when, unit, book)) for when in move.when),
        )
        for move in moves
    ]


def _tests(when: When, book: Book) -> tuple[Test, ...]:
    tests = []
    if when.engaged is not None:
        tests.append(Test(Kind.IS, book.number(Signal("measure", measure=when.engaged)), MET))
    if when.newly_engaged is not None:
        tests.append(Test(Kind.PULSE, book.number(Signal("measure", measure=when.newly_engaged))))
    if when.activity is not None:
        tests.append(Test(Kind.PULSE, book.number(Signal("activity", measure=when.activity))))
    if when.quiet_days is not None:
        some = Measure(activities=1, days=when.quiet_days)
        tests.append(Test(Kind.IS, book.number(Signal("measure", measure=some)), UNMET))
    if when.in_stage_days is not None:
        tests.append(Test(Kind.DAYS, 0, when.in_stage_days))
    if when.fit_at_least is not None:
        tests.append(Test(Kind.IS, book.number(Signal("fit", number=when.fit_at_least))))
    if when.tiers:
        tests.append(Test(Kind.IS, book.number(Signal("tier", patterns=tuple(str(tier) for tier in when.tiers)))))
    if when.event is not None:
        tests.append(Test(Kind.PULSE, book.number(Signal("event", when.event))))
    if isinstance(when, PersonWhen):
        tests += _person_tests(when, book)
    if isinstance(when, AccountWhen):
        if when.people_in_stages:
            tests.append(Test(Kind.IS, book.number(Signal("people", patterns=tuple(when.people_in_stages)))))
        tests += [Test(Kind.IS, book.number(Signal("level", name)), 1) for name in when.is_all]
        tests += [Test(Kind.IS, book.number(Signal("level", name)), 0) for name in when.is_none]
    return tuple(tests)


def _person_tests(when: PersonWhen, book: Book) -> list[Test]:
    tests = []
    for signal in text_signals(when):
        if signal.patterns:
            tests.append(Test(Kind.IS if signal.kind == "status" else Kind.PULSE, book.number(signal)))
    tests += [Test(Kind.IS, book.number(Signal("level", name)), 1) for name in when.is_all]
    tests += [Test(Kind.IS, book.number(Signal("level", name)), 0) for name in when.is_none]
    return tests


def text_signals(when: PersonWhen) -> tuple[Signal, ...]:
    """The signals of a line that are about texts which people set, also those that the line does not ask for."""
    return (
        Signal("status", patterns=tuple(when.statuses)),
        Signal("becomes", "status", patterns=tuple(when.status_becomes)),
        Signal("becomes", "disposition", patterns=tuple(when.disposition_becomes)),
        Signal("becomes", "reject_code", patterns=tuple(when.reject_code_becomes)),
    )


_ACRONYMS = frozenset({"mql", "mqa", "sal", "sql", "sqa"})
_TEXT_WORDS = {
    ("status", ""): "the status is",
    ("becomes", "status"): "status set to",
    ("becomes", "disposition"): "disposition set to",
    ("becomes", "reject_code"): "rejected as",
}


def wanted_text(signal: Signal) -> str:
    """What a signal about a text asks for: `a status such as working, contacted or accepted`, `the disposition rejected or deferred`."""
    noun = (signal.name or signal.kind).replace("_", " ")
    shown = shown_patterns(signal.patterns)
    is_open = len(shown) < len(signal.patterns) or any("*" in pattern for pattern in signal.patterns)
    return f"a {noun} such as {forms.listed(shown)}" if is_open else f"the {noun} {forms.listed(shown)}"


def shown_patterns(patterns: Sequence[str], most: int = 3) -> list[str]:
    """Patterns as words: those that name a whole word first, at most three."""
    plain = [pattern.strip("*") for pattern in patterns if not pattern.startswith("*") and "*" not in pattern.strip("*")]
    words = (plain or [pattern.strip("*").replace("*", " ... ") for pattern in patterns])[:most]
    return [word.upper() if word in _ACRONYMS else word for word in words]


def _reason(when: When, unit: str, book: Book) -> str:
    """The words for a move; `{5}` stands for the text that signal 5 had, such as the status: `journeys.py` puts it in."""
    parts = [words.criterion(measure, unit) for measure in (when.engaged, when.newly_engaged) if measure is not None]
    if when.activity is not None:
        parts.append(words.one_or(words.amount(when.activity, unit)))
    if when.quiet_days is not None:
        parts.append(f"no activity in {when.quiet_days} days")
    if when.in_stage_days is not None:
        parts.append(f"at least {when.in_stage_days} days in the stage")
    if when.fit_at_least is not None:
        parts.append(f"fit {when.fit_at_least:g} or better")
    if when.tiers:
        parts.append("tier " + forms.listed(str(tier) for tier in when.tiers))
    parts += [LEVEL_WORDS[when.event]] if when.event is not None else []
    if isinstance(when, PersonWhen):
        texts = [signal for signal in text_signals(when) if signal.patterns]
        parts += [f"{_TEXT_WORDS[signal.kind, signal.name]} {{{book.number(signal)}}}" for signal in texts]
        parts += [LEVEL_WORDS[name] for name in when.is_all] + [f"not {LEVEL_WORDS[name]}" for name in when.is_none]
    if isinstance(when, AccountWhen):
        parts += [f"somebody is {forms.listed(when.people_in_stages)}"] if when.people_in_stages else []
        parts += [LEVEL_WORDS[name] for name in when.is_all] + [f"not {LEVEL_WORDS[name]}" for name in when.is_none]
    return " and ".join(parts)
