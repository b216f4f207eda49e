"""Stages of people and accounts, MQA, and who takes over when.

Belongs here: how the parts fit together. Parts: `stages.py`, `mqa.py`, `handover.py`. The rules: `lifecycle/`.
"""

from __future__ import annotations

from pydantic import Field

from alignment_pipeline.agreement.handover import Handover
from alignment_pipeline.agreement.mqa import Mqa
from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Section
from alignment_pipeline.agreement.stages import AccountStages, PersonStages


class Lifecycle(Section):
    """Where people and accounts stand, and what moves them."""

    people: PersonStages
    accounts: AccountStages
    mqa: Mqa
    handover: Handover = Handover()
    disqualified_account_types: list[Pattern] = Field(default=[], description="Account types that take an account out of the journey")
