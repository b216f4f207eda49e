"""New contacts are asked for where they have paid, and contacts that a deal brought along prove nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alignment_pipeline.agreement.sla import Sla
from alignment_pipeline.sla.standing import yields
from alignment_pipeline_tests.sla.factories import World, rows_of

AS_OF = datetime(2026, 11, 18, tzinfo=UTC)
BEFORE, INSIDE = AS_OF - timedelta(days=500), AS_OF - timedelta(days=100)
TERMS = Sla.model_validate({"contact_yield": {"classes": [0, 1, 3], "min_accounts": 2, "min_marginal_pct": 5}})


def company(world: World, number: int, contacts: int, *, deal: datetime | None = None, since: datetime = BEFORE) -> None:
    account = f"001{number:012d}AAA"
    world.account(account, created_at=BEFORE)
    for one in range(contacts):
        world.contact(f"003{number:06d}{one:06d}AAA", account=account, created=since)
    if deal:
        world.deal(f"006{number:012d}AAA", account=account, created=deal)


def found(world: World) -> list[tuple[object, ...]]:
    sources = world.sources()
    rows = rows_of(
        yields.contact_yields(sources.accounts, sources.contacts, sources.opportunities, sla=TERMS, as_of=AS_OF, agreement_version="test")
    )
    names = ("contacts_from", "accounts", "with_opportunity", "opportunity_rate_pct", "marginal_rate_pct", "contacts_to_add")
    return [tuple(row[name] for name in names) for row in rows]


def test_the_marginal_contact_is_what_the_next_class_has_more() -> None:
    world = World()
    for number, (contacts, deal) in enumerate([(0, None), (0, None), (1, INSIDE), (1, None), (3, INSIDE), (5, INSIDE)]):
        company(world, number, contacts, deal=deal)

    assert found(world) == [(0, 2, 0, 0.0, None, 2), (1, 2, 1, 50.0, 50.0, 4), (3, 2, 2, 100.0, 50.0 / 3, 0)]


def test_small_classes_say_nothing_and_ask_for_nothing() -> None:
    world = World()
    company(world, 1, 0)
    company(world, 2, 1, deal=INSIDE)

    assert found(world) == [(0, 1, 0, None, None, 0), (1, 1, 1, None, None, 0), (3, 0, 0, None, None, 0)]


def test_contacts_that_came_with_the_deal_and_accounts_already_in_one_do_not_count() -> None:
    world = World()
    company(world, 1, 4, deal=INSIDE, since=INSIDE)
    company(world, 2, 4, deal=BEFORE)

    assert [row[1:3] for row in found(world)] == [(1, 1), (0, 0), (0, 0)]
