"""All texts that the rules write for people in the CRM, in one place: to be read, tested, and translated one day.

Belongs here: forms with placeholders and one good example each, and the words for things that the agreement names by key. Putting values
into them: `forms.py`; how moments are said: `moments.py`. The page docs/wording.md is made from this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """One sentence: its text, where it stands, and a good example."""

    text: str
    field: str
    example: str


FORMS: Mapping[str, Form] = {
    # which account a lead belongs to
    "match.matched": Form("Belongs to {account}: {why}.", "Match reason", "Belongs to Acme GmbH: same domain and company name."),
    "match.matched_unsure": Form(
        "Belongs to {account}: {why} ({sure}% sure).",
        "Match reason",
        "Belongs to Acme GmbH: the names differ by a few letters (71% sure).",
    ),
    "match.review": Form(
        "Please check: this may be {account} ({why}, {sure}% sure).",
        "Match reason",
        "Please check: this may be Acme Holding (the names share distinctive words, 48% sure).",
    ),
    "match.review_equal": Form(
        "Please check: {rivals} accounts fit equally well, for example {account} ({why}).",
        "Match reason",
        "Please check: 3 accounts fit equally well, for example Acme Inc. (same company name).",
    ),
    "match.next": Form("Next best: {account}.", "Match reason", "Next best: Acme France SAS."),
    "match.tie": Form("Of several records with this name: {tie}.", "Match reason", "Of several records with this name: the customer."),
    "match.closest": Form(
        "No matching account. Closest: {account} ({why}), too unlike.",
        "Match reason",
        "No matching account. Closest: Acme Holding (the names share distinctive words), too unlike.",
    ),
    "match.none": Form("No account with this name or domain.", "Match reason", "No account with this name or domain."),
    "match.junk": Form("The company field names no company.", "Match reason", "The company field names no company."),
    "match.never": Form("A person ruled out the only candidate.", "Match reason", "A person ruled out the only candidate."),
    # engagement
    "score.person_one": Form("1 activity: {what}.", "Score reason", "1 activity: Inbound e-mail."),
    "score.person": Form(
        "{activities} activities: {top}.",
        "Score reason",
        "14 activities: Hand raised once, Page visit 12 times.",
    ),
    "score.faded": Form(
        "Almost no engagement now; what there was is too small or too long ago.",
        "Score reason",
        "Almost no engagement now; what there was is too small or too long ago.",
    ),
    "score.person_unknown": Form("No activity is known.", "Score reason", "No activity is known."),
    "score.account": Form(
        "{engaged} of {known} people engaged: {top}.",
        "Score reason",
        "3 of 11 people engaged: Hand raised twice, Page visit 40 times.",
    ),
    "score.account_nobody": Form(
        "Too little, or too long ago, for anyone to count as engaged: {top}.",
        "Score reason",
        "Too little, or too long ago, for anyone to count as engaged: Page visit 4 times, Inbound e-mail 3 times.",
    ),
    "score.account_only": Form(
        "The only person known there is engaged: {top}.",
        "Score reason",
        "The only person known there is engaged: Hand raised once, Meeting 6 times.",
    ),
    "score.committee": Form(
        "Buying committee: {taken} of {seats} roles engaged.", "Score reason", "Buying committee: 2 of 5 roles engaged."
    ),
    "score.up": Form("More in the weeks before {day} than earlier.", "Score reason", "More in the weeks before 20 Nov 2026 than earlier."),
    "score.down": Form(
        "Less in the weeks before {day} than earlier.", "Score reason", "Less in the weeks before 20 Nov 2026 than earlier."
    ),
    "score.far_up": Form(
        "Far more in the weeks before {day} than earlier.", "Score reason", "Far more in the weeks before 20 Nov 2026 than earlier."
    ),
    "score.surging_up": Form(
        "Surging on {day}, with more than in the weeks before.",
        "Score reason",
        "Surging on 20 Nov 2026, with more than in the weeks before.",
    ),
    "score.surging_far_up": Form(
        "Surging on {day}, with far more than in the weeks before.",
        "Score reason",
        "Surging on 20 Nov 2026, with far more than in the weeks before.",
    ),
    "score.gone": Form("Nothing in the weeks before {day}.", "Score reason", "Nothing in the weeks before 20 Nov 2026."),
    "score.surging": Form("Surging on {day}.", "Score reason", "Surging on 20 Nov 2026."),
    "score.account_unknown": Form("No activity of its people is known.", "Score reason", "No activity of its people is known."),
    # fit and tier
    "fit.scored": Form(
        "Fit {share} of 100: {parts}.",
        "Tier reason",
        "Fit 63 of 100: company size 1,393 (+20), industry Education (+8), region United Kingdom (+15).",
    ),
    "fit.unknown": Form("Not known, so left out: {missing}.", "Tier reason", "Not known, so left out: revenue."),
    "fit.not_scored": Form("Too little is known to judge the fit.", "Tier reason", "Too little is known to judge the fit."),
    "tier.target": Form("Tier {tier}{by}.", "Tier reason", "Tier 2."),
    "tier.none": Form("Not a target{by}.", "Tier reason", "Not a target."),
    "tier.by_list": Form(", set by the target list ({why})", "Tier reason", "Tier 1, set by the target list (key account)."),
    "tier.by_flag": Form(", ticked as target account", "Tier reason", "Tier 3, ticked as target account."),
    # MQA
    "mqa.held": Form(
        "MQA since {since}. {path}: at least {parts}.",
        "MQA reason",
        "MQA since 3 Sep 2026. Depth and breadth: at least 80 minutes of engagement and 2 people with 15 minutes each in 90 days.",
    ),
    "mqa.customer": Form("Already a customer.", "MQA reason", "Already a customer."),
    "mqa.open_opportunity": Form("An opportunity is open already.", "MQA reason", "An opportunity is open already."),
    "mqa.account_type": Form("Accounts of this type do not become MQAs.", "MQA reason", "Accounts of this type do not become MQAs."),
    "mqa.cooling": Form(
        "{path}: at least {parts}. It stopped being an MQA, so it can become one again from {until}.",
        "MQA reason",
        "Senior interest: at least 1 VP with 20 minutes in 90 days. It stopped being an MQA, so it can become one again from 9 Dec 2026.",
    ),
    "mqa.missing": Form(
        "Not an MQA yet. Needs {ways}.",
        "MQA reason",
        "Not an MQA yet. Needs 80 minutes of engagement in 90 days; or 1 C-level, VP or director with a hand raise in 30 days.",
    ),
    # stages
    "stage.since": Form("{stage} since {since}: {why}.", "Stage reason", "MQL since 20 Nov 2026: raised a hand."),
    "stage.new": Form("{stage} since {since}.", "Stage reason", "New Name since 7 Apr 2026."),
    "stage.next": Form("Next, {stage}: {ways}.", "Stage reason", "Next, Engaged: 1 minute of engagement in 180 days."),
    "ways.more": Form("{ways}; or {number} other ways", "Stage reason", "a hand raise; or 3 other ways"),
    # service levels
    "sla.pending": Form(
        "Needed by {due}: {wanted}. Reason: {trigger}, {start}.",
        "SLA reason",
        "Needed by Thu 12 Nov, 10:00 Berlin time: contact them. Reason: they asked to be contacted, Thu 12 Nov, 09:55.",
    ),
    "sla.at_risk": Form(
        "Due soon, {due}: {wanted}. Reason: {trigger}, {start}.",
        "SLA reason",
        "Due soon, Thu 12 Nov, 10:00 Berlin time: contact them or record a disposition. Reason: became MQL, Wed 11 Nov, 10:00.",
    ),
    "sla.breached": Form(
        "Overdue since {due}: {wanted}. Reason: {trigger}, {start}.",
        "SLA reason",
        "Overdue since Thu 12 Nov, 10:00 Berlin time: contact them or record a disposition. Reason: became MQL, Wed 11 Nov, 10:00.",
    ),
    "sla.met": Form(
        "Done {stop}: {done}. It was due {due}.",
        "SLA reason",
        "Done Wed 11 Nov, 16:20 Berlin time: deferred. It was due Thu 12 Nov, 10:00.",
    ),
    "sla.met_late": Form(
        "Done late, {stop}: {done}. It was due {due}.",
        "SLA reason",
        "Done late, Fri 13 Nov, 09:20 Berlin time: sent back to marketing. It was due Thu 12 Nov, 10:00.",
    ),
    "sla.met_just_late": Form(
        "Done {stop}, just after it was due: {done}.",
        "SLA reason",
        "Done Fri 13 Nov, 09:20 Berlin time, just after it was due: contacted.",
    ),
    "sla.met_late_that_day": Form(
        "Done late on the day when it was due, {stop}: {done}.",
        "SLA reason",
        "Done late on the day when it was due, Fri 13 Nov: assigned.",
    ),
    "sla.early": Form(
        "Done before it was asked for, {start}.", "SLA reason", "Done before it was asked for, Wed 11 Nov, 10:00 Berlin time."
    ),
    "sla.unknown": Form(
        "Was due {due}. The latest activities have not arrived yet, so an answer in time may still show up.",
        "SLA reason",
        "Was due Thu 12 Nov, 10:00 Berlin time. The latest activities have not arrived yet, so an answer in time may still show up.",
    ),
    "sla.paused": Form(
        "The clock is on hold. Needed when it runs again: {wanted}.",
        "SLA reason",
        "The clock is on hold. Needed when it runs again: contact them.",
    ),
    "sla.deleted": Form("No longer needed: the record was deleted.", "SLA reason", "No longer needed: the record was deleted."),
    "sla.cancelled": Form("No longer needed: something else settled it.", "SLA reason", "No longer needed: something else settled it."),
    # marketing's commitments
    "commitment.nothing": Form("Nothing to divide by in this period yet.", "Commitment", "Nothing to divide by in this period yet."),
    "commitment.booked": Form(
        "The period's target is booked already; nothing is left to cover.",
        "Commitment",
        "The period's target is booked already; nothing is left to cover.",
    ),
    "commitment.nothing_yet": Form(
        "Nothing by business day {elapsed} of {total}; the goal is {goal}.",
        "Commitment: nothing yet",
        "Nothing by business day 35 of 62; the goal is 3 times the target.",
    ),
    "commitment.nothing_at_all": Form(
        "Nothing in the whole period; the goal was {goal}.", "Commitment: nothing yet", "Nothing in the whole period; the goal was 60."
    ),
    "commitment.ratio": Form(
        "{there} by business day {elapsed} of {total}; the goal is {goal}.",
        "Commitment: a share or a ratio",
        "83% by business day 35 of 62; the goal is 30%.",
    ),
    "commitment.over": Form(
        "{there} in the whole period; the goal was {goal}.", "Commitment: the period is over", "188 in the whole period; the goal was 60."
    ),
    "commitment.pace": Form(
        "{there} by business day {elapsed} of {total}, when {expected} were expected; the goal is {goal}.",
        "Commitment: an amount",
        "544 by business day 35 of 62, when 169 were expected; the goal is 300.",
    ),
    # plans
    "plan.carried": Form(
        "Set because other fields of the record change.", "Plan: why a field is set", "Set because other fields of the record change."
    ),
    # tasks
    "task.reason": Form("{title}, {when}.", "Plan: why a task is created", "First touch of an MQL: rep reminder, Thu 12 Nov."),
    "task.phone": Form("Phone: {phone}", "Task description", "Phone: +49 30 1234567"),
    "task.lately": Form("Lately: {what}.", "Task description", "Lately: Pricing page (20 Nov 2026), Hand raised (18 Nov 2026)."),
    "task.digest": Form("{number} late: go through them with your team", "Task subject", "12 late: go through them with your team"),
    "task.digest_line": Form("{subject}", "Task description", "Still overdue: First touch of an MQL for Ann Lee (Acme), owner Bob Ray"),
    "task.digest_more": Form("and {number} more", "Task description", "and 7 more"),
}

# the rule that a match rests on
MATCH_RULES: Mapping[str, str] = {
    "always": "a person set this account",
    "never": "a person ruled out the only candidate",
    "junk": "the company field names no company",
    "domain_and_name": "same domain and company name",
    "domain": "the e-mail or web domain is the account's",
    "contact_domain": "the account's contacts have the same domain",
    "exact_name": "same company name",
    "domain_label": "the domain is the company's name",
    "alias": "another name of the account",
    "name_in_account": "the company name is part of the account's",
    "account_in_name": "the account's name is part of the company name",
    "typo": "the names differ by a few letters",
    "acronym": "one name is the other's initials",
    "similar_name": "the names share distinctive words",
    "none": "no account is close enough",
}

# events of a service level: what is asked for, and what was done
EVENTS: Mapping[str, tuple[str, str]] = {
    "touch": ("contact them", "contacted"),
    "disposition": ("record a disposition", "disposition recorded"),
    "accepted": ("accept", "accepted"),
    "rejected": ("reject with a reason", "rejected"),
    "pushed_back": ("send back to marketing", "sent back to marketing"),
    "deferred": ("defer", "deferred"),
    "status_changed": ("change the status", "status changed"),
    "status_left": ("change the status", "status changed"),
    "created": ("create the record", "came in"),
    "converted": ("convert", "converted"),
    "opportunity_created": ("create an opportunity", "opportunity created"),
    "assignment": ("assign an owner", "assigned"),
    "mqa_entered": ("qualify the account", "the account became an MQA"),
    "opportunity_closed": ("close the opportunity", "the opportunity was closed"),
    "reason_recorded": ("record why it was won or lost", "reason recorded"),
    "stage_moved": ("move to the next stage", "moved to the next stage"),
    "activity": ("become active", "active"),
    "stage_entered": ("change the stage", "stage reached"),
}
CATEGORIES: Mapping[str, str] = {"hand_raise": "they asked to be contacted"}
TIES: Mapping[str, str] = {
    "customer_first": "the customer",
    "open_opportunity_first": "the one with an open opportunity",
    "most_contacts": "the one with the most contacts",
    "same_country": "the one in the same country",
    "same_state": "the one in the same state",
    "same_city": "the one in the same city",
    "has_owner": "the one with an owner",
    "parent_first": "the parent",
    "child_first": "the subsidiary",
    "oldest": "the oldest",
    "lowest_id": "the first in the CRM",
}
