"""A small published company whose every text is given, and its pages over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn

from alignment_pipeline.clock import Clock
from alignment_pipeline.installation.home import Home
from alignment_pipeline.serving.application import application
from alignment_pipeline.serving.current import Current
from alignment_pipeline_tests.staging.factories import account, days_ago, lead, staged, user

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
STYLE = "h1 { color: red }"


def person(number: int) -> str:
    return f"lead:{lead(number)}"


def tables(texts: Sequence[str]) -> Mapping[str, list[dict[str, Any]]]:
    """A person and an account for each text, with a row in every table that a page shows. Every lead is in doubt between two accounts."""
    made: dict[str, list[dict[str, Any]]] = {}

    def add(table: str, **row: Any) -> None:
        made.setdefault(table, []).append(row)

    add("users", user_id=user(1), name=texts[0])
    for n, text in enumerate(texts):
        mine, theirs = account(n), account((n + 1) % len(texts))
        common = {"reason": text, "as_of": NOW, "agreement_version": "v"}
        add("accounts", account_id=mine, name=text, website="https://www.acme.example/x", country=text, industry=text, city=text)
        add("people", person_id=person(n), first_name=text, last_name=f"Number {n}", company=text, title=text, website="acme.example",
            email=f"p{n}@acme.example", email_domain="acme.example", country=text, lead_id=lead(n))  # fmt: skip
        add("person_records", source_key=person(n), person_id=person(n), object="Lead", record_id=lead(n))
        add("person_accounts", person_id=person(n), account_id=mine, basis="matched", confidence=0.5)
        evidence = json.dumps([{"evidence": text, "points_micro": 1_500_000}, {"evidence": "same_name", "points_micro": -2_000_000}])
        add("lead_account_matches", person_id=person(n), lead_id=lead(n), account_id=mine, runner_up_id=theirs, decision="review",
            confidence=0.5, method="fuzzy_name", margin=0.25, evidence=evidence, **common)  # fmt: skip
        missing = json.dumps([{"stage": text, "missing": text}])
        for kind, key, id_ in (("person", "person_id", person(n)), ("account", "account_id", mine)):
            add(f"{kind}_stages", **{key: id_}, stage=text, entered_at=days_ago(9), owner_id=user(1), owner_team=text, owner_reason=text,
                missing=missing, as_of=NOW)  # fmt: skip
            add(f"{kind}_stage_changes", **{key: id_}, sequence=1, stage=text, previous_stage=text, entered_at=days_ago(9), **common)
            add(f"{kind}_scores", **{key: id_}, engagement_points=2.5, score_reason=text, last_activity_at=days_ago(2))
            add(f"{kind}_fits", **{key: id_}, fit_score=50.0, fit_reason=text)
            add(f"{kind}_engagement_factors", **{key: id_}, factor=text, contribution_micro=1_500_000, activities=3, last_at=days_ago(2))
        made["person_scores"][-1]["persona"] = text
        add("account_tiers", account_id=mine, tier=1, tier_reason=text)
        add("account_mqa_statuses", account_id=mine, is_mqa=True, mqa_status="qualified", mqa_reason=text)
        add("account_mqa_changes", account_id=mine, sequence=1, entered_at=days_ago(5), left_at=days_ago(1), reason=text, left_reason=text)
        for subject in ({"subject_id": person(n), "person_id": person(n)}, {"subject_id": mine}):
            add("sla_clocks", clock_id=f"{n} {len(subject)}", policy=text, state="breached", started_at=days_ago(8), due_at=days_ago(7),
                breach_reason=text, **subject, **common)  # fmt: skip
        for record in (lead(n), mine):
            add(
                "sla_escalations",
                escalation_id=record,
                policy=text,
                rung=text,
                title=text,
                state="sent",
                record_id=record,
                due_at=days_ago(6),
            )
            add("write_results", op_key=record, object="Lead", record_id=record, state="VERIFIED", changed_at=days_ago(3), reason=text)
        add("activities", activity_id=str(n), source_key=person(n), activity_type=text, detail=text, occurred_at=days_ago(2))
        add("touches", touch_id=str(n), source_key=person(n), touch_type=text, direction=text, subject=text, occurred_at=days_ago(4))
        add("opportunities", opportunity_id=str(n), account_id=mine, stage=text, created_at=days_ago(3))
    return made


def home(folder: Path, texts: Sequence[str]) -> Home:
    """The company, published."""
    made = Home(folder / "home", {}, Clock(moment=NOW, unix=0.0, unix_time=lambda: 0.0))
    warehouse = made.warehouse()
    for name, rows in tables(texts).items():
        warehouse.replace(name, staged(name, rows))
    return made


def keep_pack(home: Home, text: str, *, period: str = "2026-W47", pack_id: str = "abc123def456") -> Path:
    """A kept pack whose agenda and page hold a text."""
    folder = home.folder("packs") / period / pack_id
    (folder / "rows").mkdir(parents=True)
    content = {"id": pack_id, "as_of": f"2026-11-{20 + int(period[-1]) % 8}T08:00:00+00:00", "agenda": [{"who": text, "what": text}]}
    (folder / "pack.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "pack.html").write_text(f"<!doctype html><title>Pack</title><style>{STYLE}</style><h1>Pack</h1>", encoding="utf-8")
    (folder / "rows" / "clocks.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return folder


@contextmanager
def served(home: Home, **options: Any) -> Iterator[str]:
    """The pages on a port of the loopback; gives their address."""
    current = Current(home, seconds=0.2)
    current.start()
    app = application(home, current, hosts=("127.0.0.1", "localhost"), **options)
    config = uvicorn.Config(app, port=0, log_level="error", server_header=False, lifespan="off")
    server, socket = uvicorn.Server(config), config.bind_socket()
    socket.listen(16)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        current.stop()
