"""A pack: the frozen numbers of one week or quarter, the rows behind each, and the id that its inputs give it.

Belongs here: putting the sections together, the id, and the bytes of pack.json and of the files of rows. Keeping it in the home:
`operations/pack.py`; showing it: `page.py` and `digest.py`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.meeting import agenda
from alignment_pipeline.meeting.draft import Draft
from alignment_pipeline.meeting.periods import Period
from alignment_pipeline.meeting.sections import accounts, actions, changes, disputes, money, promises, quarter, reps
from alignment_pipeline.meeting.sections.actions import Action
from alignment_pipeline.meeting.sections.disputes import Dispute
from alignment_pipeline.meeting.sections.quarter import Review

#: Changed when the same inputs would give another page.
FORMAT = 1
#: Tables a pack is made of; the last two are made for the period's last day.
INPUTS = (
    "accounts", "people", "users", "leads", "contacts", "opportunities", "record_changes", "sla_clocks", "person_outcomes",
    "marketing_commitments", "person_stage_changes", "person_stages", "account_mqa_changes", "account_mqa_statuses", "account_scores",
    "account_stages", "account_tiers", "person_engagement_factors", "person_fits", "step_conversions", "pipeline_movements",
    "pipeline_metrics",
)  # fmt: skip
_STAMPS = ("as_of", "agreement_version", "known_at")
# a spreadsheet runs a cell that begins so
_FORMULA = r"^([=+\-@\t\r])"


@dataclass(frozen=True)
class Meeting:
    """What people gave beside the tables, and what was kept before."""

    disputes: Sequence[Dispute] = ()
    actions: Sequence[Action] = ()
    earlier: Sequence[Mapping[str, Any]] = ()
    previews: Sequence[Mapping[str, Any]] = ()
    changed_keys: Sequence[str] = ()
    #: of a quarter
    review: Review | None = None


@dataclass(frozen=True)
class Pack:
    """`content` is what pack.json holds; `files` are the bytes of each file of rows, by name."""

    content: Mapping[str, Any]
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def pack_id(self) -> str:
        """The id that its inputs give it."""
        return str(self.content["id"])

    @property
    def json(self) -> bytes:
        """The bytes of pack.json: the same content, the same bytes."""
        return _canonical(self.content)


def pack_of(
    tables: Mapping[str, ibis.Table], *, agreement: Agreement, period: Period, as_of: datetime, given: Meeting, organisation: str = "",
    notice: str = "",
) -> Pack:  # fmt: skip
    """The pack of a period from the published tables, as of the moment they were decided."""
    draft = Draft(tables, agreement, period, as_of)
    disputed = disputes.joined(disputes.from_fields(draft), given.disputes)
    upheld = disputes.keep(draft, disputed)
    promises.keep_clocks(draft, upheld=upheld["breach"])
    promises.keep_marketing(draft, upheld=upheld["rejection"])
    money.keep_deals(draft)
    money.keep_pipeline(draft)
    accounts.keep_mqas(draft)
    accounts.keep_near(draft)
    accounts.keep_insights(draft)
    changes.keep_predictions(draft, given.previews)
    actions.keep(draft, given.actions)
    sales = promises.sales(draft)
    sections: dict[str, Any] = {
        "promises": {"sales": sales, "marketing": promises.marketing(draft)},
        "reps": reps.section(draft),
        "disputes": disputes.section(draft),
        "near": accounts.near(draft),
        "mqas": accounts.mqas(draft),
        "reasons": money.reasons(draft),
        "pipeline": money.pipeline(draft),
        "insights": accounts.insights(draft),
        "actions": actions.section(draft),
        "owners": {"sales": agreement.parties.sales.owner, "marketing": agreement.parties.marketing.owner},
    }
    last = max(given.earlier, key=lambda one: (one["as_of"], one["id"]), default=None)
    if given.review is not None:
        quarter.keep(draft, given.review)
        sections["review"] = quarter.section(draft, given.review)
    sections["agreement"] = changes.agreement(draft, last, given.changed_keys)
    sections["restated"] = changes.restated(draft, given.earlier)
    draft.values = list({value.key: value for value in draft.values}.values())
    values = [value.to_json() for value in sorted(draft.values, key=lambda one: one.key)]
    by_key = {value.key: value.to_json() for value in draft.values}
    files = {name: rows_file(table) for name, table in draft.rows.items()}
    same = [one["id"] for one in given.earlier if one["period"]["name"] == period.name]
    content = {
        "format": FORMAT,
        "period": {name: str(value) for name, value in asdict(period).items()},
        "as_of": as_of.isoformat(),
        "made_on": agreement.fiscal.day_of(as_of).isoformat(),
        "is_over": agreement.fiscal.day_of(as_of) > period.last,
        "time_zone": agreement.fiscal.time_zone,
        "currency": agreement.currencies.company,
        "weeks": agreement.meeting.weeks,
        "min_n": agreement.pipeline.min_n,
        "agreement": {"name": agreement.name, "version": agreement.version},
        "organisation": organisation,
        "notice": notice,
        "restates": same[-1] if same else None,
        "inputs": inputs(draft, given),
        "agenda": agenda.lines(sections, by_key),
        "sections": sections,
        "values": values,
        "files": {name: {"rows": draft.rows[name].num_rows, "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()},
    }
    plain: dict[str, Any] = json.loads(_canonical(content))
    named = {name: plain[name] for name in ("format", "period", "as_of", "agreement", "inputs", "files", "restates")}
    return Pack({"id": hashlib.sha256(_canonical(named)).hexdigest()[:12], **plain}, files)


def inputs(draft: Draft, given: Meeting) -> dict[str, str]:
    """What the pack was made of -> its hash, whatever the order of rows and the file they lay in."""
    hashes = {name: _content_hash(table) for name, table in draft.tables.items()}
    for name in ("disputes", "actions", "previews"):
        hashes[name] = hashlib.sha256(_canonical([_plain_of(one) for one in getattr(given, name)])).hexdigest()[:16]
    return hashes


def _plain_of(one: Any) -> Any:
    return asdict(one) if isinstance(one, Dispute | Action) else one


def _content_hash(table: ibis.Table) -> str:
    """A hash of the rows: the sum of their hashes does not depend on their order."""
    columns = [table[name].cast("string").fill_null("\x1e") for name in table.columns if name not in _STAMPS]
    digest = ibis.literal("\x1f").join(columns).hexdigest("sha256")
    parts = [_part(digest, place) for place in range(4)]
    sums = table.aggregate(n=table.count(), **{f"p{place}": part.sum().fill_null(0) for place, part in enumerate(parts)})
    row = sums.to_pyarrow().to_pylist()[0]
    return hashlib.sha256("|".join(str(row[name]) for name in sorted(row)).encode()).hexdigest()[:16]


def _part(digest: ibis.Value, place: int) -> ibis.Value:
    """Seven hexadecimal digits of a digest as a number."""
    return (ibis.literal("0x") + digest.substr(7 * place, 7)).cast("int64")


def rows_file(table: pa.Table) -> bytes:
    """A file of rows as CSV in UTF-8 with a byte order mark, which Excel needs; no cell is a formula."""
    columns = []
    for column in table.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = pc.replace_substring_regex(column, _FORMULA, r"'\1")
        elif pa.types.is_timestamp(column.type):
            column = pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
        columns.append(column)
    target = io.BytesIO(b"")
    pacsv.write_csv(pa.table(columns, names=table.column_names), target)
    return b"\xef\xbb\xbf" + target.getvalue()


def _canonical(content: Any) -> bytes:
    return (json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1, default=_text, allow_nan=False) + "\n").encode()


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
