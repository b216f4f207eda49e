"""The match review queue as a file, and reviewed files back as labels.

Belongs here: files for people. What a label does to the next run: `matching/decision/labels.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
from ibis import _

from alignment_pipeline.contracts import record_ids, spreadsheets
from alignment_pipeline.errors import ConfigurationError, RowsRefused
from alignment_pipeline.installation.home import Home
from alignment_pipeline.matching import match_labels
from alignment_pipeline.matching.decision import audit
from alignment_pipeline.matching.decision.labels import PAGE
from alignment_pipeline.matching.files import lists
from alignment_pipeline.warehouse.warehouse import Warehouse

COLUMNS = (
    "person_id",
    "lead_id",
    "company",
    "email_domain",
    "country",
    "account_id",
    "account_name",
    "confidence",
    "runner_up_id",
    "reason",
    "verdict",
)
AUDIT_COLUMNS = (
    "person_id",
    "lead_id",
    "company",
    "email_domain",
    "website",
    "city",
    "country",
    "account_id",
    "account_name",
    "account_website",
    "account_country",
    "drawn",
    "verdict",
)
LONGEST_NAME = 80
_REVIEWED = {name: (name.replace("_", " "),) for name in ("person_id", "lead_id", "account_id", "best_account_id", "drawn", "verdict")}
_TEXTS = frozenset(
    ("company", "email_domain", "website", "city", "country", "account_name", "account_website", "account_country", "reason")
)


@dataclass(frozen=True)
class Learned:
    """What a reviewed file said."""

    labels: int
    right: int
    wrong: int
    without_verdict: int
    unknown: tuple[str, ...] = ()


def write_queue(warehouse: Warehouse, path: Path) -> int:
    """Write the queue, the most certain first, with an empty column `verdict` to fill in; returns its rows."""
    people = warehouse.read("people").select("person_id", "company", "email_domain", "country")
    accounts = warehouse.read("accounts").select("account_id", account_name=_.name)
    review = warehouse.read("lead_account_matches").filter(_.decision == "review")
    rows = review.inner_join(people, "person_id").left_join(accounts, "account_id", rname="{name}_again")
    queue = rows.order_by(ibis.desc("confidence"), "person_id").select(*COLUMNS[:-1]).to_pyarrow().to_pylist()
    _write(path, COLUMNS, queue)
    return len(queue)


def write_audit(home: Home, warehouse: Warehouse, path: Path, count: int) -> int:
    """Write about `count` decisions of all kinds, drawn by chance, with an empty column `verdict`; returns its rows.

    Neither confidence nor reason is shown, so that a judgement is nobody's but the reader's. `drawn` is the chance with which each was.
    """
    matches = warehouse.read("lead_account_matches").select("person_id", "lead_id", "account_id", "decision", "confidence", "method")
    drawn = audit.draw(matches.to_pyarrow().to_pylist(), count, seed=home.clock.now().date().isoformat())
    people = warehouse.read("people").select("person_id", "company", "email_domain", "country", "city", "website").to_pyarrow().to_pylist()
    of_person = {row["person_id"]: row for row in people}
    accounts = warehouse.read("accounts").select("account_id", "name", "website", "country").to_pyarrow().to_pylist()
    of_account = {row["account_id"]: row for row in accounts}
    rows = []
    for one in drawn:
        person, account = of_person.get(one.row["person_id"], {}), of_account.get(one.row["account_id"], {})
        facts = {f"account_{name}": account.get(name) for name in ("name", "website", "country")}
        rows.append(one.row | person | facts | {"drawn": f"{one.probability:.6f}"})
    _write(path, AUDIT_COLUMNS, rows)
    return len(rows)


def _write(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as handle:
        writer = csv.DictWriter(handle, columns)
        writer.writeheader()
        writer.writerows({name: _cell(name, row.get(name)) for name in columns} for row in rows)
    path.chmod(0o600)


def learn(home: Home, warehouse: Warehouse, path: Path) -> Learned:
    """Keep the verdicts of a reviewed file as labels; the next run follows them.

    Raises ConfigurationError when the file cannot be read or lacks a column, or holds a verdict that is neither right nor wrong.
    """
    items = _read(path)
    odd = [
        (item.line, f"the verdict {verdict!r} is not right, wrong or empty")
        for item in items
        if (verdict := item.values["verdict"].lower()) not in ("", "right", "wrong")
    ]
    if odd:
        raise RowsRefused(str(path), odd)
    matches = warehouse.read("lead_account_matches")
    rows, unknown = _known(items, matches, warehouse.read("accounts"), str(path))
    labels = match_labels.from_file(rows, matches, as_of=home.clock.now())
    warehouse.append("match_labels", labels)
    right = sum(1 for verdict in labels.column("verdict").to_pylist() if verdict == "right")
    return Learned(labels.num_rows, right, labels.num_rows - right, len(items) - labels.num_rows - len(unknown), unknown)


def decide(home: Home, person_id: str, judged: Mapping[str, str], *, by: str) -> int:
    """Keep somebody's verdicts (right or wrong) on a lead's accounts, as a reviewed file would; returns the labels written.

    Raises ConfigurationError without a name to sign with, for a lead that has no match, or an account that nothing published has.
    """
    name = by.strip()[:LONGEST_NAME]
    if not name:
        raise ConfigurationError("a verdict is signed: give your name")
    warehouse = home.warehouse()
    matches = warehouse.read("lead_account_matches").filter(_.person_id == person_id)
    if not matches.count().to_pyarrow().as_py():
        raise ConfigurationError(f"no match of the last run is of {person_id!r}")
    accounts = record_ids.KnownIds(warehouse.read("accounts").select("account_id").to_pyarrow()["account_id"].to_pylist())
    unknown = [account for account in judged if accounts.meant(account) is None]
    if unknown:
        raise ConfigurationError(f"no account has the id {unknown[0]!r}")
    rows = [{"person_id": person_id, "account_id": account, "verdict": verdict} for account, verdict in judged.items()]
    labels = match_labels.from_file(rows, matches, as_of=home.clock.now(), source=f"{PAGE} {name}")
    return warehouse.append("match_labels", labels).added


def _known(
    items: Sequence[lists.Item], matches: ibis.Table, accounts: ibis.Table, what: str
) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """The rows with the ids that the records bear, and a sentence for each verdict whose lead or account nothing published has."""
    ids = matches.select("person_id", "lead_id").to_pyarrow()
    leads = record_ids.KnownIds(filter(None, [*ids["person_id"].to_pylist(), *ids["lead_id"].to_pylist()]))
    known = record_ids.KnownIds(accounts.select("account_id").to_pyarrow()["account_id"].to_pylist())
    rows, unknown = [], []
    for item in items:
        values = {name: value for name, value in item.values.items() if value}
        lead = values.get("person_id") or values.get("lead_id") or ""
        account = values.get("account_id") or values.get("best_account_id") or ""
        drawn = values.get("drawn", "")
        if values.get("verdict") and lead and (account or drawn):
            mine, theirs = leads.meant(lead), known.meant(account) if account else ""
            if mine is None or theirs is None:
                kind, name = ("lead", lead) if mine is None else ("account", account)
                unknown.append(f"{what}, line {item.line}: no {kind} has the id {name!r}")
                continue
            rows.append({"lead_id": mine, "account_id": theirs, "verdict": values["verdict"], "drawn": drawn})
    return rows, tuple(unknown)


def _read(path: Path) -> list[lists.Item]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    required = (("person_id", "lead_id"), ("account_id", "best_account_id"), ("verdict",))
    return lists.read(data, str(path), columns=_REVIEWED, required=required)


def _cell(name: str, value: object) -> str:
    text = "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
    # ids are never changed
    return spreadsheets.harmless(text) if name in _TEXTS else text
