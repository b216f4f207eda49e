"""The job that copies the journal every night; a copy that fails is a failed run, and failed runs are reported (`alerts.py`)."""

import dagster as dg

from alignment_pipeline.defs.jobs import schedule
from alignment_pipeline.defs.nightly import job_of
from alignment_pipeline.defs.placement import HERE, Placement
from alignment_pipeline.defs.retrying import recoverable
from alignment_pipeline.journal import backup

JOB = "journal_backup"


@dg.definitions
def backups() -> dg.Definitions:
    """The job of this package's own code location."""
    return backup_at(HERE)


def backup_at(place: Placement) -> dg.Definitions:
    """The job and its schedule."""
    job = backup_job(place)
    return dg.Definitions(jobs=[job], schedules=schedule(place, "journal_backup_at_four", job, JOB, "0 4 * * *", "Before the full run."))


def backup_job(place: Placement) -> dg.JobDefinition:
    """The job."""

    def copy_journal(context: dg.OpExecutionContext) -> None:
        home = place.home()
        with recoverable(), home.journal() as journal:
            if journal.path is None:
                context.log.info("the journal is in PostgreSQL; back it up with its own tools")
                return
            path = backup.back_up(journal, backup.folder_of(home.path, home.environ))
        context.log.info(f"{path.name}: {path.stat().st_size:,} bytes")

    return job_of(
        place,
        JOB,
        "copy_journal",
        copy_journal,
        job_says="A checked copy of the journal, which alone cannot be rebuilt from the sources.",
        step_says="Copies the write-back's journal to ALIGNMENT_BACKUP_FOLDER and checks the copy. PostgreSQL is left to its own tools.",
    )
