"""The sandbox as a whole: ports, environment, control endpoints, child process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from alignment_pipeline.clock import Clock
from alignment_pipeline.sandbox.server import Sandbox, serve
from alignment_pipeline.sandbox.world import World, sandbox_clock
from alignment_pipeline_tests.sandbox.salesforce_world import NO_ASSIGNMENT, NOW, Client, lead, served, world, write_package

ONE = "00Q000000000001EAA"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with served(world(write_package(tmp_path_factory.mktemp("package")), {"Lead": [lead(1), lead(2)]})) as found:
        yield found


@pytest.fixture
def client(running: Client) -> Client:
    return running.renewed()


def control(client: Client, method: str, path: str, **more: Any) -> requests.Response:
    return requests.request(method, f"{client.root}/__sandbox__{path}", timeout=60, **more)


def test_the_environment_points_a_client_at_the_sandbox(client: Client) -> None:
    with Sandbox(client.world) as sandbox:
        found = sandbox.environment()

        assert sandbox.host("salesforce") == found["SALESFORCE_DOMAIN"]
    assert {"SALESFORCE_CLIENT_ID", "SALESFORCE_CLIENT_SECRET", "SALESFORCE_WRITER_CLIENT_ID", "SALESFORCE_ORG_ID"} <= set(found)
    assert client.world.clock.moment == Clock.parse(found["ALIGNMENT_CLOCK"]).moment


def test_the_clock_runs_and_can_be_moved(client: Client) -> None:
    control(client, "POST", "/clock", json={"advance_seconds": 3600})
    found = control(client, "GET", "/clock").json()
    other = Clock.parse(found["environment"])

    assert (NOW + timedelta(hours=1)).isoformat() == found["now"]
    assert NOW + timedelta(hours=1) == Clock(other.moment, other.unix, other.factor, unix_time=client.world.clock.unix_time.base).now()  # type: ignore[attr-defined]


def test_a_clock_that_is_not_the_sandboxes_cannot_be_moved() -> None:
    with pytest.raises(TypeError, match="sandbox_clock"):
        World(Clock(), sandbox_faults(), sandbox_store()).advance(1)


def sandbox_faults() -> Any:
    from alignment_pipeline.sandbox.faults import Faults

    return Faults()


def sandbox_store() -> Any:
    from alignment_pipeline.sandbox.salesforce.store import SalesforceStore

    return SalesforceStore()


def test_faults_are_switched_over_http(client: Client) -> None:
    made = control(client, "POST", "/faults", json={"kind": "answer", "path": "/limits", "status": 500, "count": 5})
    code = client.get("/limits").status_code
    listed = control(client, "GET", "/faults").json()["faults"]
    gone = control(client, "DELETE", f"/faults/{made.json()['numbers'][0]}")

    assert (201, 500, 1, 204, 200) == (made.status_code, code, listed[0]["fired"], gone.status_code, client.get("/limits").status_code)
    assert 400 == control(client, "POST", "/faults", json={"kind": "nonsense"}).status_code
    assert "cut_after" in control(client, "GET", "/faults/kinds").json()


def test_calls_are_counted_by_endpoint_and_control_is_not(client: Client) -> None:
    control(client, "DELETE", "/calls")
    client.get(f"/sobjects/Lead/{ONE}")
    client.query("SELECT Id FROM Lead")
    found = control(client, "GET", "/calls").json()

    assert {"salesforce": 2} == found["total"]
    assert {"GET /services/data/{version}/query": 1, "GET /services/data/{version}/sobjects/Lead/{id}": 1} == found["endpoints"][
        "salesforce"
    ]


def test_people_act_as_other_users(client: Client) -> None:
    edited = control(
        client, "POST", "/salesforce/people", json={"act": "edit", "id": ONE, "values": {"Title": "human"}, "as": "rep@acme.example"}
    )
    merged = control(client, "POST", "/salesforce/people", json={"act": "merge", "winner": ONE, "losers": ["00Q000000000002"]})
    record = control(client, "GET", f"/salesforce/records/{ONE}").json()
    writes = control(client, "GET", "/audit", params={"source": "human", "object": "Lead"}).json()["writes"]

    assert (200, 200, "human") == (edited.status_code, merged.status_code, record["Title"])
    assert ("rep@acme.example", [None, "human"]) == (writes[0]["user"], writes[0]["changes"]["Title"])
    assert 400 == control(client, "POST", "/salesforce/people", json={"act": "nonsense"}).status_code
    assert 409 == control(client, "POST", "/salesforce/people", json={"act": "edit", "id": ONE, "values": {"LastName": None}}).status_code


def test_settings_and_sessions_can_be_changed(client: Client) -> None:
    control(client, "POST", "/salesforce/settings", json={"daily_api_requests": 7})
    told = client.get("/limits").json()["DailyApiRequests"]["Max"]
    control(client, "DELETE", "/salesforce/sessions")

    assert (7, 401) == (told, client.get("/limits").status_code)
    assert 400 == control(client, "POST", "/salesforce/settings", json={"nonsense": 7}).status_code


def test_a_reset_brings_the_loaded_records_back(client: Client) -> None:
    client.call("PATCH", f"/sobjects/Lead/{ONE}", json={"Title": "x"}, headers=NO_ASSIGNMENT)
    assert 204 == control(client, "POST", "/reset").status_code

    assert None is client.login().get(f"/sobjects/Lead/{ONE}").json()["Title"]
    assert (0, 0) == (len(client.world.audit), client.query("SELECT COUNT() FROM LeadHistory")["totalSize"])


def test_serve_runs_until_it_is_told_to_stop(client: Client) -> None:
    stop, found = threading.Event(), []

    def started(sandbox: Sandbox) -> None:
        found.append(requests.get(f"{sandbox.url()}/services/data", timeout=60).status_code)
        stop.set()

    serve(client.world, started=started, until=stop)

    assert [200] == found


CHILD = """
import json
from datetime import UTC, datetime
from alignment_pipeline.sandbox.faults import Faults
from alignment_pipeline.sandbox.salesforce.store import SalesforceStore
from alignment_pipeline.sandbox.server import serve
from alignment_pipeline.sandbox.world import World, sandbox_clock
world = World(sandbox_clock(datetime(2026, 11, 20, tzinfo=UTC), factor=60), Faults(), SalesforceStore())
serve(world, started=lambda sandbox: print(json.dumps(sandbox.environment()), flush=True))
"""


def test_a_child_process_serves_until_it_is_terminated() -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    environment = json.loads(child.stdout.readline())
    answer = requests.get(f"http://{environment['SALESFORCE_DOMAIN']}/services/data", timeout=60)
    child.terminate()

    assert (200, 0) == (answer.status_code, child.wait(timeout=60))


def test_the_sandbox_clock_starts_at_its_moment() -> None:
    assert NOW == sandbox_clock(NOW, factor=60, base=lambda: 5.0).now()
