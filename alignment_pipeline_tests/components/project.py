"""A Dagster project as `create-dagster project` lays it out, with assets of its own before and after ours."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster.components.component_scaffolding import scaffold_object

TYPE = "alignment_pipeline.AlignmentComponent"
NAME = "my_company"

_PYPROJECT = f"""\
[project]
name = "{NAME}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["dagster", "alignment-pipeline"]

[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "{NAME}"
"""

_DEFINITIONS = """\
from pathlib import Path

from dagster import definitions, load_from_defs_folder


@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""

_FOREIGN = """\
import dagster as dg


@dg.asset(key=["fivetran", "salesforce", "lead"])
def loaded_leads(): ...


@dg.asset(deps=[dg.AssetKey(["alignment", "account_scores"])])
def territory_plan(): ...


nightly = dg.define_asset_job("daily", selection="key:fivetran/salesforce/lead or key:territory_plan")
"""


def write(root: Path) -> Path:
    """The project, with the component scaffolded as `dg scaffold defs` does it. Returns the component's folder."""
    source = root / "src" / NAME
    (source / "defs").mkdir(parents=True)
    (root / "pyproject.toml").write_text(_PYPROJECT)
    (source / "__init__.py").write_text("")
    (source / "definitions.py").write_text(_DEFINITIONS)
    (source / "defs" / "__init__.py").write_text("")
    (source / "defs" / "foreign.py").write_text(_FOREIGN)
    folder = source / "defs" / "alignment"
    scaffold_object(path=folder, typename=TYPE, json_params=None, scaffold_format="yaml", project_root=root)
    return folder


def attributes(folder: Path, **changed: Any) -> Mapping[str, Any]:
    """Change attributes of the scaffolded component; returns all of them."""
    path = folder / "defs.yaml"
    written = yaml.safe_load(path.read_text())
    written["attributes"] |= changed
    path.write_text(yaml.safe_dump(written))
    found: dict[str, Any] = written["attributes"]
    return found


@contextmanager
def loaded(root: Path) -> Iterator[dg.Definitions]:
    """The project's definitions, as Dagster loads them."""
    sys.path.insert(0, str(root / "src"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield importlib.import_module(f"{NAME}.definitions").defs()
    finally:
        sys.path.remove(str(root / "src"))
        for name in [one for one in sys.modules if one.split(".")[0] == NAME]:
            del sys.modules[name]
