"""What people can do with the demo company's marketing: its pages, forms, e-mails and programs, in Marketo's shape.

Belongs here: the fixed part of an activity (type, asset, attributes), shared by all rows that point to it. Who did what when:
`marketing.py`. Rows: `activities.py`. Web pages are paths without a host, as Marketo writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Attributes = tuple[tuple[str, Any], ...]
VISIT, FORM, CLICK_LINK, SEND, DELIVERED, BOUNCED, UNSUBSCRIBED, OPEN, CLICK = 1, 2, 3, 6, 7, 8, 9, 10, 11
NEW_LEAD, CHANGE_VALUE, CHANGE_SCORE, ADD_TO_LIST, REMOVE_FROM_LIST, MERGE, MOMENT, PROGRESS, NURTURE = 12, 13, 22, 24, 25, 32, 46, 104, 113

# path, weight for a casual visitor, weight for a buyer
PAGES = (
    ("/", 20, 6), ("/features/scoring", 1, 9), ("/features/matching", 1, 8), ("/features/sla-clocks", 0.7, 6),
    ("/features/write-back", 0.7, 6), ("/solutions/manufacturing", 0.6, 4), ("/solutions/healthcare", 0.6, 4),
    ("/solutions/education", 0.6, 4), ("/solutions/revenue-operations", 0.6, 8), ("/pricing", 1, 12), ("/pricing/enterprise", 0.5, 6),
    ("/demo", 0.6, 5), ("/contact-sales", 0.5, 4), ("/customers", 1, 5), ("/customers/case-study-logistics", 0.5, 4),
    ("/customers/case-study-hospital", 0.5, 4), ("/security", 0.8, 5), ("/integrations/salesforce", 1, 6),
    ("/integrations/marketo", 1, 4), ("/docs/getting-started", 3, 3), ("/docs/api", 2, 3), ("/blog", 9, 2),
    ("/blog/lead-response-time", 6, 2), ("/blog/what-is-an-mqa", 5, 2), ("/blog/clean-crm-data", 6, 1),
    ("/blog/decay-explained", 4, 1), ("/resources/benchmark-report", 4, 3), ("/resources/buyers-guide", 2, 6), ("/webinars", 3, 3),
    ("/events", 2, 1), ("/about", 4, 2), ("/careers", 6, 0.5), ("/careers/engineering", 3, 0.2), ("/legal/privacy", 2, 0.5),
    ("/unsubscribe", 0.4, 0.1), ("/email-preferences/unsubscribe", 0.3, 0.1), ("/support", 3, 1), ("/newsletter", 2, 1),
)  # fmt: skip
FORMS = (  # name, page, weight
    ("Newsletter signup", "/newsletter", 30),
    ("Benchmark report download", "/resources/benchmark-report", 30),
    ("Buyer's guide download", "/resources/buyers-guide", 20),
    ("Webinar registration", "/webinars", 18),
    ("Support request", "/support", 8),
    ("Request a demo", "/demo", 0),
    ("Contact sales", "/contact-sales", 0),
)
LINKS = ("/pricing", "/resources/benchmark-report", "/blog/what-is-an-mqa", "/webinars", "/customers", "/unsubscribe")
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)",
)
_REFERRERS = ("", "https://www.google.com/", "https://www.linkedin.com/", "https://duckduckgo.com/")
_CHANGES = (
    ("Job Title", "Specialist", "Manager", "Web form fillout"),
    ("Phone Number", None, "+1 312-555-0142", "Web form fillout"),
    ("Country", "US", "United States", "Web service API"),
    ("Lead Status", "Open - Not Contacted", "Working - Contacted", "SFDC sync"),
    ("SFDC Type", "Lead", "Contact", "SFDC sync"),
    ("Industry", None, "Manufacturing", "List import"),
)
_LISTS = ("Trade show scans", "Newsletter subscribers", "Webinar attendees", "Customers to reference")


@dataclass(frozen=True)
class Asset:
    """The part of an activity that many rows share."""

    type_id: int
    primary_id: int | None
    primary_value: str | None
    campaign_id: int | None
    attributes: list[dict[str, Any]]


@dataclass
class Mail:
    """One e-mail that went to a segment, and the places of its assets in the catalogue."""

    name: str
    sent_at: datetime
    send: int
    delivered: int
    bounced: int
    unsubscribed: int
    opens: tuple[int, ...]
    clicks: tuple[int, ...]
    bot_open: int
    bot_clicks: tuple[int, ...]
    sly_open: int
    sly_clicks: tuple[int, ...]


@dataclass
class Catalogue:
    """Assets by place. `add` gives the place of an asset, the same for the same content."""

    assets: list[Asset] = field(default_factory=list)
    _places: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def add(
        self, type_id: int, primary_id: int | None, primary_value: str | None, attributes: Attributes, campaign_id: int | None = None
    ) -> int:
        """The place of an asset. Attributes without a value are left out, as Marketo does."""
        key = (type_id, primary_id, primary_value, attributes, campaign_id)
        if key not in self._places:
            listed = [{"name": name, "value": value} for name, value in attributes if value not in (None, "")]
            self._places[key] = len(self.assets)
            self.assets.append(Asset(type_id, primary_id, primary_value, campaign_id, listed))
        return self._places[key]

    def page(self, number: int, variant: int) -> int:
        """A visit of a page; variants differ in browser, referrer and query."""
        path = PAGES[number][0]
        query = ("", "utm_source=newsletter&utm_medium=email", "", "utm_source=search")[variant % 4]
        web = (
            ("Client IP Address", f"192.0.2.{10 + variant}"),
            ("Query Parameters", query),
            ("Referrer URL", _REFERRERS[variant % 4]),
            ("User Agent", _AGENTS[variant % 3]),
            ("Webpage URL", path),
        )
        return self.add(VISIT, 2000 + number, f"www.northwind-demo.example{path}", web)

    def link(self, number: int) -> int:
        """A click on a link of a page."""
        web = (
            ("Client IP Address", "192.0.2.9"),
            ("Referrer URL", "https://www.northwind-demo.example/"),
            ("User Agent", _AGENTS[0]),
            ("Webpage ID", 2000 + number),
        )
        return self.add(
            CLICK_LINK, 4000 + number, f"northwind-demo.example/files/{PAGES[number][0].strip('/').replace('/', '-') or 'home'}.pdf", web
        )

    def form(self, name: str) -> int:
        """A form filled out on its page."""
        number = next(place for place, entry in enumerate(FORMS) if entry[0] == name)
        page = next(place for place, entry in enumerate(PAGES) if entry[0] == FORMS[number][1])
        web = (
            ("Client IP Address", "198.51.100.7"),
            ("Form Fields", '{"Email":"(hidden)","Company":"(hidden)"}'),
            ("Referrer URL", f"https://www.northwind-demo.example{FORMS[number][1]}"),
            ("User Agent", _AGENTS[0]),
            ("Webpage ID", 2000 + page),
        )
        return self.add(FORM, 1000 + number, name, web)

    def mail(self, number: int, name: str, sent_at: datetime) -> Mail:
        """An e-mail with all that can happen to it."""
        campaign, mailing = 7000 + number, 3000 + number
        run = (("Campaign Run ID", 9000 + number), ("Choice Number", 0), ("Has Predictive", False), ("Step ID", 1), ("Test Variant", 0))

        def reader(is_bot: bool, is_mobile: bool) -> Attributes:
            device = (
                ("Device", "iPhone" if is_mobile else "Other"),
                ("Is Mobile Device", is_mobile),
                ("Platform", "iOS" if is_mobile else "Windows"),
            )
            return (
                *run,
                ("Bot Activity Pattern", "Proximity pattern" if is_bot else "N/A"),
                *device,
                ("Is Bot Activity", is_bot),
                ("User Agent", _AGENTS[2 if is_mobile else 0]),
            )

        def clicks(is_bot: bool) -> tuple[int, ...]:
            links = (
                (("Link", f"https://www.northwind-demo.example{path}"), ("Link ID", str(5000 + place))) for place, path in enumerate(LINKS)
            )
            return tuple(self.add(CLICK, mailing, name, (*reader(is_bot, False), *link), campaign) for link in links)

        bounce = (("Category", "2"), ("Details", "550 5.1.1 mailbox does not exist"), ("Subcategory", "2002"))
        return Mail(
            name=name,
            sent_at=sent_at,
            send=self.add(SEND, mailing, name, run, campaign),
            delivered=self.add(DELIVERED, mailing, name, run, campaign),
            bounced=self.add(BOUNCED, mailing, name, (*run, *bounce), campaign),
            unsubscribed=self.add(
                UNSUBSCRIBED,
                mailing,
                name,
                (("Client IP Address", "198.51.100.8"), ("Form Fields", "unsubscribed"), ("Webform ID", 1)),
                campaign,
            ),
            opens=(
                self.add(OPEN, mailing, name, reader(False, False), campaign),
                self.add(OPEN, mailing, name, reader(False, True), campaign),
            ),
            clicks=clicks(False),
            bot_open=self.add(OPEN, mailing, name, reader(True, False), campaign),
            bot_clicks=clicks(True),
            sly_open=self.add(OPEN, mailing, name, reader(False, False), campaign),
            sly_clicks=clicks(False),
        )

    def progress(self, number: int, program: str, old: str, new: str) -> int:
        """A step in a program, as webinars log registrations and attendance."""
        steps = ("Not in Program", "Invited", "Registered", "No Show", "Attended")
        state = (
            ("Acquired By", False),
            ("New Status", new),
            ("New Status ID", 30 + steps.index(new)),
            ("Old Status", old),
            ("Old Status ID", 30 + steps.index(old)),
            ("Reason", "Webinar provider"),
            ("Success", new == "Attended"),
        )
        return self.add(PROGRESS, 6000 + number, program, state)

    def new_lead(self, source: str, day: str) -> int:
        """The person became known."""
        kind = {"Purchased List": "List import", "Web": "Web form fillout"}.get(source, "SFDC sync")
        return self.add(NEW_LEAD, None, None, (("Created Date", day), ("Lead Source", source), ("Source Type", kind)))

    def change(self, number: int) -> int:
        """A changed value."""
        name, old, new, source = _CHANGES[number % len(_CHANGES)]
        return self.add(
            CHANGE_VALUE,
            500 + number % len(_CHANGES),
            name,
            (("New Value", new), ("Old Value", old), ("Reason", source), ("Source", source)),
        )

    def score(self, number: int) -> int:
        """A change of Marketo's own score."""
        old = number % 9 * 5
        return self.add(
            CHANGE_SCORE,
            700,
            "Lead Score",
            (("Change Value", "+5"), ("New Value", old + 5), ("Old Value", old), ("Reason", "Changed by smart campaign")),
        )

    def listed(self, number: int, *, added: bool) -> int:
        """Put on a list or taken off it."""
        name = _LISTS[number % len(_LISTS)]
        return self.add(ADD_TO_LIST if added else REMOVE_FROM_LIST, 800 + number % len(_LISTS), name, (("Source", "Web service API"),))

    def moment(self, number: int) -> int:
        """An interesting moment."""
        kind, text = (("Web", "Visited the pricing page"), ("Email", "Clicked a link"), ("Milestone", "Asked for a demo"))[number % 3]
        return self.add(MOMENT, 900 + number % 3, kind, (("Description", text), ("Source", "Smart campaign")))

    def nurture(self, number: int) -> int:
        """Put into a nurture program."""
        track = ("Early", "Middle", "Late")[number % 3]
        return self.add(NURTURE, 950, "2026 Nurture", (("Track ID", 951 + number % 3), ("Track Name", track)))

    def merge(self, loser: int) -> int:
        """Another record was merged into this one."""
        return self.add(
            MERGE,
            loser,
            "Merge",
            (("Master Updated", True), ("Merge IDs", str([loser])), ("Merge Source", "Manual"), ("Merged in Sales", False)),
        )
