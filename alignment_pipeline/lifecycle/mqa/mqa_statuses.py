"""Whether each account is an MQA now, and what it has or misses, criterion by criterion.

Belongs here: `account_mqa_statuses`. The history behind it: `mqa_history.py`. Words: `words.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import ibis

from alignment_pipeline.agreement.mqa import Mqa
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.contracts.lifecycle import ACCOUNT_MQA_STATUSES
from alignment_pipeline.contracts.moments import from_microseconds
from alignment_pipeline.contracts.shape import from_columns
from alignment_pipeline.lifecycle import words
from alignment_pipeline.lifecycle.mqa.mqa import ACCOUNT_TYPE, CUSTOMER, OPEN_OPPORTUNITY, Walk
from alignment_pipeline.lifecycle.mqa.mqa_history import Judged, changes_table, judged_accounts
from alignment_pipeline.wording import forms

_EXCLUDED = {CUSTOMER: "mqa.customer", OPEN_OPPORTUNITY: "mqa.open_opportunity", ACCOUNT_TYPE: "mqa.account_type"}
_ROOM = forms.LIMIT - forms.length(forms.say("mqa.missing", ways=""))  # characters for what is missing


def account_mqa_tables(
    scored_activities: ibis.Table,
    person_fits: ibis.Table,
    accounts: ibis.Table,
    account_tiers: ibis.Table,
    opportunities: ibis.Table,
    *,
    mqa: Mqa,
    scoring: Scoring,
    as_of: datetime,
    agreement_version: str,
) -> dict[str, ibis.Table]:
    """`account_mqa_changes` and `account_mqa_statuses` of one run, for wiring that publishes both."""
    judged = judged_accounts(scored_activities, person_fits, accounts, account_tiers, opportunities, mqa=mqa, scoring=scoring, as_of=as_of)
    return {
        "account_mqa_changes": changes_table(judged, mqa=mqa, scoring=scoring, as_of=as_of, agreement_version=agreement_version),
        "account_mqa_statuses": statuses_table(judged, mqa=mqa, scoring=scoring, as_of=as_of, agreement_version=agreement_version),
    }


def statuses_table(judged: list[Judged], *, mqa: Mqa, scoring: Scoring, as_of: datetime, agreement_version: str) -> ibis.Table:
    """`account_mqa_statuses` of a run."""
    writer = _Writer(mqa, scoring.engagement.unit)
    rows: dict[str, list[object]] = {name: [] for name in ACCOUNT_MQA_STATUSES.names[:-2]}
    for one in judged:
        row = writer.row(one)
        for name, column in rows.items():
            column.append(row[name])
    return from_columns(rows, ACCOUNT_MQA_STATUSES, as_of=as_of, agreement_version=agreement_version)


class _Writer:
    """Rows and sentences of one agreement."""

    def __init__(self, mqa: Mqa, unit: str) -> None:
        self._mqa = mqa
        self._measures = mqa.measures
        self._unit = unit
        self._signals: list[range] = []
        start = 0
        for path in mqa.paths:
            self._signals.append(range(start, start + len(path.all)))
            start += len(path.all)

    def row(self, judged: Judged) -> Mapping[str, object]:
        """One account's row."""
        walk, paths, standing = judged.walk, judged.paths, judged.amounts
        last = walk.terms[-1] if walk.terms else None
        is_mqa = last is not None and last.left_us is None
        met = [path for path in paths if self._missing_share(path, standing) == 0.0]
        nearest = None if is_mqa or met else min(paths, key=lambda p: (self._missing_share(p, standing), p), default=None)
        if is_mqa:
            status = "mqa"
        elif walk.excluded_by is not None:
            status = "excluded"
        elif walk.cooling_until_us is not None and met:
            status = "cooling down"
        else:
            status = "not yet"
        return {
            "account_id": judged.account_id,
            "mqa_status": status,
            "is_mqa": is_mqa,
            "path": self._mqa.paths[last.path].name if last is not None and is_mqa else None,
            "mqa_reason": words.sentence(self._reason(status, walk, paths, met, standing)),
            "nearest_path": self._mqa.paths[nearest].name if nearest is not None else None,
            "paths": json.dumps([self._path(path, standing) for path in paths], ensure_ascii=False),
            "first_at": walk.terms[0].entered_us if walk.terms else None,
            "latest_at": last.entered_us if last is not None else None,
            "times": len(walk.terms),
            "left_at": last.left_us if last is not None else None,
        }

    def _missing_share(self, path: int, standing: Sequence[int]) -> float:
        """How far a path is: the mean of the missing shares of its criteria, 0 when it is met."""
        total = 0.0
        for signal in self._signals[path]:
            needed = self._measures[signal].people or self._measures[signal].threshold
            total += max(0.0, 1.0 - max(0, standing[signal]) / needed)
        return total / len(self._signals[path])

    def _reason(self, status: str, walk: Walk, paths: Sequence[int], met: Sequence[int], standing: Sequence[int]) -> str:
        if status == "mqa":
            term = walk.terms[-1]
            since = words.date_text(from_microseconds(term.entered_us))
            return forms.say("mqa.held", path=self._mqa.paths[term.path].name, parts=self._parts(term.path), since=since)
        if status == "excluded":
            return forms.say(_EXCLUDED[str(walk.excluded_by)])
        if status == "cooling down" and walk.cooling_until_us is not None:
            until = words.date_text(from_microseconds(walk.cooling_until_us))
            return forms.say("mqa.cooling", path=self._mqa.paths[met[0]].name, parts=self._parts(met[0]), until=until)
        if not paths:
            return "None of the agreed conditions applies to this account."
        ranked = sorted(paths, key=lambda path: (self._missing_share(path, standing), path))
        return forms.say("mqa.missing", ways=forms.ways([self._lacking(path, standing) for path in ranked], room=_ROOM))

    def _parts(self, path: int) -> str:
        """What the path asks for. What the account has is on the pages of the day: in the CRM it would be old tomorrow."""
        return words.together([words.criterion(self._measures[signal], self._unit) for signal in self._signals[path]])

    def _lacking(self, path: int, standing: Sequence[int]) -> str:
        """Of what the path asks for, that which is not there. Decay alone takes nothing off this list, so what it says stays true."""
        measures = self._measures
        lacking = [one for one in self._signals[path] if standing[one] < (measures[one].people or measures[one].threshold)]
        return words.together([words.criterion(measures[signal], self._unit) for signal in lacking])

    def _path(self, path: int, standing: Sequence[int]) -> dict[str, object]:
        measures = self._measures
        criteria = []
        for signal in self._signals[path]:
            measure = measures[signal]
            needed = measure.people or measure.threshold
            is_amount = measure.people is None and measure.points is not None
            has = standing[signal]
            criteria.append(
                {
                    "criterion": words.criterion(measure, self._unit),
                    "has": words.points(has) if is_amount else has,
                    "needs": words.points(needed) if is_amount else needed,
                    "is_met": has >= needed,
                    "missing": None if has >= needed else words.missing(measure, self._unit, has),
                }
            )
        return {"path": self._mqa.paths[path].name, "is_met": all(one["is_met"] for one in criteria), "criteria": criteria}
