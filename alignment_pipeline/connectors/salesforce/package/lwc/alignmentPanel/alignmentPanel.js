import { LightningElement, api, wire } from 'lwc';
import { getRecord, updateRecord } from 'lightning/uiRecordApi';
import LOCALE from '@salesforce/i18n/locale';
import TIME_ZONE from '@salesforce/i18n/timeZone';
import { CHOICES, FIELDS, MATCHED_ACCOUNT_LOOKUP } from 'c/alignmentFields';

const TICK = 30000;
const MINUTE = 60000;
const RUNNING = ['pending', 'at risk', 'breached'];
const TITLES = {
    pending: 'Follow-up is due',
    'at risk': 'Follow-up is due soon',
    breached: 'Follow-up is late',
    met: 'Followed up in time',
    'met late': 'Followed up late',
    paused: 'Clock is paused',
    cancelled: 'No follow-up needed',
    unknown: 'Not known whether it was followed up'
};
// value -> label, in the order in which they are shown
const FACTS = [
    ['person.stage', 'Stage'],
    ['account.stage', 'Stage'],
    ['account.mqa_status', 'MQA'],
    ['account.tier', 'Tier'],
    ['person.engagement_score', 'Engagement score'],
    ['account.engagement_score', 'Engagement score'],
    ['person.fit_score', 'Fit score'],
    ['account.fit_score', 'Fit score'],
    ['person.persona', 'Persona'],
    ['account.people_engaged', 'People engaged'],
    ['account.mqa_latest_at', 'MQA since']
];
const REASONS = [
    ['account.mqa_reason', 'MQA'],
    ['person.stage_reason', 'Stage'],
    ['account.stage_reason', 'Stage'],
    ['person.score_reason', 'Score'],
    ['account.score_reason', 'Score'],
    ['account.tier_reason', 'Tier'],
    ['person.match_reason', 'Account']
];
const MQA_WORDS = { mqa: 'Yes', 'not yet': 'Not yet', 'cooling down': 'Cooling down', excluded: 'Excluded' };

export default class AlignmentPanel extends LightningElement {
    @api recordId;
    @api objectApiName;

    record;
    loadError;
    saveError;
    status = '';
    isSaving = false;
    isDisputeOpen = false;
    disputeText = '';
    now = Date.now();
    timer;
    isFreshlyOpen = false;

    connectedCallback() {
        // eslint-disable-next-line @lwc/lwc/no-async-operation
        this.timer = setInterval(() => {
            this.now = Date.now();
        }, TICK);
    }

    disconnectedCallback() {
        clearInterval(this.timer);
    }

    renderedCallback() {
        // a textarea takes its text as a property only
        const area = this.template.querySelector('textarea');
        if (area && this.isFreshlyOpen) {
            area.value = this.disputeText;
            area.focus();
        }
        this.isFreshlyOpen = false;
    }

    get names() {
        return FIELDS[this.objectApiName] || {};
    }

    get wantedFields() {
        const wanted = Object.values(this.names).map((name) => `${this.objectApiName}.${name}`);
        if (this.hasLookup) {
            wanted.push(`Lead.${MATCHED_ACCOUNT_LOOKUP.replace(/__c$/, '__r')}.Name`);
        }
        return wanted;
    }

    get hasLookup() {
        return this.objectApiName === 'Lead' && Boolean(MATCHED_ACCOUNT_LOOKUP);
    }

    // fields that the user may not read are left out by Salesforce: optionalFields, not fields
    @wire(getRecord, { recordId: '$recordId', optionalFields: '$wantedFields' })
    receive({ data, error }) {
        this.record = data;
        this.loadError = error ? `The record could not be read: ${messageOf(error)}` : undefined;
        this.now = Date.now();
        if (data && !this.isDisputeOpen) {
            this.disputeText = this.value('dispute_reason') || '';
        }
    }

    value(name) {
        const field = this.record?.fields?.[this.names[name]];
        return field ? field.value : undefined;
    }

    shown(name) {
        const field = this.record?.fields?.[this.names[name]];
        if (!field || field.value === null || field.value === undefined || field.value === '') {
            return undefined;
        }
        if (name === 'account.mqa_status') {
            return MQA_WORDS[field.value] || field.value;
        }
        if (name.endsWith('_at')) {
            return day(field.value);
        }
        if (typeof field.value === 'number') {
            return new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 }).format(field.value);
        }
        return field.displayValue || String(field.value);
    }

    get facts() {
        const found = FACTS.map(([name, label]) => ({ label, text: this.shown(name) })).filter((fact) => fact.text !== undefined);
        const account = this.matchedAccount;
        return account ? [account, ...found] : found;
    }

    get matchedAccount() {
        const id = this.value('person.matched_account_id');
        if (!id) {
            return undefined;
        }
        const parent = this.hasLookup ? this.record.fields[MATCHED_ACCOUNT_LOOKUP.replace(/__c$/, '__r')] : undefined;
        const name = parent?.value?.fields?.Name?.value || parent?.displayValue;
        return { label: 'Account', text: name || 'Open the account', url: `/lightning/r/Account/${id}/view` };
    }

    get reasons() {
        return REASONS.map(([name, label]) => ({ label, text: this.shown(name) })).filter((reason) => reason.text !== undefined);
    }

    get sla() {
        const state = this.value('person.sla_status');
        if (!state) {
            return undefined;
        }
        const isRunning = RUNNING.includes(state);
        const due = this.value('person.sla_due_at');
        const left = isRunning && due ? new Date(due).getTime() - this.now : undefined;
        const isLate = state === 'breached' || left < 0;
        const isSoon = state === 'at risk';
        return {
            title: isLate && isRunning ? TITLES.breached : TITLES[state] || state,
            countdown: left === undefined ? undefined : timeLeft(left),
            due: isRunning && due ? moment(due) : undefined,
            reason: this.shown('person.sla_reason'),
            boxClass: `sla${isLate && isRunning ? ' sla_late' : isSoon ? ' sla_soon' : ''}`
        };
    }

    get isEmpty() {
        return Boolean(this.record) && !this.sla && this.facts.length === 0 && this.reasons.length === 0;
    }

    get choices() {
        return CHOICES[this.objectApiName] || {};
    }

    get dispositions() {
        const now = this.value('disposition');
        return (this.choices.disposition || []).map((value) => ({
            value,
            isPressed: String(value === now),
            className: `slds-button ${value === now ? 'slds-button_brand' : 'slds-button_neutral'}`
        }));
    }

    get rejectCodes() {
        const now = this.value('reject_code');
        return (this.choices.reject_code || []).map((value) => ({ value, isSelected: value === now }));
    }

    get hasAnswers() {
        return Boolean(this.record) && (this.dispositions.length > 0 || this.canDispute || Boolean(this.canReportAccount));
    }

    get isAccountReported() {
        return this.value('is_incorrect_account') === true;
    }

    get canReportAccount() {
        return Boolean(this.names.is_incorrect_account) && Boolean(this.value('person.matched_account_id')) && !this.isAccountReported;
    }

    get canDispute() {
        return Boolean(this.names.dispute_reason) && Boolean(this.value('person.sla_status'));
    }

    get disputeExpanded() {
        return String(this.isDisputeOpen);
    }

    handleDisposition(event) {
        return this.save({ disposition: event.currentTarget.dataset.disposition }, 'Your answer is saved.');
    }

    handleRejectCode(event) {
        return this.save({ reject_code: event.target.value || null }, 'The reason is saved.');
    }

    handleWrongAccount() {
        return this.save({ is_incorrect_account: true }, 'Thank you. This account is not matched to this lead again.');
    }

    handleDispute() {
        this.isDisputeOpen = !this.isDisputeOpen;
        this.isFreshlyOpen = this.isDisputeOpen;
    }

    handleDisputeText(event) {
        this.disputeText = event.target.value;
    }

    async handleDisputeSave() {
        if (await this.save({ dispute_reason: this.disputeText.trim() || null }, 'Your dispute is saved. The managers see it.')) {
            this.isDisputeOpen = false;
        }
    }

    async save(answers, message) {
        this.isSaving = true;
        this.saveError = undefined;
        this.status = '';
        const fields = { Id: this.recordId };
        for (const [meaning, value] of Object.entries(answers)) {
            fields[this.names[meaning]] = value;
        }
        try {
            await updateRecord({ fields });
            this.status = message;
            return true;
        } catch (error) {
            this.saveError = `Not saved: ${messageOf(error)}`;
            return false;
        } finally {
            this.isSaving = false;
        }
    }
}

function messageOf(error) {
    const body = error?.body;
    const detail = body?.output?.errors?.[0]?.message || Object.values(body?.output?.fieldErrors || {})[0]?.[0]?.message;
    return detail || body?.message || error?.message || 'unknown error';
}

function moment(text) {
    return new Intl.DateTimeFormat(LOCALE, {
        timeZone: TIME_ZONE,
        weekday: 'short',
        day: 'numeric',
        month: 'short',
        hour: '2-digit',
        minute: '2-digit'
    }).format(new Date(text));
}

function day(text) {
    return new Intl.DateTimeFormat(LOCALE, { timeZone: TIME_ZONE, day: 'numeric', month: 'short', year: 'numeric' }).format(new Date(text));
}

function timeLeft(milliseconds) {
    const size = spoken(Math.floor(Math.abs(milliseconds) / MINUTE));
    return milliseconds < 0 ? `late by ${size}` : `${size} left`;
}

function spoken(minutes) {
    if (minutes < 60) {
        return `${minutes} min`;
    }
    const hours = Math.floor(minutes / 60);
    if (hours < 24) {
        return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    }
    const days = Math.floor(hours / 24);
    return days === 1 ? '1 day' : `${days} days`;
}
