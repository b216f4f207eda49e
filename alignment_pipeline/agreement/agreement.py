"""The agreement both teams signed: one frozen object that every rule takes its numbers from (R1).

Belongs here: how the sections fit together. What each section means: its own module. Reading the file: `loader.py`.
"""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field, model_validator

from alignment_pipeline.agreement import conditions
from alignment_pipeline.agreement.currencies import Currencies
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.fiscal import Fiscal
from alignment_pipeline.agreement.lifecycle import Lifecycle
from alignment_pipeline.agreement.matching import Matching
from alignment_pipeline.agreement.meeting import Meeting
from alignment_pipeline.agreement.parties import Parties, People, Scope
from alignment_pipeline.agreement.pipeline import Pipeline
from alignment_pipeline.agreement.retention import Retention
from alignment_pipeline.agreement.scoring import Scoring
from alignment_pipeline.agreement.section import Misplaced, Section
from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.agreement.touches import Touches
from alignment_pipeline.agreement.write_back import WriteBack


class Agreement(Section):
    """Every definition both teams agreed. `version` is the hash of the content and stands on every decision row."""

    name: str = Field(min_length=1, description="Name of the agreement, as shown in the report")
    effective_on: date = Field(description="Day from which it holds")
    parties: Parties
    people: People = People()
    touches: Touches = Touches()
    scope: Scope = Scope()
    matching: Matching = Matching()
    scoring: Scoring
    lifecycle: Lifecycle
    sla: Sla
    fiscal: Fiscal = Fiscal()
    currencies: Currencies = Currencies()
    pipeline: Pipeline = Pipeline()
    meeting: Meeting = Meeting()
    crm: Crm
    write_back: WriteBack = WriteBack()
    retention: Retention = Retention()
    version: str = Field(default="", description="Set by the loader; not part of the file")

    @model_validator(mode="after")
    def _picklists_hold_every_stage(self) -> Self:
        wanted = {"person.stage": self.lifecycle.people.names, "account.stage": self.lifecycle.accounts.names}
        for place, mapping in enumerate(self.crm.fields):
            missing = [name for name in wanted.get(mapping.value, ()) if mapping.type == "picklist" and name not in mapping.values]
            if missing:
                lacks = f"lacks the stages {', '.join(missing)} that lifecycle names"
                raise Misplaced(f"the picklist {mapping.object}.{mapping.field} {lacks}", "crm", "fields", place, "values")
        return self

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        self.lifecycle.check_names(self.scoring)
        for place, policy in enumerate(self.sla.policies):
            for key, wanted in (("where", policy.where), ("where_not", policy.where_not)):
                name = conditions.unread(wanted, self.crm)
                if name:
                    said = f"policy {policy.name}: {name} is not read; map it, or list it in crm.also_read"
                    raise Misplaced(said, "sla", "policies", place, key, name)
        return self
