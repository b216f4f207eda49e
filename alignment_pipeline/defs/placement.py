"""Where the definitions of this package stand: in its own code location, or below a prefix in another project's.

Belongs here: names, keys and settings that depend on the place. The definitions themselves are the same everywhere; what a project may
choose: `components/component.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

from alignment_pipeline.installation.home import Home


@dataclass(frozen=True)
class Placement:
    """One place.

    `settings` are environment variables above those of the process. `assets` are all tables of this package, where other assets stand
    beside them; without them a job's selection is everything there is. `crons` are schedules by the short name of their job; None leaves
    one out. `upstream` are assets of others that a table is read from. `is_automated` keeps the assets' automation conditions.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    key_prefix: tuple[str, ...] = ()
    group: str | None = None
    job_prefix: str = ""
    assets: tuple[str, ...] = ()
    crons: Mapping[str, str | None] = field(default_factory=dict)
    upstream: Mapping[str, Sequence[dg.AssetKey]] = field(default_factory=dict)
    is_automated: bool = True

    def home(self) -> Home:
        """The home of this place."""
        return Home.from_env(over=self.settings)

    def key(self, table: str) -> dg.AssetKey:
        """The key of one of our assets."""
        return dg.AssetKey([*self.key_prefix, table])

    def name(self, short: str) -> str:
        """The name of a job, schedule or sensor."""
        return short if short.startswith(self.job_prefix) else f"{self.job_prefix}{short}"

    def everything(self) -> dg.AssetSelection:
        """All of our assets and none of anybody else's."""
        return self.tables(*self.assets) if self.assets else dg.AssetSelection.all()

    def tables(self, *names: str) -> dg.AssetSelection:
        """These of our assets."""
        return dg.AssetSelection.assets(*(self.key(name) for name in names))

    def cron(self, job: str, shipped: str) -> str | None:
        """When a job's schedule is due; None where the project wants none."""
        return self.crons.get(job, shipped)


HERE = Placement()
