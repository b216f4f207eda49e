"""The pilot: which accounts, and which people without account, are scored at all.

Belongs here: the agreement's `scope` as a condition on rows. What is written: `field_updates/field_updates.py`.
"""

from __future__ import annotations

import ibis

from alignment_pipeline.agreement.parties import Scope


def is_inside(rows: ibis.Table, scope: Scope, users: ibis.Table | None) -> ibis.Value:
    """Whether a row (country, industry, owner_id) is in the pilot's countries and industries and owned by one of its reps.

    Without `users` nobody's e-mail address is known: a pilot of reps then has nobody in it.
    """
    inside: ibis.Value = ibis.literal(True)
    for values, column in ((scope.countries, rows.country), (scope.industries, rows.industry)):
        if values:
            inside = inside & column.lower().isin([value.lower() for value in values]).fill_null(False)
    if scope.owner_emails and users is not None:
        emails = [email.lower() for email in scope.owner_emails]
        inside = inside & rows.owner_id.isin(users.filter(users.email.lower().isin(emails)).user_id).fill_null(False)
    elif scope.owner_emails:
        inside = ibis.literal(False)
    return inside
