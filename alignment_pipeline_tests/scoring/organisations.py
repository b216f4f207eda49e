"""Random small organisations: accounts, people, activities with every oddity the rules have a word for.

Belongs here: seeded generation. What the right scores are: `oracle.py`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from alignment_pipeline_tests.scoring.factories import NOW, account, activity, belongs, person, record

EVER = datetime(1970, 1, 1, tzinfo=UTC)
TITLES = [
    None,
    "CEO",
    "VP Marketing",
    "Director of IT",
    "Sales Manager",
    "Marketing Specialist",
    "Leiter Vertrieb",
    "Assistant to the CEO",
    "知らない",
]
COUNTRIES = [None, "Germany", "United States", "Peru", ""]
INDUSTRIES = [None, "Software", "Banking", "Fishing"]
PAGES = ["/", "/features/a", "/pricing", "/pricing/solutions", "/careers", "/blog/unsubscribe-now", "/features/Pricing", None]
KINDS = [
    ("web_visit", None, PAGES),
    ("email_open", None, ["Mail A", "Mail B"]),
    ("email_click", None, ["https://x.example/a", "https://x.example/unsubscribe"]),
    ("form_fill", "hand_raise", ["Request a demo", "Contact sales"]),
    ("form_fill", "content", ["Whitepaper"]),
    ("webinar_attended", None, ["Webinar 1", "Webinar 2"]),
    ("meeting", None, ["Call"]),
    ("email_unsubscribed", None, ["Mail A"]),
    ("unheard_of", None, ["x"]),
]


PARTS = ("accounts", "people", "person_records", "person_accounts", "person_account_periods", "activities")


@dataclass
class Organisation:
    """Rows of the input tables, by contract name."""

    accounts: list[dict[str, Any]] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    person_records: list[dict[str, Any]] = field(default_factory=list)
    person_accounts: list[dict[str, Any]] = field(default_factory=list)
    activities: list[dict[str, Any]] = field(default_factory=list)
    record_periods: list[dict[str, Any]] = field(default_factory=list)
    person_account_periods: list[dict[str, Any]] = field(default_factory=list)


def organisations(seeds: range) -> Organisation:
    """Several random organisations side by side in the same tables, so that many cases cost one run."""
    made = Organisation()
    for seed in seeds:
        one = organisation(seed)
        for name in PARTS:
            getattr(made, name).extend(getattr(one, name))
    return made


def organisation(seed: int, *, accounts: int = 6, people: int = 18, activities: int = 160, days: int = 420) -> Organisation:
    """A random organisation; the same seed gives the same one, and ids of different seeds differ."""
    rng = random.Random(seed)
    made = Organisation()
    x = f"s{seed}"
    for number in range(accounts):
        own = f"{x}a{number}"
        top = f"{x}a{rng.randrange(number + 1)}"
        made.accounts.append(
            account(
                own,
                parent_account_id=None if top == own else f"{x}a{number - 1}",
                ultimate_account_id=top,
                country=rng.choice(COUNTRIES),
                industry=rng.choice(INDUSTRIES),
                employees=rng.choice([None, 10, 60, 900, 20000]),
                annual_revenue_usd=rng.choice([None, 1e6, 5e7, 2e9]),
                is_target_flagged=rng.choice([None, None, True, False]),
                is_customer=rng.random() < 0.1,
                account_type=rng.choice([None, "Prospect", "Customer"]),
            )
        )
    for number in range(people):
        own = f"{x}p{number:02}"
        made.people.append(
            person(
                own,
                title=rng.choice(TITLES),
                country=rng.choice(COUNTRIES),
                industry=rng.choice(INDUSTRIES),
                employees=rng.choice([None, 15, 400, 3000]),
                lead_source=rng.choice([None, "Web", "Purchased list", "Partner referral", "Other"]),
                is_internal=rng.random() < 0.08,
                is_opted_out=rng.random() < 0.1,
            )
        )
        made.person_records.append(record(own, f"marketo:{x}-{number}"))
        if rng.random() < 0.3:
            made.person_records.append(record(own, f"lead:{x}-{number}"))
        if rng.random() < 0.8:
            made.person_accounts.append(belongs(own, rng.choice(made.accounts)["account_id"]))
    keys = [row["source_key"] for row in made.person_records] + [f"marketo:{x}-unknown"]
    for number in range(activities):
        kind, category, details = rng.choices(KINDS, weights=[8, 6, 3, 1, 1, 1, 1, 1, 1])[0]
        occurred = NOW - timedelta(days=rng.randrange(-3, days), minutes=rng.randrange(1440), microseconds=rng.randrange(3))
        if rng.random() < 0.25 and made.activities:
            # the same minute as another one: ties and bursts
            occurred = rng.choice(made.activities)["occurred_at"]
        made.activities.append(
            activity(
                f"marketo:{x}-{rng.randrange(10**9)}-{number}",
                rng.choice(keys),
                kind,
                occurred,
                category=category,
                detail=rng.choice(details),
                program=rng.choice([None, "Product launch X"]),
                is_bot=rng.random() < 0.05,
                is_automatic=rng.random() < 0.03,
                minutes=rng.choice([None, 0.0, 30.0, 47.5, 33.333]) if kind == "meeting" else None,
                known_at=occurred + timedelta(days=rng.choice([0, 0, 0, 0, 2, 40])),
            )
        )
    made.person_account_periods = _moves(made, random.Random(f"moves {seed}"))
    return made


def _moves(made: Organisation, rng: random.Random) -> list[dict[str, Any]]:
    """Some people were on other accounts before: moved once or several times, back too, on days on which they did something."""
    now = {row["person_id"]: row["account_id"] for row in made.person_accounts}
    person_of = {row["source_key"]: row["person_id"] for row in made.person_records}
    busy: dict[str, list[Any]] = {}
    for row in made.activities:
        if row["occurred_at"] < NOW:
            busy.setdefault(person_of.get(row["source_key"], ""), []).append(row["occurred_at"])
    periods = []
    for one in made.people:
        if one["person_id"] not in busy or rng.random() < 0.6:
            continue
        some = rng.choices(busy[one["person_id"]], k=rng.randrange(1, 4))
        moments = sorted({moment + timedelta(minutes=rng.choice([0, 0, 30])) for moment in some})
        accounts = [now.get(one["person_id"])]
        for _ in moments:
            others = [row["account_id"] for row in made.accounts] + [None]
            accounts.insert(0, rng.choice([other for other in others if other != accounts[0]]))
        edges = [EVER, *moments, None]
        for account_id, begin, end in zip(accounts, edges[:-1], edges[1:], strict=True):
            periods.append(
                {"person_id": one["person_id"], "from_at": begin, "until_at": end, "account_id": account_id, "earliest_at": begin}
            )
    return periods
