from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from alignment_pipeline.agreement import loader
from alignment_pipeline.agreement.field_map import Crm
from alignment_pipeline.agreement.sla import Sla


def section(name: str) -> object:
    return YAML(typ="safe").load(loader.default_path())[name]


@pytest.fixture(scope="session")
def sla() -> Sla:
    """The shipped promises."""
    return Sla.model_validate(section("sla"))


@pytest.fixture(scope="session")
def crm() -> Crm:
    return Crm.model_validate(section("crm"))
