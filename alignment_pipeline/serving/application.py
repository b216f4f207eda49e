"""The pages of `alignment serve`: this week's pack and the past ones, a search, whole explanations, the match review.

Belongs here: addresses and what each answers. All pages only read, but for the verdict of a match review, which somebody signs by name.
Safety in the browser: `guard.py`; how tables are read quickly: `index.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.installation.home import Home
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.operations import explain, pack, timeline
from alignment_pipeline.operations import review as verdicts
from alignment_pipeline.operations.pack import Kept
from alignment_pipeline.serving import packs, reviewing, search, words
from alignment_pipeline.serving.current import Current
from alignment_pipeline.serving.guard import COOKIE, FormTokens, SecurityHeaders, policy_of_file

_FORM_BYTES = 4_000
_KINDS = {".json": "application/json", ".csv": "text/csv; charset=utf-8", ".yaml": "application/yaml"}


@dataclass(frozen=True)
class _Explained:
    """What has a page of its own that explains it: its name, which is its template's too, and where it is found."""

    name: str
    table: str
    key: str
    explain: Callable[[Any, str], dict[str, Any]]
    events: Callable[[Any, dict[str, Any], Journal | None], Any]


_PERSON = _Explained("person", "people", "person_id", explain.of_person, timeline.of_person)
_ACCOUNT = _Explained("account", "accounts", "account_id", explain.of_account, timeline.of_account)


class Pages:
    """One answer per address. Handlers run in threads; each request has a cursor of its own."""

    def __init__(self, home: Home, current: Current, *, takes_verdicts: bool, user_header: str | None) -> None:
        self._home = home
        self._current = current
        self._takes_verdicts = takes_verdicts
        self._user_header = user_header
        self._tokens = FormTokens()
        self._judging = threading.Lock()
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("alignment_pipeline.serving"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "address": words.address,
            "pack_address": packs.address,
            "moment": words.moment,
            "plain": words.plain,
            "points": words.points,
        }
        package = resources.files("alignment_pipeline.serving")
        self._style = package.joinpath("style.css").read_bytes()
        self._icon = package.joinpath("icon.svg").read_bytes()

    def start(self, request: Request) -> Response:
        """What is new, and where to look."""
        listed = pack.kept(self._home)[::-1]
        with self._current.read() as source:
            waiting = source.query("SELECT count(*) AS n FROM lead_account_matches WHERE decision = 'review'")[0]["n"]
            decided = source.query("SELECT max(as_of) AS at FROM person_stages")[0]["at"]
        return self._page("start.html.j2", pack=pack.latest(self._home), packs=listed, waiting=waiting, decided=decided)

    def this_week(self, request: Request) -> Response:
        """This week's pack."""
        newest = pack.latest(self._home)
        if newest is None:
            raise HTTPException(404, "No pack has been made yet.")
        return RedirectResponse(packs.address(newest), 303)

    def pack(self, request: Request) -> Response:
        """A kept pack, as it was kept."""
        page = self._pack(request).page.read_text(encoding="utf-8")
        return HTMLResponse(page, headers={"Content-Security-Policy": policy_of_file(page)})

    def pack_file(self, request: Request) -> Response:
        """The rows behind its numbers, or pack.json."""
        name = request.path_params["name"]
        path = packs.file(self._pack(request), name)
        if path is None:
            raise HTTPException(404, "The pack has no such file.")
        kind = _KINDS[Path(name).suffix]
        return Response(path.read_bytes(), media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})

    def find(self, request: Request) -> Response:
        """People and accounts by any part of what they are called."""
        text = request.query_params.get("q", "")[: search.LONGEST]
        with self._current.read() as source:
            hits, total = search.search(source, text)
        return self._page("search.html.j2", q=text, hits=hits, total=total)

    def person(self, request: Request) -> Response:
        """A person's whole explanation."""
        return self._explained(request, _PERSON)

    def account(self, request: Request) -> Response:
        """An account's whole explanation."""
        return self._explained(request, _ACCOUNT)

    def queue(self, request: Request) -> Response:
        """The leads whose account a person must decide."""
        text = request.query_params.get("page", "0")
        page = int(text) if text.isdecimal() and len(text) < 6 else 0
        with self._current.read() as source:
            rows = reviewing.queue(source, page=page)
        return self._page("queue.html.j2", rows=rows, page=page, listed=reviewing.LISTED, is_done="done" in request.query_params)

    def pair(self, request: Request) -> Response:
        """A lead beside its accounts."""
        with self._current.read() as source:
            shown = reviewing.pair(source, request.path_params["person_id"])
        if shown is None:
            raise HTTPException(404, "This lead does not wait for a review.")
        cookie = self._tokens.cookie(request)
        answer = self._page(
            "pair.html.j2",
            pair=shown,
            may_judge=self._takes_verdicts,
            token=self._tokens.token(cookie),
            name=self._signed_in(request),
            is_signed_in=self._user_header is not None,
        )
        answer.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", secure=request.url.scheme == "https", path="/review")
        return answer

    async def judge(self, request: Request) -> Response:
        """Keep a verdict."""
        if not self._takes_verdicts:
            raise HTTPException(403, "This page only reads. Verdicts are taken by `alignment serve --review` and `alignment review`.")
        if int(request.headers.get("content-length") or _FORM_BYTES + 1) > _FORM_BYTES:
            raise HTTPException(413, "The form is too large.")
        async with request.form(max_files=0, max_fields=10) as form:
            fields = {name: str(value) for name, value in form.items()}
        if not self._tokens.is_ours(request, fields.get("token", "")):
            raise HTTPException(403, "This form is not from a page of ours, or the server was started again. Load the page again.")
        name = self._signed_in(request) if self._user_header else " ".join(fields.get("name", "").split())
        return await run_in_threadpool(self._keep, request.path_params["person_id"], fields.get("verdict", ""), name)

    def _keep(self, person_id: str, verdict: str, name: str) -> Response:
        with self._current.read() as source:
            shown = reviewing.pair(source, person_id)
        if shown is None:
            raise HTTPException(404, "This lead does not wait for a review.")
        ids = [account["account_id"] for account in shown.accounts]
        says = {"first": ids[:1], "second": ids[1:2], "neither": []}
        if verdict not in says or (verdict == "second" and len(ids) < 2):
            raise HTTPException(400, "Choose one of the accounts, or neither.")
        right = says[verdict]
        judged = {one: "right" if one in right else "wrong" for one in (ids if verdict == "second" else ids[:1])}
        with self._judging:
            try:
                verdicts.decide(self._home, person_id, judged, by=name)
            except ConfigurationError as error:
                raise HTTPException(400, str(error)) from error
            self._current.refresh()
        return RedirectResponse("/review?done=1", 303)

    def style(self, request: Request) -> Response:
        """The one style sheet."""
        return Response(self._style, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    def icon(self, request: Request) -> Response:
        """The icon that browsers ask for."""
        return Response(self._icon, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    def health(self, request: Request) -> Response:
        """For a proxy: whether the newest publication could be read."""
        return PlainTextResponse(self._current.problem or "ok", 503 if self._current.problem else 200)

    def failure(self, request: Request, error: Exception) -> Response:
        """An error as a page."""
        assert isinstance(error, HTTPException)
        return self._page("failure.html.j2", status=error.status_code, text=error.detail)

    @cached_property
    def _journal(self) -> Journal | None:
        """The journal, for reading holds. None when nothing was ever planned here: opening it would make one."""
        is_made = (self._home.path / "journal.sqlite").exists() or bool(self._home.environ.get("ALIGNMENT_DATABASE_URL", "").strip())
        return self._home.journal() if is_made else None

    def _explained(self, request: Request, kind: _Explained) -> Response:
        wanted = request.path_params[kind.key]
        with self._current.read() as source:
            if source.one(kind.table, **{kind.key: wanted}) is None:
                raise HTTPException(404, f"No {kind.name} of the last run has this id.")
            explained = kind.explain(source, wanted)
            events = kind.events(source, explained, self._journal)
        return self._page(f"{kind.name}.html.j2", explained=explained, events=events, clocks=words.by_urgency(explained["clocks"]))

    def _pack(self, request: Request) -> Kept:
        kept = packs.find(self._home, request.path_params["period"], request.path_params["pack_id"])
        if kept is None:
            raise HTTPException(404, "There is no such pack.")
        return kept

    def _signed_in(self, request: Request) -> str:
        """Who the proxy says is signed in; nothing without `--user-header`."""
        return " ".join(request.headers.get(self._user_header, "").split()) if self._user_header else ""

    def _page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        is_demo = (self._home.path / words.DEMO_MARK).exists()
        text = self._templates.get_template(template).render(**values, status=status, notice=words.NOTICE if is_demo else "")
        return HTMLResponse(text, status_code=status)


def application(
    home: Home, current: Current, *, hosts: Sequence[str], takes_verdicts: bool = False, user_header: str | None = None
) -> Starlette:
    """The pages of a home, answering these host names alone."""
    pages = Pages(home, current, takes_verdicts=takes_verdicts, user_header=user_header)
    routes = [
        Route("/", pages.start),
        Route("/pack", pages.this_week),
        Route("/packs/{period}/{pack_id}/pack.html", pages.pack),
        Route("/packs/{period}/{pack_id}/rows/{name}", pages.pack_file),
        Route("/packs/{period}/{pack_id}/{name}", pages.pack_file),
        Route("/search", pages.find),
        Route("/people/{person_id}", pages.person),
        Route("/accounts/{account_id}", pages.account),
        Route("/review", pages.queue),
        Route("/review/{person_id}", pages.pair, methods=["GET"]),
        Route("/review/{person_id}", pages.judge, methods=["POST"]),
        Route("/style.css", pages.style),
        Route("/favicon.ico", pages.icon),
        Route("/health", pages.health),
    ]
    middleware = [Middleware(SecurityHeaders), Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)]
    return Starlette(routes=routes, middleware=middleware, exception_handlers={HTTPException: pages.failure})
