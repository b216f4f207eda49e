"""The job that copies the journal every night; a copy that fails is a failed run, and failed runs are reported (`alerts.py`)."""

import dagster as dg

from alignment_pipeline.defs.retrying import recoverable
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import backup

JOB = "journal_backup"


@dg.op(
    name="copy_journal",
    out=dg.Out(dg.Nothing),
    description="Copies the write-back's journal to ALIGNMENT_BACKUP_FOLDER and checks the copy. PostgreSQL is left to its own tools.",
)
def copy_journal(context: dg.OpExecutionContext) -> None:
    home = Home.from_env()
    with recoverable(), home.journal() as journal:
        if journal.path is None:
            context.log.info("the journal is in PostgreSQL; back it up with its own tools")
            return
        path = backup.back_up(journal, backup.folder_of(home.path, home.environ))
    context.log.info(f"{path.name}: {path.stat().st_size:,} bytes")


@dg.job(
    name=JOB,
    description="A checked copy of the journal, which alone cannot be rebuilt from the sources.",
    tags={"dagster/max_runtime": 3600},
)
def journal_backup() -> None:
    """The copy."""
    copy_journal()


journal_backup_schedule = dg.ScheduleDefinition(
    name="journal_backup_at_four",
    job=journal_backup,
    cron_schedule="0 4 * * *",
    execution_timezone="UTC",
    description="Before the full run.",
)
