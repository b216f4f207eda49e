"""Which failures a step is tried again for, and which end the run at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from alignment_pipeline.connectors import redaction
from alignment_pipeline.defs import progress
from alignment_pipeline.errors import AlignmentError, Retryable

# after the connectors' own retries of single calls: the outside was down for minutes
RETRY = dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


@contextmanager
def recoverable() -> Iterator[None]:
    """Let Retryable pass to the retry policy; turn every other error of ours into a failure that no retry can fix.

    On the command line somebody waits, and the connectors have repeated the call already: there nothing is tried again.
    """
    try:
        yield
    except AlignmentError as error:
        if isinstance(error, Retryable) and not progress.is_watched():
            raise
        raise dg.Failure(description=redaction.PROCESS(str(error)), allow_retries=False, metadata={"kind": type(error).__name__}) from error
