"""The component that `dg` offers: this pipeline as one folder of a Dagster project.

Belongs here: what a project may choose, checked when it is loaded. What comes of it: `placed.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import dagster as dg
from pydantic import Field

from alignment_pipeline.components.placed import definitions_at
from alignment_pipeline.components.scaffolder import AlignmentScaffolder
from alignment_pipeline.connectors.loaded.mapping import load
from alignment_pipeline.connectors.registry import CONNECTORS
from alignment_pipeline.contracts.systems.registry import STREAMS, SYSTEMS
from alignment_pipeline.defs.placement import Placement
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import CONNECTORS as CONNECTORS_SETTING

_TABLES = frozenset(stream.table for stream in STREAMS)


class LoadedBy(dg.Model, dg.Resolvable):
    """The tool that loads a system's tables, and where they lie."""

    tool: Annotated[str, Field(description="fivetran, airbyte, dlt, or the path of a mapping of your own.")]
    url: Annotated[
        str | None,
        Field(
            description="A folder of Parquet files, a DuckDB file or a database URL; with a password, set SALESFORCE_TABLES_URL instead."
        ),
    ] = None
    schema_name: Annotated[str | None, Field(description="The schema in a database.")] = None
    keys: Annotated[str | None, Field(description="How the tool's assets are named, for lineage: `fivetran/salesforce/{table}`.")] = None


@dg.scaffold_with(AlignmentScaffolder)
class AlignmentComponent(dg.Component, dg.Model, dg.Resolvable):
    """Sales and marketing alignment: CRM and marketing automation, matched, scored, staged and clocked, with a write-back that a person
    approves on the command line.

    Secrets (credentials of the systems, the journal's URL) stay in the environment of the processes; no attribute takes one.
    """

    agreement: Annotated[str | None, Field(description="Path of the agreement, beside this file; the packaged one without it.")] = None
    home: Annotated[
        str | None, Field(description="Folder of tables, journal, plans and reports (ALIGNMENT_HOME), relative to the project.")
    ] = None
    engine: Annotated[str | None, Field(description="Where the rules run (ALIGNMENT_ENGINE); DuckDB without it.")] = None
    key_prefix: Annotated[list[str] | str, Field(description="Stands before every asset key: `alignment`, or several parts as a list.")] = [
        "alignment"
    ]
    group: Annotated[str | None, Field(description="One group for all assets; the groups of the line (raw, staging) without it.")] = None
    job_prefix: Annotated[str, Field(description="Stands before names of jobs, schedules and sensors.")] = "alignment_"
    schedules: Annotated[
        dict[str, str | None],
        Field(description="Cron expressions by job (daily, incremental, tidy, ...), in UTC; null leaves a schedule out."),
    ] = {}
    automation: Annotated[
        bool, Field(description="Tables follow what they read (automation conditions that wait for blocking checks), beside the schedules.")
    ] = False
    connectors: Annotated[
        list[str] | None, Field(description=f"Systems that are read ({', '.join(SYSTEMS)}); the others' tables stay as they are.")
    ] = None
    extraction: Annotated[
        dict[str, LoadedBy],
        Field(description="Systems whose raw tables another tool loads: Fivetran, Airbyte, dlt, or models of your own."),
    ] = {}
    upstream: Annotated[
        dict[str, list[str]],
        Field(description="Assets of your project that fill a raw table: `raw_salesforce_leads: [fivetran/salesforce/lead]`."),
    ] = {}

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Assets, checks, jobs, schedules and sensors. Raises ConfigurationError that names the attribute that is wrong."""
        self._check()
        prefix = [self.key_prefix] if isinstance(self.key_prefix, str) else self.key_prefix
        return definitions_at(
            Placement(
                settings=self._settings(context.path, context.project_root),
                key_prefix=tuple(part for one in prefix for part in one.split("/") if part),
                group=self.group,
                job_prefix=self.job_prefix,
                crons=self.schedules,
                upstream=self._upstream(),
                is_automated=self.automation,
            )
        )

    def _upstream(self) -> Mapping[str, Sequence[dg.AssetKey]]:
        """Assets of the project by raw table: those that are named, and those that the extraction's tool makes."""
        keys = {table: list(named) for table, named in self.upstream.items()}
        for system, one in self.extraction.items():
            for stream, mapped in load(one.tool, system).streams.items() if one.keys else ():
                if not mapped.table.endswith("*"):
                    table = next(known.table for known in SYSTEMS[system].streams if known.object == stream)
                    keys.setdefault(table, []).append(str(one.keys).format(table=mapped.table))
        return {table: [dg.AssetKey.from_user_string(key) for key in names] for table, names in keys.items()}

    def _settings(self, folder: Path, project: Path) -> Mapping[str, str]:
        named = {
            "ALIGNMENT_AGREEMENT": str((folder / self.agreement).resolve()) if self.agreement else None,
            "ALIGNMENT_HOME": str((project / self.home).resolve()) if self.home else None,
            "ALIGNMENT_ENGINE": self.engine,
            CONNECTORS_SETTING: ",".join(self.connectors) if self.connectors is not None else None,
        }
        for system, one in self.extraction.items():
            named |= {
                f"{system.upper()}_TABLES_FROM": one.tool,
                f"{system.upper()}_TABLES_URL": one.url,
                f"{system.upper()}_TABLES_SCHEMA": one.schema_name,
            }
        return {name: value for name, value in named.items() if value is not None}

    def _check(self) -> None:
        _known("connectors", self.connectors or (), CONNECTORS)
        _known("schedules", self.schedules, SCHEDULED)
        _known("upstream", self.upstream, _TABLES)
        _known("extraction", self.extraction, CONNECTORS)
        for system, one in self.extraction.items():
            load(one.tool, system)
            if one.url and "@" in one.url:
                # Dagster shows attributes
                raise ConfigurationError(f"attributes.extraction.{system}.url holds a password: set {system.upper()}_TABLES_URL instead")


#: Short names of the jobs that have a schedule.
SCHEDULED = ("daily", "incremental", "tidy", "journal_backup", "daily_snapshots", "daily_replays", "weekly_meeting", "quarterly_review")


def _known(attribute: str, names: Sequence[str] | Mapping[str, object], known: object) -> None:
    for name in names:
        if name not in known:  # type: ignore[operator]
            raise ConfigurationError(f"attributes.{attribute}: {name!r} is none of {', '.join(sorted(known))}")  # type: ignore[call-overload]
