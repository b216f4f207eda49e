"""`alignment audit RECORD`: everything the journal knows of one record.

Belongs here: the command. The history itself: `write_back/records/audit.py`.
"""

from __future__ import annotations

import json

import click
from ibis import _
from rich.console import Console

from alignment_pipeline.cli import plan_screen
from alignment_pipeline.cli.context import Context, json_option, screen_width
from alignment_pipeline.connectors.salesforce.identifiers import id18, is_id
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.fields.shape import Scalar
from alignment_pipeline.write_back.records import audit as history


@click.command(epilog="Example: alignment audit 00Q000000000001AAA")
@click.argument("record")
@json_option
def audit(record: str, is_json: bool) -> None:
    """Show what was planned, sent, verified, held and corrected on one record.

    RECORD is a record's id, or a task's key."""
    context = Context(is_json=is_json)
    audited = history.audit(context.journal(), record, wanted=_wanted(context, record), rules=FieldRules(context.home.agreement, {}))
    if not any(audited.values()):
        raise ConfigurationError(f"the journal has no entry for {record!r}")

    def human(console: Console) -> None:
        labels = {mapping.field: mapping.label for mapping in context.home.agreement.crm.fields}
        console.print("Operations")
        for one in audited["operations"]:
            for line in plan_screen.operation(one, labels, width=screen_width()):
                console.print(line)
        for name in ("base", "holds", "drift", "damage"):
            for row in audited[name]:
                console.print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in row.items() if value is not None))

    context.result(dict(audited), human)


def _wanted(context: Context, record: str) -> dict[str, Scalar]:
    """What the last run decided that the record should say, by field; nothing for a task's key."""
    if not is_id(record):
        return {}
    rows = context.warehouse().read("field_updates").filter(_.record_id == id18(record)).select("field", "value").to_pyarrow().to_pylist()
    return {row["field"]: json.loads(row["value"]) for row in rows}
