"""limits and limits/recordCount.

Belongs here: the numbers. Enforcing the daily limit is in `organisation.py`.
"""

from __future__ import annotations

from alignment_pipeline.sandbox.salesforce.rest.call import Answer, Call


def limits(call: Call) -> Answer:
    """GET /limits."""
    org = call.org
    jobs = sum(1 for job in org.jobs.values() if job.kind == "query")
    ingest = sum(1 for job in org.jobs.values() if job.kind == "ingest")
    body = {
        "DailyApiRequests": (org.daily_limit, org.used()),
        "DailyBulkApiBatches": (15_000, ingest),
        "DailyBulkV2QueryJobs": (10_000, jobs),
        "DailyBulkV2QueryFileStorageMB": (976_562, 0),
        "DataStorageMB": (10_240, 0),
        "FileStorageMB": (10_240, 0),
        "DailyAsyncApexExecutions": (250_000, 0),
        "ConcurrentAsyncGetReportInstances": (200, 0),
        "SingleEmail": (5_000, 0),
    }
    return Answer(body={name: {"Max": most, "Remaining": max(0, most - used)} for name, (most, used) in body.items()})


def record_count(call: Call) -> Answer:
    """GET /limits/recordCount?sObjects=A,B (without it: all)."""
    asked = [name.strip() for name in call.query.get("sObjects", call.query.get("sobjects", "")).split(",") if name.strip()]
    schemas = [schema for name in asked if (schema := call.schema.get(name))] if asked else list(call.schema.objects.values())
    counts = [{"count": sum(1 for row in call.org.store.rows(one.name) if not row.get("IsDeleted")), "name": one.name} for one in schemas]
    return Answer(body={"sObjects": counts})
