"""`alignment explain ID_EMAIL_OR_NAME`: why a person or an account is where it is, on one screen.

Belongs here: the command. What is gathered: `operations/explain.py`; how it is laid out: `explain_screen.py`.
"""

from __future__ import annotations

import click

from alignment_pipeline.cli import explain_screen
from alignment_pipeline.cli.context import Context, json_option, screen_width
from alignment_pipeline.operations import explain as operation
from alignment_pipeline.operations import explain_activities


@click.command(epilog='Example: alignment explain jane.doe@example.com. Example: alignment explain "Acme Inc"')
@click.argument("id_email_or_name")
@click.option("--all", "is_whole", is_flag=True, help="Print every factor, person, stage and clock instead of one screen.")
@click.option("--activities", "is_by_activity", is_flag=True, help="Add every activity with its points, or why it does not count.")
@json_option
def explain(id_email_or_name: str, is_whole: bool, is_by_activity: bool, is_json: bool) -> None:
    """Why a person or an account is where it is, since when, and what comes next.

    ID_EMAIL_OR_NAME is a Salesforce id (15 or 18 characters), a Marketo id, an e-mail address, or the name of a person or an account.
    The answer is as of the last run.
    """
    context = Context(is_json=is_json)
    warehouse = context.warehouse()
    explained = operation.explain(warehouse, id_email_or_name)
    if is_by_activity:
        explained["activities"] = explain_activities.of(warehouse, explained, agreement=context.home.agreement)

    titles = {policy.name: policy.title for policy in context.home.agreement.sla.policies}

    def show() -> str:
        width = screen_width()
        activities = explain_screen.activities(explained["activities"], width=width) if is_by_activity else []
        return "\n".join([*explain_screen.lines(explained, width=width, is_whole=is_whole, titles=titles), *activities])

    context.result(explained, lambda console: console.print(show()))
