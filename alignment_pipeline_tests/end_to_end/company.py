"""A small company with both embedded systems in a thread, and the command line as a person types it.

Belongs here: the world, one command, and what the CRM holds afterwards. The tests beside it ask the questions.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

from alignment_pipeline.agreement import loader
from alignment_pipeline.cli import main as command_line
from alignment_pipeline.installation.home import Home
from alignment_pipeline.sandbox.faults import Fault, Faults
from alignment_pipeline.sandbox.hubspot.organisation import Names, load
from alignment_pipeline.sandbox.hubspot.store import HubSpotStore
from alignment_pipeline.sandbox.marketo.store import MarketoStore
from alignment_pipeline.sandbox.organisation.organisation import Organisation, generate
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.server import Sandbox
from alignment_pipeline.sandbox.world import World, sandbox_clock

FACTOR = 60.0
_CLEARED = ("SALESFORCE_", "MARKETO_", "HUBSPOT_", "ALIGNMENT_", "DAGSTER_HOME")


@dataclass(frozen=True)
class Said:
    """What a command printed and returned."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Stdout of a command with --json."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Company:
    """The organisation, the world that serves it, and a home folder."""

    organisation: Organisation
    world: World
    sandbox: Sandbox
    path: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """The environment that a person would export."""
        return self.sandbox.environment() | {"ALIGNMENT_HOME": str(self.path / "home")} | self.settings

    @property
    def home(self) -> Home:
        """The home as a command opens it."""
        return Home.from_env(self.environ)

    def alignment(self, *arguments: str, **settings: str) -> Said:
        """Run `alignment ...` in this process, in the company's environment and nothing else's."""
        return alignment(self.environ | settings, *arguments)

    def fault(self, kind: str, **options: Any) -> None:
        """Switch a fault on."""
        own = {name: options.pop(name) for name in ("system", "method", "path", "count", "skip", "every") if name in options}
        self.world.faults.add(Fault(kind, **own, options=options))

    def records(self, *objects: str) -> dict[str, dict[str, Any]]:
        """What the CRM holds now, by record id; stamps of writing are left out."""
        stamps = {"SystemModstamp", "LastModifiedDate", "LastModifiedById"}
        return {
            identifier: {name: value for name, value in record.items() if name not in stamps}
            for name in objects
            for identifier, record in self.world.salesforce.tables[name].items()
        }


def small(seed: int = 7, *, currencies: int = 1) -> Organisation:
    """The smallest organisation in which everything happens."""
    return generate(seed=seed, accounts=200, people=800, activities=6000, currencies=currencies)


@contextmanager
def company(
    organisation: Organisation, path: Path, *, factor: float = FACTOR, package: Path | None = None, **settings: str
) -> Iterator[Company]:
    """Serve the organisation on loopback until the block ends; `package` is the metadata package that its CRM has, ours by default."""
    salesforce, marketo = SalesforceStore(package=package, currencies=organisation.currencies), MarketoStore()
    salesforce.load(organisation.salesforce)
    marketo.load(
        organisation.marketo_leads,
        organisation.marketo_activities,
        organisation.marketo_activity_types,
        organisation.marketo_deleted_leads,
    )
    clock = sandbox_clock(organisation.anchor.astimezone(UTC), factor=factor)
    world = World(clock=clock, faults=Faults(seed=organisation.seed), salesforce=salesforce, marketo=marketo)
    with Sandbox(world) as sandbox:
        yield Company(organisation, world, sandbox, path, dict(settings))


@dataclass
class HubSpotCompany(Company):
    """The organisation in a portal, with no other CRM. `names` leads from the organisation's ids to the portal's."""

    names: Names | None = None

    @property
    def environ(self) -> dict[str, str]:
        """The environment that a person would export: Salesforce is not there."""
        given = super().environ
        own = {name: value for name, value in given.items() if not name.startswith(("SALESFORCE_", "MARKETO_"))}
        return own | {"ALIGNMENT_AGREEMENT": str(loader.example_path("hubspot_only"))} | self.settings


@contextmanager
def hubspot_company(organisation: Organisation, path: Path, *, factor: float = FACTOR, **settings: str) -> Iterator[HubSpotCompany]:
    """Serve the organisation in a portal on loopback until the block ends; our properties are made."""
    store = HubSpotStore()
    names = load(store, organisation)
    clock = sandbox_clock(organisation.anchor.astimezone(UTC), factor=factor)
    world = World(clock=clock, faults=Faults(seed=organisation.seed), salesforce=SalesforceStore(), hubspot=store)
    with Sandbox(world) as sandbox:
        company = HubSpotCompany(organisation, world, sandbox, path, dict(settings), names)
        prepared = company.alignment("init", "--prepare", "--yes", "--json")
        assert prepared.code == 0, prepared.err
        yield company


def alignment(environ: Mapping[str, str], *arguments: str) -> Said:
    """Run `alignment ...` with exactly this environment; other settings of ours are taken away for the time."""
    out, err = io.StringIO(), io.StringIO()
    code: int | str | None = 0
    with environment(environ), warnings.catch_warnings(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        # a command's user sees no warnings of libraries; the tests of the rooms turn them into errors
        warnings.simplefilter("ignore")
        try:
            command_line.main(list(arguments))
        except SystemExit as end:
            code = end.code
    return Said(int(code or 0), out.getvalue(), err.getvalue())


@contextmanager
def environment(environ: Mapping[str, str]) -> Iterator[None]:
    """Run a block with exactly this environment of ours."""
    before, mask = dict(os.environ), os.umask(0)
    os.umask(mask)
    for name in list(os.environ):
        if name.startswith(_CLEARED):
            del os.environ[name]
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        os.umask(mask)
