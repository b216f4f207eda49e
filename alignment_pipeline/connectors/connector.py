"""A connector as the wiring uses it: how its system is opened, read, examined and written.

Belongs here: the form of an entry. The entries stand in each system's own `connector.py`, all of them in `registry.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors import crm as crms
from alignment_pipeline.connectors.calls import CallCounter
from alignment_pipeline.connectors.capabilities import Capabilities
from alignment_pipeline.connectors.credentials import setting
from alignment_pipeline.connectors.deletion import OpenDeletion
from alignment_pipeline.connectors.findings import Finding
from alignment_pipeline.connectors.listening import Listen, OpenPeople
from alignment_pipeline.connectors.streams import Reading, StreamState
from alignment_pipeline.contracts.systems.system import RawStream, System


class OpenCrm(Protocol):
    """Opens the system as the write-back's CRM; `mapped` is the agreement's field map."""

    def __call__(self, environ: Mapping[str, str], clock: Clock, mapped: Crm, *, may_write: bool) -> crms.Crm: ...


class Prepare(Protocol):
    """Makes the fields in the system that the agreement names and that are missing; only lists them unless `may_make`."""

    def __call__(self, environ: Mapping[str, str], clock: Clock, mapped: Crm, *, may_make: bool) -> list[str]: ...


@dataclass(frozen=True)
class Draft:
    """How `alignment init` drafts an agreement: from which example, and fitted by what. `fit` returns remarks; `guide` is the page of
    docs/guides that goes on from there."""

    example: str
    fit: Callable[[Any, Mapping[str, str], Clock], list[str]]
    guide: str


Remember = Callable[[StreamState], None]


class Session(Protocol):
    """A session of any system, as far as extraction looks at it."""

    counter: CallCounter


@dataclass(frozen=True)
class Connector:
    """One system as the wiring uses it.

    `configured_by`: environment variables of which one suffices to count as configured; half a configuration counts, so that its error
    is shown instead of an empty result. `variables` are what a person has to set, `without` what is missing without the system. `read`
    gives one reading per stream from a session that `open` made; its states are of the runs before, and it is given a function that
    keeps a state whose vendor jobs must survive a crash. `custom_fields` are those of an object that only the agreement names. `fills` are
    the CRM's streams that it reads, beside its own, where it is the only CRM; `is_required` is the CRM that others stand in for. `open_crm`
    is there where the system can be the CRM that is written to, `prepare` where its fields can be made over its API, `draft` where it has
    an agreement of its own to begin with. `listen` is there where the fast lane can poll the system's log, `open_people` where it can be
    the CRM that the fast lane reads single people from, `open_deletion` where people can be deleted in it for good.
    """

    system: System
    capabilities: Capabilities
    description: str
    variables: tuple[str, ...]
    configured_by: tuple[str, ...]
    open: Callable[[Mapping[str, str], Clock], Session]
    read: Callable[[Any, Mapping[str, StreamState], Remember, Crm], list[Reading]]
    examine: Callable[[Mapping[str, str], Clock, Agreement], Iterator[Finding]]
    custom_fields: Callable[[Crm, str], Sequence[str]] = lambda crm, object_: ()
    known_codes: frozenset[str] = frozenset()
    is_required: bool = False
    fills: tuple[RawStream, ...] = ()
    open_crm: OpenCrm | None = None
    prepare: Prepare | None = None
    draft: Draft | None = None
    listen: Listen | None = None
    open_people: OpenPeople | None = None
    open_deletion: OpenDeletion | None = None
    without: str = ""

    def is_configured(self, environ: Mapping[str, str]) -> bool:
        """Whether the environment names such a system."""
        return any(setting(environ, name) for name in self.configured_by)
