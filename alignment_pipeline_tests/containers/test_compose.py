"""The container files, as far as they can be checked without a container engine: who holds what, and that nothing runs as root.

Not checked here: building the image and starting containers. `make up` does, where an engine runs; `make smoke` starts the same commands
as processes.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from dagster_webserver.cli import dagster_webserver
from ruamel.yaml import YAML

from alignment_pipeline_tests.containers.processes import ROOT, services

OURS = ("code", "daemon", "web", "person", "sandbox")
_PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;]+)", re.MULTILINE)


def said(service: str) -> dict[str, Any]:
    return services()[service]


def test_only_a_person_holds_the_signing_key() -> None:
    holders = {name for name, one in services().items() if any(str(volume).startswith("signing-key") for volume in one.get("volumes", ()))}
    named = {name for name, one in services().items() if "ALIGNMENT_APPROVAL_KEY_FILE" in one.get("environment", {})}
    assert {"person"} == holders == named
    assert ["person"] == said("person")["profiles"]
    assert "public-key:/keys/public:ro" in said("code")["volumes"]


def test_only_who_runs_and_who_approves_has_credentials() -> None:
    assert {"code", "person"} == {name for name, one in services().items() if "env_file" in one}
    for name in ("web", "daemon"):
        assert not {"ALIGNMENT_DATABASE_URL", "ALIGNMENT_APPROVAL_PUBLIC_KEY_FILE"} & set(said(name)["environment"])
    assert "--read-only" in said("web")["command"]
    assert not any(str(volume).startswith("data:") for volume in said("web")["volumes"])
    assert ["127.0.0.1:3000:3000"] == said("web")["ports"]
    assert ["web"] == [name for name, one in services().items() if one.get("ports")]


@pytest.mark.parametrize("name", OURS)
def test_every_service_of_ours_is_confined_and_says_whether_it_is_healthy(name: str) -> None:
    one = said(name)
    assert (True, ["ALL"], ["no-new-privileges:true"]) == (one["read_only"], one["cap_drop"], one["security_opt"])
    assert "alignment-pipeline:local" == one["image"]
    assert "test" in one["healthcheck"] or name == "person"


def test_the_drivers_of_both_databases_are_named() -> None:
    environment = said("code")["environment"]
    assert environment["DAGSTER_POSTGRES_URL"].startswith("postgresql+psycopg2://")
    assert environment["ALIGNMENT_DATABASE_URL"].startswith("postgresql+psycopg://")


def test_no_password_stands_in_a_file() -> None:
    text = (ROOT / "compose.yaml").read_text()
    assert {"${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}"} == set(re.findall(r"\$\{[^}]*\}", text))
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"docker/alignment.env", "docker/compose.env"} <= set(ignored)


def test_the_image_is_built_in_two_stages_from_hashes_and_runs_as_nobody() -> None:
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    text = "\n".join(lines)
    stages = [line for line in lines if line.startswith("FROM ")]
    assert 2 == len(stages) and all("slim" in stage and ":latest" not in stage for stage in stages)
    assert "--require-hashes -r requirements-server.lock" in text and "apt-get" not in text
    last = text[text.rindex("FROM ") :]
    assert "USER 10001:10001" in last and "HEALTHCHECK" in last and "ADD " not in text
    copied = set(re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE))
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {name.split("/")[0] for group in copied for name in group.split()} <= allowed
    assert all((ROOT / name).exists() for group in copied for name in group.split())


def test_the_image_s_lock_is_part_of_the_lock_that_is_tested() -> None:
    server, tested = (dict(_PINNED.findall((ROOT / name).read_text())) for name in ("requirements-server.lock", "requirements.lock"))
    assert {"dagster", "dagster-postgres", "psycopg", "opentelemetry-sdk", "setuptools"} <= set(server)
    assert not {"pytest", "mypy", "ruff"} & set(server)
    assert {name: tested[name] for name in server if name in tested} == {
        name: version for name, version in server.items() if name in tested
    }
    blocks = (ROOT / "requirements-server.lock").read_text().split("\n\n")
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z0-9])", "\n".join(blocks)) if "==" in block.split("\n")[0])


def helm_values() -> dict[str, Any]:
    return dict(YAML(typ="safe").load((ROOT / "examples/helm/values.yaml").read_text()))


def test_kubernetes_gets_no_signing_key_and_a_read_only_web_server() -> None:
    values = helm_values()
    assert "approval.key" not in (ROOT / "examples/helm/values.yaml").read_text()
    (one,) = values["dagster-user-deployments"]["deployments"]
    assert ["--module-name", "alignment_pipeline.definitions"] == one["dagsterApiGrpcArgs"]
    # `enableReadOnly` starts a second server; the first would still launch runs
    assert values["dagsterWebserver"]["enableReadOnly"] is False
    ((name, value),) = [(one["name"], one["value"]) for one in values["dagsterWebserver"]["env"]]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(name, value)
        assert dagster_webserver.make_context("web", [], auto_envvar_prefix="DAGSTER_WEBSERVER").params["read_only"] is True


#: Sections of the chart's values in which its schema (helm/dagster/values.schema.json) allows no other key, as far as we set any.
HELM_CLOSED = {
    ("dagsterWebserver",): (
        "replicaCount image nameOverride pathPrefix service workspace env envConfigMaps envSecrets deploymentLabels labels nodeSelector "
        "affinity tolerations podSecurityContext securityContext resources readinessProbe livenessProbe startupProbe annotations "
        "enableReadOnly dbStatementTimeout dbPoolRecycle logLevel schedulerName volumeMounts volumes"
    ),
    ("dagsterWebserver", "service"): "annotations type port",
    ("dagsterDaemon",): (
        "enabled image runCoordinator heartbeatTolerance env envConfigMaps envSecrets deploymentLabels labels nodeSelector affinity "
        "tolerations podSecurityContext securityContext resources livenessProbe readinessProbe startupProbe annotations runMonitoring "
        "runRetries sensors schedules schedulerName volumeMounts volumes"
    ),
    ("dagsterDaemon", "runCoordinator"): "enabled type config",
    ("dagsterDaemon", "runCoordinator", "config", "customRunCoordinator"): "module class config",
    ("runLauncher",): "type config",
    ("runLauncher", "config", "customRunLauncher"): "module class config",
    ("telemetry",): "enabled",
}
HELM_SECTIONS = (
    "global rbacEnabled dagsterWebserver dagsterDaemon dagster-user-deployments runLauncher additionalInstanceConfig retention telemetry "
    "postgresql generatePostgresqlPasswordSecret"
)


def test_the_chart_s_values_have_no_key_that_its_schema_refuses() -> None:
    values = helm_values()

    assert set(HELM_SECTIONS.split()) == set(values)
    for place, allowed in HELM_CLOSED.items():
        section = values
        for name in place:
            section = section[name]
        assert set(section) <= set(allowed.split()), place


def test_board_and_alerts_use_metrics_that_are_sent() -> None:
    code = (ROOT / "alignment_pipeline/operations/open_telemetry.py").read_text()
    sent = {name.replace(".", "_") for name in re.findall(r'create_\w+\("(alignment\.[a-z.]+)"', code)}
    board = json.loads((ROOT / "examples/grafana/alignment.json").read_text())
    shown = " ".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
    alerts = (ROOT / "examples/grafana/alerts.yaml").read_text()
    for text in (shown, alerts):
        used = {re.sub(r"_(total|seconds)$", "", name) for name in re.findall(r"\balignment_[a-z_]+", text)} - {"alignment_pipeline"}
        assert used <= sent, used - sent
    guide = (ROOT / "docs/guides/on-a-server.md").read_text()
    assert sent == {name.replace(".", "_") for name in re.findall(r"^\| `(alignment\.[a-z.]+)`", guide, re.MULTILINE)}
