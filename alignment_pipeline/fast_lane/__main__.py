"""`python -m alignment_pipeline.fast_lane [MINUTES]`: the loop as a process, a line of JSON per round that did something.

Belongs here: for service managers and measurements. In Dagster the same loop is the job `hand_raises`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from alignment_pipeline.connectors import redaction
from alignment_pipeline.errors import AlignmentError
from alignment_pipeline.fast_lane.loop import MINUTES, loop
from alignment_pipeline.fast_lane.writing import Tick
from alignment_pipeline.installation import garbage_collection
from alignment_pipeline.installation.home import Home


def main() -> int:
    """Run until the minutes are over, or SIGTERM; returns the exit code."""
    os.umask(0o077)
    redaction.install()
    garbage_collection.collect_less_often()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        done = loop(Home.from_env(), minutes=float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES, should_stop=stop.is_set, report=_tell)
    except AlignmentError as error:
        sys.stderr.write(f"fast lane: {redaction.PROCESS(str(error))}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(done.to_json()) + "\n")
    return 0


def _tell(tick: Tick) -> None:
    if not tick.is_idle:
        sys.stdout.write(redaction.PROCESS(json.dumps(tick.to_json())) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
