"""Matching tables: which account each lead and person belongs to.

Belongs here: the decision and its reasons. The matcher is `matching/`.
"""

from __future__ import annotations

from alignment_pipeline.contracts.contract import Contract, columns

LEAD_ACCOUNT_MATCHES = Contract(
    name="lead_account_matches",
    group="matching",
    description="One row per person who has no contact on an account: matched, in review, or without account, with the reason.",
    key=("person_id",),
    columns=columns(
        """
        person_id         string!    person
        lead_id           string     their open lead, null when only Marketo knows them
        account_id        string     account, given for matched and as the best guess for review
        decision          string!    matched, review or none
        confidence        float64!   calibrated probability that account_id is right (for none: that no account is right)
        method            string!    kind of evidence that decided (domain_and_name, domain, exact_name, fuzzy_name, label, ...)
        reason            string!    one sentence, at most 255 characters
        runner_up_id      string     next best account
        margin            float64    score of the winner less the runner-up's
        tie_breaker       string     tie-breaker that decided, null when none was needed
        evidence          json!      list of kinds, values and weights that add up to the score
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        """
    ),
)

PERSON_ACCOUNTS = Contract(
    name="person_accounts",
    group="matching",
    description="One row per person with an account that counts: the contact's own, the converted lead's, or the matched one.",
    key=("person_id",),
    columns=columns(
        """
        person_id         string!    person
        account_id        string!    living account
        basis             string!    contact, converted or matched
        confidence        float64!   1 for contact and converted
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        """
    ),
)

CONTRACTS: tuple[Contract, ...] = (LEAD_ACCOUNT_MATCHES, PERSON_ACCOUNTS)
