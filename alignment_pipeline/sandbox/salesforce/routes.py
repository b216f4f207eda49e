"""All REST resources below /services/data/vXX.0.

Belongs here: the table, nothing else.
"""

from __future__ import annotations

from alignment_pipeline.sandbox.salesforce.bulk import ingest
from alignment_pipeline.sandbox.salesforce.bulk import query as bulk_query
from alignment_pipeline.sandbox.salesforce.rest import collections, limits, objects, queries, records, tooling
from alignment_pipeline.sandbox.salesforce.rest.composite import Composite
from alignment_pipeline.sandbox.salesforce.rest.dispatch import Routes, route


def all_routes() -> Routes:
    """The table; the first that fits answers."""
    routes: Routes = []
    composite = Composite(routes)
    routes += [
        *route("GET", "/", objects.resources),
        *route("GET", "/query", queries.query),
        *route("GET", "/tooling/query", tooling.query),
        *route("GET", "/queryAll", queries.query_all),
        *route("GET", "/query(?:All)?/{locator}", queries.query_more),
        *route("GET", "/limits", limits.limits),
        *route("GET", "/limits/recordCount", limits.record_count),
        *route("GET", "/sobjects", objects.global_describe),
        *route("GET", "/sobjects/{object}", objects.object_info),
        *route("POST", "/sobjects/{object}", records.create),
        *route("GET", "/sobjects/{object}/describe", objects.describe),
        *route("GET", "/sobjects/{object}/updated", objects.updated),
        *route("GET", "/sobjects/{object}/deleted", objects.deleted),
        *route("GET", "/sobjects/{object}/{id}", records.read),
        *route("PATCH", "/sobjects/{object}/{id}", records.update),
        *route("DELETE", "/sobjects/{object}/{id}", records.delete),
        *route("GET", "/sobjects/{object}/{key}/{value*}", records.read_by_key),
        *route("PATCH POST", "/sobjects/{object}/{key}/{value*}", records.upsert),
        *route("POST", "/composite", composite.composite),
        *route("POST", "/composite/batch", composite.batch),
        *route("POST", "/composite/sobjects", collections.insert),
        *route("PATCH", "/composite/sobjects", collections.update),
        *route("DELETE", "/composite/sobjects", collections.delete),
        *route("POST GET", "/composite/sobjects/{object}", collections.read),
        *route("PATCH", "/composite/sobjects/{object}/{key}", collections.upsert),
        *route("POST", "/jobs/query", bulk_query.create),
        *route("GET", "/jobs/query", bulk_query.listing),
        *route("GET", "/jobs/query/{id}", bulk_query.info),
        *route("PATCH", "/jobs/query/{id}", bulk_query.change),
        *route("DELETE", "/jobs/query/{id}", bulk_query.delete),
        *route("GET", "/jobs/query/{id}/results", bulk_query.results),
        *route("POST", "/jobs/ingest", ingest.create),
        *route("GET", "/jobs/ingest", bulk_query.listing),
        *route("GET", "/jobs/ingest/{id}", ingest.info),
        *route("PATCH", "/jobs/ingest/{id}", ingest.change),
        *route("DELETE", "/jobs/ingest/{id}", ingest.delete),
        *route("PUT", "/jobs/ingest/{id}/batches", ingest.upload),
        *route("GET", "/jobs/ingest/{id}/successfulResults", ingest.successful),
        *route("GET", "/jobs/ingest/{id}/failedResults", ingest.failed),
        *route("GET", "/jobs/ingest/{id}/unprocessedRecords", ingest.unprocessed),
    ]
    return routes
