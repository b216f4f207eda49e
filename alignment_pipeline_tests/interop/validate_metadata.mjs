// Holds every metadata file of a source-format package against Salesforce's own description of the Metadata API, offline: the types
// that @salesforce/types makes from the vendor's WSDL. Proves: no element that the type does not have, no missing required element,
// values of enumerations, numbers and booleans as declared, elements of one name side by side. Does not prove that an organisation
// has the standard columns a report names (only a deploy does).
//
// usage: node validate_metadata.mjs SOURCE_DIRECTORY
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { XMLParser, XMLValidator } from 'fast-xml-parser';

const require = createRequire(import.meta.url);
const declarations = readFileSync(join(dirname(require.resolve('@salesforce/types/metadata')), 'metadata.d.ts'), 'utf8');

function readTypes(text) {
  const found = new Map();
  for (const [, name, base, body] of text.matchAll(/^export type (\w+) = (?:(\w+) & )?\{\n([\s\S]*?)^\};/gm)) {
    const members = new Map();
    for (const [, member, optional, type] of body.matchAll(/^ {4}(\w+)(\??): (.*);$/gm)) {
      members.set(member, { isRequired: !optional, type: type.replace(/\[\]$/, ''), isList: type.endsWith('[]') });
    }
    found.set(name, { base, members });
  }
  for (const [, name, values] of text.matchAll(/^export type (\w+) = ('[^;]*);/gm)) {
    found.set(name, { values: new Set([...values.matchAll(/'([^']*)'/g)].map((match) => match[1])) });
  }
  for (const [, name, other] of text.matchAll(/^export type (\w+) = (\w+);$/gm)) {
    if (found.has(other)) found.set(name, found.get(other));
  }
  return found;
}

const TYPES = readTypes(declarations);

function membersOf(name) {
  const type = TYPES.get(name);
  const inherited = type.base && type.base !== 'Metadata' && TYPES.has(type.base) ? membersOf(type.base) : new Map();
  const own = type.base === 'Metadata' ? new Map([['fullName', { isRequired: false, type: 'string', isList: false }]]) : new Map();
  return new Map([...inherited, ...own, ...type.members]);
}

function check(children, name, path, problems) {
  const members = membersOf(name);
  const groups = [];
  for (const child of children) {
    const tag = Object.keys(child).find((key) => key !== ':@' && key !== '#text');
    if (!tag) continue;
    if (groups.at(-1) !== tag) groups.push(tag);
    const member = members.get(tag);
    if (!member) {
      problems.push(`${path}: ${name} has no ${tag}`);
      continue;
    }
    checkValue(child[tag], member.type, `${path}/${tag}`, problems);
  }
  for (const tag of new Set(groups)) {
    if (groups.filter((other) => other === tag).length > 1) problems.push(`${path}: ${tag} stands in two places`);
    const count = children.filter((child) => tag in child).length;
    if (count > 1 && members.get(tag) && !members.get(tag).isList) problems.push(`${path}: ${tag} stands ${count} times`);
  }
  for (const [tag, member] of members) {
    if (member.isRequired && !member.isList && !groups.includes(tag)) problems.push(`${path}: ${name} needs ${tag}`);
  }
}

function checkValue(children, type, path, problems) {
  const text = children.map((child) => child['#text'] ?? '').join('');
  const known = TYPES.get(type);
  if (known?.members) return check(children, type, path, problems);
  if (known?.values) {
    if (!known.values.has(text)) problems.push(`${path}: ${text} is no ${type}`);
  } else if (type === 'boolean' && !['true', 'false'].includes(text)) {
    problems.push(`${path}: ${text} is no boolean`);
  } else if (type === 'number' && !/^-?\d+(\.\d+)?$/.test(text)) {
    problems.push(`${path}: ${text} is no number`);
  }
}

const folder = process.argv[2];
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('-meta.xml'))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
const parser = new XMLParser({ preserveOrder: true, ignoreAttributes: true, ignoreDeclaration: true, parseTagValue: false });
const counts = {};
const problems = [];
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  assert.equal(XMLValidator.validate(text), true, `${file} is no well-formed XML`);
  const [root] = parser.parse(text);
  const name = Object.keys(root)[0];
  assert.ok(TYPES.get(name)?.members, `${file}: ${name} is no metadata type`);
  check(root[name], name, file.slice(folder.length + 1), problems);
  counts[name] = (counts[name] ?? 0) + 1;
}
assert.deepEqual(problems, [], problems.join('\n'));
assert.ok(files.length > 0, `${folder} holds no metadata`);
console.log(`metadata: ${files.length} files agree with Salesforce's types: ${JSON.stringify(counts)}`);
