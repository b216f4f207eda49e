"""Moments as whole microseconds since 1970, the unit in which folds count time.

Belongs here: conversion only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_of(micros_: int) -> datetime:
    """The UTC moment of a number of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros_)
