"""What Salesforce answers is looked at before it is used: ids that are none, and lists that were cut."""

from __future__ import annotations

import json

import pytest

from alignment_pipeline.connectors.row_results import RetryClass
from alignment_pipeline.connectors.salesforce.bulk_ingest import BulkIngest
from alignment_pipeline.connectors.salesforce.bulk_query import BulkQuery
from alignment_pipeline.connectors.salesforce.reads import SalesforceReader
from alignment_pipeline.connectors.salesforce.writes import SalesforceWriter
from alignment_pipeline.errors import Retryable
from alignment_pipeline_tests.connectors.served import Served, leads
from alignment_pipeline_tests.connectors.stub import Reply, Seen, stub

LEAD = "00Q000000009999AAA"
TOKEN = b'{"access_token":"00D000000000001!AQx","id":"https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA"}'


def test_an_id_of_the_server_that_is_none_is_never_used(world: Served) -> None:
    """It would be put into a path or a query: `../../apexrest/x` as a job's id, say."""
    answers = {
        "/jobs/ingest": b'{"id":"../../../../services/apexrest/x"}',
        "/jobs/query": b"{}",
        "/composite/sobjects": b'[{"id":"x\' OR Id != \'","success":true}]',
        "/composite/sobjects/Lead": b'[{"Id":"no id","Title":"x"}]',
        "/query": b'{"totalSize":1,"done":true,"records":[{"Id":"no id","Alignment_Key__c":"k"}]}',
    }

    def answer(seen: Seen) -> Reply:
        path = seen.path.partition("?")[0]
        return next((Reply(200, body) for end, body in answers.items() if path.endswith(end)), None) or Reply(200, TOKEN)

    with stub(answer) as server:
        session = world.salesforce("writer", environ=world.environment | {"SALESFORCE_DOMAIN": server.host})
        reader = SalesforceReader(session)
        for ask in (
            lambda: BulkIngest(session).create("Lead", "update"),
            lambda: BulkQuery(session).create("SELECT Id FROM Lead", with_deleted=False),
            lambda: reader.read_by_ids("Lead", [LEAD], ["Title"]),
            lambda: reader.find_by_keys("Task", "Alignment_Key__c", ["k"], []),
        ):
            with pytest.raises(Retryable, match="no id where one belongs"):
                ask()
        (row,) = SalesforceWriter(session).create_collection("Task", [{"Subject": "x"}], ["k"])

    assert (row.retry, row.record_id) == (RetryClass.UNKNOWN, None)


def test_a_re_read_that_was_cut_short_does_not_make_records_gone(world: Served) -> None:
    world.world.salesforce.load({"Lead": leads(2)})
    one, two = world.world.salesforce.tables["Lead"]
    world.fault("answer", path="/composite/sobjects/Lead", status=200, body=json.dumps([{"Id": one, "Title": None}]))
    with pytest.raises(Retryable, match="a place for each record"):
        SalesforceReader(world.salesforce()).read_by_ids("Lead", [one, two], ["Title"])
