"""Messages leave once, in their time, and whatever happens to a sink is shown and harms nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from alignment_pipeline.agreement.sla_ladders import Notifications, QuietHours
from alignment_pipeline.connectors.notify import messages, notifier, sinks, store
from alignment_pipeline.errors import AnotherWriter, ConfigurationError, DataLoss, Permanent, Retryable

# Apprise still looks for a module that Python 3.13 has dropped (it brings its own there)
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
AT_ONCE = Notifications()
REP = messages.Recipient("005000000000001AAA", "Ada", "ada@us.example")
BOSS = messages.Recipient("005000000000002AAA", "Bob", "bob@us.example")


def message(key: str = "sla:1", *, urgent: bool = False, to: tuple[messages.Recipient, ...] = (REP,)) -> messages.Message:
    return messages.Message(key, "First touch: rep", f"Call {key}", "Due now.", to, urgent)


class Double:
    """A sink that does what it is told."""

    def __init__(self, name: str = "double", *, is_personal: bool = False) -> None:
        self.name, self.is_personal = name, is_personal
        self.sent: list[tuple[str, str, str]] = []
        self.tries = 0
        self.error: BaseException | None = None

    def send(self, key: str, subject: str, body: str, recipients: Sequence[messages.Recipient]) -> None:
        self.tries += 1
        if self.error is not None:
            raise self.error
        self.sent.append((",".join(one.email for one in recipients), subject, body))


def tell(
    path: Path, told: list[messages.Message], *ways: sinks.Sink, now: datetime = NOON, settings: Notifications = AT_ONCE
) -> notifier.Delivery:
    with store.FileStore(path / "outbox.jsonl") as memory:
        return notifier.deliver(told, ways, memory, settings=settings, now=now)


def test_a_message_is_sent_once_however_often_it_is_due(tmp_path: Path) -> None:
    sink = Double()

    outcomes = [tell(tmp_path, [message()], sink).sent for _ in range(3)]

    assert outcomes == [["sla:1"], [], []]
    assert sink.sent == [("ada@us.example", "Call sla:1", "Due now.")]


def test_a_second_home_sends_again_unless_it_has_the_outbox_of_the_first(tmp_path: Path) -> None:
    sink = Double()
    homes = [tmp_path / name for name in ("first", "second", "moved")]
    for home in homes:
        home.mkdir()
    tell(homes[0], [message()], sink)
    (homes[2] / "outbox.jsonl").write_bytes((homes[0] / "outbox.jsonl").read_bytes())

    assert [["sla:1"], []] == [tell(home, [message()], sink).sent for home in homes[1:]], "as docs/sla.md says"


def test_after_a_crash_while_sending_it_is_unknown_and_never_sent_again(tmp_path: Path) -> None:
    sink = Double()
    sink.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        tell(tmp_path, [message()], sink)
    sink.error = None

    first, second = tell(tmp_path, [message()], sink), tell(tmp_path, [message()], sink)

    assert (first.unknown, second.unknown, sink.sent) == (["sla:1"], ["sla:1"], [])


def test_a_sink_that_is_down_delays_at_growing_distance_and_then_gives_up_loudly(tmp_path: Path) -> None:
    sink, other = Double("down"), Double("up")
    sink.error = Retryable("no route")
    settings = Notifications(max_attempts=3)

    passes = [tell(tmp_path, [message()], sink, other, now=NOON + timedelta(seconds=wait), settings=settings) for wait in (0, 10, 31, 200)]

    assert [one.delayed for one in passes] == [["sla:1"], ["sla:1"], ["sla:1"], []]
    assert passes[-1].failed == ["sla:1"]
    assert (sink.tries, len(other.sent)) == (3, 1)


def test_a_dead_sink_costs_one_attempt_a_pass(tmp_path: Path) -> None:
    sink = Double()
    sink.error = Retryable("timeout")

    found = tell(tmp_path, [message(f"sla:{number}") for number in range(50)], sink)

    assert (sink.tries, len(found.delayed)) == (1, 50)


def test_what_a_sink_refuses_for_good_is_shown_as_failed(tmp_path: Path) -> None:
    sink = Double()
    sink.error = Permanent("no such channel")

    assert tell(tmp_path, [message("sla:1"), message("sla:2")], sink).failed == ["sla:1", "sla:2"]
    assert tell(tmp_path, [message("sla:1")], sink).sent == []


def test_quiet_hours_hold_back_all_but_the_urgent(tmp_path: Path) -> None:
    settings = Notifications(quiet_hours=QuietHours(from_time="20:00", to_time="07:00", time_zone="Europe/Berlin"))
    sink, night, morning = Double(), datetime(2026, 11, 18, 22, tzinfo=UTC), datetime(2026, 11, 19, 6, 1, tzinfo=UTC)
    told = [message("sla:calm"), message("sla:urgent", urgent=True)]

    assert tell(tmp_path, told, sink, now=night, settings=settings).sent == ["sla:urgent"]
    assert tell(tmp_path, told, sink, now=morning, settings=settings).sent == ["sla:calm"]


@pytest.mark.parametrize(("hour", "quiet"), [(18, False), (19, True), (23, True), (5, True), (6, False), (12, False)])
def test_quiet_hours_go_over_midnight(hour: int, quiet: bool) -> None:
    hours = QuietHours(from_time="20:00", to_time="07:00", time_zone="Europe/Berlin")

    assert notifier.is_quiet(hours, datetime(2026, 11, 18, hour, tzinfo=UTC)) is quiet


def test_a_digest_gathers_what_came_within_its_time(tmp_path: Path) -> None:
    settings, sink = Notifications(digest_minutes=15), Double()
    one, both = [message("sla:1")], [message("sla:1"), message("sla:2")]

    waits = [
        tell(tmp_path, one, sink, now=NOON, settings=settings),
        tell(tmp_path, both, sink, now=NOON + timedelta(minutes=14), settings=settings),
    ]
    sent = tell(tmp_path, both, sink, now=NOON + timedelta(minutes=15), settings=settings).sent

    assert [one.sent for one in waits] == [[], []]
    assert sent == ["sla:1", "sla:2"]
    assert sink.sent == [("ada@us.example", "2 reminders", "1. Call sla:1\nDue now.\n\n2. Call sla:2\nDue now.")]


def test_a_touch_before_the_message_left_withdraws_it(tmp_path: Path) -> None:
    settings, sink = Notifications(digest_minutes=15), Double()
    tell(tmp_path, [message()], sink, settings=settings)

    later = tell(tmp_path, [], sink, now=NOON + timedelta(hours=1), settings=settings)

    assert (later.withdrawn, sink.sent) == (["sla:1"], [])


def test_a_dry_run_sends_and_remembers_nothing(tmp_path: Path) -> None:
    sink = Double()

    dry = tell(tmp_path, [message()], sink, settings=Notifications(is_dry_run=True))

    assert (dry.dry_run, sink.tries) == (["sla:1"], 0)
    assert tell(tmp_path, [message()], sink).sent == ["sla:1"]


def test_a_personal_channel_tells_each_recipient_once(tmp_path: Path) -> None:
    sink = Double(is_personal=True)
    tell(tmp_path, [message(to=(REP, BOSS))], sink)
    tell(tmp_path, [message(to=(REP, BOSS))], sink)

    assert [to for to, *_ in sink.sent] == ["ada@us.example", "bob@us.example"]


def test_two_processes_do_not_deliver_at_once(tmp_path: Path) -> None:
    with store.FileStore(tmp_path / "outbox.jsonl"), pytest.raises(AnotherWriter), store.FileStore(tmp_path / "outbox.jsonl"):
        pass


def test_a_torn_last_line_is_as_if_never_written(tmp_path: Path) -> None:
    sink = Double()
    tell(tmp_path, [message("sla:1")], sink)
    with (tmp_path / "outbox.jsonl").open("a") as file:
        file.write('{"key": "sla:2", "chan')

    assert tell(tmp_path, [message("sla:1"), message("sla:2")], sink).sent == ["sla:2"]
    assert tell(tmp_path, [message("sla:1"), message("sla:2")], sink).sent == []


def test_a_damaged_outbox_says_where_and_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "outbox.jsonl").write_text('{"key": "sla:1"}\n')
    sink = Double()

    with pytest.raises(DataLoss, match=r"outbox.jsonl:1: cannot be read"):
        tell(tmp_path, [message()], sink)
    assert sink.tries == 0


def test_the_outbox_keeps_no_text_and_no_name(tmp_path: Path) -> None:
    tell(tmp_path, [message()], Double(is_personal=True))
    kept = (tmp_path / "outbox.jsonl").read_text()

    assert "Call" not in kept and "Ada" not in kept and "ada@" not in kept
    assert (tmp_path / "outbox.jsonl").stat().st_mode & 0o777 == 0o600


def test_files_hold_the_message_and_are_private(tmp_path: Path) -> None:
    tell(tmp_path, [message("sla:00Q:first:2026-11-18T15:00:00Z:rep")], sinks.FileSink(tmp_path / "out"))
    (written,) = (tmp_path / "out").iterdir()

    assert written.read_text() == "To: Ada (ada@us.example)\nSubject: Call sla:00Q:first:2026-11-18T15:00:00Z:rep\n\nDue now.\n"
    assert written.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def service() -> Iterator[tuple[str, list[dict[str, object]], list[int]]]:
    """A chat service on loopback: what it got, and the statuses it answers with."""
    got: list[dict[str, object]] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if answers else 200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/", got, answers
    server.shutdown()
    server.server_close()


def test_apprise_delivers_over_http_and_a_refusal_is_tried_again(
    tmp_path: Path, service: tuple[str, list[dict[str, object]], list[int]]
) -> None:
    url, got, answers = service
    answers.append(503)
    sink = sinks.AppriseSink(url)

    first = tell(tmp_path, [message()], sink)
    second = tell(tmp_path, [message()], sink, now=NOON + timedelta(minutes=1))

    assert (first.delayed, second.sent) == (["sla:1"], ["sla:1"])
    assert [(one["title"], one["message"]) for one in got] == [("Call sla:1", "For Ada\nDue now.")] * 2


def test_a_url_that_cannot_be_read_is_refused_without_showing_its_secrets() -> None:
    with pytest.raises(ConfigurationError) as found:
        sinks.sinks_of("nonsense://token-4711", Path())

    assert "token-4711" not in str(found.value) and "nonsense" in str(found.value)


def test_several_urls_are_several_ways_and_none_is_a_folder(tmp_path: Path) -> None:
    named = sinks.sinks_of("json://127.0.0.1:1/, mailto://user:pass@mail.example?to={email}", tmp_path)

    assert [type(one) for one in named] == [sinks.AppriseSink, sinks.AppriseSink]
    assert [one.is_personal for one in named] == [False, True]
    assert "pass" not in "".join(one.name for one in named)
    assert [type(one) for one in sinks.sinks_of(" ", tmp_path)] == [sinks.FileSink]
