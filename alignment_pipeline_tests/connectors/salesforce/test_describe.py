"""Describe answers."""

from __future__ import annotations

from alignment_pipeline.connectors.salesforce.describe import described_object


def test_describe_is_read_whatever_it_leaves_out() -> None:
    found = described_object({"name": "Lead", "fields": [{"name": "Rating", "type": "picklist", "updateable": True}]})
    rating = found.field("rating")

    assert rating is not None
    assert (rating.name, rating.is_updateable, rating.is_filterable, found.field("Nope")) == ("Rating", True, True, None)
