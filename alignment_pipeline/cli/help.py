"""How `alignment` presents its commands: grouped, whole at 80 columns, and with a suggestion for a mistyped name.

Belongs here: the click group. What the commands are: `commands.py`; what an error prints: `main.py`.
"""

from __future__ import annotations

import difflib
import importlib

import click

from alignment_pipeline.cli.commands import COMMANDS, GROUPS

EXIT_CODES = (
    ("0", "done"),
    ("1", "failed"),
    ("2", "wrong usage or configuration"),
    ("3", "a plan waits for approval or is blocked"),
    ("75", "another writer is running"),
)


class GroupedCommands(click.Group):
    """Lists commands by group without importing them, and imports a command's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of a first week's use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None when there is none of that name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.where.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with. A mistyped one is a usage error that names the closest commands."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            alike = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean `alignment {alike[0]}`?" if alike else "`alignment --help` lists all"
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}", ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One section per group. Names and summaries are short enough for 80 columns; a test measures them."""
        widest = max(map(len, COMMANDS))
        for group in GROUPS:
            rows = [(name.ljust(widest), entry.summary) for name, entry in COMMANDS.items() if entry.group == group]
            with formatter.section(group):
                formatter.write_dl(rows, col_max=widest + 2)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The example, and what the exit codes mean."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Exit codes"):
            formatter.write_dl(list(EXIT_CODES))
