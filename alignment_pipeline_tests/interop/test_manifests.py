"""What the reader of Kubernetes manifests finds in manifests that are wrong in one place each."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from alignment_pipeline_tests.containers.processes import ROOT
from alignment_pipeline_tests.interop import manifests

LIMITS = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
STORAGE = "".join(
    f"{name}:\n  config:\n    postgres_db: {{scheme: postgresql+psycopg2}}\n"
    for name in ("run_storage", "event_log_storage", "schedule_storage")
)
Change = Callable[[dict[str, Any]], object]


def deployment(name: str, **main: Any) -> dict[str, Any]:
    container = {"name": name, "image": "registry.example.com/alignment-pipeline:0.1.0", "securityContext": dict(LIMITS), **main}
    pod = {"securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "fsGroup": 10001}, "containers": [container]}
    return {"kind": "Deployment", "metadata": {"name": name}, "spec": {"template": {"spec": pod}}}


def right() -> dict[str, dict[str, Any]]:
    web = deployment("web", command=["bash", "-c", "dagster-webserver -h 0.0.0.0 -p 3000"])
    code = deployment("code", args=list(manifests.CODE_SERVER), envFrom=[{"secretRef": {"name": "alignment"}}])
    pod(web)["containers"][0]["env"] = [{"name": "DAGSTER_WEBSERVER_READ_ONLY", "value": "true"}]
    pod(code)["volumes"] = [{"name": "key", "secret": {"secretName": "alignment-public-key"}}]
    pod(code)["containers"][0]["volumeMounts"] = [{"name": "key", "mountPath": "/keys/public"}]
    settings = {
        "dagster.yaml": (ROOT / "docker/dagster.yaml").read_text() + STORAGE,
        "workspace.yaml": "load_from: [{grpc_server: {host: code, port: 4000}}]",
    }
    return {
        "web": web,
        "code": code,
        "daemon": deployment("daemon", command=["dagster-daemon", "run"]),
        "service": {"kind": "Service", "metadata": {"name": "code"}, "spec": {"ports": [{"port": 4000}]}},
        "settings": {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": settings},
    }


def pod(one: dict[str, Any]) -> dict[str, Any]:
    return dict(one["spec"]["template"])["spec"]  # type: ignore[no-any-return]


def main(one: dict[str, Any]) -> dict[str, Any]:
    return pod(one)["containers"][0]  # type: ignore[no-any-return]


def replace(settings: dict[str, Any], name: str, old: str, new: str) -> None:
    assert old in settings["data"][name]
    settings["data"][name] = settings["data"][name].replace(old, new)


WRONG: dict[str, tuple[Change, str]] = {
    "a web server that may write": (lambda made: main(made["web"]).pop("env"), "web may do more than read"),
    "a second web server": (lambda made: made.update(more=deployment("more", command=main(made["web"])["command"])), "2 web servers"),
    "the signing key": (lambda made: main(made["code"]).update(env=[{"name": "ALIGNMENT_APPROVAL_KEY_FILE"}]), "KEY_FILE is named"),
    "credentials at the daemon": (
        lambda made: main(made["daemon"]).update(envFrom=[{"secretRef": {"name": "alignment"}}]),
        "daemon has a secret of the code server",
    ),
    "another module": (lambda made: main(made["code"])["args"].append("--lazy-load"), "code runs"),
    "root": (lambda made: pod(made["daemon"]).pop("securityContext"), "daemon: runs as"),
    "an image that can be written": (lambda made: main(made["web"]).pop("securityContext"), "may write to its image"),
    "port 80": (lambda made: main(made["web"]).update(ports=[{"containerPort": 80}]), "opens port [80]"),
    "a claim that nobody makes": (
        lambda made: pod(made["code"])["volumes"].append({"name": "x", "persistentVolumeClaim": {"claimName": "other"}}),
        "refers to other",
    ),
    "a role": (lambda made: made.update(role={"kind": "Role", "metadata": {"name": "pods"}}), "the chart makes Role pods"),
    "a workspace without service": (lambda made: replace(made["settings"], "workspace.yaml", "4000", "3030"), "no service answers"),
    "no pools": (lambda made: replace(made["settings"], "dagster.yaml", "default_limit: 1", "default_limit: 2"), "pools.default_limit"),
    "no driver": (lambda made: replace(made["settings"], "dagster.yaml", "+psycopg2", ""), "does not name the driver"),
}


def test_right_manifests_have_no_problem() -> None:
    assert [] == manifests.problems(list(right().values()))


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_manifest_has_its_sentence(name: str) -> None:
    change, sentence = WRONG[name]
    made = copy.deepcopy(right())
    change(made)
    found = manifests.problems(list(made.values()))
    assert any(sentence in one for one in found), found
