"""The notifier: takes what is due now and sends it once, in its time, without ever holding anybody up.

Belongs here: order, quiet hours, digests, retries and the promise that nothing is sent twice. Before a message leaves, the outbox
says "sending"; after a crash in between nobody knows whether it left, so it is shown as unknown and not sent again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alignment_pipeline.agreement.sla_ladders import Notifications, QuietHours
from alignment_pipeline.connectors.notify.messages import Message, Recipient
from alignment_pipeline.connectors.notify.sinks import Sink
from alignment_pipeline.connectors.notify.store import Entry, Store
from alignment_pipeline.errors import Permanent, Retryable

_OPEN = ("waiting", "delayed")
_LONGEST_WAIT = timedelta(hours=1)
_FIRST_WAIT = timedelta(seconds=30)


@dataclass(frozen=True)
class Post:
    """One message on one channel for one recipient, or for all of its recipients."""

    message: Message
    channel: str
    sink: Sink
    recipients: tuple[Recipient, ...]


@dataclass
class Delivery:
    """What one pass did: keys of messages by outcome, and what waits. `unknown` must be looked at by a person."""

    sent: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    delayed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    dry_run: list[str] = field(default_factory=list)


def deliver(messages: Sequence[Message], sinks: Sequence[Sink], store: Store, *, settings: Notifications, now: datetime) -> Delivery:
    """Send what is due by now.

    `messages` are all that are due now: an entry that waits although its message is no longer among them (a touch cancelled the
    rung) is withdrawn. A sink that fails is left alone for the rest of the pass and tried again later, at growing distance.
    """
    out = Delivery()
    posts = [post for message in messages for post in _posts(message, sinks)]
    known = store.entries()
    _settle(posts, known, store, now, out, is_dry_run=settings.is_dry_run)
    if settings.is_dry_run:
        out.dry_run = [post.message.key for post in posts if _is_open(known.get((post.message.key, post.channel)))]
        return out
    entries = store.entries()
    fresh = [_entry(post, now) for post in posts if (post.message.key, post.channel) not in entries]
    store.put(fresh)
    entries = store.entries()
    down: set[str] = set()
    for group in _groups(posts, entries, settings, now, out):
        if group[0].sink.name in down:
            out.delayed += [post.message.key for post in group]
            continue
        if not _send(group, entries, store, settings, now, out):
            down.add(group[0].sink.name)
    return out


def is_quiet(hours: QuietHours | None, now: datetime) -> bool:
    """Whether `now` lies in the quiet hours; they may go over midnight."""
    if hours is None:
        return False
    local = now.astimezone(ZoneInfo(hours.time_zone)).strftime("%H:%M")
    if hours.from_time <= hours.to_time:
        return hours.from_time <= local < hours.to_time
    return local >= hours.from_time or local < hours.to_time


def _posts(message: Message, sinks: Sequence[Sink]) -> list[Post]:
    out = []
    for sink in sinks:
        if sink.is_personal:
            out += [Post(message, f"{sink.name}:{one.user_id}", sink, (one,)) for one in message.recipients]
        else:
            out.append(Post(message, sink.name, sink, message.recipients))
    return out


def _entry(post: Post, now: datetime) -> Entry:
    return Entry(post.message.key, post.channel, "waiting", now.isoformat(), now.isoformat(), post.message.title)


def _is_open(entry: Entry | None) -> bool:
    return entry is None or entry.state in _OPEN


def _settle(
    posts: list[Post], known: dict[tuple[str, str], Entry], store: Store, now: datetime, out: Delivery, *, is_dry_run: bool
) -> None:
    """What an earlier pass left: attempts without an outcome become unknown, what is no longer due is withdrawn."""
    wanted = {(post.message.key, post.channel) for post in posts}
    changed = []
    for place, entry in known.items():
        if entry.state == "sending":
            changed.append(replace(entry, state="unknown", at=now.isoformat(), detail="the process ended while it was being sent"))
        elif entry.state in _OPEN and place not in wanted:
            changed.append(replace(entry, state="withdrawn", at=now.isoformat(), detail="no longer due"))
    if not is_dry_run:
        store.put(changed)
    out.withdrawn += [entry.key for entry in changed if entry.state == "withdrawn"]
    out.unknown += [entry.key for entry in changed if entry.state == "unknown"]
    out.unknown += [entry.key for entry in known.values() if entry.state == "unknown"]


def _groups(
    posts: list[Post], entries: dict[tuple[str, str], Entry], settings: Notifications, now: datetime, out: Delivery
) -> list[list[Post]]:  # fmt: skip
    """Urgent messages one by one, the others of one channel together once the oldest has waited for the digest."""
    urgent: list[list[Post]] = []
    calm: dict[str, list[Post]] = defaultdict(list)
    quiet = is_quiet(settings.quiet_hours, now)
    for post in posts:
        entry = entries[post.message.key, post.channel]
        if entry.state not in _OPEN:
            continue
        if entry.not_before and datetime.fromisoformat(entry.not_before) > now:
            out.delayed.append(post.message.key)
        elif post.message.is_urgent:
            urgent.append([post])
        elif quiet:
            out.waiting.append(post.message.key)
        else:
            calm[post.channel].append(post)
    groups = list(urgent)
    wait = timedelta(minutes=settings.digest_minutes)
    for channel in sorted(calm):
        mine = calm[channel]
        oldest = min(datetime.fromisoformat(entries[post.message.key, channel].since) for post in mine)
        if not settings.digest_minutes:
            groups += [[post] for post in mine]
        elif now - oldest >= wait:
            groups.append(mine)
        else:
            out.waiting += [post.message.key for post in mine]
    return groups


def _send(
    group: list[Post], entries: dict[tuple[str, str], Entry], store: Store, settings: Notifications, now: datetime, out: Delivery
) -> bool:  # fmt: skip
    """One attempt; False when the sink is down."""
    keys = [post.message.key for post in group]
    mine = [replace(entries[post.message.key, post.channel], at=now.isoformat(), state="sending") for post in group]
    store.put(mine)
    subject, body = _text([post.message for post in group])
    recipients = tuple({one.user_id: one for post in group for one in post.recipients}.values())
    try:
        group[0].sink.send(keys[0], subject, body, recipients)
    except Retryable as error:
        _refused(mine, str(error), store, settings, now, out)
        return False
    except Permanent as error:
        store.put(replace(entry, state="failed", detail=str(error)[:200]) for entry in mine)
        out.failed += keys
        return True
    store.put(replace(entry, state="sent", tries=entry.tries + 1, detail="") for entry in mine)
    out.sent += keys
    return True


def _refused(mine: list[Entry], detail: str, store: Store, settings: Notifications, now: datetime, out: Delivery) -> None:
    for entry in mine:
        tries = entry.tries + 1
        if tries >= settings.max_attempts:
            store.put([replace(entry, state="failed", tries=tries, detail=detail[:200])])
            out.failed.append(entry.key)
        else:
            later = now + min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(tries - 1, 10))
            store.put([replace(entry, state="delayed", tries=tries, not_before=later.isoformat(), detail=detail[:200])])
            out.delayed.append(entry.key)


def _text(messages: list[Message]) -> tuple[str, str]:
    parts = [f"{one.body}\n{one.link}" if one.link else one.body for one in messages]
    if len(messages) == 1:
        return messages[0].subject, parts[0]
    lines = [f"{number}. {one.subject}\n{part}" for number, (one, part) in enumerate(zip(messages, parts, strict=True), start=1)]
    return f"{len(messages)} reminders", "\n\n".join(lines)
