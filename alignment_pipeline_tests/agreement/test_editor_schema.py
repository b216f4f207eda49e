"""Editors accept what the loader accepts: whole agreements, and files that say only what differs."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.editor_schema import editor_schema

FILES = [loader.default_path(), *sorted(loader.default_path().parent.joinpath("examples").glob("*.yaml"))]
VALIDATOR = jsonschema.Draft202012Validator(editor_schema())


class Texts(yaml.SafeLoader):
    """YAML whose dates stay texts, as an editor's schema sees them."""


Texts.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_shipped_files_have_no_complaint(path) -> None:
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=Texts)

    assert [] == [f"{list(error.absolute_path)}: {error.message[:100]}" for error in VALIDATOR.iter_errors(content)]


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("extends: default\n", True),
        ("extends: default\nscope: {countries: {extend: [Germany]}}\n", True),
        ("extends: default\nscope: {countries: {add: [Germany]}}\n", False),
        ("extends: default\ncrm: {fields: {extend: [{object: [Lead, Contact], field: A__c}]}}\n", True),
        ("extends: default\ncrm: {fields: {extend: [{object: [Lead, 3], field: A__c}]}}\n", False),
        ("extends: default\nmatching: {match_confidence: 3}\n", False),
        ("extends: default\nmatching: {match_confidance: 0.3}\n", False),
    ],
)
def test_a_file_that_extends_is_completed_and_checked(text: str, is_right: bool) -> None:
    assert is_right == VALIDATOR.is_valid(yaml.load(text, Loader=Texts))
