"""Which account counts for each person: the contact's own, the converted lead's, or the matched one."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis import _

from alignment_pipeline.contracts import CONTRACTS
from alignment_pipeline.contracts.shape import shaped

CONTACT, CONVERTED, MATCHED = "contact", "converted", "matched"


def person_accounts(
    people: ibis.Table,
    lead_account_matches: ibis.Table,
    accounts: ibis.Table,
    crm_record_states: ibis.Table,
    *,
    as_of: datetime,
    agreement_version: str,
) -> ibis.Table:
    """One row per person with an account that counts.

    What people decided in the CRM (contact, conversion) wins over a match. An account that was merged away is followed to
    the one it went into; one that was deleted counts for nobody.
    """
    matches = lead_account_matches.filter(_.decision == "matched").select(
        "person_id", matched_account_id=_.account_id, match_confidence=_.confidence
    )
    joined = people.select("person_id", "contact_account_id", "converted_account_id").left_join(matches, "person_id", rname="{name}_match")
    decided = joined.select(
        person_id=_.person_id,
        named_account_id=ibis.coalesce(_.contact_account_id, _.converted_account_id, _.matched_account_id),
        basis=ibis.cases(
            (_.contact_account_id.notnull(), CONTACT), (_.converted_account_id.notnull(), CONVERTED), else_=ibis.literal(MATCHED)
        ),
        match_confidence=_.match_confidence,
    ).filter(_.named_account_id.notnull())
    survivors = crm_record_states.filter(_.object == "Account").select(named_account_id=_.record_id, survivor_id=_.survivor_id)
    followed = decided.left_join(survivors, "named_account_id", rname="{name}_state").mutate(
        account_id=ibis.coalesce(_.survivor_id, _.named_account_id)
    )
    living = followed.semi_join(accounts, "account_id")
    moment = ibis.literal(as_of).cast("timestamp('UTC')")
    rows = living.mutate(
        confidence=ibis.ifelse(_.basis == MATCHED, _.match_confidence, 1.0), as_of=moment, agreement_version=ibis.literal(agreement_version)
    )
    return shaped(rows, CONTRACTS["person_accounts"])
