"""What must hold of the Kubernetes manifests that Dagster's chart makes of `examples/helm/values.yaml`, as an operator reads them.

Belongs here: the reading. Rendering: `helm_chart.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML

from alignment_pipeline_tests.containers.processes import ROOT

Manifest = Mapping[str, Any]

#: What the guide says to create beforehand. The last one is optional in the chart, and does not exist here.
SECRETS = {"alignment", "alignment-public-key", "dagster-postgresql-secret", "dagster-celery-config-secret"}
CLAIMS = {"alignment-home"}
CODE_SERVER = ["dagster", "api", "grpc", "-h", "0.0.0.0", "-p", "4000", "--module-name", "alignment_pipeline.definitions"]
_SAME_AS_COMPOSE = ("run_launcher", "run_coordinator", "run_monitoring", "concurrency", "retention", "telemetry")


def problems(manifests: Sequence[Manifest]) -> list[str]:
    """What is wrong, a sentence each."""
    pods = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in manifests if one["kind"] == "Deployment"}
    web = {name: pod for name, pod in pods.items() if "dagster-webserver -h" in _command(pod)}
    code = {name: pod for name, pod in pods.items() if _main(pod).get("args")}
    found = [f"{one['kind']} {one['metadata']['name']}" for one in manifests if one["kind"] in _NOT_NEEDED]
    said = [f"the chart makes {', '.join(found)}"] if found else []
    said += [f"{name} is named" for name in ("approval.key", "ALIGNMENT_APPROVAL_KEY_FILE") if name in json.dumps(list(manifests))]
    said += [f"{len(pods)} deployments, not 3: {', '.join(pods)}"] if len(pods) != 3 else []
    said += [f"{len(web)} web servers"] if len(web) != 1 else []
    said += [f"{name} may do more than read" for name, pod in web.items() if not _is_read_only(pod)]
    said += [f"{name} runs {_main(pod)['args']}" for name, pod in code.items() if _main(pod)["args"] != CODE_SERVER]
    said += [f"{name} has a secret of the code server" for name in pods.keys() - code.keys() if _secrets(pods[name]) & _OF_CODE_SERVER]
    said += [f"{name} misses {', '.join(_OF_CODE_SERVER - _secrets(pod))}" for name, pod in code.items() if _OF_CODE_SERVER - _secrets(pod)]
    for name, pod in pods.items():
        said += [f"{name}: {text}" for text in (*_confinement(pod), *_references(pod, manifests))]
    return said + list(_workspace(manifests)) + list(_instance(manifests))


_NOT_NEEDED = {"Secret", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "StatefulSet", "Job"}
_OF_CODE_SERVER = {"alignment", "alignment-public-key"}


def _main(pod: Manifest) -> dict[str, Any]:
    (one,) = pod["containers"]
    return dict(one)


def _command(pod: Manifest) -> str:
    return " ".join(_main(pod).get("command", ()))


def _is_read_only(pod: Manifest) -> bool:
    named = {one["name"]: one.get("value") for one in _main(pod).get("env", ())}
    return "--read-only" in _command(pod) or named.get("DAGSTER_WEBSERVER_READ_ONLY") == "true"


def _secrets(pod: Manifest) -> set[str]:
    main = _main(pod)
    named = {one["secretRef"]["name"] for one in main.get("envFrom", ()) if "secretRef" in one}
    named |= {one["valueFrom"]["secretKeyRef"]["name"] for one in main.get("env", ()) if "secretKeyRef" in one.get("valueFrom", {})}
    return named | {one["secret"]["secretName"] for one in pod.get("volumes", ()) if "secret" in one}


def _confinement(pod: Manifest) -> Iterator[str]:
    whole = pod.get("securityContext") or {}
    if (whole.get("runAsNonRoot"), whole.get("runAsUser"), whole.get("fsGroup")) != (True, 10001, 10001):
        yield f"runs as {whole}"
    for one in (*pod.get("initContainers", ()), *pod["containers"]):
        limits = one.get("securityContext") or {}
        if not limits.get("readOnlyRootFilesystem") or limits.get("allowPrivilegeEscalation") is not False:
            yield f"{one['name']} may write to its image or become root"
        if limits.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{one['name']} has capabilities"
    ports = [port["containerPort"] for port in _main(pod).get("ports", ())]
    if any(port < 1024 for port in ports):
        yield f"opens port {ports}, which needs more than user 10001 has"
    if not _main(pod)["image"].startswith("registry.example.com/alignment-pipeline:"):
        yield f"runs {_main(pod)['image']}"


def _references(pod: Manifest, manifests: Sequence[Manifest]) -> Iterator[str]:
    maps = {one["metadata"]["name"] for one in manifests if one["kind"] == "ConfigMap"}
    named = {one["configMap"]["name"] for one in pod.get("volumes", ()) if "configMap" in one}
    named |= {one["configMapRef"]["name"] for one in _main(pod).get("envFrom", ()) if "configMapRef" in one}
    claims = {one["persistentVolumeClaim"]["claimName"] for one in pod.get("volumes", ()) if "persistentVolumeClaim" in one}
    missing = (named - maps) | (_secrets(pod) - SECRETS) | (claims - CLAIMS)
    if missing:
        yield f"refers to {', '.join(sorted(missing))}, which nobody makes"
    volumes = {one["name"] for one in pod.get("volumes", ())}
    unmounted = {one["name"] for one in _main(pod).get("volumeMounts", ())} ^ volumes
    if unmounted:
        yield f"volumes and mounts differ by {', '.join(sorted(unmounted))}"


def _workspace(manifests: Sequence[Manifest]) -> Iterator[str]:
    services = {(one["metadata"]["name"], port["port"]) for one in manifests if one["kind"] == "Service" for port in one["spec"]["ports"]}
    for entry in _file(manifests, "workspace.yaml")["load_from"]:
        server = entry["grpc_server"]
        if (server["host"], server["port"]) not in services:
            yield f"the workspace looks for {server['host']}:{server['port']}, and no service answers there"


def _instance(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Dagster's settings are those of compose, where the smoke test runs them."""
    here = _file(manifests, "dagster.yaml")
    there = YAML(typ="safe").load((ROOT / "docker" / "dagster.yaml").read_text(encoding="utf-8"))
    for name in _SAME_AS_COMPOSE:
        differing = [".".join(place) for place, value in _leaves(there[name]) if _at(here.get(name), place) != value]
        if differing:
            yield f"dagster.yaml: {name} differs from docker/dagster.yaml in {', '.join(differing)}"
    for storage in ("run_storage", "event_log_storage", "schedule_storage"):
        if here[storage]["config"]["postgres_db"].get("scheme") != "postgresql+psycopg2":
            yield f"dagster.yaml: {storage} does not name the driver"


def _file(manifests: Sequence[Manifest], name: str) -> dict[str, Any]:
    (text,) = [one["data"][name] for one in manifests if one["kind"] == "ConfigMap" and name in (one.get("data") or {})]
    return dict(YAML(typ="safe").load(text))


def _leaves(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*place, str(key)))
    else:
        yield place, value


def _at(value: Any, place: tuple[str, ...]) -> Any:
    for key in place:
        value = value.get(key) if isinstance(value, dict) else None
    return value
