"""The base of every part of the agreement: typed, range-checked, closed to unknown keys, frozen."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Misplaced(ValueError):
    """A value that does not fit others elsewhere; `path` leads to it from the section that found out, so that its line can be named."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


class Section(BaseModel):
    """A part of the agreement. An unknown key is an error; values cannot be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)
