"""Failed runs are reported: by the channels of ALIGNMENT_NOTIFY_URLS, else as files in the home's `notifications` folder.

Belongs here: what a failure says, and its way out. It is queued in the journal first, so a channel that is down delays it; nothing waits
for one. A crash between sending and noting it may tell a failure twice, never not at all.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import dagster as dg

from alignment_pipeline.connectors import redaction
from alignment_pipeline.connectors.notify import messages, sinks
from alignment_pipeline.defs.jobs import Job
from alignment_pipeline.defs.placement import HERE, Placement
from alignment_pipeline.errors import AlignmentError, ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import outbox_and_streams
from alignment_pipeline.journal.journal import Journal

TOPIC = "run_failure"
_MOST_STEPS, _MOST_TEXT = 10, 500


@dg.definitions
def alerts() -> dg.Definitions:
    """The sensors of this package's own code location, for all of its jobs."""
    return alerts_at(HERE)


def alerts_at(place: Placement, *, jobs: Sequence[Job] | None = None) -> dg.Definitions:
    """The sensors, turned on. `jobs` are those whose failures are reported; without them, all of the code location's."""

    @dg.run_failure_sensor(
        name=place.name("failed_runs"),
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        monitored_jobs=list(jobs) if jobs is not None else None,
        description="Tells when a run failed: which job, which steps, why. Texts are redacted.",
    )
    def failed_runs(context: dg.RunFailureSensorContext) -> None:
        home = place.home()
        run = context.dagster_run
        steps = [(event.step_key or "", _reason(event)) for event in context.get_step_failure_events()]
        with home.journal() as journal:
            tell(home, journal, run_id=run.run_id, job=run.job_name, steps=steps or [("", context.failure_event.message or "")])

    @dg.sensor(
        name=place.name("undelivered_alerts"),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tries again to deliver what a channel did not take.",
    )
    def undelivered_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        home = place.home()
        with home.journal() as journal:
            sent = deliver(home, journal)
        return dg.SkipReason(f"{sent} delivered" if sent else "nothing waits")

    return dg.Definitions(sensors=[failed_runs, undelivered_alerts])


def tell(home: Home, journal: Journal, *, run_id: str, job: str, steps: list[tuple[str, str]]) -> int:
    """Queue the failure of a run once, and deliver what is due. Returns how many messages went out."""
    lines = [f"{step or job}: {_clean(text)}" for step, text in steps[:_MOST_STEPS]]
    if len(steps) > _MOST_STEPS:
        lines.append(f"and {len(steps) - _MOST_STEPS} further steps")
    content = {"subject": f"Run failed: {job}", "body": "\n".join([*lines, f"Dagster run {run_id}"])}
    outbox_and_streams.enqueue(journal, TOPIC, content, key=run_id)
    return deliver(home, journal)


def deliver(home: Home, journal: Journal) -> int:
    """Send the queued failures that are due; what a channel refuses is tried again later, at growing distance."""
    due = [message for message in outbox_and_streams.due_messages(journal) if message.topic == TOPIC]
    ways = _ways(home)
    sent = 0
    for message in due:
        try:
            for way in ways:
                way.send(f"run-{message.message_id}", message.content["subject"], message.content["body"], ())
        except AlignmentError as error:
            outbox_and_streams.mark_failed(journal, message, redaction.PROCESS(str(error)))
            continue
        outbox_and_streams.mark_sent(journal, message.message_id)
        sent += 1
    return sent


def _ways(home: Home) -> list[sinks.Sink]:
    """Channels for everybody; a channel per person has nobody to tell here. A wrong setting must not hide a failure: then files."""
    folder = home.folder("notifications")
    try:
        ways = sinks.sinks_of(home.environ.get(sinks.ENVIRONMENT_VARIABLE, ""), folder)
    except ConfigurationError:
        ways = []
    return [one for one in ways if not one.is_personal] or [sinks.FileSink(folder)]


def _reason(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None and data.user_failure_data.description:
        return str(data.user_failure_data.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message if error is not None else event.message or "failed"


def _clean(text: str) -> str:
    """One harmless line without secrets, and without this machine's paths."""
    line = messages.safe_line(redaction.PROCESS(text))
    return line.replace(os.path.expanduser("~"), "~")[:_MOST_TEXT]  # noqa: PTH111 (text, not a path)
