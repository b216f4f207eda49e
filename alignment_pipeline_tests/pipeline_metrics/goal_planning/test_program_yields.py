"""Yields of programs: against counting account by account and week by week in plain Python, and without effect none is shown."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from alignment_pipeline.agreement.pipeline import Pipeline, Planner, Program, Spend
from alignment_pipeline.pipeline_metrics.goal_planning import program_yields
from alignment_pipeline_tests.pipeline_metrics.factories import FISCAL, life, span, states
from alignment_pipeline_tests.pipeline_metrics.test_opportunity_sources import activity, filled

BEGIN, NOW = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
DAYS = 30
PROGRAMS = [
    Program(name="Webinars", includes=["*webinar*"], spend=[Spend(period="2026Q1", amount=9_000), Spend(period="2026Q2", amount=9_000)]),
    Program(name="Fair", spend=[Spend(period="2026Q1", amount=50_000.5)]),
]
World = tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]


def terms(min_n: int = 5) -> Pipeline:
    return Pipeline(min_n=min_n, programs=PROGRAMS, planner=Planner(program_days=DAYS))


def world(seed: int, *, lift: float, accounts: int = 400) -> World:
    """Accounts, touches (with program) and deals: a deal comes with a chance a week, and once more after a touch when `lift` says so."""
    rng, deals, touches = random.Random(seed), [], []
    rows = [
        {"account_id": f"a{n:04}", "created_at": BEGIN + timedelta(days=rng.choice((-400, -400, 40))), "tier": 1 + n % 3}
        for n in range(accounts)
    ]
    for number, row in enumerate(rows):
        account, moments = row["account_id"], []
        for _touch in range(rng.choice((0, 0, 1, 1, 2, 5))):
            moment = BEGIN + timedelta(seconds=rng.randrange(230 * 86_400))
            kind = rng.choice(("webinar_attended", "form_fill", "meeting", "email_click"))
            program = rng.choice(("2026-02 Webinar: A", "2026-03 webinar: B", "fair", "Mailing", None))
            excluded = rng.choice((None, None, None, "bot"))
            touches.append(activity(len(touches), moment, kind, account=account, exclusion=excluded) | {"program": program})
            if kind != "meeting" and excluded is None and program is not None and rng.random() < lift:
                moments.append(moment + timedelta(days=rng.uniform(1, 20)))
        if rng.random() < 0.1 + 0.1 * row["tier"]:
            moments.append(BEGIN + timedelta(seconds=rng.randrange(238 * 86_400)))
        for place, moment in enumerate(moments):
            name = f"d{number:04}{place}"
            ended = moment + timedelta(days=rng.uniform(3, 60))
            deals += life(name, span(name, moment, account_id=account), span(name, ended, account_id=account, stage="lost"))
    return rows, touches, deals


def yields(given: World, min_n: int = 5) -> dict[tuple[str, str], dict[str, Any]]:
    accounts, touches, deals = given
    scored = [{name: value for name, value in one.items() if name != "program"} for one in touches]
    found = program_yields.program_yields(
        filled("activities", *[{name: one[name] for name in ("activity_id", "program")} for one in touches]),
        filled("scored_activities", *scored),
        states(deals),
        filled("accounts", *[{name: one[name] for name in ("account_id", "created_at")} for one in accounts]),
        filled("account_tiers", *[{name: one[name] for name in ("account_id", "tier")} for one in accounts]),
        fiscal=FISCAL, pipeline=terms(min_n), as_of=NOW, agreement_version="v",
    )  # fmt: skip
    return {(row["program"], row["period"]): row for row in found.to_pyarrow().to_pylist()}


def named(program: str | None) -> str | None:
    if program is None:
        return None
    return "Webinars" if "webinar" in program.lower() else "Fair" if program.lower() == "fair" else program


def monday(moment: datetime) -> date:
    return moment.date() - timedelta(days=moment.weekday())


def expected(given: World) -> dict[tuple[str, str], dict[str, Any]]:
    """The same by hand: account after account, week after week."""
    accounts, touches, deals = given
    within = timedelta(days=DAYS)
    mine: dict[str, list[tuple[datetime, str, str | None]]] = defaultdict(list)
    for one in touches:
        if one["activity_type"] != "meeting" and one["exclusion"] is None:
            mine[one["account_id"]].append((one["occurred_at"], one["activity_id"], named(one["program"])))
    opened: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for one in deals:
        if one["stage"] == "open":
            opened[one["account_id"]].append((one["valid_from_at"], one["valid_to_at"]))

    def is_open(account: str, moment: datetime) -> bool:
        return any(begin <= moment < end for begin, end in opened[account])

    def is_hit(account: str, moment: datetime) -> bool:
        return any(moment < begin <= moment + within and begin <= NOW for begin, _end in opened[account])

    fresh: list[tuple[str, datetime, str | None]] = []
    for account, moments in mine.items():
        for place, (moment, _id, program) in enumerate(sorted(moments)):
            if (place and moment - sorted(moments)[place - 1][0] <= within) or is_open(account, moment):
                continue
            fresh.append((account, moment, program))
    touched: dict[tuple[str, str], list[tuple[str, datetime]]] = defaultdict(list)
    for account, moment, program in sorted(fresh, key=lambda one: one[1]):
        if program and account not in {one[0] for one in touched[program, "all"]}:
            touched[program, "all"].append((account, moment))
            touched[program, f"{moment.year}Q{(moment.month + 2) // 3}"].append((account, moment))
    tier = {one["account_id"]: one["tier"] for one in accounts}

    def untouched(week: date, of_tier: int) -> list[str]:
        begin = datetime(week.year, week.month, week.day, tzinfo=UTC)
        end, out = begin + timedelta(days=7), []
        for one in accounts:
            account = one["account_id"]
            if one["tier"] != of_tier or one["created_at"] > begin or is_open(account, begin):
                continue
            if any(begin - within <= moment < begin for moment, _id, _program in mine[account]):
                continue
            if any(who == account and begin <= moment < end for who, moment, _program in fresh):
                continue
            out.append(account)
        return out

    out = {}
    for key, listed in touched.items():
        old = [one for one in listed if datetime.combine(monday(one[1]), datetime.min.time(), UTC) + timedelta(days=7) + within <= NOW]
        rates, sizes = [], defaultdict(dict)
        for account, moment in old:
            week, of_tier = monday(moment), tier[account]
            quiet = untouched(week, of_tier)
            begin = datetime(week.year, week.month, week.day, tzinfo=UTC)
            rates.append(sum(is_hit(other, begin) for other in quiet) / len(quiet))
            sizes[week][of_tier] = len(quiet)
        out[key] = {
            "touched": len(listed), "judged": len(old), "with_opportunity": sum(is_hit(*one) for one in old),
            "base_rate": pytest.approx(sum(rates) / len(rates)) if rates else None,
            "base_accounts": max((sum(one.values()) for one in sizes.values()), default=0),
        }  # fmt: skip
    return out


@pytest.mark.parametrize("seed", [1, 2])
def test_yields_are_those_counted_account_by_account(seed: int) -> None:
    given = world(seed, lift=0.3, accounts=150)
    names = ("touched", "judged", "with_opportunity", "base_rate", "base_accounts")
    assert expected(given) == {key: {name: row[name] for name in names} for key, row in yields(given).items()}


def test_programs_without_effect_show_none_and_one_with_an_effect_shows_it() -> None:
    nothing = [yields(world(seed, lift=0.0)) for seed in range(10)]
    rows = [row for found in nothing for (_name, period), row in found.items() if period == "all" and row["difference"] is not None]
    assert len(rows) >= 30 and sum(row["difference_lower"] <= 0 <= row["difference_upper"] for row in rows) >= 0.95 * len(rows)
    strong = yields(world(1, lift=0.6, accounts=1_000))["Webinars", "all"]
    assert 0.3 < strong["difference_lower"] < strong["difference"] < strong["difference_upper"] < 0.7


def test_the_cost_of_one_more_opportunity_is_spend_by_account_by_the_difference() -> None:
    found = yields(world(1, lift=0.6, accounts=1_000))
    row = found["Webinars", "2026Q1"]
    per_account = 900_000 / row["touched"]
    assert (900_000, round(per_account / row["difference"])) == (row["spend_cents"], row["cost_cents"])
    assert (round(per_account / row["difference_upper"]), round(per_account / row["difference_lower"])) == (
        row["cost_lower_cents"], row["cost_upper_cents"],
    )  # fmt: skip
    # a program has a cost for all periods only when each has a spend
    assert (None, None, "no spend is given for 2026Q3") == tuple(
        found["Webinars", "all"][name] for name in ("spend_cents", "cost_cents", "note")
    )
    assert 5_000_050 == found["Fair", "2026Q1"]["spend_cents"] and (None, None) == (
        found["Mailing", "all"]["spend_cents"],
        found["Mailing", "all"]["note"],
    )


def test_few_accounts_have_no_yield_and_no_cost() -> None:
    row = yields(world(1, lift=0.6, accounts=100), min_n=1_000)["Webinars", "2026Q1"]
    assert (
        f"{row['with_opportunity']} of {row['judged']}" == row["shown"] and f"{row['judged']} accounts are too few to tell" == row["note"]
    )
    assert (None, None, 900_000) == (row["difference"], row["cost_cents"], row["spend_cents"])


def test_programs_bear_different_names() -> None:
    with pytest.raises(ValueError, match="different names"):
        Pipeline(programs=[Program(name="A"), Program(name="a")])
    with pytest.raises(ValueError, match="one spend"):
        Program(name="A", spend=[Spend(period="2026Q1", amount=1), Spend(period="2026Q1", amount=2)])
