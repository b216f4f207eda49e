"""The people of the demo: who they are, where they work, how they wrote it down, and which records they left behind.

Belongs here: invented persons and their e-mail addresses. Their records: `leads.py`, `contacts.py`, `marketo_people.py`. What is
true of them stays here and goes into `truth.py`, never into a record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alignment_pipeline.sandbox.organisation import addresses, companies, geography, mix, names, titles, typing_habits
from alignment_pipeline.sandbox.organisation.accounts import Account, Accounts
from alignment_pipeline.sandbox.organisation.records import Record, World
from alignment_pipeline.sandbox.organisation.team import INTERNAL_DOMAIN


@dataclass
class Person:
    """One human being.

    `kind` says where a lead of theirs belongs: account, outside, none, ambiguous or internal. `pattern` says which records they left:
    lead, converted, lead+contact, lead+lead, lead_merged, lead_deleted, contact, contact_merged, contact_deleted, or marketo alone.
    """

    key: str
    kind: str
    pattern: str
    first: str
    last: str
    email: str | None
    second_email: str | None
    company: companies.Company | None
    account: Account | None
    typed: str
    typed_again: str
    habit: str
    habit_again: str
    country: str
    region: geography.Region
    zone: str
    title: str | None
    persona: str
    seniority: str
    phone: str | None
    created: datetime
    heat: str = "cold"
    candidates: tuple[str, ...] = ()
    is_bot: bool = False
    has_opted_out: bool = False
    leads: list[Record] = field(default_factory=list)
    contacts: list[Record] = field(default_factory=list)
    marketo_ids: list[int] = field(default_factory=list)


class _Casting:
    """Makes persons one after the other from one random stream."""

    def __init__(self, world: World, accounts: Accounts) -> None:
        self.world, self.accounts = world, accounts
        self.rng = world.rng("people")
        self.count = 0
        usable = [account for account in accounts.live if account.company.owns_domain or account.company.owns_name]
        heat = {"hot": 9.0, "cooled": 6.0, "warm": 3.0, "aware": 1.5, "cold": 0.65}
        self.pool = usable
        self.weights = [heat[account.heat] * self.rng.lognormvariate(0, 0.6) for account in usable]
        self.has_alias = {account.id for account in usable if self.rng.random() < 0.12}
        self.taken_domains = {company.domain for company in companies.load()}
        self.taken_addresses: set[str] = set()
        self.owned_twice = accounts.shared_domains()

    def accounts_for(self, count: int) -> list[Account]:
        """Accounts of that many people; hot ones get five, so that they can be an MQA, and each office gets two."""
        first = [account for account in self.pool if account.heat == "hot" for _ in range(5)]
        first = (first + [account for account in self.pool if account.kind == "regional" for _ in range(2)])[:count]
        return first + self.rng.choices(self.pool, self.weights, k=count - len(first))

    def person(self, kind: str, pattern: str, company: companies.Company | None, account: Account | None, **known: str) -> Person:
        """One person. `known` may set the country, the e-mail address and the company text."""
        rng = self.rng
        self.count += 1
        country = known.get("country") or (account.country if account else company.country if company else rng.choice(_HOMES))
        if not known.get("country") and rng.random() < 0.08:
            country = rng.choice(_HOMES)
        state = company.state if company and company.country == country else ""
        first, last = names.name(rng, country)
        own = self._own_address(company, account, country, first, last)
        email = (
            known["email"] if "email" in known else own or (addresses.freemail(rng, first, last, country) if rng.random() < 0.66 else None)
        )
        if company is not None and not company.owns_name and company.owns_domain and not own and "email" not in known:
            email = own = (
                f"{names.local_part(rng, first, last)}.{self.count}@{company.domain}"  # its name alone would not say which company it is
            )
        # A country domain does not say by itself whose it is: such people write their company out.
        has_own = (
            email == own
            and company is not None
            and company.owns_domain
            and (own or "").endswith(("@" + company.domain, "." + company.domain))
        )
        typed, again = self._typed(company, account, has_own), self._typed(company, account, False)
        persona, seniority = titles.persona(rng)
        created = self.world.office_moment(
            rng, self.world.history_start, self.world.anchor - timedelta(days=1), geography.zone_of(country, state)
        )
        return Person(
            key=f"P{self.count:06d}",
            kind=kind,
            pattern=pattern,
            first=first,
            last=last,
            email=email or None,
            # A second record is made at home, unless only the address tells which of two namesakes it is.
            second_email=addresses.freemail(rng, first, last, country)
            if own and company and company.owns_name and rng.random() < 0.6
            else email or None,
            company=company,
            account=account,
            typed=known.get("typed", typed.text),
            typed_again=known.get("typed", again.text),
            habit=known.get("habit", typed.habit),
            habit_again=known.get("habit", again.habit),
            country=country,
            region=geography.region_of(country, state),
            zone=geography.zone_of(country, state),
            title=titles.title(rng, persona, seniority, country),
            persona=persona,
            seniority=seniority,
            phone=geography.phone(rng, country) if rng.random() < 0.4 else None,
            created=created,
            heat=account.heat if account else "aware" if rng.random() < 0.25 else "cold",
            has_opted_out=rng.random() < 0.025,
        )

    def _own_address(self, company: companies.Company | None, account: Account | None, country: str, first: str, last: str) -> str | None:
        rng = self.rng
        if company is None or not company.domain or rng.random() > 0.66:
            return None
        local = names.local_part(rng, first, last)
        if rng.random() < 0.08:
            local += str(rng.randrange(2, 99))
        domain = company.domain
        if company.owns_domain and account is not None:
            alias = addresses.country_domain(company, account.country)
            if account.id in self.has_alias and alias and alias not in self.taken_domains and rng.random() < 0.5:
                domain = alias
            elif rng.random() < 0.05 and country:
                domain = f"{country.lower()}.{domain}"
        while f"{local}@{domain}" in self.taken_addresses:
            local += str(rng.randrange(2, 99))
        self.taken_addresses.add(f"{local}@{domain}")
        return f"{local}@{domain}"

    def _typed(self, company: companies.Company | None, account: Account | None, has_own: bool) -> typing_habits.Spelling:
        if company is None:
            return typing_habits.Spelling(typing_habits.nothing(self.rng), "nothing", False)
        if account is not None and account.kind == "regional":
            name = str(account.record["Name"])
            return typing_habits.Spelling(self.rng.choice((name, name, name.lower(), name.replace(" ", "  ", 1))), "office", True)
        return typing_habits.of_company(self.rng, company, has_own_address=has_own)

    def ambiguous(self) -> Person:
        """Somebody whose row fits several accounts alike: a name that many carry, or a domain that several share."""
        rng = self.rng
        if rng.random() < 0.6 or not self.owned_twice:
            group = rng.choice(self.accounts.homonyms)
            company = group[0].company
            person = self.person(
                "ambiguous",
                "lead",
                company,
                None,
                typed=company.name,
                habit="homonym",
                email=addresses.freemail(rng, "contact", "office", ""),
                country="",
            )
            person.candidates = tuple(account.id for account in group)
            person.country = ""
        else:
            domain = rng.choice(sorted(self.owned_twice))
            owned = self.owned_twice[domain]
            address = f"{names.local_part(rng, *names.name(rng, owned[0].country))}@{domain}"
            text = rng.choice(typing_habits.NOTHING[:5])
            person = self.person("ambiguous", "lead", owned[0].company, None, typed=text, habit="shared_domain", email=address)
            person.candidates = tuple(account.id for account in owned)
        person.company = None
        return person


_HOMES = (
    "US",
    "US",
    "US",
    "GB",
    "DE",
    "FR",
    "CA",
    "IN",
    "AU",
    "NL",
    "ES",
    "BR",
    "JP",
    "SE",
    "PL",
    "IT",
    "SG",
    "MX",
    "TR",
    "CN",
    "KR",
    "ZA",
    "AE",
    "GR",
    "NG",
)


def build(world: World, accounts: Accounts, total: int) -> list[Person]:
    """People who will leave `total` leads and contacts, and some known to marketing alone."""
    casting = _Casting(world, accounts)
    rng = casting.rng
    people: list[Person] = []
    plan = mix.of(total)
    places = iter(casting.accounts_for(sum(count for (kind, _), count in plan.items() if kind == "account")))
    order = sorted(plan, key=lambda key: key[1] not in ("lead", "contact"))  # hot accounts are filled with plain leads and contacts first
    for kind, pattern in order:
        for _ in range(plan[kind, pattern]):
            if kind == "account":
                account = next(places)
                people.append(casting.person(kind, pattern, account.company, account))
            elif kind == "outside":
                people.append(casting.person(kind, pattern, rng.choice(accounts.outside), None))
            elif kind == "ambiguous":
                people.append(casting.ambiguous())
            elif kind == "internal":
                person = casting.person(kind, pattern, None, None, country="US", typed="Northwind Demo", habit="internal")
                person.email = person.second_email = (
                    f"{names.local_part(rng, person.first, person.last)}.{person.key[-4:]}@{INTERNAL_DOMAIN}"
                )
                people.append(person)
            else:
                people.append(casting.person(kind, pattern, None, None))
    _share_mailboxes(people, max(3, total // 2500))
    reachable = [
        person
        for person in people
        if person.email
        and person.kind in ("account", "outside")
        and person.pattern in ("lead", "contact", "marketo")
        and person.heat == "cold"
    ]
    for person in rng.sample(reachable, min(len(reachable), max(4, total // 260))):
        person.is_bot = True
    return people


def _share_mailboxes(people: list[Person], pairs: int) -> None:
    """Two colleagues who both give the company's info@ address: one address, two people."""
    colleagues: dict[str, list[Person]] = {}
    for person in people:
        if (
            person.kind == "account"
            and person.pattern == "lead"
            and person.company
            and (person.email or "").endswith(f"@{person.company.domain}")
        ):
            colleagues.setdefault(person.company.key, []).append(person)
    for group in [group for group in colleagues.values() if len(group) > 2][:pairs]:
        for person in group[:2]:
            assert person.company is not None
            person.email = f"info@{person.company.domain}"
