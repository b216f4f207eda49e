// Generated from the agreement's field map by `make package`. Do not edit.
export const FIELDS = {
    "Lead": {
        "person.engagement_score": "Alignment_Engagement_Score__c",
        "person.fit_score": "Alignment_Fit_Score__c",
        "person.persona": "Alignment_Persona__c",
        "person.stage": "Alignment_Stage__c",
        "person.stage_reason": "Alignment_Stage_Reason__c",
        "person.stage_entered_at": "Alignment_Stage_Entered__c",
        "person.score_reason": "Alignment_Score_Reason__c",
        "person.matched_account_id": "Alignment_Matched_Account__c",
        "person.match_confidence_pct": "Alignment_Match_Confidence__c",
        "person.match_reason": "Alignment_Match_Reason__c",
        "person.sla_status": "Alignment_SLA_Status__c",
        "person.sla_policy": "Alignment_SLA_Policy__c",
        "person.sla_due_at": "Alignment_SLA_Due__c",
        "person.sla_reason": "Alignment_SLA_Reason__c",
        "person.synced_at": "Alignment_Last_Synced__c",
        "disposition": "Alignment_Disposition__c",
        "reject_code": "Alignment_Reject_Code__c",
        "is_on_hold": "Alignment_On_Hold__c",
        "hold_reason": "Alignment_Hold_Reason__c",
        "dispute_reason": "Alignment_SLA_Dispute__c",
        "is_do_not_sync": "Alignment_Do_Not_Sync__c",
        "is_incorrect_account": "Alignment_Incorrect_Account__c"
    },
    "Contact": {
        "person.engagement_score": "Alignment_Engagement_Score__c",
        "person.fit_score": "Alignment_Fit_Score__c",
        "person.persona": "Alignment_Persona__c",
        "person.stage": "Alignment_Stage__c",
        "person.stage_reason": "Alignment_Stage_Reason__c",
        "person.stage_entered_at": "Alignment_Stage_Entered__c",
        "person.score_reason": "Alignment_Score_Reason__c",
        "person.sla_status": "Alignment_SLA_Status__c",
        "person.sla_policy": "Alignment_SLA_Policy__c",
        "person.sla_due_at": "Alignment_SLA_Due__c",
        "person.sla_reason": "Alignment_SLA_Reason__c",
        "person.synced_at": "Alignment_Last_Synced__c",
        "disposition": "Alignment_Disposition__c",
        "reject_code": "Alignment_Reject_Code__c",
        "is_on_hold": "Alignment_On_Hold__c",
        "hold_reason": "Alignment_Hold_Reason__c",
        "dispute_reason": "Alignment_SLA_Dispute__c",
        "is_do_not_sync": "Alignment_Do_Not_Sync__c"
    },
    "Account": {
        "account.engagement_score": "Alignment_Engagement_Score__c",
        "account.fit_score": "Alignment_Fit_Score__c",
        "account.tier": "Alignment_Tier__c",
        "account.tier_reason": "Alignment_Tier_Reason__c",
        "account.people_engaged": "Alignment_People_Engaged__c",
        "account.committee_coverage_pct": "Alignment_Committee_Coverage__c",
        "account.engagement_trend_pct": "Alignment_Engagement_Trend__c",
        "account.mqa_status": "Alignment_MQA__c",
        "account.mqa_reason": "Alignment_MQA_Reason__c",
        "account.mqa_first_at": "Alignment_MQA_First__c",
        "account.mqa_latest_at": "Alignment_MQA_Latest__c",
        "account.mqa_count": "Alignment_MQA_Count__c",
        "account.stage": "Alignment_Stage__c",
        "account.stage_reason": "Alignment_Stage_Reason__c",
        "account.score_reason": "Alignment_Score_Reason__c",
        "account.synced_at": "Alignment_Last_Synced__c",
        "is_target_flagged": "Alignment_Target__c",
        "is_do_not_sync": "Alignment_Do_Not_Sync__c"
    }
};
export const CHOICES = {
    "Lead": {
        "disposition": [
            "Accepted",
            "Qualified",
            "Deferred",
            "Rejected"
        ],
        "reject_code": [
            "Wrong size",
            "Wrong title",
            "Wrong geography",
            "Existing customer",
            "Competitor",
            "No contact"
        ]
    },
    "Contact": {
        "disposition": [
            "Accepted",
            "Qualified",
            "Deferred",
            "Rejected"
        ],
        "reject_code": [
            "Wrong size",
            "Wrong title",
            "Wrong geography",
            "Existing customer",
            "Competitor",
            "No contact"
        ]
    },
    "Account": {}
};
export const MATCHED_ACCOUNT_LOOKUP = "Alignment_Matched_Account__c";
