// What a rep sees and does on the record page. Run by `make interop` with @salesforce/sfdx-lwc-jest.
import { createElement } from 'lwc';
import AlignmentPanel from 'c/alignmentPanel';
import { getRecord, updateRecord } from 'lightning/uiRecordApi';

jest.mock('@salesforce/i18n/timeZone', () => ({ default: 'Europe/Berlin' }), { virtual: true });
jest.mock('@salesforce/i18n/locale', () => ({ default: 'en-GB' }), { virtual: true });

const LEAD = '00QAA0000000001AAA';
const ACCOUNT = '001AA0000000009AAA';
const NOW = new Date('2026-11-12T08:00:00Z');

function fields(values) {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, displayValue: null }]));
}

function lead(values = {}) {
    return {
        apiName: 'Lead',
        id: LEAD,
        fields: {
            ...fields({
                Alignment_Stage__c: 'Sales Lead',
                Alignment_Engagement_Score__c: 41.6,
                Alignment_SLA_Status__c: 'pending',
                Alignment_SLA_Due__c: '2026-11-12T09:10:00.000Z',
                Alignment_SLA_Reason__c: 'Call Sheila Park by Thu 12 Nov, 10:10 Berlin time.',
                Alignment_Matched_Account__c: ACCOUNT,
                Alignment_Match_Reason__c: 'The e-mail domain is the account’s website.',
                Alignment_Disposition__c: null,
                Alignment_Reject_Code__c: null,
                Alignment_Incorrect_Account__c: false,
                Alignment_SLA_Dispute__c: null,
                ...values
            }),
            Alignment_Matched_Account__r: { displayValue: 'Acme', value: { fields: fields({ Name: 'Acme GmbH' }) } }
        }
    };
}

async function shown(record, objectApiName = 'Lead') {
    const element = createElement('c-alignment-panel', { is: AlignmentPanel });
    element.recordId = record.id;
    element.objectApiName = objectApiName;
    document.body.appendChild(element);
    getRecord.emit(record);
    await settled();
    return element.shadowRoot;
}

async function settled() {
    for (let turn = 0; turn < 5; turn += 1) {
        // eslint-disable-next-line no-await-in-loop
        await Promise.resolve();
    }
}

function named(root, name) {
    return root.querySelector(`[data-name="${name}"]`);
}

beforeEach(() => {
    jest.useFakeTimers({ now: NOW });
    updateRecord.mockReset();
    updateRecord.mockResolvedValue({});
});

afterEach(() => {
    while (document.body.firstChild) {
        document.body.removeChild(document.body.firstChild);
    }
    jest.useRealTimers();
});

describe('what is due', () => {
    it('stands in the time zone of the user', async () => {
        const root = await shown(lead());
        expect(named(root, 'due').textContent).toContain('10:10');
        expect(named(root, 'due').textContent).toContain('12 Nov');
    });

    it('counts down by itself, without anything being written', async () => {
        const root = await shown(lead());
        expect(named(root, 'countdown').textContent).toBe('1 h 10 min left');
        jest.advanceTimersByTime(15 * 60000);
        await settled();
        expect(named(root, 'countdown').textContent).toBe('55 min left');
    });

    it('becomes late when its time has passed', async () => {
        const root = await shown(lead());
        jest.advanceTimersByTime(26 * 3600000);
        await settled();
        expect(named(root, 'countdown').textContent).toBe('late by 1 day');
        expect(named(root, 'sla').textContent).toContain('Follow-up is late');
    });

    it.each(['met', 'met late', 'cancelled', 'paused', 'unknown'])('does not run in state %s', async (state) => {
        const root = await shown(lead({ Alignment_SLA_Status__c: state }));
        expect(named(root, 'countdown')).toBeNull();
        expect(named(root, 'due')).toBeNull();
    });

    it('stops its timer with the page', async () => {
        await shown(lead());
        document.body.removeChild(document.body.firstChild);
        expect(jest.getTimerCount()).toBe(0);
    });
});

describe('what is known', () => {
    it('names the account and links to it', async () => {
        const root = await shown(lead());
        const link = root.querySelector('a');
        expect(link.textContent).toBe('Acme GmbH');
        expect(link.getAttribute('href')).toBe(`/lightning/r/Account/${ACCOUNT}/view`);
    });

    it('gives the reasons and rounds scores', async () => {
        const root = await shown(lead());
        expect(root.querySelector('.reasons').textContent).toContain('The e-mail domain is the account’s website.');
        expect(root.querySelector('.facts').textContent).toContain('42');
        expect(root.querySelector('.facts').textContent).not.toContain('41.6');
    });

    it('says nothing of fields that the user may not see', async () => {
        const root = await shown({ apiName: 'Lead', id: LEAD, fields: {} });
        expect(root.querySelector('.empty').textContent).toContain('Nothing has been written');
        expect(named(root, 'sla')).toBeNull();
    });

    it('shows an account its MQA and has no buttons of a lead', async () => {
        const values = { Alignment_MQA__c: 'mqa', Alignment_Stage__c: 'MQA', Alignment_MQA_Reason__c: 'Three people are engaged.' };
        const root = await shown({ apiName: 'Account', id: ACCOUNT, fields: fields(values) }, 'Account');
        expect(root.querySelector('.facts').textContent).toContain('Yes');
        expect(root.querySelectorAll('button')).toHaveLength(0);
    });
});

describe('what a rep answers', () => {
    it('saves the disposition with one click', async () => {
        const root = await shown(lead());
        root.querySelector('[data-disposition="Accepted"]').click();
        await settled();
        expect(updateRecord).toHaveBeenCalledWith({ fields: { Id: LEAD, Alignment_Disposition__c: 'Accepted' } });
        expect(named(root, 'status').textContent).toContain('saved');
    });

    it('shows which answer was given', async () => {
        const root = await shown(lead({ Alignment_Disposition__c: 'Qualified' }));
        const pressed = [...root.querySelectorAll('[aria-pressed="true"]')].map((button) => button.textContent.trim());
        expect(pressed).toEqual(['Qualified']);
    });

    it('saves the reason of a rejection', async () => {
        const root = await shown(lead({ Alignment_Disposition__c: 'Rejected' }));
        const select = named(root, 'reject-code');
        select.value = 'Wrong size';
        select.dispatchEvent(new CustomEvent('change'));
        await settled();
        expect(updateRecord).toHaveBeenCalledWith({ fields: { Id: LEAD, Alignment_Reject_Code__c: 'Wrong size' } });
    });

    it('reports a wrong account', async () => {
        const root = await shown(lead());
        named(root, 'wrong-account').click();
        await settled();
        expect(updateRecord).toHaveBeenCalledWith({ fields: { Id: LEAD, Alignment_Incorrect_Account__c: true } });
    });

    it('cannot report an account twice, or none', async () => {
        expect(named(await shown(lead({ Alignment_Incorrect_Account__c: true })), 'wrong-account')).toBeNull();
        document.body.removeChild(document.body.firstChild);
        expect(named(await shown(lead({ Alignment_Matched_Account__c: null })), 'wrong-account')).toBeNull();
    });

    it('saves a dispute with its reason', async () => {
        const root = await shown(lead());
        named(root, 'dispute').click();
        await settled();
        const text = named(root, 'dispute-text');
        text.value = '  The lead was given to me yesterday.  ';
        text.dispatchEvent(new CustomEvent('change'));
        named(root, 'dispute-save').click();
        await settled();
        expect(updateRecord).toHaveBeenCalledWith({ fields: { Id: LEAD, Alignment_SLA_Dispute__c: 'The lead was given to me yesterday.' } });
        expect(named(root, 'dispute-text')).toBeNull();
    });

    it('says why something was not saved', async () => {
        updateRecord.mockRejectedValue({ body: { output: { errors: [{ message: 'Give a reason for the rejection.' }], fieldErrors: {} } } });
        const root = await shown(lead());
        root.querySelector('[data-disposition="Rejected"]').click();
        await settled();
        expect(named(root, 'save-error').textContent).toBe('Not saved: Give a reason for the rejection.');
        expect(named(root, 'status').textContent).toBe('');
    });
});

it('a record that cannot be read is said to be so', async () => {
    const element = createElement('c-alignment-panel', { is: AlignmentPanel });
    element.recordId = LEAD;
    element.objectApiName = 'Lead';
    document.body.appendChild(element);
    getRecord.error({ message: 'No access to this record.' });
    await settled();
    expect(element.shadowRoot.querySelector('[role="alert"]').textContent).toContain('No access to this record.');
});
