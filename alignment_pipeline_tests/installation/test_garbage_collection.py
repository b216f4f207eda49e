"""Python's garbage collector runs less often in our own processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from alignment_pipeline.installation.garbage_collection import THRESHOLDS


@pytest.mark.parametrize(
    "start",
    [
        "from alignment_pipeline.cli import main\ntry:\n    main.main(['--version'])\nexcept SystemExit:\n    pass",
        "from alignment_pipeline.definitions import defs\ndefs()",
        "from alignment_pipeline.fast_lane.__main__ import main\nassert main()",
    ],
    ids=["command", "dagster", "lane"],
)
def test_our_processes_collect_less_often(start: str) -> None:
    script = f"import gc, json\n{start}\nprint(json.dumps(gc.get_threshold()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert list(THRESHOLDS) == json.loads(done.stdout.splitlines()[-1])
