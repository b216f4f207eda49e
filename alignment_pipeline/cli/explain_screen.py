"""The answer of `alignment explain` as lines of text: what, why, since when and what next, on a screen of 80 columns and 50 lines.

Belongs here: the layout. Everything that is said comes from the published tables, gathered by `operations/explain.py`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from alignment_pipeline.matching.evidence.columns import evidence_words

MICRO = 1_000_000
LABEL = 10
#: Rows of each list on the one screen, and the most lines of one text; `--all` shows the rest.
MOST = {"moves": 1, "evidence": 3, "factors": 4, "people": 4, "stages": 3, "clocks": 4}
TEXT_LINES = 2
#: What needs attention comes first.
CLOCK_ORDER = ("breached", "at_risk", "pending", "paused", "unknown", "met_late", "met", "cancelled")
OPEN = ("breached", "at_risk", "pending", "paused", "unknown")

#: Why a person belongs to an account.
_BASES = {"contact": "the contact's account", "converted": "the lead was converted into it", "matched": "matched"}

Row = Mapping[str, Any]


class Screen:
    """Lines of at most `width` characters; the first line of a section has a label in the margin."""

    def __init__(self, width: int, *, is_whole: bool, titles: Mapping[str, str]) -> None:
        self.lines: list[str] = []
        self._titles = titles
        self._width = width
        self._is_whole = is_whole

    def title(self, text: str) -> None:
        """One line at the left margin."""
        self.lines.append(_cut(text, self._width))

    def section(self, label: str, text: str) -> None:
        """The first text of a section, after a blank line."""
        self.lines.append("")
        self._add(label.ljust(LABEL), text)

    def more(self, text: str) -> None:
        """Another text of the same section."""
        self._add(" " * LABEL, text)

    def short(self, text: str) -> None:
        """Another text of the same section, on one line."""
        self.lines.append(_cut(" " * LABEL + text, self._width))

    def rows(self, name: str, rows: Sequence[str]) -> None:
        """One line per row, and how many are left out."""
        shown = rows if self._is_whole else rows[: MOST[name]]
        for row in shown:
            self.lines.append(_cut(" " * LABEL + row, self._width))
        if len(shown) < len(rows):
            self.more(f"... {len(rows) - len(shown)} more with --all")

    def texts(self, name: str, texts: Sequence[str]) -> None:
        """Texts of the same section, of which the first ones are cut to a line each on the one screen."""
        if not self._is_whole:
            self.rows(name, texts)
            return
        for text in texts:
            self.more(text)

    def policy(self, clock: Row) -> str:
        """The title of a clock's policy; its name where the agreement no longer has it."""
        return self._titles.get(clock["policy"], str(clock["policy"]).replace("_", " "))

    def _add(self, margin: str, text: str) -> None:
        wrapper = textwrap.TextWrapper(self._width, initial_indent=margin, subsequent_indent=" " * len(margin))
        wrapped = wrapper.wrap(text) or [margin.rstrip()]
        if not self._is_whole and len(wrapped) > TEXT_LINES:
            wrapped = [*wrapped[: TEXT_LINES - 1], _cut(wrapped[TEXT_LINES - 1] + " ...", self._width)]
        self.lines.extend(wrapped)


def lines(explained: Row, *, width: int, is_whole: bool = False, titles: Mapping[str, str] | None = None) -> list[str]:
    """The whole answer, for a person or an account. `titles` are those of the agreement's SLA policies, by name."""
    screen = Screen(width, is_whole=is_whole, titles=titles or {})
    if explained["kind"] == "account":
        _account(screen, explained)
    else:
        _person(screen, explained)
    return screen.lines


def _person(screen: Screen, explained: Row) -> None:
    person = explained["person"]
    about = [part for part in (person["title"], person["company"]) if part]
    screen.title(", ".join([name_of(person) or "(no name)", *about]))
    records = ", ".join(row["source_key"].replace(":", " ", 1) for row in explained["records"])
    screen.title(f"{person['email'] or 'no e-mail'}; {records}")
    for period in explained["periods"][-2:]:
        screen.title(_period(period))
    _stage(screen, explained)
    _next(screen, explained)
    _match(screen, explained)
    _score(screen, explained)
    _clocks(screen, explained)
    _stage_history(screen, explained)


def _period(period: Row) -> str:
    """When the activities of a marketing record that several people share count for this one, and which record decided."""
    begin, end = period["from_at"], period["until_at"]
    span = " ".join([*([f"from {_moment(begin)}"] if begin.year > 1970 else []), *([f"until {_moment(end)}"] if end else [])])
    record, current = (period[name].replace(":", " ", 1) for name in ("source_key", "decided_by"))
    return f"activities of {record} count here {span}: {current} was the current record"


def _account(screen: Screen, explained: Row) -> None:
    account, tier, mqa = explained["account"], explained["tier"], explained["mqa"]
    screen.title(f"{account['name']}, {account['country'] or 'no country'}; account {account['account_id']}")
    _stage(screen, explained)
    if mqa is None:
        screen.section("MQA", "not judged: outside the pilot's scope")
    else:
        screen.section("MQA", mqa["mqa_reason"])
        if mqa["times"]:
            screen.short(f"{mqa['times']} times; first {_moment(mqa['first_at'])}, latest {_moment(mqa['latest_at'])}")
    _next(screen, explained)
    if tier:
        screen.section("Tier", tier["tier_reason"].removeprefix("Tier "))
    _score(screen, explained)
    people = [f"{row['engagement_points']:>8.1f}  {_who(row)}" for row in explained["people"] if _is_seen(row["engagement_points"])]
    if people:
        screen.section("People", "who the points come from")
        screen.rows("people", people)
    _clocks(screen, explained)
    _stage_history(screen, explained)


def _stage(screen: Screen, explained: Row) -> None:
    stage = explained["stage"]
    if stage is None:
        screen.section("Now", "no stage: outside the pilot's scope")
        return
    name = f"{stage['stage']} ({stage['sub_stage']})" if stage["sub_stage"] else stage["stage"]
    days = (stage["as_of"] - stage["entered_at"]).days if stage["as_of"] else None
    since = f" ({days:,} days)" if days is not None else ""
    screen.section("Now", f"{name} since {_moment(stage['entered_at'])}{since}")
    history = explained["stage_history"]
    if history:
        screen.more(f"why: {_why(history[-1]['reason'])}")
    responsible = ", ".join(part for part in (explained["owner_name"], stage["owner_team"]) if part)
    if responsible:
        screen.short(f"responsible: {responsible}{_because(stage['owner_reason'])}")


def _next(screen: Screen, explained: Row) -> None:
    """What can happen next: the most urgent open clock, and what is missing for the next stage."""
    urgent = next((row for row in _by_urgency(explained["clocks"]) if row["state"] in OPEN), None)
    steps = [f"{row['stage']}: {row['missing']}" for row in (explained["stage"] or {}).get("missing") or []]
    label = "Next"
    if urgent:
        screen.section(label, f"{screen.policy(urgent)}: {_state(urgent)}, due {_moment(urgent['due_at'])}")
        label = ""
    if steps and label:
        screen.section(label, f"to become {steps[0]}")
    elif steps:
        screen.more(f"to become {steps[0]}")
    elif label:
        screen.section(label, "nothing is due, and no further stage is defined")


def _match(screen: Screen, explained: Row) -> None:
    account, match, names = explained["account"], explained["match"], explained["account_names"]
    if account is None and match is None:
        screen.section("Account", "none")
        return
    if account is not None:
        screen.section("Account", f"{names.get(account['account_id'], account['account_id'])} ({_BASES[account['basis']]})")
        screen.texts("moves", explained["moves"])
    if match is None:
        return
    if account is None:
        screen.section("Account", match["reason"])
    else:
        screen.more(match["reason"])
    screen.rows(
        "evidence",
        [f"{one.get('points_micro', 0) / MICRO:>+8.1f}  {evidence_words(str(one['evidence']))}" for one in match["evidence"] or []],
    )
    if match["runner_up_id"]:
        label = "next best" if match["decision"] != "none" else "closest, but too unlike"
        screen.more(f"{label}: {names.get(match['runner_up_id'], match['runner_up_id'])}")


def _score(screen: Screen, explained: Row) -> None:
    score, fit = explained["score"], explained["fit"]
    if score is None:
        screen.section("Score", "not scored: outside the pilot's scope, or one of our own people")
    else:
        last = f"last activity {_moment(score['last_activity_at'])}" if score["last_activity_at"] else "no activity is known"
        screen.section("Score", f"{score['engagement_points']:,.1f} points, {last}")
        screen.rows("factors", [_factor(row) for row in explained["factors"] if _is_seen(row["contribution_micro"] / MICRO)])
    if fit:
        screen.section("Fit", fit["fit_reason"].removeprefix("Fit "))


def _is_seen(points: float) -> bool:
    """Whether one decimal shows more than 0.0."""
    return abs(points) >= 0.05


def _clocks(screen: Screen, explained: Row) -> None:
    clocks = _by_urgency(explained["clocks"])
    if clocks:
        screen.section("SLA", "promised times, the most urgent first")
        screen.rows("clocks", [f"{_state(row):9} {_cut(screen.policy(row), 38):38} due {_moment(row['due_at'])}" for row in clocks])


def _why(reason: str) -> str:
    """The reason of a move; the first stage has none but that the record is there."""
    return "the record came in" if reason == "New" else reason


def _stage_history(screen: Screen, explained: Row) -> None:
    history = explained["stage_history"][::-1]
    if len(history) > 1:
        screen.section("Before", "stages, the latest first")
        screen.rows("stages", [f"{_moment(row['entered_at'])}  {row['stage']}: {_why(row['reason'])}" for row in history])


def _factor(row: Row) -> str:
    number = row["activities"]
    about = f"{number} {'activity' if number == 1 else 'activities'}, last {row['last_at']:%Y-%m-%d}" if row["last_at"] else ""
    return f"{row['contribution_micro'] / MICRO:>+8.1f}  {row['factor']} ({about})"


def _by_urgency(clocks: Sequence[Row]) -> list[Row]:
    """Open clocks first, in the order of CLOCK_ORDER; the latest start first within a state."""
    latest = sorted(clocks, key=lambda row: row["started_at"].timestamp() if row["started_at"] else 0.0, reverse=True)
    return sorted(latest, key=lambda row: CLOCK_ORDER.index(row["state"]) if row["state"] in CLOCK_ORDER else len(CLOCK_ORDER))


def name_of(person: Row) -> str:
    """First and last name, as far as they are known."""
    return " ".join(part for part in (person["first_name"], person["last_name"]) if part)


def _who(row: Row) -> str:
    until = f", here until {row['until_at']:%Y-%m-%d}" if row.get("until_at") else ""
    return f"{name_of(row) or row['person_id']}, {row['persona'] or row['title'] or 'title unknown'}{until}"


def _because(reason: str | None) -> str:
    return f" ({reason[0].lower()}{reason[1:]})" if reason else ""


def _state(clock: Row) -> str:
    return str(clock["state"]).replace("_", " ")


def _moment(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if value else "-"


def activities(rows: Sequence[Row], *, width: int) -> list[str]:
    """One line per activity: when, points now and when it happened, what counted, or why it does not count."""
    shown = ["", "Activities, newest first (points now, points undecayed)"]
    for row in rows:
        worth = f"{row['contribution_micro'] / MICRO:8.2f} {row['weighted_micro'] / MICRO:8.2f}  {row['factor']}"
        points = f"{'not counted':>17}  {str(row['exclusion']).replace('_', ' ')}" if row["exclusion"] else worth
        about = ", ".join(text for text in (row["activity_type"].replace("_", " "), row["detail"]) if text)
        shown.append(_cut(f"{row['occurred_at']:%Y-%m-%d %H:%M}  {points}: {about}", width))
    if any(row["exclusion"] is None and row["base_micro"] == 0 for row in rows):
        shown.append("0.00: the agreement's cap on points of its kind was reached, or its rule gives none")
    return shown


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 4].rstrip() + " ..."
