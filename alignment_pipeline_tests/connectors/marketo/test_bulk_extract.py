"""What Marketo answers is looked at before it is used: a job's id becomes part of a path."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from alignment_pipeline.connectors.marketo.bulk_extract import BulkExtract, Request
from alignment_pipeline.connectors.streams import Job
from alignment_pipeline.errors import Retryable
from alignment_pipeline_tests.connectors.served import NOW, Served


@pytest.mark.parametrize("given", ["../../../rest/v1/leads", "a/b", "", None])
def test_a_job_s_id_that_is_none_is_never_used(given: str | None, world: Served) -> None:
    answer = json.dumps({"success": True, "result": [{"exportId": given, "status": "Created"}]})
    world.fault("answer", path="create.json", status=200, body=answer, count=None)
    request = Request("leads", ("id",), "createdAt")
    kept: list[Sequence[Job]] = []

    with pytest.raises(Retryable, match="no job's id"):
        list(BulkExtract(world.marketo(), request, kept.append).rows([(NOW - timedelta(days=1), NOW)]))

    assert kept == [] and not any("enqueue" in path for path in world.world.calls.by_endpoint("marketo")["marketo"])
