import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { docker } from '../../src/clients/docker.ts';
import { contextWith, inFolder } from './clients-folder.ts';

const test = suite('JSON edits: add and remove');

const host = fc.constantFrom('us.icr.io', 'icr.io', 'de.icr.io', 'private.jp2.icr.io');
const helper = fc.constantFrom('osxkeychain', 'gcloud', 'pass');
const credHelpers = fc.dictionary(fc.domain(), helper, {
  minKeys: 1,
  maxKeys: 4,
  noNullPrototype: true,
});
const settings = fc.dictionary(
  fc.string({ unit: 'grapheme' }).filter((key) => key.toLowerCase() !== 'credhelpers'),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 5, noNullPrototype: true },
);

/** The file's content in one of the formats in which programs write JSON. */
const shape = fc.record({
  indent: fc.constantFrom('', '\t', '  ', '    ', ' '),
  endOfLine: fc.constantFrom('\n', '\r\n'),
  end: fc.constantFrom('', '\n', '\n\n', ' '),
  spaced: fc.boolean(),
});
const file = fc
  .tuple(settings, fc.option(credHelpers, { nil: undefined }), fc.nat(), shape)
  .map(([others, helpers, place, { indent, endOfLine, end, spaced }]) => {
    const entries = Object.entries<unknown>(others);
    if (helpers) entries.splice(place % (entries.length + 1), 0, ['credHelpers', helpers]);
    const value = Object.fromEntries(entries);
    const text = JSON.stringify(value, null, indent).replaceAll('\n', endOfLine);
    // Only if the space cannot be inside a string.
    const shaped = spaced && indent === '' && !/[:,][^"[{]/.test(text) ? python(value) : text;
    return shaped + end;
  });

/** Python's json.dumps format: `{"a": 1, "b": [1, 2]}`. */
function python(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${python(one)}`);
  return `{${parts.join(', ')}}`;
}

test('restores the original bytes, and preserves all other members and their order', () => {
  inFolder((folder) => {
    const context = contextWith({ DOCKER_CONFIG: folder });
    const config = path.join(folder, 'config.json');
    const property = fc.property(file, fc.uniqueArray(host, { minLength: 1 }), (text, hosts) => {
      fs.writeFileSync(config, text);
      const add = docker.planAdd(context, hosts);
      const [before, after] = [JSON.parse(text), JSON.parse(add.after ?? '')];
      for (const one of hosts) assert.is(after.credHelpers[one], 'icr');
      for (const one of hosts) delete after.credHelpers[one];
      if (before.credHelpers === undefined) delete after.credHelpers;
      assert.is(JSON.stringify(after), JSON.stringify(before));

      fs.writeFileSync(config, add.after ?? '');
      assert.is(docker.planAdd(context, hosts).after, add.after);
      assert.equal(docker.configuredHosts(context), hosts);
      assert.is(docker.planRemove(context, 'all').after, text);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

test.run();
