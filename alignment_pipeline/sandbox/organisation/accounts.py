"""The accounts of the demo organisation: real companies, their regional offices, and the mess a CRM makes of them.

Belongs here: which companies are in the CRM and which are held back (people come from those too), duplicates, merged and deleted
accounts, owners, and how warm an account is. People of an account: `people.py`. Employee numbers and revenue are invented.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alignment_pipeline.errors import ConfigurationError
from alignment_pipeline.sandbox.organisation import companies, geography, typing_habits
from alignment_pipeline.sandbox.organisation.records import Record, World
from alignment_pipeline.sandbox.organisation.team import Rep, Team

_INDUSTRY_WORDS = (
    ("universit|college|school|hochschule|institut|research|academy|laborato|ecole|école|centro|centre|center", "Education"),
    ("hospital|clinic|medical|health|klinik|hôpital", "Healthcare"),
    ("bank|financ|capital|invest|acquisition|trust", "Banking"),
    ("pharma|bio|therapeutic|gene", "Biotechnology"),
    ("ministry|ministère|department of|agency|government|council|office of", "Government"),
    ("energy|oil|gas|power|petrol|solar", "Energy"),
    ("soft|tech|digital|data|system|electronic|semiconductor", "Technology"),
    ("motor|steel|chemical|machin|industri|cement|textile", "Manufacturing"),
)
_OTHER_INDUSTRIES = ("Manufacturing", "Retail", "Consulting", "Construction", "Media", "Transportation", "Insurance", "Telecommunications")
HEATS = ("hot", "cooled", "warm", "aware", "cold")


@dataclass
class Account:
    """One account of the CRM and what is true of it. `right_id` is the account that a person of the company belongs to."""

    id: str
    record: Record
    company: companies.Company
    kind: str  # base, regional, duplicate, merged, deleted
    right_id: str
    country: str
    owner: Rep
    heat: str = "cold"
    bursts: list[datetime] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        """True when it is neither merged away nor deleted."""
        return self.kind not in ("merged", "deleted")


@dataclass(frozen=True)
class Accounts:
    """All accounts, the companies that have none, and groups of different companies with one name."""

    accounts: tuple[Account, ...]
    outside: tuple[companies.Company, ...]
    homonyms: tuple[tuple[Account, ...], ...]
    twins: dict[str, tuple[str, ...]]
    offices: dict[str, tuple[Account, ...]]

    @property
    def live(self) -> list[Account]:
        """Accounts that people may belong to: base and regional ones."""
        return [account for account in self.accounts if account.kind in ("base", "regional")]

    def shared_domains(self) -> dict[str, list[Account]]:
        """Domains under which several different accounts have a page, and none the home page: the domain alone says none of them."""
        sharing: dict[str, list[Account]] = {}
        for account in self.live:
            if account.company.domain and not account.company.owns_domain and account.kind == "base":
                sharing.setdefault(account.company.domain, []).append(account)
        return {
            domain: group
            for domain, group in sharing.items()
            if len({account.company.core for account in group}) > 1
            and not any(account.company.host.removeprefix("www.") == domain for account in group)
        }

    def also_right(self, account: Account, country: str) -> list[str]:
        """Accounts as right as this one.

        Its duplicates, the same name on the same domain or in the same country, and in a group the office of the person's country.
        """
        company = account.company
        right = {account.id, *self.twins.get(account.id, ())}
        right |= {office.id for office in self.offices.get(company.key, ()) if office.kind == "duplicate"}
        right |= {office.id for office in self.offices.get(company.key, ()) if office.kind == "regional" and office.country == country}
        if account.kind == "regional":
            right.add(str(account.record["ParentId"]))
        return sorted(right)


def _counts(total: int) -> dict[str, int]:
    counts = {
        "duplicate": max(8, round(total * 0.06)),
        "merged": max(4, round(total * 0.018)),
        "deleted": max(3, round(total * 0.012)),
        "regional": max(4, round(total * 0.016)),
    }
    counts["base"] = total - sum(counts.values())
    return counts


def _choose(rng: random.Random, wanted: int) -> tuple[list[companies.Company], list[companies.Company]]:
    """The companies in the CRM, whole families and some namesakes first, and those held back: each with a name and domain of its own."""
    everything = list(companies.load())
    by_key = {company.key: company for company in everything}
    families = [company for company in everything if company.parent_key]
    namesakes = [company for company in everything if not company.owns_name and len(company.core) > 12]
    first: dict[str, companies.Company] = {}
    for company in rng.sample(families, min(len(families), max(4, wanted // 50))):
        first[company.parent_key] = by_key[company.parent_key]
        first[company.key] = company
    for company in namesakes[: max(6, wanted // 200)]:
        first[company.key] = company
    # Companies that share a domain or a name with another cannot be held back: nobody could say that such a lead has no account.
    separable = [
        company
        for company in everything
        if company.owns_domain and company.owns_name and company.key not in first and not company.parent_key
    ]
    parents = {company.parent_key for company in everything}
    held = rng.sample(
        [company for company in separable if company.key not in parents], min(max(40, wanted * 12 // 100), len(everything) - wanted)
    )
    held_keys = {company.key for company in held}
    rest = [company for company in everything if company.key not in first and company.key not in held_keys]
    rng.shuffle(rest)
    chosen = list(first.values())[:wanted]
    return chosen + rest[: wanted - len(chosen)], held


def _industry(rng: random.Random, name: str) -> str | None:
    if rng.random() < 0.12:
        return None
    lowered = name.lower()
    for words, industry in _INDUSTRY_WORDS:
        if any(word in lowered for word in words.split("|")):
            return industry
    return rng.choice(_OTHER_INDUSTRIES)


def _record(world: World, rng: random.Random, company: companies.Company, name: str, owner: Rep, country: str) -> Record:
    employees = int(min(350_000, max(4, rng.lognormvariate(5.6, 1.7)))) if rng.random() > 0.15 else None
    span = (world.anchor - world.history_start).days
    age = -rng.randrange(5, 1200) if rng.random() < 0.6 else rng.randrange(span - 30)
    created = world.history_start + timedelta(days=age)
    created += timedelta(seconds=rng.randrange(86_400))
    at_home = country == company.country
    return {
        "Id": world.mint.id("Account"),
        "Name": name,
        "ParentId": None,
        "MasterRecordId": None,
        "Website": company.website or None,
        "Phone": geography.phone(rng, country) if rng.random() < 0.5 else None,
        "BillingCity": (company.city or None) if at_home else None,
        "BillingState": (company.state or None) if at_home else None,
        "BillingCountry": geography.country_name(country) or None,
        "Industry": _industry(rng, name),
        "NumberOfEmployees": employees,
        "AnnualRevenue": float(round(employees * rng.uniform(60_000, 380_000), -4)) if employees and rng.random() < 0.7 else None,
        "Type": None,
        "OwnerId": owner.id,
        "AccountSource": rng.choice(("Web", "Partner Referral", "Purchased List", "Other", None)),
    } | world.stamps(
        created,
        [world.anchor - timedelta(days=rng.expovariate(1 / 90), seconds=rng.randrange(86_400))],
        owner.id,
        system_delay=timedelta(seconds=rng.choice((0, 0, 0, 40, 5000))),
    )


def _owner(rng: random.Random, team: Team, region: geography.Region) -> Rep:
    return rng.choice(team.of(region, "ae"))


def _second_records(world: World, rng: random.Random, team: Team, base: list[Account], kinds: dict[str, int]) -> list[Account]:
    """Duplicates (typed again by a colleague), merged and deleted records of companies that already have an account."""
    doubles: list[Account] = []
    for account in rng.sample(base, kinds["duplicate"] + kinds["merged"] + kinds["deleted"]):
        kind = (
            "duplicate"
            if len(doubles) < kinds["duplicate"]
            else "merged"
            if len(doubles) < kinds["duplicate"] + kinds["merged"]
            else "deleted"
        )
        name = typing_habits.of_account(rng, str(account.record["Name"]), account.company.city)
        owner = account.owner if rng.random() < 0.4 else _owner(rng, team, account.company.region)
        record = _record(world, rng, account.company, name, owner, account.country)
        if rng.random() < 0.5:
            record["Website"] = None
        elif record["Website"]:
            record["Website"] = record["Website"].split("//")[-1].rstrip("/")
        if kind in ("merged", "deleted"):
            gone = world.until_anchor(max(record["CreatedDate"], world.anchor - timedelta(days=rng.uniform(0.5, 200))))
            record |= {"IsDeleted": True, "LastModifiedDate": gone, "SystemModstamp": gone}
            record["MasterRecordId"] = account.id if kind == "merged" else None
        world.add("Account", record)
        doubles.append(Account(str(record["Id"]), record, account.company, kind, account.id, account.country, owner))
    return doubles


def build(world: World, team: Team, total: int) -> Accounts:
    """Write `total` accounts. Raises ConfigurationError when the list of companies is too short for them."""
    limit = len(companies.load())
    if not 100 <= total <= limit:
        raise ConfigurationError(f"the demo organisation was asked for {total} accounts; it can have 100 to {limit}")
    rng = world.rng("accounts")
    kinds = _counts(total)
    chosen, held = _choose(rng, kinds["base"])
    base: list[Account] = []
    by_key: dict[str, Account] = {}
    for company in chosen:
        owner = _owner(rng, team, company.region)
        record = world.add("Account", _record(world, rng, company, company.name, owner, company.country))
        account = Account(str(record["Id"]), record, company, "base", str(record["Id"]), company.country, owner)
        base.append(account)
        by_key[company.key] = account
    for account in base:
        if account.company.parent_key in by_key:
            account.record["ParentId"] = by_key[account.company.parent_key].id
    separable = [account for account in base if account.company.owns_domain and account.company.owns_name and account.company.country]
    regional: list[Account] = []
    for head in rng.sample(separable, kinds["regional"]):
        country = rng.choice([code for code in ("DE", "GB", "US", "JP", "BR", "IN") if code != head.country])
        owner = _owner(rng, team, geography.region_of(country))
        name = f"{companies.without_legal_form(head.company.name)} {geography.country_name(country)}"
        record = world.add("Account", _record(world, rng, head.company, name, owner, country))
        record["ParentId"] = head.id
        regional.append(Account(str(record["Id"]), record, head.company, "regional", str(record["Id"]), country, owner))
    used = {account.company.key for account in regional}
    second = _second_records(world, rng, team, [account for account in separable if account.company.key not in used], kinds)
    everyone = base + regional + second
    _warm(world, rng, [account for account in base if account.company.owns_domain and account.company.owns_name], total)
    shared: dict[str, list[Account]] = {}
    offices: dict[str, list[Account]] = {}
    for account in everyone:
        if account.kind == "base":
            shared.setdefault(account.company.core, []).append(account)
        elif account.is_live:
            offices.setdefault(account.company.key, []).append(account)
    twins = {
        account.id: tuple(other.id for other in group if _is_same(account.company, other.company))
        for group in shared.values()
        if len(group) > 1
        for account in group
    }
    homonyms = tuple(
        tuple(group)
        for core, group in shared.items()
        if len(core) > 8 and any(not _is_same(group[0].company, other.company) for other in group)
    )
    return Accounts(tuple(everyone), tuple(held), homonyms, twins, {key: tuple(branches) for key, branches in offices.items()})


def _is_same(one: companies.Company, other: companies.Company) -> bool:
    """Two entries of the list with one name are the same company when they share the domain or the country."""
    return one.country == other.country or bool(one.domain and one.domain == other.domain)


def _warm(world: World, rng: random.Random, candidates: list[Account], total: int) -> None:
    """Decide who buys: 25 accounts in 1,000 are hot now, others were, and each hot phase begins on a day of its own."""
    rng.shuffle(candidates)
    now, before, warm, aware = max(5, total * 22 // 1000), max(5, total * 34 // 1000), max(8, total // 12), max(20, total // 4)
    for place, account in enumerate(candidates):
        if place < now:
            account.heat = "hot"
            account.bursts.append(world.anchor - timedelta(days=rng.uniform(12, 48)))
        if now <= place < now + before or (place % 17 == 0 and place < now):
            account.heat = "hot" if place < now else "cooled"
            account.bursts.append(world.activity_start + timedelta(days=rng.uniform(4, 50)))
        elif now + before <= place < now + before + warm:
            account.heat = "warm"
        elif now + before + warm <= place < now + before + warm + aware:
            account.heat = "aware"
