"""The assets that each system is read into: one step per system, by one session, so that the calls are planned together.

Belongs here: making assets from the registry of connectors. A system that is not configured leaves its tables as they are and says so.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial

import dagster as dg

from alignment_pipeline.connectors import registry
from alignment_pipeline.connectors.connector import Connector
from alignment_pipeline.connectors.loaded.extraction import LoadedExtraction
from alignment_pipeline.connectors.loaded.settings import LoadedTables, loaded_tables
from alignment_pipeline.connectors.registry import CONNECTORS
from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.defs.line import Line
from alignment_pipeline.defs.line_resource import LineResource
from alignment_pipeline.defs.reading import read_into_raw
from alignment_pipeline.defs.retrying import RETRY, recoverable
from alignment_pipeline.defs.specs import contract_check_spec, table_spec
from alignment_pipeline.installation import stream_states
from alignment_pipeline.installation.home import CONNECTORS as CONNECTORS_SETTING
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.operations.reading_ahead import Opened, ReadingAhead


@dg.definitions
def sources() -> dg.Definitions:
    """One reading step for each connector."""
    return dg.Definitions(assets=[_asset(connector) for connector in CONNECTORS.values()])


def _asset(connector: Connector) -> dg.AssetsDefinition:
    system = connector.system
    # the CRM's tables may be filled by another system's step, which then comes first
    others = [one for one in CONNECTORS.values() if connector.is_required and one.fills]
    before = [stream.table for one in others for stream in one.system.streams]

    @dg.multi_asset(
        name=system.name,
        specs=[table_spec(stream.table, deps=before, kinds=frozenset({system.name})) for stream in system.streams],
        check_specs=[contract_check_spec(CONTRACTS[stream.table]) for stream in system.streams],
        pool=f"{system.name}_read",
        retry_policy=RETRY,
        # a run decides as of the moment of its first rule: what is read after that would be news of the next run
        op_tags={"dagster/priority": "1"},
        description=connector.description,
    )
    def records(context: dg.AssetExecutionContext, line: LineResource) -> Iterator[dg.MaterializeResult]:
        run = line.open(context)
        note = _left_out(connector, run.home)
        if note:
            for stream in system.streams:
                yield run.materialized(run.warehouse.append(stream.table, []), note=note)
            return
        with recoverable(), run.home.journal() as journal:
            tables = loaded_tables(run.home.environ, system.name)
            if tables is not None:
                yield from _read_loaded(run, connector, tables, journal)
                return
            _read_others_meanwhile(context, run, connector)
            ahead = run.ahead.pop(system.name, None)
            if ahead is not None:
                with closing(ahead):
                    yield from read_into_raw(run, system.name, journal, ahead.readings(), ahead.calls)
                return
            with _opened(run, connector, run.home.clock.wait) as (session, readings):
                yield from read_into_raw(run, system.name, journal, readings, lambda: session.counter.total)

    return records


@contextmanager
def _opened(run: Line, connector: Connector, wait: Callable[[float], None]) -> Iterator[Opened]:
    """A session of the system and its readings, which keep their states in a journal of their own."""
    with run.home.journal() as states:
        session = connector.open(run.home.environ, replace(run.home.clock, wait=wait))
        name = connector.system.name
        yield (
            session,
            connector.read(
                session, stream_states.load(states, name), lambda state: stream_states.save(states, name, state), run.agreement.crm
            ),
        )


def _read_others_meanwhile(context: dg.AssetExecutionContext, run: Line, connector: Connector) -> None:
    """Begin the systems that this run reads later: most of each one's time is waiting for the vendor."""
    if run.has_begun_to_read:
        return
    run.has_begun_to_read = True
    steps = set(context.run.step_keys_to_execute or [node.name for node in context.job_def.nodes])
    for other in CONNECTORS.values():
        name = other.system.name
        if other is not connector and name in steps and not _left_out(other, run.home) and not loaded_tables(run.home.environ, name):
            run.ahead[name] = ReadingAhead(partial(_opened, run, other), run.warehouse.root)


def _read_loaded(run: Line, connector: Connector, tables: LoadedTables, journal: Journal) -> Iterator[dg.MaterializeResult]:
    """The same raw tables from what another tool has loaded; its states are beside those of the connector."""
    system = connector.system
    mapping = tables.mapping()
    name = f"{system.name}_from_{mapping.tool}"
    is_first = not stream_states.load(journal, system.name)
    custom = {one.object: connector.custom_fields(run.agreement.crm, one.object) for one in system.streams}
    source = LoadedExtraction(tables.open(), mapping, stream_states.load(journal, name), run.home.clock, is_first, custom)
    yield from read_into_raw(run, name, journal, source.readings(system.streams), lambda: 0, shown_as=system.name)


def _left_out(connector: Connector, home: Home) -> str | None:
    """Why nothing is read from a system; None when it is read."""
    if not home.reads(connector.system.name):
        return f"{CONNECTORS_SETTING} does not name {connector.system.name}"
    if loaded_tables(home.environ, connector.system.name) is not None:
        return None
    if not connector.is_configured(home.environ) and registry.crm_of(home.environ) is not connector:
        return f"no {connector.system.title} is configured: {connector.configured_by[0]} is not set"
    return None
