"""The journal is copied whole while it is in use; a copy that cannot be made is told, and an erased person is in none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import update

from alignment_pipeline.clock import Clock
from alignment_pipeline.defs import alerts
from alignment_pipeline.defs.backup import backup_job
from alignment_pipeline.defs.placement import HERE
from alignment_pipeline.errors import Permanent
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal import backup
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.journal.tables import LEASE
from alignment_pipeline.operations import doctor
from alignment_pipeline.write_back.records import erase
from alignment_pipeline.write_back.sending import marker
from alignment_pipeline_tests.write_back.office import KEY, lead_id, office

# importing the orchestrator warns of its own and of pydantic's old names
pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_copy_is_whole_private_and_opens_as_a_journal(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.run()
        with acme.journal.begin() as connection:
            connection.execute(update(LEASE).values(holder="not yet committed"))
            path = backup.back_up(acme.journal, tmp_path / "backups")

        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert [one.name for one in path.parent.iterdir()] == [path.name]
        with Journal.open(path, home=tmp_path / "restored", clock=acme.clock) as copy:
            office_of_copy = replace(acme, journal=copy)
            assert office_of_copy.states() == {"VERIFIED": 1}
            assert b"not yet committed" not in path.read_bytes()


def test_the_last_fourteen_are_kept_and_none_for_more_than_a_month(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        folder = tmp_path / "backups"
        for _ in range(backup.KEPT + 2):
            backup.back_up(acme.journal, folder)
            acme.advance(days=1)
        made = backup.copies(folder)
        acme.advance(days=29)
        backup.back_up(acme.journal, folder)

        assert len(made) == backup.KEPT and made[0][1] - made[-1][1] == timedelta(days=backup.KEPT - 1)
        assert all(acme.clock.now() - at <= backup.LONGEST for _, at in backup.copies(folder)) and len(backup.copies(folder)) == 2


def test_a_restored_copy_is_recognised_and_applies_nothing(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.run()
        path = backup.back_up(acme.journal, tmp_path / "backups")
        acme.want(lead_id(1), Score__c=2)
        acme.run()
        with Journal.open(path, home=acme.home, clock=acme.clock) as old, pytest.raises(marker.JournalLost, match="an old copy"):
            marker.check(old, acme.crm, acme.agreement)


def test_a_copy_that_fails_leaves_the_last_one_and_fails_the_run_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home", {"ALIGNMENT_HOME": str(tmp_path / "home")}, Clock())
    in_the_way = tmp_path / "in the way"
    in_the_way.write_text("a file where the folder should be")
    with home.journal() as journal:
        with pytest.raises(backup.BackupFailed, match="not backed up"):
            backup.back_up(journal, in_the_way)
        assert issubclass(backup.BackupFailed, Permanent)
        assert [one.status for one in doctor.state(home) if one.subject == "backup"] == ["warn"]

        monkeypatch.setenv("ALIGNMENT_HOME", str(home.path))
        monkeypatch.setenv(backup.ENVIRONMENT_VARIABLE, str(in_the_way))
        with dg.DagsterInstance.ephemeral() as instance:
            failed = backup_job(HERE).execute_in_process(instance=instance, raise_on_error=False)
            monkeypatch.delenv(backup.ENVIRONMENT_VARIABLE)
            done = backup_job(HERE).execute_in_process(instance=instance)
        assert (failed.success, done.success) == (False, True)
        steps = [(event.step_key or "", alerts._reason(event)) for event in failed.get_step_failure_events()]
        assert alerts.tell(home, journal, run_id="r", job="journal_backup", steps=steps) == 1
        (told,) = (home.path / "notifications").glob("*.txt")
        assert "not backed up" in told.read_text()
        assert [one.status for one in doctor.state(home) if one.subject == "backup"] == ["ok"]


def test_an_erased_person_is_in_no_copy(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        folder = tmp_path / "backups"
        acme.want(lead_id(0), Reason__c="canary of a person")
        acme.run()
        backup.back_up(acme.journal, folder)
        acme.advance(hours=1)
        erase.erase(acme.journal, [lead_id(0)], key=KEY)

        backup.renew(acme.journal, folder)

        (left,) = folder.iterdir()
        assert b"canary" not in left.read_bytes() and lead_id(0).encode() not in left.read_bytes()
