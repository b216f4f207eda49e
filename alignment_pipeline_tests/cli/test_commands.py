"""The command line as a whole: every command explains itself, moments are read, errors have their exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from alignment_pipeline.cli import commands, context, init, main
from alignment_pipeline.errors import AlignmentError, AnotherWriter, ApprovalRequired, ConfigurationError, CredentialsRefused, Permanent


@pytest.mark.parametrize("name", sorted(commands.COMMANDS))
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    found = CliRunner().invoke(main.cli, [name, "--help"])
    assert 0 == found.exit_code, found.output
    said = " ".join(found.output.split())
    assert f"alignment {name}" in said.partition("Example: ")[2]


def test_the_list_of_commands_is_shown_without_loading_the_orchestrator() -> None:
    code = "import sys; from alignment_pipeline.cli.main import cli; import alignment_pipeline.cli.apply; print('dagster' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert "False" == said.stdout.strip()


@pytest.mark.parametrize("columns", [80, 200])
def test_help_is_grouped_and_no_summary_is_cut(columns: int) -> None:
    lines = CliRunner().invoke(main.cli, ["--help"], terminal_width=columns, color=False).output.splitlines()

    width = max(map(len, commands.COMMANDS)) + 2
    for name, entry in commands.COMMANDS.items():
        assert f"  {name:{width}}{entry.summary}" in lines
    assert list(commands.GROUPS) == [line[:-1] for line in lines if line[:-1] in commands.GROUPS]
    assert columns > 80 or [] == [line for line in lines if len(line) > 80]


@pytest.mark.parametrize("name", sorted(commands.COMMANDS))
def test_no_command_s_help_is_wider_than_its_terminal(name: str) -> None:
    found = CliRunner().invoke(main.cli, [name, "--help"], terminal_width=80)

    assert [] == [line for line in found.output.splitlines() if len(line) > 80]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["explian"], "there is no command 'explian'; did you mean `alignment explain`?"),
        (["xyzzy"], "there is no command 'xyzzy'; `alignment --help` lists all"),
        (["run", "--xyzzy"], "no such option '--xyzzy'; `alignment run --help` explains it"),
        (["explain"], "missing argument 'ID_EMAIL_OR_NAME'; `alignment explain --help` explains it"),
        (["review"], "give either --out FILE or --learn FILE"),
    ],
)
def test_every_error_begins_with_the_same_word_and_says_what_to_do(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path))
    with pytest.raises(SystemExit) as caught:
        main.main(arguments)

    assert (2, f"alignment: {said}\n") == (caught.value.code, capsys.readouterr().err)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21", datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)),
        ("2026-11-21T08:00:00Z", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("2026-11-21T08:00:00", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("2026-11-21T08:00:00+05:30", datetime(2026, 11, 21, 2, 30, tzinfo=UTC)),
        (None, None),
    ],
)
def test_a_moment_is_utc_and_a_day_counts_whole(text: str | None, expected: datetime | None) -> None:
    assert expected == context.as_of_moment(text)


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-02-30", "21.11.2026", "2026-11-21T25:00:00Z"])
def test_what_is_no_moment_is_refused_with_a_form(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write 2026-11-21"):
        context.as_of_moment(text)


@click.command("probe")
@click.option("--json", "is_json", is_flag=True)
def probe(is_json: bool) -> None:
    """Ends with the error that the test put here."""
    if ENDS_WITH:
        raise ENDS_WITH.pop()


ENDS_WITH: list[Exception] = []


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int | str | None]:
    """Runs the command line with a command that ends in an error, and gives the exit code."""
    monkeypatch.setitem(commands.COMMANDS, "probe", commands.Entry("Start", f"{__name__}:probe", "End with an error"))  # type: ignore[arg-type]
    mask = os.umask(0)

    def end(error: Exception | None, *arguments: str) -> int | str | None:
        ENDS_WITH[:] = [error] if error is not None else []
        with pytest.raises(SystemExit) as caught:
            main.main(["probe", *arguments])
        os.umask(mask)
        return caught.value.code

    return end


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (AlignmentError("what"), 1),
        (Permanent("what"), 1),
        (ConfigurationError("what"), 2),
        (CredentialsRefused("what"), 2),
        (ApprovalRequired("what"), 3),
        (AnotherWriter("what"), 75),
        (click.UsageError("what"), 2),
        (click.Abort(), 130),
        (PermissionError(13, "Permission denied", "somewhere"), 1),
    ],
)
def test_each_error_has_its_exit_code(
    run: Callable[..., int | str | None], error: Exception | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code == run(error)
    said = {click.Abort: "stopped", PermissionError: "somewhere: Permission denied", type(None): ""}.get(type(error), "what")
    assert said in capsys.readouterr().err


def test_with_json_an_error_is_json_too_and_secrets_are_masked(
    run: Callable[..., int | str | None], capsys: pytest.CaptureFixture[str]
) -> None:
    run(ConfigurationError("refused: client_secret=abcdef123456"), "--json")
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert "ConfigurationError" == found["kind"] and "refused" in found["error"]
    assert "abcdef123456" not in said.out + said.err


def test_results_with_dates_and_other_things_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    content = {"at": datetime(2026, 11, 21, 8, tzinfo=UTC), "on": datetime(2026, 11, 21).date(), "path": Path("a") / "b", "text": "日本"}
    context.Context(is_json=True).result(content, lambda console: console.print("never"))
    expected = {"at": "2026-11-21T08:00:00Z", "on": "2026-11-21", "path": "a/b", "text": "日本"}
    assert expected == json.loads(capsys.readouterr().out)


def test_markup_in_names_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    context.console().print("[bold]Acme[/bold] [link=x]")
    assert "[bold]Acme[/bold] [link=x]\n" == capsys.readouterr().out


def test_init_offline_writes_an_agreement_that_loads_and_never_over_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alignment_pipeline.agreement import loader

    monkeypatch.setenv("ALIGNMENT_HOME", str(tmp_path / "home"))
    out = tmp_path / "sub" / "agreement.yaml"
    found = CliRunner().invoke(init.init, ["--offline", "--out", str(out), "--json"], standalone_mode=False)
    assert found.exception is None
    assert loader.load(out).version == loader.load(loader.default_path()).version
    first = out.read_text(encoding="utf-8").splitlines()[0]
    assert "# yaml-language-server: $schema=agreement.schema.json" == first
    assert json.loads((out.parent / "agreement.schema.json").read_text(encoding="utf-8"))["properties"]
    again = CliRunner().invoke(init.init, ["--offline", "--out", str(out)], standalone_mode=False)
    assert isinstance(again.exception, ConfigurationError) and "--force" in str(again.exception)
