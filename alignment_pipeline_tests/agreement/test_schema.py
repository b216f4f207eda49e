"""The schema that editors read: every key is described, and the shipped file is its source's output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.editor_schema import editor_schema
from alignment_pipeline.cli import generated

SCHEMA = loader.json_schema()
EXAMPLES = sorted(loader.default_path().parent.joinpath("examples").glob("*.yaml"))


def undescribed() -> Iterator[str]:
    """Keys that neither say what they mean nor hold a section that does."""
    sections: dict[str, Any] = {"Agreement": SCHEMA, **SCHEMA["$defs"]}
    for name, section in sections.items():
        for key, value in section.get("properties", {}).items():
            references = [value, *value.get("allOf", []), *value.get("anyOf", []), value.get("items", {})]
            named = [sections[one["$ref"].rsplit("/", 1)[-1]] for one in references if "$ref" in one]
            if not value.get("description") and not any(one.get("description") for one in named):
                yield f"{name}.{key}"


def test_every_key_is_described() -> None:
    assert [] == sorted(undescribed())


def test_every_section_is_closed_to_unknown_keys() -> None:
    sections = {"Agreement": SCHEMA, **SCHEMA["$defs"]}
    assert [] == sorted(name for name, one in sections.items() if "properties" in one and one.get("additionalProperties") is not False)


def test_the_schema_in_the_package_is_up_to_date() -> None:
    assert generated.SCHEMA.read_text(encoding="utf-8") == generated.generated()[generated.SCHEMA], "run `make package`"
    assert editor_schema() == json.loads(generated.SCHEMA.read_text(encoding="utf-8"))


def test_the_metadata_package_is_up_to_date() -> None:
    assert [] == generated.stale()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_loads(path: Any) -> None:
    agreement = loader.load(path)
    assert agreement.version != loader.load(loader.default_path()).version, "an example that changes nothing teaches nothing"


def test_there_are_examples() -> None:
    assert EXAMPLES
