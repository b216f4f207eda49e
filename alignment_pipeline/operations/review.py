"""The match review queue as a file, and reviewed files back as labels.

Belongs here: files for people. What a label does to the next run: `matching/decision/labels.py`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import ibis
from ibis import _

from alignment_pipeline.errors import ConfigurationError, RowsRefused
from alignment_pipeline.installation.home import Home
from alignment_pipeline.matching import match_labels
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
# a spreadsheet runs what begins with one of these (OWASP, CSV injection); ids are never changed
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TEXTS = ("company", "email_domain", "country", "account_name", "reason")


@dataclass(frozen=True)
class Learned:
    """What a reviewed file said."""

    labels: int
    right: int
    wrong: int
    without_verdict: int


def write_queue(warehouse: Warehouse, path: Path) -> int:
    """Write the queue, the most certain first, with an empty column `verdict` to fill in; returns its rows."""
    people = warehouse.read("people").select("person_id", "company", "email_domain", "country")
    accounts = warehouse.read("accounts").select("account_id", account_name=_.name)
    review = warehouse.read("lead_account_matches").filter(_.decision == "review")
    rows = review.inner_join(people, "person_id").left_join(accounts, "account_id", rname="{name}_again")
    queue = rows.order_by(ibis.desc("confidence"), "person_id").select(*COLUMNS[:-1]).to_pyarrow().to_pylist()
    with path.open("w", newline="", encoding="utf-8-sig") as handle:
        writer = csv.DictWriter(handle, COLUMNS)
        writer.writeheader()
        writer.writerows({name: _cell(name, row.get(name)) for name in COLUMNS} for row in queue)
    path.chmod(0o600)
    return len(queue)


def learn(home: Home, warehouse: Warehouse, path: Path) -> Learned:
    """Keep the verdicts of a reviewed file as labels; the next run follows them.

    Raises ConfigurationError when the file cannot be read or lacks a column, or holds a verdict that is neither right nor wrong.
    """
    rows = _read(path)
    odd = [
        (number, f"the verdict {verdict!r} is not right, wrong or empty")
        for number, row in enumerate(rows, start=2)
        if (verdict := (row.get("verdict") or "").strip().lower()) not in ("", "right", "wrong")
    ]
    if odd:
        raise RowsRefused(str(path), odd)
    labels = match_labels.from_file(rows, warehouse.read("lead_account_matches"), as_of=home.clock.now())
    warehouse.append("match_labels", labels)
    right = sum(1 for verdict in labels.column("verdict").to_pylist() if verdict == "right")
    return Learned(labels.num_rows, right, labels.num_rows - right, len(rows) - labels.num_rows)


def _read(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.DictReader(handle)
            rows = list(reader)
            names = set(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path} cannot be read as a CSV file in UTF-8: {error}") from error
    if "verdict" not in names or not names & {"person_id", "lead_id"} or not names & {"account_id", "best_account_id"}:
        raise ConfigurationError(
            f"{path} needs the columns person_id or lead_id, account_id and verdict; it has {', '.join(sorted(names)) or 'none'}"
        )
    return rows


def _cell(name: str, value: object) -> str:
    text = "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
    return f"'{text}" if name in _TEXTS and text.lstrip().startswith(_FORMULA) else text
