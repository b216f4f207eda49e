"""All systems that can be connected, in the order in which they are read.

Belongs here: the list. A new system is a module beside this one and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping

from alignment_pipeline.contracts.systems.hubspot import HUBSPOT
from alignment_pipeline.contracts.systems.marketo import MARKETO
from alignment_pipeline.contracts.systems.salesforce import SALESFORCE
from alignment_pipeline.contracts.systems.system import RawStream, System

SYSTEMS: Mapping[str, System] = {system.name: system for system in (SALESFORCE, MARKETO, HUBSPOT)}
MARKETING: tuple[System, ...] = tuple(system for system in SYSTEMS.values() if system.role == "marketing")
STREAMS: tuple[RawStream, ...] = tuple(stream for system in SYSTEMS.values() for stream in system.streams)
ACTIVITY_SYSTEMS: Mapping[str, System] = {name: system for name, system in SYSTEMS.items() if system.records or system.feeds}
"""Systems whose records may be activities."""
