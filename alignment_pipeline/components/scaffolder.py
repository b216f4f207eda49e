"""What `dg scaffold defs alignment_pipeline.AlignmentComponent FOLDER` writes: a component that loads, and an agreement to edit."""

from __future__ import annotations

from typing import Annotated

import dagster as dg
from dagster.components import scaffold_component
from pydantic import BaseModel, Field

from alignment_pipeline.agreement import loader

_AGREEMENT = "agreement.yaml"


class Parameters(BaseModel):
    """What `dg scaffold defs` asks for; all of it may be left out."""

    home: Annotated[str, Field(description="Folder of tables, journal, plans and reports.")] = ".alignment"
    key_prefix: Annotated[str, Field(description="Stands before every asset key.")] = "alignment"


class AlignmentScaffolder(dg.Scaffolder[Parameters]):
    """Writes the component in YAML and a copy of the packaged agreement beside it."""

    @classmethod
    def get_scaffold_params(cls) -> type[Parameters]:
        """The parameters."""
        return Parameters

    def scaffold(self, request: dg.ScaffoldRequest[Parameters]) -> None:
        """Write both files; an agreement that is there already stays as it is."""
        target = request.target_path / _AGREEMENT
        if not target.exists():
            target.write_text(loader.default_path().read_text(encoding="utf-8"), encoding="utf-8")
        scaffold_component(
            request,
            {"agreement": _AGREEMENT, "home": request.params.home, "key_prefix": request.params.key_prefix, "schedules": {}},
        )
