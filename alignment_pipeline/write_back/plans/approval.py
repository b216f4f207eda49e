"""Who allowed it: approvals of one plan, and standing approvals for schedules, both signed.

Belongs here: what a signature covers. It binds the plan's hash (its operations, the agreement, the organisation), who, when, and until
when. Only the command line signs (`keys.py`); whoever can merely start a run cannot widen what was signed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Row, select, update

from alignment_pipeline.agreement.write_back import Approvals
from alignment_pipeline.errors import ApprovalRequired, ConfigurationError
from alignment_pipeline.journal import files, settings
from alignment_pipeline.journal.digest import digest
from alignment_pipeline.journal.journal import Journal, stamp
from alignment_pipeline.journal.tables import PLAN, STANDING_APPROVAL
from alignment_pipeline.write_back.fields.field_rules import FieldRules
from alignment_pipeline.write_back.plans import unattended
from alignment_pipeline.write_back.plans.journalled import Op
from alignment_pipeline.write_back.plans.judgement import AMOUNTS
from alignment_pipeline.write_back.plans.keys import is_signed, sign

#: How the answer of `require` begins when no person signed the plan.
STANDING = "standing approval"
#: The signed list of standing approvals that are in force; a row that is not in it was revoked.
_IN_FORCE = "standing_approvals"
#: The highest number of that list that this home has seen: an older list, restored with an old journal, counts for nothing.
_SEEN_FILE = "approvals.seen"


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
    most_share_pct: float | None = None

    def covers(self, check: Mapping[str, Any]) -> bool:
        """Whether what the guard asks a person was answered when this was signed: how many records may change, and values be emptied.

        Only with a share of an object's records; `refusal` counts the values.
        """
        if self.most_share_pct is None:
            return False
        share = check.get("share_pct")
        is_within = share is not None and bool(share <= self.most_share_pct)
        return check["name"] == "values_cleared" or (check["name"] == "records_changed" and is_within)

    def refusal(self, plan: Row[Any], ops: Sequence[Op], past: Sequence[Op], rules: FieldRules, now: str) -> str | None:
        """Why a plan with these operations is outside, or None.

        Counted from the operations, never from what a column says of them, together with what was written in the last 24 hours
        without a person (`past`). Ageing does not count.
        """
        if now >= self.expires_at:
            return f"the standing approval ran out at {self.expires_at}"
        if plan.config_hash != self.agreement_version:
            return f"it was signed for agreement {self.agreement_version}, the plan follows {plan.config_hash}"
        if plan.org_id != self.org_id:
            return "it was signed for another organisation"
        written: dict[str, set[str]] = {}
        for op in ops:
            written.setdefault(op.object, set()).update(op.sent)
        for object_, names in written.items():
            outside = sorted(names - set(self.fields.get(object_, ())))
            if object_ not in self.objects or outside:
                return f"it does not cover {object_} {', '.join(outside)}".rstrip()
        counted = unattended.count([*ops, *past], rules)
        for what, most, number in (
            ("records", self.most_records, counted.records),
            ("creates", self.most_creates, counted.creates),
            ("cleared values", self.most_cleared, counted.cleared),
        ):
            if number > most:
                return f"it allows {most} {what} in 24 hours, with this plan there are {number}"
        return None


def approve(journal: Journal, plan: Row[Any], *, by: str, key: Ed25519PrivateKey, numbers: Approvals, lift: bool = False) -> None:
    """Sign a plan. Raises ApprovalRequired when the guard blocked it: a signature lifts only blocks for how much changes, with `lift`."""
    if _is_blocked(plan):
        blocked = _checks(plan, "BLOCKED")
        amounts_only = all(check["name"] in AMOUNTS for check in blocked)
        if not (lift and amounts_only):
            way = "if that much is right, `alignment approve --lift` signs it" if amounts_only else "approval does not lift that"
            raise ApprovalRequired(f"the plan is blocked, {way}:\n" + "\n".join(f"  - {check['text']}" for check in blocked))
    if plan.state in ("DONE", "ABORTED", "EXPIRED"):
        raise ApprovalRequired(f"the plan is {plan.state}; make a new one with `alignment run`")
    now = journal.clock.now()
    values = {"approved_by": by, "approved_at": stamp(now), "expires_at": stamp(now + timedelta(hours=numbers.plan_hours))}
    content = [plan.plan_hash, values["approved_by"], values["approved_at"], values["expires_at"], _is_blocked(plan)]
    state = "APPLYING" if plan.state == "APPLYING" else "APPROVED"
    with journal.begin() as connection:
        chosen = update(PLAN).where(PLAN.c.plan_hash == plan.plan_hash, PLAN.c.state == plan.state)
        connection.execute(chosen.values(state=state, approval_signature=sign(key, content), **values))


def plan_refusal(plan: Row[Any], key: Ed25519PublicKey | None, now: datetime) -> str | None:
    """Why the plan's own approval does not hold, or None when it does."""
    if not plan.approval_signature or key is None:
        return "nobody approved it"
    if not is_signed(
        key, [plan.plan_hash, plan.approved_by, plan.approved_at, plan.expires_at, _is_blocked(plan)], plan.approval_signature
    ):
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
    key: Ed25519PrivateKey,
    numbers: Approvals,
    most_share_pct: float | None = None,
) -> Standing:
    """Sign what schedules may do: these fields, so many changes within 24 hours, for so many days (at most the agreement's).

    `most_share_pct` answers the guard's question about the share of an object's records that change, and with it `most_cleared` that
    about emptied values; None leaves both to the agreement.
    """
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
        most_share_pct=most_share_pct,
    )
    content = json.dumps(asdict(standing), sort_keys=True)
    approval_id = digest(content)[:16]
    row = {
        "approval_id": approval_id,
        "content": content,
        "signature": sign(key, content),
        "created_at": stamp(now),
        "revoked_at": None,
    }
    with journal.begin() as connection:
        journal.upsert(connection, STANDING_APPROVAL, [row])
    _put_in_force(journal, [*_in_force(journal, key.public_key()), approval_id], key)
    return standing


def standing_approvals(journal: Journal, key: Ed25519PublicKey | None) -> dict[str, Standing]:
    """The standing approvals in force: signed with this key, and in the signed list of those that were not revoked; newest first."""
    if key is None:
        return {}
    in_force = _in_force(journal, key)
    query = select(STANDING_APPROVAL).order_by(STANDING_APPROVAL.c.created_at.desc())
    with journal.read() as connection:
        rows = connection.execute(query).all()
    return {
        row.approval_id: Standing(**json.loads(row.content))
        for row in rows
        if row.approval_id in in_force and digest(row.content)[:16] == row.approval_id and is_signed(key, row.content, row.signature)
    }


def revoke_standing(journal: Journal, key: Ed25519PrivateKey) -> int:
    """Revoke every standing approval, signed; returns how many."""
    _put_in_force(journal, [], key)
    with journal.begin() as connection:
        done = connection.execute(
            update(STANDING_APPROVAL).where(STANDING_APPROVAL.c.revoked_at.is_(None)).values(revoked_at=journal.now())
        )
    return done.rowcount


def _in_force(journal: Journal, key: Ed25519PublicKey) -> list[str]:
    """The newest signed list; nothing when it is missing, not signed with this key, or older than one that was seen here."""
    text = settings.get(journal, _IN_FORCE)
    if text is None:
        return []
    listed = json.loads(text)
    content = {name: listed[name] for name in ("number", "approvals")}
    if not is_signed(key, content, listed["signature"]) or listed["number"] < _seen(journal):
        return []
    _note_seen(journal, listed["number"])
    return list(listed["approvals"])


def _put_in_force(journal: Journal, approvals: Sequence[str], key: Ed25519PrivateKey) -> None:
    text = settings.get(journal, _IN_FORCE)
    number = 1 + max(_seen(journal), json.loads(text)["number"] if text else 0)
    content = {"number": number, "approvals": sorted(set(approvals))}
    settings.put(journal, _IN_FORCE, json.dumps(content | {"signature": sign(key, content)}))
    _note_seen(journal, number)


def _seen(journal: Journal) -> int:
    try:
        return int((journal.home / _SEEN_FILE).read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0
    except ValueError as error:
        raise ConfigurationError(f"{_SEEN_FILE} is damaged: delete it and sign a new standing approval") from error


def _note_seen(journal: Journal, number: int) -> None:
    if number > _seen(journal):
        files.write_private(journal.home / _SEEN_FILE, str(number))


def require(journal: Journal, plan: Row[Any], ops: Sequence[Op], *, rules: FieldRules, key: Ed25519PublicKey | None) -> str:
    """Who allowed this plan. Raises ApprovalRequired when nobody did, saying what to do.

    A person's approval covers what the guard asked a person about; a standing approval covers only plans within every limit, and of
    the guard's questions those that it answers.
    """
    refused = plan_refusal(plan, key, journal.clock.now())
    if refused is None:
        return str(plan.approved_by)
    if _is_blocked(plan):
        texts = "\n".join(f"  - {check['text']}" for check in _checks(plan, "BLOCKED"))
        raise ApprovalRequired(f"plan {plan.plan_hash[:12]} is blocked:\n{texts}")
    asked = _checks(plan, "NEEDS_APPROVAL")
    reasons = [refused, *(check["text"] for check in asked)]
    answering = {
        approval_id: standing
        for approval_id, standing in standing_approvals(journal, key).items()
        if all(standing.covers(check) for check in asked)
    }
    past: Sequence[Op] = ()
    if answering:
        with journal.read() as connection:
            past = unattended.recent(connection, journal.clock.now(), except_plan=plan.plan_hash)
    for approval_id, standing in answering.items():
        outside = standing.refusal(plan, ops, past, rules, journal.now())
        if outside is None:
            return f"{STANDING} {approval_id} by {standing.made_by}"
        reasons.append(f"standing approval {approval_id}: {outside}")
    listed = "\n".join(f"  - {reason}" for reason in reasons)
    raise ApprovalRequired(
        f"plan {plan.plan_hash[:12]} waits for approval:\n{listed}\nLook at it with `alignment plan show`, then `alignment apply`"
    )


def _is_blocked(plan: Row[Any]) -> bool:
    return plan.state == "BLOCKED" or json.loads(plan.guard)["verdict"] == "BLOCKED"


def _checks(plan: Row[Any], verdict: str) -> list[dict[str, Any]]:
    return [check for check in json.loads(plan.guard)["checks"] if check["verdict"] == verdict]
