"""Messages: what is to be sent to whom, made from due rungs of `sla_escalations`, with all CRM text made harmless.

Belongs here: texts and recipients. When they leave: `notifier.py`; by which way: `sinks.py`; what was sent already: `store.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_MENTION = re.compile(r"@(?=(channel|here|everyone|all)\b)", re.IGNORECASE)
_LINK = re.compile(r"\b(https?|ftp|file|javascript|data):", re.IGNORECASE)
# chat markup that a name must not make: Slack's <...>, Markdown's [...](...), code, emphasis
_MARKUP = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "`": "'", "*": "∗", "_": "_", "~": "∼", "|": "¦"})
_RECORD_ID = re.compile(r"^[A-Za-z0-9]{15,18}$")
MAX_SUBJECT, MAX_BODY = 255, 4_000


@dataclass(frozen=True)
class Recipient:
    """A CRM user as an address."""

    user_id: str
    name: str
    email: str


@dataclass(frozen=True)
class Message:
    """One thing to tell, once per recipient and channel. `title` names the promise and the rung and holds no personal data."""

    key: str
    title: str
    subject: str
    body: str
    recipients: tuple[Recipient, ...]
    is_urgent: bool = False
    link: str | None = None


def safe_line(text: str) -> str:
    """CRM text as one harmless line: no control characters, markup, mentions or clickable addresses."""
    return " ".join(safe_text(text.replace("\n", " ").replace("\r", " ")).split())


def safe_text(text: str) -> str:
    """CRM text without control characters (line breaks stay), markup, mentions of whole channels or clickable addresses."""
    plain = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text.replace("\r\n", "\n"))
    plain = plain.translate(_MARKUP)
    return _LINK.sub(lambda match: match[1] + "(:)", _MENTION.sub("@\u200b", plain))


def from_escalations(
    escalations: Iterable[Mapping[str, Any]], users: Iterable[Mapping[str, Any]], *, crm_host: str | None = None
) -> list[Message]:
    """Messages of the rungs that are due, in the order of their keys; recipients are active users with an e-mail address.

    `escalations` are rows of `sla_escalations`, `users` rows of `users`; `crm_host` (as acme.my.salesforce.com) gives a link to the
    record. A rung whose people cannot be addressed still becomes a message: a channel may carry it.
    """
    known = {str(row["user_id"]): row for row in users if row["is_active"]}
    out = []
    for row in escalations:
        if row["state"] != "due":
            continue
        chosen = [known[user] for user in json.loads(row["notify_user_ids"]) if user in known]
        record = str(row["record_id"])
        out.append(
            Message(
                key=str(row["escalation_id"]),
                title=str(row["title"]),
                subject=safe_line(str(row["task_subject"]))[:MAX_SUBJECT],
                body=safe_text(str(row["task_body"]))[:MAX_BODY],
                recipients=tuple(
                    Recipient(str(one["user_id"]), safe_line(str(one["name"] or "")), str(one["email"] or "")) for one in chosen
                ),
                is_urgent=bool(row["is_urgent"]),
                link=f"https://{crm_host}/{record}" if crm_host and _RECORD_ID.match(record) else None,
            )
        )
    return sorted(out, key=lambda message: message.key)
