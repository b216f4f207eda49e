"""The commands of `alignment`: their groups, where each is defined, and its one-line summary.

Belongs here: the list. A command is a module beside this one and is imported when it is called, so that `alignment --help` is quick
and `alignment apply` never imports Dagster. How the list is printed: `help.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Headings of `alignment --help`, in the order of a first week's use.
GROUPS = ("Start", "Run and explain", "Write to the CRM", "Change the agreement", "People and files", "Maintain")


@dataclass(frozen=True)
class Entry:
    """One command: its group, where its click command is (`module:name`), and what it does in at most 60 characters."""

    group: str
    where: str
    summary: str


def _entry(group: str, name: str, summary: str) -> Entry:
    module = name.replace("-", "_")
    return Entry(group, f"alignment_pipeline.cli.{module}:{module}", summary)


COMMANDS: Mapping[str, Entry] = {
    name: _entry(group, name, summary)
    for group, name, summary in (
        ("Start", "demo", "Run the whole product on an embedded Salesforce and Marketo"),
        ("Start", "init", "Draft an agreement from your CRM's metadata"),
        ("Start", "doctor", "Check connections, permissions, fields and state"),
        ("Start", "dev", "Open Dagster's web UI on this home"),
        ("Run and explain", "run", "Read the sources, decide, and plan the changes"),
        ("Run and explain", "explain", "Why a person or an account is where it is"),
        ("Run and explain", "report", "Write the report as one HTML file"),
        ("Run and explain", "number", "What a number means, and the rows behind it"),
        ("Run and explain", "serve", "Serve packs, explanations and match review to browsers"),
        ("Run and explain", "export", "Write every table as files that any tool opens"),
        ("Run and explain", "pack", "Make the page of the weekly meeting"),
        ("Run and explain", "sql", "Ask the published tables a question in SQL"),
        ("Run and explain", "history", "Keep past days, and check that they can be repeated"),
        ("Run and explain", "pipeline", "Pipeline metrics as of any day, and what moved them"),
        ("Run and explain", "plan-goals", "What a target asks for, and goals that would follow"),
        ("Write to the CRM", "plan", "List plans, or show the changes of one"),
        ("Write to the CRM", "apply", "Approve a plan and write it to the CRM"),
        ("Write to the CRM", "approve", "Sign a plan, or what scheduled runs may write"),
        ("Write to the CRM", "rollback", "Undo what a run wrote"),
        ("Write to the CRM", "holds", "List values that are not written, or release them"),
        ("Write to the CRM", "dead-letters", "List writes that the CRM rejected, or plan them again"),
        ("Write to the CRM", "accept-sources", "Take the latest run's row counts as normal"),
        ("Write to the CRM", "audit", "What happened to one record"),
        ("Change the agreement", "agreement", "Show the agreement, or explain one of its keys"),
        ("Change the agreement", "impact", "What would move under a changed agreement"),
        ("Change the agreement", "backtest", "What the MQA or MQL rules would have found in the past"),
        ("People and files", "match", "Match leads to accounts in two CSV files"),
        ("People and files", "aliases", "Take other names of your accounts from open data"),
        ("People and files", "review", "Write the match review queue, or read verdicts back"),
        ("People and files", "notify", "Send escalation messages that are due"),
        ("People and files", "erase", "Erase a person everywhere, permanently"),
        ("Maintain", "tidy", "Delete what is older than the agreement keeps"),
        ("Maintain", "backup", "Back up the journal, and check the copy"),
        ("Maintain", "sandbox", "Serve the embedded Salesforce and Marketo"),
    )
}
