"""Who allowed it: approvals of one plan, and standing approvals for schedules, both signed.

Belongs here: the key, the signatures and what they cover. The signature binds the plan's hash (its operations, the agreement, the
organisation), who, when, and until when. Only the command line signs; whoever can merely start a run cannot widen what was signed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select, update

from alignment_pipeline.agreement.write_back import Approvals
from alignment_pipeline.errors import ApprovalRequired, ConfigurationError
from alignment_pipeline.journal.digest import digest
from alignment_pipeline.journal.journal import Journal, stamp
from alignment_pipeline.journal.tables import PLAN, STANDING_APPROVAL

ENVIRONMENT_VARIABLE = "ALIGNMENT_APPROVAL_KEY_FILE"


@dataclass(frozen=True)
class Standing:
    """What scheduled and fast-lane plans may do without a person, until when."""

    agreement_version: str
    org_id: str
    objects: Sequence[str]
    fields: Mapping[str, Sequence[str]]
    most_records: int
    most_creates: int
    most_cleared: int
    made_by: str
    made_at: str
    expires_at: str

    def refusal(self, plan: Row[Any], written: Mapping[str, set[str]], now: str) -> str | None:
        """Why a plan is outside, or None."""
        if now >= self.expires_at:
            return f"the standing approval ran out at {self.expires_at}"
        if plan.config_hash != self.agreement_version:
            return f"it was signed for agreement {self.agreement_version}, the plan follows {plan.config_hash}"
        if plan.org_id != self.org_id:
            return "it was signed for another organisation"
        for object_, names in written.items():
            outside = sorted(names - set(self.fields.get(object_, ())))
            if object_ not in self.objects or outside:
                return f"it does not cover {object_} {', '.join(outside)}".rstrip()
        stats = json.loads(plan.stats)["objects"].values()
        for what, most, found in (
            ("records", self.most_records, sum(one["records"] for one in stats)),
            ("creates", self.most_creates, sum(one["created"] for one in stats)),
            ("cleared values", self.most_cleared, sum(one["cleared"] for one in stats)),
        ):
            if found > most:
                return f"it allows {most} {what}, the plan has {found}"
        return None


def key_path(home: Path, environ: Mapping[str, str] | None = None) -> Path:
    """The key's file: `ALIGNMENT_APPROVAL_KEY_FILE`, else `approval.key` in the state's directory."""
    named = (os.environ if environ is None else environ).get(ENVIRONMENT_VARIABLE, "").strip()
    return Path(named).expanduser() if named else home / "approval.key"


def load_key(path: Path, *, may_make: bool) -> bytes:
    """The signing key. Made on first use by the command line (`may_make`), 0600. Raises ConfigurationError when others can read it."""
    if not path.exists():
        if not may_make:
            raise ConfigurationError(f"no approval key ({path.name}): nothing was ever approved here. `alignment approve` makes the key")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077 or path.stat().st_uid != os.getuid():
        raise ConfigurationError(
            f"the approval key {path.name} can be read by others (mode {mode:04o}): chmod 600 {path.name}, or make a new one"
        )
    text = path.read_text(encoding="ascii").strip()
    if len(text) < 32:
        raise ConfigurationError(f"the approval key {path.name} is too short; delete it and approve again")
    return text.encode()


def key_or_none(path: Path) -> bytes | None:
    """The key for checking signatures; None when nothing was ever signed here."""
    return load_key(path, may_make=False) if path.exists() else None


def approve(journal: Journal, plan: Row[Any], *, by: str, key: bytes, numbers: Approvals) -> None:
    """Sign a plan. Raises ApprovalRequired when the guard blocked it: a signature does not lift that."""
    if plan.state == "BLOCKED":
        blocked = [check["text"] for check in json.loads(plan.guard)["checks"] if check["verdict"] == "BLOCKED"]
        raise ApprovalRequired("the plan is blocked, approval does not lift that:\n" + "\n".join(f"  - {text}" for text in blocked))
    if plan.state in ("DONE", "ABORTED", "EXPIRED"):
        raise ApprovalRequired(f"the plan is {plan.state}; make a new one with `alignment run`")
    now = journal.clock.now()
    values = {"approved_by": by, "approved_at": stamp(now), "expires_at": stamp(now + timedelta(hours=numbers.plan_hours))}
    mac = _mac(key, [plan.plan_hash, values["approved_by"], values["approved_at"], values["expires_at"]])
    state = "APPLYING" if plan.state == "APPLYING" else "APPROVED"
    with journal.begin() as connection:
        chosen = update(PLAN).where(PLAN.c.plan_hash == plan.plan_hash, PLAN.c.state == plan.state)
        connection.execute(chosen.values(state=state, approval_mac=mac, **values))


def plan_refusal(plan: Row[Any], key: bytes | None, now: datetime) -> str | None:
    """Why the plan's own approval does not hold, or None when it does."""
    if not plan.approval_mac or key is None:
        return "nobody approved it"
    expected = _mac(key, [plan.plan_hash, plan.approved_by, plan.approved_at, plan.expires_at])
    if not hmac.compare_digest(expected, plan.approval_mac):
        return "its approval is not signed with this installation's key"
    if stamp(now) >= plan.expires_at:
        return f"its approval ran out at {plan.expires_at}"
    return None


def sign_standing(
    journal: Journal,
    *,
    agreement_version: str,
    org_id: str,
    fields: Mapping[str, Sequence[str]],
    most_records: int,
    most_creates: int,
    most_cleared: int,
    days: float,
    by: str,
    key: bytes,
    numbers: Approvals,
) -> Standing:
    """Sign what schedules may do: these fields, so many changes per plan, for so many days (at most the agreement's)."""
    if not 0 < days <= numbers.standing_days:
        raise ConfigurationError(
            f"a standing approval holds at most {numbers.standing_days} days (agreement write_back.approvals.standing_days)"
        )
    now = journal.clock.now()
    standing = Standing(
        agreement_version=agreement_version,
        org_id=org_id,
        objects=sorted(fields),
        fields={name: sorted(fields[name]) for name in sorted(fields)},
        most_records=most_records,
        most_creates=most_creates,
        most_cleared=most_cleared,
        made_by=by,
        made_at=stamp(now),
        expires_at=stamp(now + timedelta(days=days)),
    )
    content = json.dumps(asdict(standing), sort_keys=True)
    row = {"approval_id": digest(content)[:16], "content": content, "mac": _mac(key, content), "created_at": stamp(now), "revoked_at": None}
    with journal.begin() as connection:
        journal.upsert(connection, STANDING_APPROVAL, [row])
    return standing


def standing_approvals(journal: Journal, key: bytes | None) -> dict[str, Standing]:
    """The standing approvals that are signed with this key and not revoked, newest first."""
    query = select(STANDING_APPROVAL).where(STANDING_APPROVAL.c.revoked_at.is_(None)).order_by(STANDING_APPROVAL.c.created_at.desc())
    with journal.read() as connection:
        rows = connection.execute(query).all()
    signed = (row for row in rows if key is not None and hmac.compare_digest(_mac(key, row.content), row.mac))
    return {row.approval_id: Standing(**json.loads(row.content)) for row in signed}


def revoke_standing(journal: Journal) -> int:
    """Revoke every standing approval; returns how many."""
    with journal.begin() as connection:
        done = connection.execute(
            update(STANDING_APPROVAL).where(STANDING_APPROVAL.c.revoked_at.is_(None)).values(revoked_at=journal.now())
        )
    return done.rowcount


def require(journal: Journal, plan: Row[Any], written: Mapping[str, set[str]], *, key: bytes | None) -> str:
    """Who allowed this plan. Raises ApprovalRequired when nobody did, saying what to do.

    A person's approval covers what the guard asked a person about; a standing approval covers only plans within every limit.
    """
    verdict = json.loads(plan.guard)["verdict"]
    if plan.state == "BLOCKED" or verdict == "BLOCKED":
        blocked = [check["text"] for check in json.loads(plan.guard)["checks"] if check["verdict"] == "BLOCKED"]
        raise ApprovalRequired(f"plan {plan.plan_hash[:12]} is blocked:\n" + "\n".join(f"  - {text}" for text in blocked))
    refused = plan_refusal(plan, key, journal.clock.now())
    if refused is None:
        return str(plan.approved_by)
    reasons = [refused]
    if verdict == "OK":
        for approval_id, standing in standing_approvals(journal, key).items():
            outside = standing.refusal(plan, written, journal.now())
            if outside is None:
                return f"standing approval {approval_id} by {standing.made_by}"
            reasons.append(f"standing approval {approval_id}: {outside}")
    else:
        reasons += [check["text"] for check in json.loads(plan.guard)["checks"] if check["verdict"] == "NEEDS_APPROVAL"]
    listed = "\n".join(f"  - {reason}" for reason in reasons)
    raise ApprovalRequired(
        f"plan {plan.plan_hash[:12]} waits for approval:\n{listed}\nLook at it with `alignment plan show`, then `alignment apply`"
    )


def _mac(key: bytes, content: Any) -> str:
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()
