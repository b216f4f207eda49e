"""The command `alignment`: what an error prints and which exit code it returns.

Belongs here: dispatch, exit codes, redaction. Which commands there are: `commands.py`; their help: `help.py`.
"""

from __future__ import annotations

import json
import os
import sys

import click

from alignment_pipeline.cli.help import GroupedCommands
from alignment_pipeline.connectors import redaction
from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.installation import garbage_collection


@click.group(
    cls=GroupedCommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Example: alignment demo. `alignment COMMAND --help` explains a command.",
)
@click.version_option(package_name="alignment-pipeline", message="%(version)s")
def cli() -> None:
    """Match leads to accounts, score people and accounts, measure SLAs, and write the results to your CRM safely."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    os.umask(0o077)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    redaction.install()
    garbage_collection.collect_less_often()
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = cli.main(args=given, prog_name="alignment", standalone_mode=False)
    except AlignmentError as error:
        _tell(redaction.PROCESS(str(error)), type(error).__name__, is_json="--json" in given)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _tell(redaction.PROCESS(f"{_sentence(error.format_message())}{_usage(error)}"), "Usage", is_json="--json" in given)
        sys.exit(error.exit_code)
    except OSError as error:
        # a home or file that cannot be used: not a defect of ours that a traceback would help with
        where = f"{error.filename}: " if error.filename else ""
        _tell(redaction.PROCESS(f"{where}{error.strerror or error}"), type(error).__name__, is_json="--json" in given)
        sys.exit(AlignmentError.exit_code)
    except click.Abort:
        _tell("stopped", "Stopped", is_json="--json" in given)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _sentence(text: str) -> str:
    """Click's message as ours begin: in lower case and without a full stop."""
    words = text.rstrip(".")
    return words[:1].lower() + words[1:]


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None or error.message.endswith("?") or "--help" in error.message:
        return ""
    return f"; `{context.command_path} --help` explains it"


def _tell(message: str, kind: str, *, is_json: bool) -> None:
    if is_json:
        click.echo(json.dumps({"error": message, "kind": kind}, ensure_ascii=False))
    click.echo(f"alignment: {message}", err=True)


if __name__ == "__main__":
    main()
