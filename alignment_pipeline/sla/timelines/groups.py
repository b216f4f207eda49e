"""Rows sorted by subject and time, searched for many subjects at once.

Belongs here: the index that finds, for each (subject, moment), its place among that subject's rows. Moments are integer
microseconds; everything is numpy, so a million clocks cost a few passes over arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment_pipeline.sla.arrays import Flags, Ints


@dataclass(frozen=True)
class Groups:
    """`at` of rows sorted by (subject, at); `starts[s]` to `starts[s + 1]` are the rows of subject s."""

    at: Ints
    starts: Ints

    @classmethod
    def of(cls, subject: Ints, at: Ints, subjects: int) -> Groups:
        """From columns already sorted by (subject, at)."""
        return cls(at, np.searchsorted(subject, np.arange(subjects + 1)))

    def place(self, subject: Ints, moment: Ints, *, after: bool) -> Ints:
        """Index of the subject's first row at or past the moment (`after`: strictly past); its group's end when there is none."""
        low, high = self.starts[subject].copy(), self.starts[subject + 1].copy()
        if not len(self.at):
            return low
        while True:
            open_ = low < high
            if not open_.any():
                return low
            middle = np.minimum((low + high) >> 1, len(self.at) - 1)
            value = self.at[middle]
            right = open_ & ((value <= moment) if after else (value < moment))
            low = np.where(right, middle + 1, low)
            high = np.where(open_ & ~right, middle, high)

    def end(self, subject: Ints) -> Ints:
        """Index past the subject's last row."""
        return self.starts[subject + 1]


def last_set(is_set: Flags) -> Ints:
    """For each row the index of the latest row at or before it that is set (0 when there is none)."""
    return np.maximum.accumulate(np.where(is_set, np.arange(len(is_set)), 0)) if len(is_set) else np.zeros(0, dtype=np.int64)


def next_set(is_set: Flags) -> Ints:
    """For each row the index of the first row at or after it that is set (the number of rows when there is none)."""
    size = len(is_set)
    if not size:
        return np.zeros(0, dtype=np.int64)
    return np.minimum.accumulate(np.where(is_set, np.arange(size), size)[::-1])[::-1]


def begins(*columns: Ints | Flags) -> Flags:
    """Rows that differ from the row before them in one of the columns; the first row does."""
    flags = np.zeros(len(columns[0]), dtype=bool)
    flags[:1] = True
    for column in columns:
        flags[1:] |= column[1:] != column[:-1]
    return flags


def finishes(*columns: Ints | Flags) -> Flags:
    """Rows that differ from the row after them in one of the columns; the last row does."""
    flags = begins(*(column[::-1] for column in columns))
    return flags[::-1]
