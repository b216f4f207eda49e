// Renders the record-page component in a real browser with the open LWC engine, over values that the demo writes; takes screenshots at
// 1440 and 390 pixels and lets axe-core look at the page. Salesforce's own modules (record reads and writes, locale) are stood in for.
//
// usage: node render_panel.mjs LWC_DIRECTORY VALUES.json OUTPUT_DIRECTORY [BROWSER]
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

import lwc from '@lwc/rollup-plugin';
import { chromium } from 'playwright-core';
import { rollup } from 'rollup';

const require = createRequire(import.meta.url);
const [components, values, output, browserPath] = process.argv.slice(2);
const WIDTHS = [1440, 390];
const NOW = '2026-11-21T08:40:00Z';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
const records = JSON.parse(readFileSync(values, 'utf8'));
mkdirSync(output, { recursive: true });

const STANDINS = {
  'lightning/uiRecordApi': `
    const pages = JSON.parse(document.getElementById('records').textContent);
    export class getRecord {
      constructor(send) { this.send = send; }
      connect() {}
      disconnect() {}
      update({ recordId }) {
        const page = pages.find((one) => one.id === recordId);
        if (!page) return;
        const fields = Object.fromEntries(Object.entries(page.fields).map(([name, value]) => [name, { value, displayValue: null }]));
        if (page.account) fields.Alignment_Matched_Account__r = { value: { fields: { Name: { value: page.account } } } };
        this.send({ data: { id: recordId, fields } });
      }
    }
    export const updateRecord = async () => ({});`,
  '@salesforce/i18n/locale': `export default 'en-US';`,
  '@salesforce/i18n/timeZone': `export default 'America/New_York';`,
};
const MAIN = `
  import '@lwc/synthetic-shadow';
  import { createElement } from 'lwc';
  import Panel from 'c/alignmentPanel';
  for (const record of JSON.parse(document.getElementById('records').textContent)) {
    const element = createElement('c-alignment-panel', { is: Panel });
    Object.assign(element, { recordId: record.id, objectApiName: record.object });
    document.querySelector('main').appendChild(element);
  }`;
const standins = {
  name: 'standins',
  resolveId: (id) => (id === 'main' || id in STANDINS ? `\0${id}.js` : null),
  load: (id) => {
    const name = id.startsWith('\0') ? id.slice(1, -3) : '';
    return name === 'main' ? MAIN : (STANDINS[name] ?? null);
  },
};
const bundle = await rollup({
  input: 'main',
  plugins: [standins, resolver(), lwc({ modules: [{ dir: resolve(components, '..', 'modules') }], rootDir: resolve(components) })],
  onwarn: () => {},
});
const { output: chunks } = await bundle.generate({ format: 'iife', name: 'page' });
const style = readFileSync(require.resolve('@salesforce-ux/design-system/assets/styles/salesforce-lightning-design-system.min.css'), 'utf8');
const data = JSON.stringify(records).replaceAll('<', '\\u003c');
const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Record pages</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${style}
body{background:#f3f3f3;overflow:auto}main{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(22rem,100%),1fr));gap:1rem;padding:1rem}</style>
</head><body><main><h1 class="slds-assistive-text">Record pages</h1></main><script type="application/json" id="records">${data}</script>
<script>globalThis.process = { env: { NODE_ENV: 'production' } };
${chunks[0].code.replaceAll('</script', '<\\/script')}</script></body></html>`;
writeFileSync(join(output, 'panel.html'), page);

const browser = await chromium.launch({ executablePath: browserPath || '/usr/bin/chromium', args: FLAGS });
try {
  for (const width of WIDTHS) {
    const view = await browser.newPage({ viewport: { width, height: 900 } });
    const errors = [];
    view.on('pageerror', (error) => errors.push(error.message));
    view.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await view.clock.setFixedTime(new Date(NOW));
    await view.setContent(page, { waitUntil: 'load' });
    await view.waitForFunction(() => document.querySelectorAll('c-alignment-panel').length > 0, null, { timeout: 10000 }).catch(() => {});
    assert.deepEqual(errors, []);
    const shown = await view.evaluate(async () => {
      const roots = [...document.querySelectorAll('c-alignment-panel')].map((element) => element.shadowRoot);
      const first = roots.find((root) => root.querySelector('[data-name="dispute"]'));
      first.querySelector('[data-name="dispute"]').click();
      first.querySelector('[data-disposition]').click();
      await new Promise((done) => setTimeout(done, 200));
      return { count: roots.length, status: first.querySelector('[data-name="status"]').textContent };
    });
    assert.deepEqual(shown, { count: records.length, status: 'Your answer is saved.' });
    const tooWide = await view.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    assert.equal(tooWide, false, `at ${width} pixels the page scrolls sideways`);
    await view.screenshot({ path: join(output, `panel-${width}.png`), fullPage: true });
    await view.addScriptTag({ path: require.resolve('axe-core') });
    const found = await view.evaluate(() => globalThis.axe.run());
    const told = found.violations.map((one) => `${one.id}: ${one.help} (${one.nodes.length} places, ${one.nodes[0].html.slice(0, 120)})`);
    assert.deepEqual(told, [], told.join('\n'));
    assert.deepEqual(errors, []);
    console.log(`panel: ${records.length} records at ${width} pixels, axe-core ${found.testEngine.version}: 0 violations of ${found.passes.length} rules`);
    await view.close();
  }
} finally {
  await browser.close();
}

// c/<name> is the folder <name> of the package; everything else of the engine comes from npm
function resolver() {
  const engine = { lwc: '@lwc/engine-dom', '@lwc/synthetic-shadow': '@lwc/synthetic-shadow' };
  return {
    name: 'resolver',
    resolveId: (id) => {
      if (id in engine) return require.resolve(engine[id]).replace(/index\.cjs\.js$/, 'index.js');
      const own = id.match(/^c\/(\w+)$/);
      return own ? resolve(components, own[1], `${own[1]}.js`) : null;
    },
  };
}
