"""What a changed rule would move."""

from __future__ import annotations

from alignment_pipeline.matching import match
from alignment_pipeline.matching.decision import impact
from alignment_pipeline.matching.settings import MatchingSettings
from alignment_pipeline_tests.matching import factories


def test_impact_says_how_many_leads_move_from_where_to_where() -> None:
    base = factories.index({"name": "Quorvex"}, {"name": "Dalmund Technologies"})
    leads = factories.leads({"company": "Quorvex"}, {"company": "Dalmund"}, {"company": "Verquist"})
    before = match.match_leads(leads, base)
    after = match.match_leads(leads, base, settings=MatchingSettings(match_confidence=1.0))

    moved = impact.moves(before, after)

    assert {"L1", "L2"} == set(moved["lead_id"].to_pylist())
    assert [{"from_decision": "matched", "to_decision": "review", "is_same_account": True, "leads": 2}] == impact.summary(moved).to_pylist()
