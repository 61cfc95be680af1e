import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nerdctl } from '../../src/clients/docker.ts';
import { contextWith, inFolder } from './clients-folder.ts';

const test = suite('nerdctl configuration');

const both = { 'us.icr.io': 'icr', 'us.icr.io:443': 'icr' };

const added: readonly (readonly [before: object, after: object])[] = [
  [{}, { credHelpers: both }],
  [{ credHelpers: { 'us.icr.io': 'icr' } }, { credHelpers: both }],
  [{ credHelpers: both }, { credHelpers: both }],
  [
    { credHelpers: { 'us.icr.io:443': 'other', 'quay.io': 'quay' } },
    { credHelpers: { 'us.icr.io:443': 'other', 'quay.io': 'quay', 'us.icr.io': 'icr' } },
  ],
];

const removed: readonly (readonly [hosts: readonly string[] | 'all', after: object])[] = [
  ['all', { credHelpers: { 'quay.io': 'quay' } }],
  [['us.icr.io'], { credHelpers: { 'de.icr.io': 'icr', 'quay.io': 'quay' } }],
];

/** The resulting file as JSON; nerdctl uses Docker's configuration file. */
function plan(
  before: object,
  change: (folder: ReturnType<typeof contextWith>) => string | undefined,
) {
  let after = '';
  inFolder((folder) => {
    fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify(before));
    after = change(contextWith({ DOCKER_CONFIG: folder })) ?? '{}';
  });
  return JSON.parse(after);
}

test('registers the helper under both names that nerdctl looks up', () => {
  for (const [before, after] of added) {
    const add = (context: ReturnType<typeof contextWith>) => {
      const { after: text, before: old, hosts } = nerdctl.planAdd(context, ['us.icr.io']);
      assert.equal(hosts, text === old ? [] : ['us.icr.io'], 'one host, however it is spelled');
      return text;
    };
    assert.equal(plan(before, add), after);
  }
});

test('removes both names', () => {
  for (const [hosts, after] of removed) {
    const before = { credHelpers: { ...both, 'de.icr.io': 'icr', 'quay.io': 'quay' } };
    assert.equal(
      plan(before, (context) => nerdctl.planRemove(context, hosts).after),
      after,
    );
  }
});

test('reports a password that nerdctl stored in plain text', () => {
  const auths = { 'us.icr.io:443': { auth: 'YTpjYW5hcnk=' } };
  plan({ auths }, (context) => {
    const { notes, after } = nerdctl.planAdd(context, ['us.icr.io']);
    assert.match(notes[0]?.hint ?? '', 'run nerdctl logout us.icr.io:443');
    return after;
  });
});

test.run();
