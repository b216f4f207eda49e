"""`GET stats/...`: how many calls and errors there were, today and in the last seven days."""

from __future__ import annotations

from alignment_pipeline.sandbox.marketo.call import Call


def usage_today(call: Call) -> dict[str, object]:
    """`stats/usage.json`."""
    return {"result": call.store.limits.usage(call.now, 1)}


def usage_week(call: Call) -> dict[str, object]:
    """`stats/usage/last7days.json`."""
    return {"result": call.store.limits.usage(call.now, 7)}


def errors_today(call: Call) -> dict[str, object]:
    """`stats/errors.json`."""
    return {"result": call.store.limits.errors(call.now, 1)}


def errors_week(call: Call) -> dict[str, object]:
    """`stats/errors/last7days.json`."""
    return {"result": call.store.limits.errors(call.now, 7)}
