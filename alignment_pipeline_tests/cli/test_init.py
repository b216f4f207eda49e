"""What `alignment init` takes as an answer, and what it says of one that it does not take."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from alignment_pipeline.cli import init


@pytest.mark.parametrize("given", ["", "   ", "many", "0", "1001", "7.5", "-3", "5 or 6"])
def test_a_capacity_that_is_no_number_of_accounts_is_refused_with_the_range_and_an_example(given: str) -> None:
    with pytest.raises(click.UsageError, match=r"whole number of accounts from 1 to 1,000, as 5; .* is not$"):
        init.capacity_of(given)


def test_a_capacity_may_have_blanks_around_it() -> None:
    assert [1, 7, 1000] == [init.capacity_of(one) for one in ("1", " 7 ", "1000")]


def test_a_name_is_one_line_that_the_report_has_room_for() -> None:
    assert "Acme Growth" == init.text("  Acme   Growth ")
    with pytest.raises(click.UsageError, match="that is 300 characters; the report has room for 120"):
        init.text("x" * 300)
    with pytest.raises(click.UsageError, match="press return to keep"):
        init.text("   ")


def test_a_wrong_answer_is_asked_again_in_our_words() -> None:
    @click.command()
    def ask() -> None:
        click.echo(init._prompt("New MQAs", 5, init.capacity_of))

    shown = CliRunner().invoke(ask, input="many\n6\n")

    assert (0, True) == (shown.exit_code, shown.output.rstrip().endswith("6"))
    assert "Error: write a whole number of accounts from 1 to 1,000, as 5; 'many' is not" in shown.output
