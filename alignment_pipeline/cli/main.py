"""The command `alignment`: which subcommands there are, and what an error prints and returns.

Belongs here: dispatch, exit codes, redaction. Each subcommand is a module beside this one, loaded when it is called, so that
`alignment apply` never imports Dagster.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Mapping

import click

from alignment_pipeline.connectors import redaction
from alignment_pipeline.errors import AlignmentError

COMMANDS: Mapping[str, str] = {
    "demo": "alignment_pipeline.cli.demo:demo",
    "dev": "alignment_pipeline.cli.dev:dev",
    "init": "alignment_pipeline.cli.init:init",
    "doctor": "alignment_pipeline.cli.doctor:doctor",
    "run": "alignment_pipeline.cli.run:run",
    "plan": "alignment_pipeline.cli.plan:plan",
    "apply": "alignment_pipeline.cli.apply:apply",
    "approve": "alignment_pipeline.cli.approve:approve",
    "rollback": "alignment_pipeline.cli.rollback:rollback",
    "notify": "alignment_pipeline.cli.notify:notify",
    "holds": "alignment_pipeline.cli.holds:holds",
    "dead-letters": "alignment_pipeline.cli.dead_letters:dead_letters",
    "audit": "alignment_pipeline.cli.audit:audit",
    "backup": "alignment_pipeline.cli.backup:backup",
    "erase": "alignment_pipeline.cli.erase:erase",
    "match": "alignment_pipeline.cli.match:match",
    "review": "alignment_pipeline.cli.review:review",
    "explain": "alignment_pipeline.cli.explain:explain",
    "impact": "alignment_pipeline.cli.impact:impact",
    "backtest": "alignment_pipeline.cli.backtest:backtest",
    "history": "alignment_pipeline.cli.history:history",
    "report": "alignment_pipeline.cli.report:report",
    "sandbox": "alignment_pipeline.cli.sandbox:sandbox",
}


class LazyCommands(click.Group):
    """Loads a subcommand's module when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of a first week's use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, or None when there is none of that name."""
        where = COMMANDS.get(cmd_name)
        if where is None:
            return None
        module, _, name = where.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Example: alignment demo. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 a plan waits for approval or is "
    "blocked, 75 another writer is running.",
)
@click.version_option(package_name="alignment-pipeline", message="%(version)s")
def cli() -> None:
    """Sales and marketing alignment: match leads to accounts, score, judge, clock, and write it back safely."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    os.umask(0o077)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    redaction.install()
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = cli.main(args=given, prog_name="alignment", standalone_mode=False)
    except AlignmentError as error:
        _tell(redaction.PROCESS(str(error)), type(error).__name__, is_json="--json" in given)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OSError as error:
        # a home or file that cannot be used: not a defect of ours that a traceback would help with
        where = f"{error.filename}: " if error.filename else ""
        _tell(redaction.PROCESS(f"{where}{error.strerror or error}"), type(error).__name__, is_json="--json" in given)
        sys.exit(AlignmentError.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _tell(message: str, kind: str, *, is_json: bool) -> None:
    if is_json:
        click.echo(json.dumps({"error": message, "kind": kind}, ensure_ascii=False))
    click.echo(f"alignment: {message}", err=True)


if __name__ == "__main__":
    main()
