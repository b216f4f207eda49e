"""A journal belongs to one organisation: what another one holds is never taken for what we wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline_tests.write_back.office import lead_id, office

ANOTHER = "00D000000000099AAA"


def test_what_was_sent_to_one_organisation_is_not_decided_by_reading_another(tmp_path: Path) -> None:
    """A copied sandbox has the same ids: there the record is missing, and the outcome would be taken for 'gone'."""
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        acme.fault("cut_after", method="PATCH", path="composite/sobjects$")
        stopped = acme.run(patience_seconds=0)
        first, acme.crm.organization_id = acme.crm.organization_id, ANOTHER
        planned = acme.plan()
        acme.people.delete(lead_id(0))
        calls = acme.crm.calls()

        with pytest.raises(ConfigurationError, match=f"this journal is organisation {first}'s"):
            planned.apply()

        assert acme.crm.calls() == calls and acme.states() == dict(stopped.states)


def test_a_refused_run_does_not_give_the_journal_away(tmp_path: Path) -> None:
    with office(tmp_path) as acme:
        acme.want(lead_id(0), Score__c=1)
        first, acme.crm.organization_id = acme.crm.organization_id, ANOTHER
        refused = acme.plan()
        with pytest.raises(Exception, match="approve"):
            refused.apply()
        acme.crm.organization_id = first

        assert acme.run().states == {"VERIFIED": 1}
