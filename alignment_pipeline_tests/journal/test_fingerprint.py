"""The journal's fingerprint: what a plan is made from changes it, what the reading steps keep does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from alignment_pipeline.connectors.streams import StreamState
from alignment_pipeline.installation import stream_states
from alignment_pipeline.journal import settings
from alignment_pipeline.journal.fingerprint import fingerprint
from alignment_pipeline_tests.write_back.office import lead_id, office


def test_what_a_plan_is_made_from_changes_it(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        seen = [fingerprint(acme.journal)]
        acme.want(lead_id(0), Score__c=3.0)
        planned = acme.plan()
        seen.append(fingerprint(acme.journal))
        planned.approve()
        seen.append(fingerprint(acme.journal))
        planned.apply()
        seen.append(fingerprint(acme.journal))
        settings.put(acme.journal, "normal", "1")
        seen.append(fingerprint(acme.journal))

    assert len(set(seen)) == 5


def test_what_the_reading_steps_keep_does_not(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        before = fingerprint(acme.journal)
        stream_states.save(acme.journal, "salesforce", StreamState("Lead", datetime(2026, 11, 20, tzinfo=UTC)))

        assert before == fingerprint(acme.journal)
