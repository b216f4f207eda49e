"""How rare a word is, and the frozen table."""

from __future__ import annotations

from datetime import date

from alignment_pipeline.matching.names.rarity import RarityTable
from alignment_pipeline_tests.matching import factories


def test_the_rarity_table_survives_its_file() -> None:

    table = RarityTable.count(factories.BACKGROUND, counted_on=date(2026, 11, 21))

    assert table == RarityTable.from_table(table.to_table())
    assert table.weight("technology") < table.weight("brevik") < table.weight("quorvex")
