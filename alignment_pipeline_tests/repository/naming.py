"""What documentation, docstrings, comments and messages name: files, commands, make targets and modules.

Belongs here: reading text and looking names up. The rules that use it: `test_names_exist.py`.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path

import click

from alignment_pipeline.cli.main import cli
from alignment_pipeline_tests.repository import generated_pages

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "alignment_pipeline"
TESTS = ROOT / "alignment_pipeline_tests"
#: Kinds of files that only the repository holds; .csv, .json and .html are mostly what a run writes.
SOURCE_KINDS = ("py", "md", "yaml", "yml", "j2", "toml", "cfg", "lock", "mjs", "txt", "sql", "ini")
#: Files that a reader has or a command writes, not this repository. Each with where the text says so.
ELSEWHERE = {
    "agreement.yaml": "what `alignment init` writes and a user edits",
    "dagster.yaml": "written below the home by `alignment dev`",
    "aliases.yaml": "what `alignment aliases import` writes",
    "goals.yaml": "a plan of goals that a user writes (docs/pipeline.md)",
    "new.yaml": "an agreement that a user is trying",
    "requirements.txt": "pip's own",
    "NAME.md": "a page that a reader of docs/guides/add-a-page.md writes",
    **dict.fromkeys(
        ("datacontract.odcs.yaml", "dictionary.md", "exposures.yml", "metrics.yaml", "open.sql", "sources.yml"),
        "written by `alignment export` (docs/exports.md)",
    ),
    "owner_mqa_counts.py": "the rule that a reader of docs/guides/add-a-rule.md writes",
    "test_owner_mqa_counts.py": "and its test",
    **{
        f"{name}/": "a folder of the home"
        for name in ("agreements", "backups", "dagster", "notifications", "plans", "reports", "served", "snapshots")
    },
}
FILE = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)*[\w.-]+\.(?:" + "|".join(SOURCE_KINDS) + r"))(?![\w/-])")
FOLDER = re.compile(r"((?:[\w.-]+/)+)")
QUOTED = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
MODULE = re.compile(r"(?:python|pythonw?3?) -m ([\w.]+)")
TARGET = re.compile(r"^make ([a-z][a-z-]*)")
COMMAND = re.compile(r"\balignment ([a-z][a-z-]*)((?:[^`\n#]| #)*)")
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")


def texts() -> Iterator[tuple[Path, str]]:
    """Every file of the repository that people read, with its text."""
    roots = (ROOT / "docs", PACKAGE, TESTS)
    kinds = ("*.md", "*.py", "*.yaml", "*.j2")
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile", ROOT / "NOTICE"]
    found += [path for root in roots for kind in kinds for path in root.rglob(kind)]
    for path in sorted(found):
        if "node_modules" not in path.parts and path.parent != Path(__file__).parent:
            yield path, path.read_text(encoding="utf-8")


def quoted(text: str) -> Iterator[str]:
    """Code in a text: what stands in backticks, and the lines of indented or fenced examples."""
    yield from QUOTED.findall(text)
    for line in text.splitlines():
        stripped = line.strip().removeprefix("$ ").removeprefix("# ")
        if stripped.startswith(("alignment ", "make ", "python -m ")):
            yield stripped


def files(text: str) -> set[str]:
    """Files and folders that stand in backticks, and test files in commands."""
    found: set[str] = set()
    for code in quoted(text):
        if FOLDER.fullmatch(code):
            found.add(code)
        found.update(match for match in FILE.findall(code) if not match.startswith(("-", ".")))
    return found


def exists(name: str, beside: Path) -> bool:
    """Whether a file or folder of that name is there: beside the text, in a folder above it, or below the package, tests or docs."""
    if Path(name).name in ELSEWHERE or name in ELSEWHERE:
        return True
    above = [folder for folder in beside.parents if folder.is_relative_to(ROOT)]
    return any((base / name).exists() for base in (*above, PACKAGE, TESTS, ROOT / "docs"))


def missing_files(path: Path, text: str) -> list[str]:
    """Names of files in a text that do not exist."""
    return sorted(name for name in files(text) if not exists(name, path))


def missing_links(path: Path, text: str) -> list[str]:
    """Relative links of a Markdown text that lead nowhere."""
    if path.suffix != ".md":
        return []
    return sorted(link for link in LINK.findall(text) if "://" not in link and not _leads_somewhere(path.parent / link))


def missing_modules(text: str) -> list[str]:
    """Modules that `python -m` is asked for and that do not exist."""
    names = {name.rstrip(".") for name in MODULE.findall(text) if name.startswith("alignment_pipeline")}
    return sorted(name for name in names if not _is_module(name))


def missing_targets(text: str) -> list[str]:
    """`make` targets that the Makefile does not have."""
    known = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = {match.group(1) for code in quoted(text) if (match := TARGET.match(code))}
    return sorted(named - known)


def missing_commands(text: str) -> list[str]:
    """`alignment ...` commands and options that the command line does not have."""
    found: set[str] = set()
    for code in quoted(text):
        for name, rest in COMMAND.findall(code):
            found.update(_unknown(name, rest))
    return sorted(found)


def _unknown(name: str, rest: str) -> Iterator[str]:
    context = click.Context(cli)
    command = cli.get_command(context, name)
    if command is None:
        yield f"alignment {name}"
        return
    commands = [command]
    for word in rest.split():
        if not isinstance(commands[-1], click.Group):
            break
        below = commands[-1].get_command(context, word)
        if below is not None:
            commands.append(below)
    known = {option for each in commands for parameter in each.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for option in OPTION.findall(rest):
        if option not in known | {"--help"}:
            yield f"alignment {name} {option}"


def _leads_somewhere(target: Path) -> bool:
    """Whether a link's target exists, or is made when the docs site is built."""
    made = {ROOT / "docs" / page for page in generated_pages.pages()}
    return target.exists() or Path(os.path.normpath(target)) in made


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
