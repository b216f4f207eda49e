"""What `alignment doctor` looks at in Marketo: login, readable fields, and the fields that the agreement writes.

Belongs here: asking and advice. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.agreement.field_map import MARKETO_LEAD
from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.findings import Finding
from alignment_pipeline.connectors.marketo import describe
from alignment_pipeline.connectors.marketo.credentials import Credentials
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline.contracts.systems.marketo import MARKETO


def examine(environ: Mapping[str, str], clock: Clock, agreement: Agreement) -> Iterator[Finding]:
    """Login and readable fields."""
    session = MarketoSession(Credentials.from_env(environ), clock)
    known = describe.describe(session)
    yield Finding("marketo", "ok", f"logged in to {session.credentials.host.name}, {len(known)} person fields")
    chosen = describe.choose(MARKETO.streams[0], known)
    if chosen.missing:
        yield Finding("marketo fields", "warn", f"not there: {', '.join(chosen.missing)}", "nothing, unless the agreement uses them")
    for name in agreement.crm.fields_of(MARKETO_LEAD):
        field = known.get(name)
        if field is not None and not field.is_read_only:
            yield Finding("write Marketo", "ok", f"{name} can be written")
            continue
        problem = "is not there, or hidden" if field is None else "is read-only"
        fix = "make it in Marketo (Admin > Field Management), or take its line out of crm.fields"
        yield Finding("write Marketo", "fail", f"{name} {problem}", fix)
