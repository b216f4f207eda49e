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

PERSON_ACCOUNT_PERIODS = Contract(
    name="person_account_periods",
    group="matching",
    description="One row per period of a person whose contact was on several accounts, one after the other.",
    key=("person_id", "from_at"),
    columns=columns(
        """
        person_id   string!    person
        from_at     timestamp! since when; the first period begins in 1970
        until_at    timestamp  the next period begins, null for the last one
        account_id  string     living account that activities of the period count for; null when there was none
        decided_by  string!    contact that was on it
        earliest_at timestamp! the moment we last knew the account before; from_at where the CRM's history says when it changed
        """
    ),
)

MATCH_LABELS = Contract(
    name="match_labels",
    group="matching",
    description="One row per judgement of a match by a person: a ticked 'incorrect account' box in the CRM, or a line of a reviewed file.",
    key=("person_id", "account_id", "said_at"),
    columns=columns(
        """
        person_id  string!    person
        account_id string!    account that was judged, empty where it was judged that there is none
        rule       string!    kind of evidence that had proposed it
        verdict    string!    right or wrong
        source     string!    crm (a ticked box), file (the review queue), page and who signed there, or audit and the chance with which the case was drawn
        said_at    timestamp! when we learned it
        """
    ),
)

MATCH_RULE_PRECISIONS = Contract(
    name="match_rule_precisions",
    group="matching",
    description="One row per kind of evidence that has labels: between which values its precision lies, and whether it is demoted to review.",
    key=("rule",),
    columns=columns(
        """
        rule              string!    kind of evidence
        labels            int64!     judgements of cases that an audit drew
        right             int64!     of them right
        precision         float64    share that is right
        lower             float64!   lower bound, valid at any look
        upper             float64!   upper bound, valid at any look
        is_demoted        boolean!   its matches go to review until its precision recovers
        reason            string!    why
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        """
    ),
)

MATCH_WORD_RARITIES = Contract(
    name="match_word_rarities",
    group="matching",
    description="One row per word of account names: how many accounts use it, frozen on a day; the total stands under the empty word.",
    key=("word",),
    columns=columns(
        """
        word       string! word of a name, folded
        accounts   int64!  accounts that use it
        counted_on date!   day on which it was frozen
        """
    ),
)

MATCH_MOVES = Contract(
    name="match_moves",
    group="matching",
    description="One row per person whose decision or account differs from the run before: what a changed rule, account or word moved.",
    key=("person_id",),
    columns=columns(
        """
        person_id         string!    person
        from_decision     string!    matched, review, none or absent
        from_account_id   string     account before
        to_decision       string!    matched, review, none or absent
        to_account_id     string     account now
        from_confidence   float64    confidence before
        to_confidence     float64    confidence now
        to_reason         string     why now
        as_of             timestamp! decided as of
        agreement_version string!    decided under
        """
    ),
)

ACCOUNT_DUPLICATES = Contract(
    name="account_duplicates",
    group="matching",
    description="One row per account that is the same company as another record. Reported, never merged by us.",
    key=("account_id",),
    columns=columns(
        """
        group_id   string! lowest account id of the group
        account_id string! account
        name       string  its name
        records    int64!  records of the group
        reason     string! what joined them
        """
    ),
)

LEAD_DUPLICATES = Contract(
    name="lead_duplicates",
    group="matching",
    description="One row per lead that is the same person as another lead. Reported, never merged by us.",
    key=("lead_id",),
    columns=columns(
        """
        group_id string! lowest lead id of the group
        lead_id  string! lead
        records  int64!  leads of the group
        reason   string! what joined them
        """
    ),
)

CONTACT_ACCOUNT_CONFLICTS = Contract(
    name="contact_account_conflicts",
    group="matching",
    description="One row per contact whose account was chosen by a domain that several companies or none own, and who belongs to another one.",
    key=("person_id",),
    columns=columns(
        """
        person_id           string!    person
        contact_id          string!    contact that stands for the person
        account_id          string!    account that the contact is on
        proposed_account_id string!    account that the evidence speaks for
        domain              string!    e-mail domain of the contact and of the account it is on
        confidence          float64!   calibrated probability that proposed_account_id is right
        method              string!    kind of evidence that decided
        reason              string!    one sentence, at most 255 characters
        as_of               timestamp! decided as of
        agreement_version   string!    decided under
        """
    ),
)

CONTRACTS: tuple[Contract, ...] = (
    LEAD_ACCOUNT_MATCHES,
    PERSON_ACCOUNTS,
    PERSON_ACCOUNT_PERIODS,
    MATCH_LABELS,
    MATCH_RULE_PRECISIONS,
    MATCH_WORD_RARITIES,
    MATCH_MOVES,
    ACCOUNT_DUPLICATES,
    LEAD_DUPLICATES,
    CONTACT_ACCOUNT_CONFLICTS,
)
