"""A whole request that a vendor refused.

Belongs here: the error that all connectors raise for it. Which answers are refusals: each vendor's own module
(`connectors/salesforce/verdicts.py`).
"""

from __future__ import annotations

from alignment_pipeline.errors import Permanent


class RequestRefused(Permanent):
    """A whole request was refused: the vendor's code, message and fields, for callers that know a way round."""

    def __init__(self, message: str, *, status: int, code: str, detail: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = fields
