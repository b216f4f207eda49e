"""A table of routes and the one way to run a call through it.

Belongs here: matching paths (in any case, as the vendor does) and turning refusals into answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from alignment_pipeline.sandbox.salesforce.failures import ApiError, RowError
from alignment_pipeline.sandbox.salesforce.rest.call import Answer, Call

Handler = Callable[[Call], Answer]
Routes = list[tuple[str, re.Pattern[str], Handler]]


def route(methods: str, template: str, handler: Handler) -> Sequence[tuple[str, re.Pattern[str], Handler]]:
    """Routes for one template such as `/sobjects/{object}/{id}`; a name with `*` takes slashes too."""
    pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", template)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    compiled = re.compile(f"^{pattern}/?$", re.IGNORECASE)
    return [(method, compiled, handler) for method in methods.split()]


def answer_of(routes: Routes, call: Call) -> Answer:
    """Run a call. Refusals become answers; HEAD is GET without a body."""
    method = "GET" if call.method == "HEAD" else call.method
    allowed: list[str] = []
    for name, pattern, handler in routes:
        match = pattern.match(call.path)
        if match is None:
            continue
        if name != method:
            allowed.append(name)
            continue
        try:
            answer = handler(replace(call, parts=match.groupdict()))
        except ApiError as error:
            return Answer(error.status, error.to_json())
        except RowError as error:
            refusal = error.to_api()
            return Answer(refusal.status, refusal.to_json())
        return replace(answer, body=None) if call.method == "HEAD" else answer
    if allowed:
        message = f"HTTP Method '{call.method}' not allowed. Allowed are {','.join(dict.fromkeys(allowed))}"
        return Answer(405, [{"errorCode": "METHOD_NOT_ALLOWED", "message": message}], {"Allow": ",".join(dict.fromkeys(allowed))})
    return Answer(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])
