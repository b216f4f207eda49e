"""The target list that both teams approved, from the CSV that the agreement names.

Belongs here: reading the file. What its lines mean and which are wrong: `scoring/account_tiers.py`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import ibis
import pyarrow as pa

from alignment_pipeline.agreement.agreement import Agreement
from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.matching.files import exports, lists
from alignment_pipeline.scoring import account_tiers

_COLUMNS = {
    "account_id": exports.SPELLINGS_ACCOUNTS["account_id"],
    "tier": ("tier", "target tier", "account tier"),
    "reason": ("reason", "why", "comment", "note"),
}


def target_list(agreement: Agreement, *, agreement_path: Path) -> ibis.Table | None:
    """The overrides of tiers, or None when the agreement names no file. A relative path is taken from the agreement's own file."""
    name = agreement.scoring.tiers.overrides_file
    return None if name is None else ibis.memtable(read_overrides(agreement_path.parent / Path(name).expanduser()))


def digest(agreement: Agreement, *, agreement_path: Path) -> str:
    """Names the content of the list, so that a changed file is noticed. Raises ConfigurationError when it cannot be read."""
    name = agreement.scoring.tiers.overrides_file
    if name is None:
        return "none"
    path = agreement_path.parent / Path(name).expanduser()
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def read_overrides(path: Path) -> pa.Table:
    """A CSV with account_id, tier and reason, in any dialect that a spreadsheet saves. Raises ConfigurationError naming the line."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    required = (("account_id",), ("tier",))
    items = lists.read(data, str(path), columns=_COLUMNS, required=required)
    return account_tiers.overrides_from([item.values for item in items], name=str(path), lines=[item.line for item in items])


def unreadable(path: Path, error: Exception) -> ConfigurationError:
    """What to do about a list that cannot be read."""
    fix = "put the CSV (account_id,tier,reason) there, or take scoring.tiers.overrides_file out of the agreement"
    return ConfigurationError(f"{path}: cannot be read as the list of tier overrides ({error}); {fix}")
