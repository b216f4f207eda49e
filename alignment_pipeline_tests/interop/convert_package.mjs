// Converts a Salesforce package from source format to metadata format, as `sf project convert source` does, offline,
// with the library that command is made of. Proves: every file's path, suffix and root element is a metadata type Salesforce
// knows, and the files come together into objects. Does not prove: that an organisation accepts the values (only a deploy does).
//
// usage: node convert_package.mjs SOURCE_DIRECTORY OUTPUT_DIRECTORY
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import sdr from '@salesforce/source-deploy-retrieve';

const [source, output] = process.argv.slice(2);
const version = createRequire(import.meta.url)('@salesforce/source-deploy-retrieve/package.json').version;

function filesBelow(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

const components = sdr.ComponentSet.fromSource(source);
const leaves = components
  .getSourceComponents()
  .toArray()
  .flatMap((component) => [component, ...component.getChildren()]);
const declared = filesBelow(source).filter((file) => file.endsWith('-meta.xml'));
const understood = new Set(leaves.map((component) => component.xml).filter(Boolean));
const strange = declared.filter((file) => !understood.has(file));
assert.deepEqual(strange, [], `files that are no known metadata type: ${strange.join(', ')}`);

const result = await new sdr.MetadataConverter().convert(components, 'metadata', {
  type: 'directory',
  outputDirectory: output,
  genUniqueDir: false,
});
const folder = result.packagePath;
const written = filesBelow(folder);
const manifest = readFileSync(join(folder, 'package.xml'), 'utf8');
const fields = leaves.filter((component) => component.type.name === 'CustomField');
for (const field of fields) {
  const object = field.parent?.name ?? field.fullName.split('.')[0];
  const text = readFileSync(join(folder, 'objects', `${object}.object`), 'utf8');
  assert.ok(text.includes(`<fullName>${field.name}</fullName>`), `${object}.${field.name} is missing in the converted object`);
  assert.ok(manifest.includes(`<members>${object}.${field.name}</members>`), `${object}.${field.name} is missing in package.xml`);
}

// and back: the round trip must give the same files
const back = await new sdr.MetadataConverter().convert(sdr.ComponentSet.fromSource(folder), 'source', {
  type: 'directory',
  outputDirectory: `${output}-back`,
  genUniqueDir: false,
});
const names = (files) => files.filter((file) => file.endsWith('-meta.xml')).map((file) => file.split('/').pop()).sort();
const returned = names(filesBelow(back.packagePath ?? `${output}-back`)).filter((name) => !name.endsWith('.object-meta.xml'));
assert.deepEqual(returned, names(declared).filter((name) => !name.endsWith('.object-meta.xml')));

const counts = {};
for (const component of leaves) counts[component.type.name] = (counts[component.type.name] ?? 0) + 1;
console.log(`package: ${declared.length} source files -> ${written.length} metadata files and back, ${JSON.stringify(counts)}`);
console.log(`package: converted by @salesforce/source-deploy-retrieve ${version} on Node ${process.versions.node}, offline`);
