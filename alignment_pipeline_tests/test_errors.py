"""Rows of a file that cannot be used are all named at once, by their lines."""

from alignment_pipeline.errors import RowsRefused


def test_all_rows_that_cannot_be_used_are_named_in_the_order_of_the_file() -> None:
    error = RowsRefused("targets.csv", [(9, "no id"), (2, "no tier")])

    assert "targets.csv: 2 rows cannot be used; nothing was read:\n  line 2: no tier\n  line 9: no id" == str(error)
    assert 2 == error.exit_code


def test_a_file_of_bad_rows_does_not_fill_the_terminal() -> None:
    error = RowsRefused("targets.csv", [(line, "no id") for line in range(2, 502)])

    assert 22 == len(str(error).splitlines())
    assert str(error).endswith("\n  and 480 more")
