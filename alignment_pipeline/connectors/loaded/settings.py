"""Which systems are read from loaded tables, and where these lie.

Belongs here: the environment. `SALESFORCE_TABLES_FROM` names the tool (or a mapping of one's own), `SALESFORCE_TABLES_URL` the place,
`SALESFORCE_TABLES_SCHEMA` the schema in a database; so do `MARKETO_...` and `HUBSPOT_...`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alignment_pipeline.connectors.credentials import secret, setting
from alignment_pipeline.connectors.loaded.mapping import LoadedSystem, load
from alignment_pipeline.connectors.loaded.tables import Tables, open_tables
from alignment_pipeline.errors import ConfigurationError


@dataclass(frozen=True)
class LoadedTables:
    """A system whose raw tables another tool fills."""

    tool: str
    place: str
    schema: str | None
    system: str

    def mapping(self) -> LoadedSystem:
        """What the tool calls them."""
        return load(self.tool, self.system)

    def open(self) -> Tables:
        """The tables."""
        return open_tables(self.place, self.schema)


def loaded_tables(environ: Mapping[str, str], system: str) -> LoadedTables | None:
    """The setting of a system; None when its own connector reads it. Raises ConfigurationError when only one half is set."""
    start = f"{system.upper()}_TABLES_"
    tool, place = setting(environ, f"{start}FROM"), secret(environ, f"{start}URL")
    if not tool and not place:
        return None
    if not tool or not place:
        raise ConfigurationError(f"{start}FROM and {start}URL belong together: the tool that loads, and the place of its tables")
    return LoadedTables(tool, place, setting(environ, f"{start}SCHEMA") or None, system)
