"""Promises: for whom a policy holds at a moment, and which of its triggers are left out.

Belongs here: new leads against people of existing accounts, our own people. What happens to those it holds for: `sla/clocks/clocks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alignment_pipeline.agreement.sla_policies import OF_ONE_PERSON, Policy
from alignment_pipeline.sla.arrays import Flags, Ints
from alignment_pipeline.sla.clocks import clocks
from alignment_pipeline.sla.timelines.subjects import Standing, Subjects

HOLDS, IS_EXISTING, IS_NOT_EXISTING, IS_INTERNAL, IS_ANOTHER = range(5)


@dataclass(frozen=True)
class Excluded:
    """Triggers that start no clock: subject, moment, event, and why (IS_EXISTING or IS_INTERNAL)."""

    subject: Ints
    moment: Ints
    event: Ints
    why: Ints


@dataclass(frozen=True)
class Promise:
    """One policy, and what it needs to know about its subjects; `is_meant` flags those that meet its conditions on fields."""

    policy: Policy
    subjects: Subjects
    standing: Standing
    is_meant: Flags

    def holds(self, subject: Ints, moment: Ints) -> Flags:
        """Whether the promise holds for each subject at the moment."""
        return self._refusal(subject, moment) == HOLDS

    def excluded(self) -> Excluded:
        """Triggers that are left out and that managers want to see: people of existing accounts, and our own."""
        subject, moment, event = clocks.triggers(self.policy, self.subjects.events, self.subjects.lines)
        refusal = self._refusal(subject, moment)
        rows = np.flatnonzero((refusal == IS_EXISTING) | (refusal == IS_INTERNAL))
        return Excluded(subject[rows], moment[rows], event[rows], refusal[rows])

    def _refusal(self, subject: Ints, moment: Ints) -> Ints:
        """HOLDS, or the reason why the promise does not hold."""
        other = np.where((self._has_source() & self.is_meant)[subject], HOLDS, IS_ANOTHER)
        return np.where(other == HOLDS, self._standing_refusal(subject, moment), other)

    def _has_source(self) -> Flags:
        """Flag per subject: its lead source is one that the policy is about."""
        if not self.policy.lead_sources:
            return np.ones(len(self.subjects.ids), dtype=np.bool_)
        wanted = pa.array([name.strip().lower() for name in self.policy.lead_sources], pa.string())
        flags = pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(self.subjects.lead_source)), value_set=wanted)
        return pc.fill_null(flags, False).to_numpy(zero_copy_only=False)

    def _standing_refusal(self, subject: Ints, moment: Ints) -> Ints:
        if self.policy.subject not in OF_ONE_PERSON:
            return np.full(len(subject), HOLDS, dtype=np.int64)
        existing = self.standing.is_existing(self.subjects.account_of[subject], moment)
        out = np.full(len(subject), HOLDS, dtype=np.int64)
        if self.policy.applies_to == "new":
            out = np.where(existing, IS_EXISTING, out)
        if self.policy.applies_to == "existing":
            out = np.where(existing, out, IS_NOT_EXISTING)
        return np.where(self.subjects.is_internal[subject], IS_INTERNAL, out)
