"""What counts as a rep's touch among the tasks and events of the CRM.

Belongs here: how a logged task or event is read. Which touches stop which clock: `sla_policies.py`.
"""

from __future__ import annotations

from pydantic import Field

from alignment_pipeline.agreement.patterns import Pattern
from alignment_pipeline.agreement.section import Section


class Touches(Section):
    """How tasks and events are read as touches. Auto-replies and sequence steps: `scoring.exclusions.automatic_subjects`."""

    call_types: list[Pattern] = Field(default=["call*"], description="Values of TaskSubtype or Type that mean a call")
    email_types: list[Pattern] = Field(default=["email*", "list email*"], description="Values of TaskSubtype or Type that mean an e-mail")
    meeting_types: list[Pattern] = Field(default=["meeting*", "demo*"], description="Values of Type that mean a meeting; events always do")
    linkedin_types: list[Pattern] = Field(default=["linkedin*"], description="Values of TaskSubtype or Type that mean LinkedIn")
    inbound_subjects: list[Pattern] = Field(
        default=["inbound*", "received*", "incoming*"],
        description="Subjects that mean the other side reached out; a CallType of Inbound does too",
    )
