"""Telling people what is due: the messages of escalation rungs, by e-mail, Slack or Teams, or as files.

Belongs here: bringing the published rungs and the sinks together. How a message is sent once, and what happens when a sink is
down: `connectors/notify/`.
"""

from __future__ import annotations

from alignment_pipeline.connectors.notify import messages, notifier, sinks
from alignment_pipeline.connectors.notify.store import FileStore
from alignment_pipeline.installation.home import Home
from alignment_pipeline.warehouse.warehouse import Warehouse

FOLDER, OUTBOX = "notifications", "outbox.jsonl"


def notify(home: Home, warehouse: Warehouse, *, is_dry_run: bool = False) -> notifier.Delivery:
    """Send what is due and was not sent. Without ALIGNMENT_NOTIFY_URLS, messages become files in the home's folder.

    A sink that is down delays its messages; one that was being sent when a process died is shown as unknown, never sent again.
    """
    settings = home.agreement.sla.escalation.notifications
    if is_dry_run:
        settings = settings.model_copy(update={"is_dry_run": True})
    rows = warehouse.read("sla_escalations")
    due = rows.filter(rows.state == "due").to_pyarrow().to_pylist()
    users = warehouse.read("users").to_pyarrow().to_pylist()
    host = home.environ.get("SALESFORCE_DOMAIN", "").strip()
    wanted = messages.from_escalations(due, users, crm_host=host if host.endswith(".salesforce.com") else None)
    folder = home.folder(FOLDER)
    configured = sinks.sinks_of(home.environ.get(sinks.ENVIRONMENT_VARIABLE, ""), folder)
    with FileStore(home.path / OUTBOX) as store:
        return notifier.deliver(wanted, configured, store, settings=settings, now=home.clock.now())
