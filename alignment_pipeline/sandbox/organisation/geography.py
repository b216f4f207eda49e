"""Countries, the sales regions that serve them, and the time zones people live in.

Belongs here: country names as people type them, region and zone by country, the culture a name comes from, telephone numbers
that no one owns. Business hours as records: `team.py`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

OPENS, CLOSES = 9, 17


@dataclass(frozen=True)
class Region:
    """A sales region: one manager, its reps, one time zone and one calendar."""

    name: str
    zone: str
    countries: frozenset[str]


def _region(name: str, zone: str, countries: str) -> Region:
    return Region(name, zone, frozenset(countries.split()))


REGIONS = (
    _region("North America East", "America/New_York", "US CA"),
    _region("North America West", "America/Los_Angeles", ""),
    _region("Latin America", "America/Sao_Paulo", "BR AR MX CL CO PE EC UY PY BO VE CR PA GT HN SV NI DO CU PR JM TT BS BB HT"),
    _region("Central Europe", "Europe/Berlin", "DE AT CH PL CZ SK HU SI HR RO BG RS UA BY LT LV EE GR RU MD BA MK AL ME GE AM AZ XK LI"),
    _region("Western Europe", "Europe/Paris", "FR BE NL LU ES PT IT MC MT AD SM VA MA TN DZ SN CI CM BJ BF ML NE TG GA CG CD MG"),
    _region("UK, Nordics, Africa", "Europe/London", "GB IE SE NO DK FI IS ZA NG KE GH ET TZ UG RW ZM ZW BW NA MZ AO SD EG"),
    _region("Japan and Korea", "Asia/Tokyo", "JP KR"),
    _region("South and South East Asia", "Asia/Singapore", "SG MY ID TH VN PH BN KH LA MM CN HK TW MO MN"),
    _region("India and Middle East", "Asia/Kolkata", "IN PK BD LK NP AE SA QA KW OM BH IL TR IR IQ JO LB SY YE KZ UZ KG TJ TM AF PS"),
    _region("Australia and New Zealand", "Australia/Sydney", "AU NZ FJ PG"),
)
WEST_COAST = frozenset({"CA", "California", "WA", "Washington", "OR", "Oregon", "NV", "Nevada", "BC", "British Columbia", "AZ", "Arizona"})

_ZONES = {
    "US": "America/Chicago", "CA": "America/Toronto", "MX": "America/Mexico_City", "AR": "America/Argentina/Buenos_Aires",
    "CL": "America/Santiago", "CO": "America/Bogota", "PE": "America/Lima", "GB": "Europe/London", "IE": "Europe/Dublin",
    "PT": "Europe/Lisbon", "FI": "Europe/Helsinki", "GR": "Europe/Athens", "RO": "Europe/Bucharest", "UA": "Europe/Kyiv",
    "RU": "Europe/Moscow", "TR": "Europe/Istanbul", "IL": "Asia/Jerusalem", "AE": "Asia/Dubai", "SA": "Asia/Riyadh",
    "IR": "Asia/Tehran", "PK": "Asia/Karachi", "BD": "Asia/Dhaka", "NP": "Asia/Kathmandu", "LK": "Asia/Colombo",
    "CN": "Asia/Shanghai", "HK": "Asia/Hong_Kong", "TW": "Asia/Taipei", "KR": "Asia/Seoul", "TH": "Asia/Bangkok",
    "ID": "Asia/Jakarta", "VN": "Asia/Ho_Chi_Minh", "PH": "Asia/Manila", "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland",
    "ZA": "Africa/Johannesburg", "NG": "Africa/Lagos", "KE": "Africa/Nairobi", "EG": "Africa/Cairo", "KZ": "Asia/Almaty",
}  # fmt: skip

_NAMES = (
    "US United States|JP Japan|CN China|FR France|CA Canada|GB United Kingdom|IN India|AU Australia|DE Germany|PT Portugal|"
    "KR South Korea|ES Spain|ID Indonesia|TW Taiwan|BR Brazil|IT Italy|NL Netherlands|CH Switzerland|HK Hong Kong|SE Sweden|"
    "TH Thailand|TR Turkey|NO Norway|MX Mexico|BE Belgium|RU Russia|FI Finland|IL Israel|AT Austria|SG Singapore|DK Denmark|"
    "GR Greece|PL Poland|ZA South Africa|CZ Czechia|AR Argentina|NZ New Zealand|UA Ukraine|IR Iran|BD Bangladesh|IE Ireland|"
    "MY Malaysia|PK Pakistan|CO Colombia|CL Chile|PE Peru|VN Vietnam|PH Philippines|SA Saudi Arabia|AE United Arab Emirates|"
    "EG Egypt|NG Nigeria|KE Kenya|MA Morocco|TN Tunisia|DZ Algeria|HU Hungary|RO Romania|BG Bulgaria|HR Croatia|SI Slovenia|"
    "SK Slovakia|RS Serbia|LT Lithuania|LV Latvia|EE Estonia|LU Luxembourg|IS Iceland|KZ Kazakhstan|UZ Uzbekistan|IQ Iraq|"
    "JO Jordan|LB Lebanon|LK Sri Lanka|NP Nepal|EC Ecuador|UY Uruguay|VE Venezuela|CU Cuba|CR Costa Rica|GH Ghana|ET Ethiopia|"
    "TZ Tanzania|UG Uganda|RW Rwanda|QA Qatar|KW Kuwait|OM Oman|BH Bahrain|CY Cyprus|MT Malta|GE Georgia|AM Armenia|AZ Azerbaijan|"
    "BY Belarus|MD Moldova|BA Bosnia and Herzegovina|MK North Macedonia|AL Albania|ME Montenegro|MN Mongolia|MM Myanmar|KH Cambodia|"
    "BN Brunei|SN Senegal|CI Ivory Coast|CM Cameroon|ZM Zambia|ZW Zimbabwe|BW Botswana|NA Namibia|MZ Mozambique|SD Sudan|MO Macao|"
    "PR Puerto Rico|BM Bermuda|KY Cayman Islands|VG British Virgin Islands|MC Monaco|LI Liechtenstein|GG Guernsey|JE Jersey|"
    "IM Isle of Man|GI Gibraltar|SY Syria|YE Yemen|PS Palestine|AF Afghanistan|LY Libya|KG Kyrgyzstan|TJ Tajikistan"
)
NAMES = {entry[:2]: entry[3:] for entry in _NAMES.split("|")}
_TYPED = {
    "US": ("USA", "US", "United States of America"), "GB": ("UK", "England", "Great Britain"), "DE": ("Deutschland", "DE"),
    "ES": ("España",), "IT": ("Italia",), "NL": ("The Netherlands", "Holland"), "CH": ("Schweiz", "Suisse"), "AT": ("Österreich",),
    "JP": ("日本", "JAPAN"), "CN": ("中国", "P.R. China"), "KR": ("Korea", "Republic of Korea"), "BR": ("Brasil",), "TR": ("Türkiye",),
    "CZ": ("Czech Republic",), "MX": ("México",), "RU": ("Russian Federation",),
}  # fmt: skip


def region_of(country: str, state: str = "") -> Region:
    """The region that serves a country; the west coast of North America has its own."""
    if country in ("US", "CA") and state in WEST_COAST:
        return REGIONS[1]
    for region in REGIONS:
        if country in region.countries:
            return region
    return REGIONS[5]


def zone_of(country: str, state: str = "") -> str:
    """The time zone in which a person of that country most likely works."""
    if country in ("US", "CA"):
        if state in WEST_COAST:
            return "America/Los_Angeles"
        return "America/New_York" if country == "US" and len(state) and state[0] in "NMPCVFGn" else _ZONES[country]
    return _ZONES.get(country, region_of(country).zone)


def country_name(country: str) -> str:
    """The country's English name; a code without one stays a code."""
    return NAMES.get(country, country)


def country_as_typed(rng: random.Random, country: str) -> str:
    """The country as someone filled it into a form: name, code, native name, other case."""
    habit = rng.random()
    if habit < 0.62 or not country:
        return country_name(country)
    if habit < 0.80:
        return rng.choice(_TYPED.get(country, (country,)))
    return country if habit < 0.93 else country_name(country).lower()


def phone(rng: random.Random, country: str) -> str:
    """A number from the blocks kept free for fiction: 555-01xx in America, Ofcom's and the Bundesnetzagentur's drama numbers."""
    last = rng.randrange(100)
    if country == "GB":
        return f"+44 20 7946 0{rng.randrange(1000):03d}"
    if country in ("DE", "AT", "CH"):
        return f"+49 30 23125 {rng.randrange(1000):03d}"
    if country == "AU":
        return f"+61 2 5550 {rng.randrange(10_000):04d}"
    if country == "FR":
        return f"+33 1 99 00 {rng.randrange(100):02d} {last:02d}"
    area = rng.choice((212, 312, 415, 617, 206, 512))
    return rng.choice((f"+1 {area}-555-01{last:02d}", f"({area}) 555-01{last:02d}", f"{area}.555.01{last:02d}"))


def business_minutes_before(moment: datetime, minutes: float, zone: str) -> datetime:
    """The moment that lies that many open minutes (9 to 17, Monday to Friday, local time) before another. UTC in, UTC out."""
    local = moment.astimezone(ZoneInfo(zone))
    left = timedelta(minutes=minutes)
    day = local.date()
    while True:
        opened = datetime(day.year, day.month, day.day, OPENS, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        closed = datetime(day.year, day.month, day.day, CLOSES, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        until = min(closed, moment)
        if day.weekday() < 5 and until > opened:
            if until - opened >= left:
                return until - left
            left -= until - opened
        day -= timedelta(days=1)


def business_minutes_after(moment: datetime, minutes: float, zone: str) -> datetime:
    """The moment at which that many open minutes (9 to 17, Monday to Friday, local time) have passed. UTC in, UTC out."""
    local = moment.astimezone(ZoneInfo(zone))
    left = timedelta(minutes=minutes)
    day = local.date()
    while True:
        opened = datetime(day.year, day.month, day.day, OPENS, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        closed = datetime(day.year, day.month, day.day, CLOSES, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        start = max(opened, moment)
        if day.weekday() < 5 and closed > start:
            if closed - start >= left:
                return start + left
            left -= closed - start
        day += timedelta(days=1)
