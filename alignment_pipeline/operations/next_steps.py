"""The next three things to do: what must be fixed first, then the next step on the way to a first write, then what should be fixed.

Belongs here: the order. What is wrong and how to fix it: `doctor.py` and the connectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from alignment_pipeline.agreement import loader
from alignment_pipeline.connectors.findings import Finding
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.tables import PLAN

MOST = 3


def next_steps(home: Home, findings: Sequence[Finding]) -> list[str]:
    """At most three steps, the most urgent first, each of them once."""
    failures = [_step(one) for one in findings if one.status == "fail"]
    warnings = [_step(one) for one in findings if one.status == "warn" and one.fix]
    progress = list(_progress(home)) if not failures else []
    return list(dict.fromkeys([*failures, *progress, *warnings]))[:MOST]


def _step(finding: Finding) -> str:
    """The fix, or the text where that says what to do."""
    return f"{finding.subject}: {finding.fix or finding.text}"


def _progress(home: Home) -> Iterator[str]:
    """The next step on the way from an empty home to a first write."""
    if home.agreement_path == loader.default_path():
        yield "agreement: write your own with `alignment init --out agreement.yaml`, and set ALIGNMENT_AGREEMENT"
    if not home.warehouse().read("people").limit(1).to_pyarrow().num_rows:
        yield "first run: `alignment run` reads the sources and makes a plan; it writes nothing to the CRM"
        return
    with home.journal() as journal, journal.read() as connection:
        plan = connection.execute(select(PLAN.c.plan_hash, PLAN.c.state).order_by(PLAN.c.created_at.desc()).limit(1)).first()
    if plan is None or plan.state == "EXPIRED":
        yield "plan: `alignment run` makes one"
    elif plan.state in ("DRAFT", "NEEDS_APPROVAL", "APPROVED", "APPLYING"):
        short = plan.plan_hash[:12]
        yield f"plan {short} waits: look at it with `alignment plan show {short}`, then write it with `alignment apply {short}`"
    elif plan.state == "BLOCKED":
        yield f"plan {plan.plan_hash[:12]} is blocked: `alignment plan show` says why"
