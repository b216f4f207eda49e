"""NOTICE says where every bundled data file comes from, and names no file that is not there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "alignment_pipeline"
DATA = {".txt", ".csv", ".json", ".dat", ".parquet", ".gz"}
# written by `make package` or by hand for this project; no data from elsewhere
WRITTEN_HERE = ("agreement/", "connectors/salesforce/")
NAMED = re.compile(r"(?<![/:\w.-])[\w/.-]+\.(?:txt|csv|json|yaml|md)\b")


def test_every_bundled_data_file_is_in_the_notice() -> None:
    named = {Path(name).name for name in NAMED.findall((ROOT / "NOTICE").read_text(encoding="utf-8"))}
    bundled = [path for path in PACKAGE.rglob("*") if path.suffix in DATA and "__pycache__" not in path.parts]
    data = [path for path in bundled if not path.relative_to(PACKAGE).as_posix().startswith(WRITTEN_HERE)]

    assert data
    assert [] == sorted(path.relative_to(ROOT).as_posix() for path in data if path.name not in named)


def test_every_file_that_the_notice_names_is_there() -> None:
    there = {path.name for path in ROOT.rglob("*") if path.suffix in {*DATA, ".md", ".yaml", ".py"} and ".venv" not in path.parts}
    named = NAMED.findall((ROOT / "NOTICE").read_text(encoding="utf-8"))

    assert named and [] == [name for name in named if Path(name).name not in there]
