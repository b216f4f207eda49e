// Drives the sandbox with jsforce, unmodified, under Salesforce's own host names (proxy and authority come from the
// environment). Each step checks what a client of the real one would rely on; the first that fails ends the run.
//
// environment: SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET, SALESFORCE_USERNAME, SALESFORCE_PASSWORD,
// SALESFORCE_SECURITY_TOKEN, SALESFORCE_MY_DOMAIN, INTEROP_LEADS (how many leads there are), HTTPS_PROXY
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import jsforce from 'jsforce';

const version = createRequire(import.meta.url)('jsforce/package.json').version;
const env = process.env;
const leads = Number(env.INTEROP_LEADS);
const instanceUrl = `https://${env.SALESFORCE_MY_DOMAIN}`;
const httpProxy = env.HTTPS_PROXY;
let steps = 0;

async function step(name, work) {
  try {
    const note = await work();
    steps += 1;
    console.log(`  ok ${name}${note ? `: ${note}` : ''}`);
  } catch (error) {
    console.error(`  FAILED ${name}: ${error.stack ?? error}`);
    process.exit(1);
  }
}

let conn;
await step('SOAP login at login.salesforce.com (v64)', async () => {
  const soap = new jsforce.Connection({ loginUrl: 'https://login.salesforce.com', httpProxy, version: '64.0' });
  const user = await soap.login(env.SALESFORCE_USERNAME, env.SALESFORCE_PASSWORD + env.SALESFORCE_SECURITY_TOKEN);
  assert.match(user.organizationId, /^00D\w{15}$/);
  assert.match(soap.instanceUrl, /^https:\/\//);
  const found = await soap.query('SELECT Id FROM Lead LIMIT 1');
  assert.equal(found.records.length, 1);
  return soap.instanceUrl;
});
await step('a wrong password is INVALID_LOGIN', async () => {
  const soap = new jsforce.Connection({ loginUrl: 'https://login.salesforce.com', httpProxy, version: '64.0' });
  await assert.rejects(soap.login(env.SALESFORCE_USERNAME, 'wrong'), /INVALID_LOGIN/);
});
await step('OAuth client credentials on the My Domain host', async () => {
  conn = new jsforce.Connection({
    instanceUrl,
    httpProxy,
    version: '66.0',
    oauth2: { loginUrl: instanceUrl, clientId: env.SALESFORCE_CLIENT_ID, clientSecret: env.SALESFORCE_CLIENT_SECRET, httpProxy },
  });
  await conn.authorize({ grant_type: 'client_credentials' });
  assert.ok(conn.accessToken);
  return `token ${conn.accessToken.slice(0, 5)}...`;
});
await step('identity and limits', async () => {
  const identity = await conn.identity();
  const limits = await conn.limits();
  assert.match(identity.user_id, /^005/);
  assert.ok(limits.DailyApiRequests.Max > limits.DailyApiRequests.Remaining);
  assert.ok(conn.limitInfo.apiUsage.used > 0);
  return `${conn.limitInfo.apiUsage.used}/${conn.limitInfo.apiUsage.limit} calls`;
});
await step('describe global and describe', async () => {
  const all = await conn.describeGlobal();
  const lead = await conn.describe('Lead');
  assert.ok(all.sobjects.some((object) => object.name === 'Lead' && object.keyPrefix === '00Q'));
  const lastName = lead.fields.find((field) => field.name === 'LastName');
  assert.deepEqual([lastName.type, lastName.length, lastName.nillable], ['string', 80, false]);
  return `${all.sobjects.length} objects, ${lead.fields.length} fields of Lead`;
});
await step('query, then queryMore to the end', async () => {
  let page = await conn.query('SELECT Id, Name, Email, Owner.Name FROM Lead ORDER BY Id');
  assert.deepEqual([page.totalSize, page.done, page.records.length], [leads, false, 2000]);
  const ids = page.records.map((record) => record.Id);
  while (!page.done) {
    page = await conn.queryMore(page.nextRecordsUrl);
    ids.push(...page.records.map((record) => record.Id));
  }
  assert.equal(new Set(ids).size, leads);
  return `${leads} leads`;
});
await step('query stream with autoFetch', async () => {
  let seen = 0;
  await conn.query('SELECT Id FROM Lead', { autoFetch: true, maxFetch: 100_000 }).on('record', () => (seen += 1)).run({
    autoFetch: true,
    maxFetch: 100_000,
  });
  assert.equal(seen, leads);
});
await step('count, filter, parent field, sort', async () => {
  const count = await conn.query("SELECT COUNT() FROM Lead WHERE Email = 'lead1@example.com'");
  assert.equal(count.totalSize, 1);
  const found = await conn.sobject('Lead').find({ Company: { $like: 'Firma 1%' } }, 'Id, Company').sort({ Company: 1 }).limit(5);
  assert.equal(found.length, 5);
});
await step('a malformed query is MALFORMED_QUERY, an unknown field INVALID_FIELD', async () => {
  await assert.rejects(conn.query('SELECT Id FROM'), { errorCode: 'MALFORMED_QUERY' });
  await assert.rejects(conn.query('SELECT Shoe FROM Lead'), { errorCode: 'INVALID_FIELD' });
});

let id;
await step('create, retrieve, update, delete of one record', async () => {
  const created = await conn.sobject('Lead').create({ LastName: "O'Leary", Company: 'Łódź & Söhne', Email: 'new@example.com' });
  assert.equal(created.success, true);
  id = created.id;
  await conn.sobject('Lead').update({ Id: id, Title: 'CFO' });
  const read = await conn.sobject('Lead').retrieve(id);
  assert.deepEqual([read.LastName, read.Company, read.Title], ["O'Leary", 'Łódź & Söhne', 'CFO']);
  assert.match(read.SystemModstamp, /\.\d{3}\+0000$/);
});
await step('a refused record says why', async () => {
  await assert.rejects(conn.sobject('Lead').create({ LastName: 'x' }), { errorCode: 'REQUIRED_FIELD_MISSING' });
  await assert.rejects(conn.sobject('Lead').update({ Id: id, LastName: 'x'.repeat(81) }), { errorCode: 'STRING_TOO_LONG' });
});
await step('sObject Collections: create, update with one bad row, read, delete', async () => {
  const rows = Array.from({ length: 200 }, (_, number) => ({ LastName: `Coll ${number}`, Company: 'Coll' }));
  const created = await conn.sobject('Lead').create(rows, { allOrNone: false });
  assert.equal(created.filter((result) => result.success).length, 200);
  const ids = created.map((result) => result.id);
  const updates = ids.map((one, number) => ({ Id: one, LastName: number === 7 ? 'x'.repeat(81) : `Coll ${number} b` }));
  const updated = await conn.sobject('Lead').update(updates, { allOrNone: false });
  assert.deepEqual(updated.map((result, number) => (result.success ? -1 : number)).filter((number) => number >= 0), [7]);
  const read = await conn.sobject('Lead').retrieve([ids[0], ids[1]]);
  assert.deepEqual(read.map((record) => record.LastName), ['Coll 0 b', 'Coll 1 b']);
  const deleted = await conn.sobject('Lead').destroy(ids);
  assert.ok(deleted.every((result) => result.success));
});
await step('upsert by external id: created, then updated', async () => {
  const record = { Alignment_Key__c: 'interop-1', Subject: 'Call', Status: 'Not Started', Priority: 'Normal' };
  const first = await conn.sobject('Task').upsert({ ...record }, 'Alignment_Key__c');
  const second = await conn.sobject('Task').upsert({ ...record, Subject: 'Call again' }, 'Alignment_Key__c');
  assert.deepEqual([first.success, first.created, second.created], [true, true, false]);
  assert.equal(first.id, second.id);
});
await step('composite request', async () => {
  const answer = await conn.request({
    method: 'POST',
    url: '/composite',
    body: JSON.stringify({
      compositeRequest: [
        { method: 'GET', url: `/services/data/v66.0/sobjects/Lead/${id}?fields=LastName`, referenceId: 'one' },
        { method: 'GET', url: '/services/data/v66.0/limits', referenceId: 'two' },
      ],
    }),
    headers: { 'content-type': 'application/json' },
  });
  assert.deepEqual(answer.compositeResponse.map((part) => part.httpStatusCode), [200, 200]);
});
await step('Bulk API 2.0 query', async () => {
  conn.bulk2.pollInterval = 200;
  conn.bulk2.pollTimeout = 60_000;
  const stream = await conn.bulk2.query('SELECT Id, Email, Company FROM Lead');
  const rows = await stream.toArray();
  assert.equal(rows.length, leads + 1);
  assert.ok(rows.some((row) => row.Company === 'Łódź & Söhne'));
  return `${rows.length} rows`;
});
await step('Bulk API 2.0 ingest: insert with a refused row, update with #N/A, delete', async () => {
  const input = [
    { LastName: 'Bulk 1', Company: 'Bulk, "quoted"', Title: 'CEO' },
    { LastName: 'Bulk 2', Company: 'Bulk' },
    { LastName: 'x'.repeat(81), Company: 'Bulk' },
  ];
  const inserted = await conn.bulk2.loadAndWaitForResults({ object: 'Lead', operation: 'insert', input, pollInterval: 200, pollTimeout: 60_000 });
  assert.deepEqual([inserted.successfulResults.length, inserted.failedResults.length, inserted.unprocessedRecords.length], [2, 1, 0]);
  assert.match(inserted.failedResults[0].sf__Error, /^STRING_TOO_LONG/);
  const ids = inserted.successfulResults.map((row) => row.sf__Id);
  const quoted = inserted.successfulResults.find((row) => row.Title === 'CEO').sf__Id; // the order of results is not promised
  await conn.bulk2.loadAndWaitForResults({
    object: 'Lead', operation: 'update', input: [{ Id: quoted, Title: '#N/A' }], pollInterval: 200, pollTimeout: 60_000,
  });
  const read = await conn.sobject('Lead').retrieve(quoted);
  assert.deepEqual([read.Title, read.Company], [null, 'Bulk, "quoted"']);
  const removed = await conn.bulk2.loadAndWaitForResults({
    object: 'Lead', operation: 'delete', input: ids.map((one) => ({ Id: one })), pollInterval: 200, pollTimeout: 60_000,
  });
  assert.equal(removed.successfulResults.length, 2);
});
await step('updated and deleted since', async () => {
  const now = new Date((await conn.request({ method: 'GET', url: `/sobjects/Lead/${id}?fields=SystemModstamp` })).SystemModstamp);
  const start = new Date(now.getTime() - 3_600_000).toISOString();
  const end = new Date(now.getTime() + 3_600_000).toISOString();
  const updated = await conn.sobject('Lead').updated(start, end);
  const deleted = await conn.sobject('Lead').deleted(start, end);
  assert.ok(updated.ids.includes(id));
  assert.ok(deleted.deletedRecords.length >= 202);
  return `${updated.ids.length} updated, ${deleted.deletedRecords.length} deleted`;
});
await step('delete, then it is ENTITY_IS_DELETED and found by queryAll', async () => {
  const deleted = await conn.sobject('Lead').destroy(id);
  assert.equal(deleted.success, true);
  await assert.rejects(conn.sobject('Lead').retrieve(id), { errorCode: /ENTITY_IS_DELETED|NOT_FOUND/ });
  const all = await conn.query(`SELECT Id, IsDeleted FROM Lead WHERE Id = '${id}'`, { scanAll: true });
  assert.equal(all.records[0].IsDeleted, true);
});
await step('an expired session is renewed by the refresh function', async () => {
  let renewed = 0;
  const again = new jsforce.Connection({
    instanceUrl,
    httpProxy,
    version: '66.0',
    accessToken: '00D000000000000!expired',
    refreshFn: (_, callback) => {
      renewed += 1;
      callback(null, conn.accessToken);
    },
  });
  const found = await again.query('SELECT Id FROM Lead LIMIT 1');
  assert.deepEqual([found.records.length, renewed], [1, 1]);
});
console.log(`jsforce ${version} on Node ${process.versions.node}: ${steps} steps passed`);
