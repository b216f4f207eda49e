"""Peak memory of reading one bulk extract of many activities. Run as `python -m alignment_pipeline_tests.connectors.memory ROWS`.

Prints rows and peak resident kilobytes as JSON. The file is generated while it is sent, so only the reader's memory counts
beside a small server's; `test_memory.py` compares two sizes, each in a process of its own.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from alignment_pipeline.clock import Clock
from alignment_pipeline.connectors.marketo.credentials import Credentials
from alignment_pipeline.connectors.marketo.extraction import MarketoExtraction
from alignment_pipeline.connectors.marketo.session import MarketoSession
from alignment_pipeline_tests.connectors.served import STREAMS

HEADER = "marketoGUID,leadId,activityDate,activityTypeId,campaignId,primaryAttributeValueId,primaryAttributeValue,attributes\n"
BLOCK = 1_000


def blocks(rows: int) -> Iterator[bytes]:
    """The file in pieces."""
    yield HEADER.encode()
    for first in range(0, rows, BLOCK):
        lines = (
            f'{number},{number % 20_000},2026-11-{1 + number % 19:02}T10:00:00Z,1,null,7,pricing,"{{""Webpage URL"":""/p?n={number}""}}"\n'
            for number in range(first, min(rows, first + BLOCK))
        )
        yield "".join(lines).encode()


def _completed(export_id: str, rows: int, size: int, digest: str) -> dict[str, object]:
    return {"exportId": export_id, "status": "Completed", "numberOfRecords": rows, "fileSize": size, "fileChecksum": f"sha256:{digest}"}


def serve(rows: int) -> ThreadingHTTPServer:
    """A Marketo that has one completed job of so many rows."""
    digest, size = sha256(), 0
    for block in blocks(rows):
        digest.update(block)
        size += len(block)
    done = {
        "exportId": "e",
        "status": "Completed",
        "numberOfRecords": rows,
        "fileSize": size,
        "fileChecksum": f"sha256:{digest.hexdigest()}",
    }
    empty = sha256(HEADER.encode()).hexdigest()
    none = {"exportId": "n", "status": "Completed", "numberOfRecords": 0, "fileSize": len(HEADER), "fileChecksum": f"sha256:{empty}"}
    made = iter(["e"])
    answers: dict[str, object] = {
        "oauth": {"access_token": "t", "expires_in": 3599},
        "types.json": {"success": True, "result": [{"id": 1, "name": "Visit Webpage"}]},
        "export.json": {"success": True, "result": [done, none]},
        "enqueue": {"success": True, "result": [{}]},
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if "file.json" in self.path:
                whole = "/e/" in self.path
                self._head("text/csv", size if whole else len(HEADER))
                for block in blocks(rows) if whole else (HEADER.encode(),):
                    self.wfile.write(block)
                return
            self._json(next(body for part, body in answers.items() if part in self.path))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            created = {"success": True, "result": [{"exportId": next(made, "n"), "status": "Created"}]}
            self._json(created if "create.json" in self.path else answers["enqueue"])

        def _json(self, body: object) -> None:
            text = json.dumps(body).encode()
            self._head("application/json", len(text))
            self.wfile.write(text)

        def _head(self, kind: str, length: int) -> None:
            self.send_response_only(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(length))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main(rows: int) -> None:
    """Read all rows and print the peak."""
    server = serve(rows)
    environ = {
        "MARKETO_DOMAIN": f"127.0.0.1:{server.server_address[1]}",
        "MARKETO_CLIENT_ID": "client-id",
        "MARKETO_CLIENT_SECRET": "client-secret",
    }
    session = MarketoSession(Credentials.from_env(environ), Clock(wait=lambda _: None))
    (reading,) = MarketoExtraction(session, activity_days=20).readings([STREAMS["activities"]])
    found = sum(batch.num_rows for batch in reading)
    print(json.dumps({"rows": found, "peak_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
