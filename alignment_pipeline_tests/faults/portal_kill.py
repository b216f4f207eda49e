"""Kills the write-back of a HubSpot portal, under wire faults and people's edits: before each apply, and while it runs.

Belongs here: the portal under fire. The killed process and the way to calm down are `kill.py`'s; how often and when, `campaigns.py`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignment_pipeline.sandbox.faults import Fault
from alignment_pipeline_tests.faults import kill, portal_invariants
from alignment_pipeline_tests.write_back.portal_office import (
    NOTE,
    SCORE,
    STAGE,
    PortalOffice,
    agreement,
    company_id,
    contact_id,
    environment,
    portal_office,
)

_WRITES = {"method": "POST", "path": "batch/(update|upsert|associate|create)"}


@dataclass
class PortalArena(kill.Arena):
    """One portal under fire."""

    contacts: int = 60
    companies: int = 8

    @property
    def portal(self) -> PortalOffice:
        """The portal's office."""
        assert isinstance(self.office, PortalOffice)
        return self.office

    def desire(self, share: float = 0.6) -> None:
        """Change what the records should say, and ask for some tasks."""
        self.rounds += 1
        ids = [contact_id(number) for number in range(self.contacts)]
        for one in ids:
            if self.random.random() < share:
                values = {SCORE: round(self.random.uniform(1, 999), 2), STAGE: self.random.choice(["New Name", "MQL", "Customer"])}
                self.office.want(one, **values)
            if self.random.random() < share / 2:
                self.office.want(one, **{NOTE: f"ours {self.rounds}.{one[10:]}"})
        for number in range(self.companies):
            self.office.want(company_id(number), **{SCORE: self.random.randint(1, 10_000)})
        for one in self.random.sample(ids, min(3, len(ids))):
            self.office.want_task(f"sla:{one}:{self.rounds}", one)

    def humans(self, number: int) -> None:
        """People type into shared properties and elsewhere."""
        for _ in range(number):
            self.typed["all"] += 1
            name = NOTE if self.random.random() < 0.5 else "jobtitle"
            self.office.edit(contact_id(self.random.randrange(self.contacts)), **{name: f"typed {self.typed['all']}"})

    def apply(self, *arguments: str, **options: Any) -> int:
        """As ever, while people type."""
        done = threading.Event()
        typist = threading.Thread(target=self._type, args=(done,))
        typist.start()
        try:
            return super().apply(*arguments, **options)
        finally:
            done.set()
            typist.join()

    def _type(self, done: threading.Event) -> None:
        while not done.wait(self.random.uniform(0.05, 0.2)):
            self.humans(1)

    def broken(self) -> list[str]:
        """Every invariant that does not hold, in words."""
        return portal_invariants.broken(self.portal)


@contextmanager
def arena(tmp_path: Path, seed: int, *, variant: str | None = None, faults: float = 0.12, contacts: int = 60) -> Iterator[PortalArena]:
    """Open a portal under fire: `faults` is the share of writes that go wrong on the wire."""
    numbers = kill.wide_agreement().write_back
    sending = numbers.sending.model_copy(update={"batch": 20})
    wide = {name: getattr(numbers, name) for name in ("guard", "breaker", "canary", "budget", "approvals")}
    chosen = agreement(sending=sending, **wide)
    with portal_office(
        tmp_path,
        contacts=contacts,
        companies=8,
        factor=kill.FACTOR,
        seed=seed,
        is_still=False,
        chosen=chosen,
        settings={"calls_per_day": 10**8, "calls_per_window": 10**6, "searches_per_second": 10**5},
    ) as acme:
        environ = environment(acme.sandbox) | kill.settings(tmp_path, chosen)
        for fault in wire_faults(faults):
            acme.world.faults.add(fault)
        yield PortalArena(acme, environ, random.Random(seed), variant, contacts=contacts)


def wire_faults(share: float) -> list[Fault]:
    """Lost requests, lost answers, late arrivals, refusals, and rows that a 207 refuses for the moment."""
    if not share:
        return []
    each: dict[str, Any] = {"system": "hubspot", "count": None, "probability": share / 4, **_WRITES}
    busy = {"status": 503, "content": {"status": "error", "message": "busy", "category": "INTERNAL_ERROR"}}
    row = {"code": "INTERNAL_ERROR", "message": "try again"}
    return [
        Fault("cut_before", **each),
        Fault("cut_after", **each),
        Fault("zombie", options={"seconds": 240}, **each),
        Fault("answer", options=busy, **each),
        Fault("row_error", system="hubspot", path="contacts/", count=None, probability=0.03, options=row),
    ]
