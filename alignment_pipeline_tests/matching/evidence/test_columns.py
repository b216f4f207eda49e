"""One row per column of evidence, and everything else is made from it."""

from __future__ import annotations

from alignment_pipeline.matching.evidence import columns, weights


def test_every_column_is_listed_once_with_words_of_its_own_sign() -> None:
    names = [column.name for column in columns.EVIDENCE]

    assert len(names) == len(set(names))
    assert all(column.words and column.sign in (-1, 0, 1) and column.penalty > 0 for column in columns.EVIDENCE)
    assert columns.IDENTITY < columns.SUPPORT < set(names)


def test_the_shipped_weights_keep_the_signs_that_are_known() -> None:
    fitted = weights.bundled()

    wrong = [column.name for column, weight in zip(columns.EVIDENCE, fitted.weight, strict=True) if column.sign * weight < 0]
    assert [] == wrong


def test_a_column_of_an_older_run_is_still_put_in_words() -> None:
    assert "same city" == columns.evidence_words("city_same")
    assert "long gone" == columns.evidence_words("long_gone")
