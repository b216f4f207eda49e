"""What a run's tables are decided from, kept with each publication, and what Dagster shows of a table that need not be decided again.

Belongs here: versions of published tables, and the materialization of a table that stands. The comparison itself: `line/unchanged.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import dagster as dg

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.defs.line import Line
from alignment_pipeline.installation import target_list
from alignment_pipeline.journal import fingerprint
from alignment_pipeline.journal.journal import Journal
from alignment_pipeline.line import unchanged
from alignment_pipeline.line.run import TARGET_LIST, maker
from alignment_pipeline.line.step import Read, Step, Version
from alignment_pipeline.operations import write_back
from alignment_pipeline.sla.timelines import feeds
from alignment_pipeline.warehouse.warehouse import Published

_KNOWN, _PLANS = "known_at", "write_plans"
_NEVER = datetime.max.replace(tzinfo=UTC)


class Bases:
    """The bases of one run."""

    def __init__(self, run: Line) -> None:
        self._run = run

    def of(self, name: str) -> unchanged.Basis | None:
        """What the published version of a table was decided from."""
        return unchanged.Basis.from_json(self._run.warehouse.basis(name))

    def parts(self, steps: Sequence[Step]) -> dict[str, str]:
        """What these steps would be decided from now."""
        return unchanged.parts(steps, agreement=self._run.agreement, version=self._version)

    def news(self, parts: Mapping[str, str], makes: Iterable[str]) -> str | None:
        """Why tables with these parts must be decided again; None when they need not be."""
        return unchanged.news([self.of(name) for name in makes], parts, self._run.as_of)

    def plan_parts(self, journal: Journal) -> dict[str, str]:
        """What a plan would be made from now: its tables, the agreement, the program and the journal."""
        tables = (*write_back.PLAN_INPUTS, *write_back.NAMED, *(one.table for one in maker("run_measures").inputs))
        versions = {name: self._version(Read(name)) for name in dict.fromkeys(tables)}
        return unchanged.stamped_by(self._run.agreement) | versions | {"the journal": fingerprint.fingerprint(journal)}

    def plan_news(self, journal: Journal) -> str | None:
        """Why a plan must be made; None when the last one says all that a new one would."""
        return unchanged.news([self.of(_PLANS)], self.plan_parts(journal), self._run.as_of)

    def sign_plans(self, journal: Journal) -> None:
        """Keep with the table of plans what the last one was made from. Making it has changed the journal, so this comes after it."""
        basis = unchanged.Basis(self.plan_parts(journal), self._run.as_of, unchanged.next_midnight(self._run.as_of))
        self._run.warehouse.sign(self._run.published[_PLANS], basis.to_json())

    def sign(self, parts: Mapping[str, str], steps: Sequence[Step], published: Iterable[Published]) -> None:
        """Keep with each publication what it was decided from: `parts` as they were before the first rule read them.

        What these steps left before is what they have just made: that is no news for the next run.
        """
        tables = list(published)
        makes = {one.table for one in tables}
        own = {one for step in steps for one in step.inputs if one.version is Version.BEFORE and one.table in makes}
        signed = {**parts, **{unchanged.name_of(one): self._version(one) for one in own}}
        basis = unchanged.Basis(signed, self._run.as_of, self._until(steps, tables))
        for one in tables:
            self._run.warehouse.sign(one, basis.to_json())

    def stands(self, name: str, **metadata: Any) -> dg.MaterializeResult:
        """What Dagster shows of a table that was not decided again: its published version, and why it stays."""
        manifest, basis = self._run.warehouse.manifest(name), self.of(name)
        assert manifest is not None and basis is not None
        why = f"no table that it is decided from has changed since {basis.as_of:%Y-%m-%d %H:%M} UTC, nor the agreement, program or day"
        return self._run.standing(Published(name, manifest.version, manifest.rows, 0, is_kept=True), unchanged=why, **metadata)

    def _version(self, one: Read) -> str:
        """Names the version of a table that a step would read now."""
        if one.table == TARGET_LIST:
            return target_list.digest(self._run.agreement, agreement_path=self._run.home.agreement_path)
        manifest = self._run.warehouse.manifest(one.table)
        if manifest is None:
            return "none"
        known = self._known_until(one.table, manifest.identity)
        if known is None or known <= self._run.as_of or one.version is Version.LAST_READ:
            return manifest.identity
        # rows that are known later are cut off at the moment
        return f"{manifest.identity} as of {self._run.as_of.isoformat()}"

    def _known_until(self, name: str, identity: str) -> datetime | None:
        """When the last row of a raw table became known."""
        if _KNOWN not in CONTRACTS[name].names:
            return None
        return self._remembered((name, identity), lambda: self._run.read(name)[_KNOWN].max().to_pyarrow().as_py())

    def _until(self, steps: Sequence[Step], published: Iterable[Published]) -> datetime:
        """Until when the tables hold without news."""
        read = {one.table for step in steps for one in step.inputs if one.version is Version.DECIDED and one.table in CONTRACTS}
        makes = {one.table for one in published}
        names = sorted(name for name in read - {unchanged.FEEDS} if _KNOWN not in CONTRACTS[name].names)
        since = min(self._run.as_of, self._read_to) if unchanged.FEEDS in read else self._run.as_of
        coming = [self._next_moment(name, since) for name in sorted({*names, *makes})]
        return min([unchanged.end_of_day(steps, self._run.agreement, self._run.as_of), *coming])

    def _next_moment(self, name: str, since: datetime) -> datetime:
        manifest = self._run.warehouse.manifest(name)
        if manifest is None:
            return _NEVER
        moment = self._remembered((name, manifest.identity, since.isoformat()), lambda: unchanged.next_moment(self._run.read(name), since))
        return moment or _NEVER

    def _remembered(self, key: tuple[str, ...], look: Callable[[], datetime | None]) -> datetime | None:
        if key not in self._run.moments:
            self._run.moments[key] = look()
        return self._run.moments[key]

    @cached_property
    def _read_to(self) -> datetime:
        """Up to when every feed is read: what is proven does not reach further."""
        walk = self._run.walk()
        walk.evaluate(maker("feed_watermarks"))
        micros = feeds.watermark_of_all(walk.tables["feed_watermarks"])
        begin = datetime(1970, 1, 1, tzinfo=UTC)
        return begin + timedelta(microseconds=micros) if 0 < micros < 1 << 55 else begin
