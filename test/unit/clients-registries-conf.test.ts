import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { applyPlan } from '../../src/clients/edit-file.ts';
import { registriesConf } from '../../src/clients/registries-conf.ts';
import { contextWith, inFolder } from './clients-folder.ts';

const test = suite('registries.conf.d drop-in');

function withFiles(files: Record<string, string>, use: (tools: Tools) => void): void {
  inFolder((folder) => {
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      fs.writeFileSync(path.join(folder, name), text);
    }
    const context = contextWith({ HOME: path.join(folder, 'home') });
    use({ context, client: registriesConf(path.join(folder, 'etc')) });
  });
}

interface Tools {
  context: ReturnType<typeof contextWith>;
  client: ReturnType<typeof registriesConf>;
}

test('writes the file once and removes it', () => {
  withFiles({}, ({ context, client }) => {
    const plan = client.planAdd(context, ['us.icr.io']);
    assert.match(plan.after ?? '', '\ncredential-helpers = ["icr", "containers-auth.json"]\n');
    applyPlan(context, plan);
    assert.equal(client.configuredHosts(context), ['*']);
    assert.equal(applyPlan(context, client.planAdd(context, [])), { changed: false });
    assert.equal(applyPlan(context, client.planRemove(context, ['us.icr.io'])), { changed: false });
    assert.equal(applyPlan(context, client.planRemove(context, 'all')), { changed: true });
    assert.equal(fs.readdirSync(path.dirname(plan.file)), []);
    assert.equal(applyPlan(context, client.planRemove(context, 'all')), { changed: false });
  });
});

const user = 'home/.config/containers';

// Files that set credential-helpers, and the one that the message names.
const others: [files: Record<string, string>, named: string | undefined][] = [
  [{ 'etc/registries.conf': 'credential-helpers = ["pass"]' }, 'etc/registries.conf'],
  [{ 'etc/registries.conf.d/a.conf': '"credential-helpers"=["pass"]' }, 'registries.conf.d/a.conf'],
  [{ [`${user}/registries.conf.d/z.conf`]: ' credential-helpers = [\n"pass"]' }, 'z.conf'],
  [{ 'etc/registries.conf': '# credential-helpers = ["pass"]' }, undefined],
  [{ 'etc/registries.conf': 'credential-helpers = [ ]' }, undefined],
  [{ 'etc/registries.conf': '[[registry]]\ncredential-helpers = ["pass"]' }, undefined],
  [{ 'etc/registries.conf.d/a.conf.bak': 'credential-helpers = ["pass"]' }, undefined],
  [
    // A user's registries.conf makes podman ignore the system's files.
    { 'etc/registries.conf': 'credential-helpers = ["pass"]', [`${user}/registries.conf`]: '' },
    undefined,
  ],
];

test('replaces a list of helpers from another file only if requested', () => {
  for (const [files, named] of others) {
    withFiles(files, ({ context, client }) => {
      const plan = client.planAdd(context, []);
      assert.is(plan.after === undefined, named !== undefined, JSON.stringify(files));
      if (named === undefined) return;
      assert.match(plan.notes[0]?.message ?? '', `${named} sets credential-helpers`);
      assert.type(client.planAdd(context, [], { force: true }).after, 'string');
    });
  }
});

test('preserves a file that was changed', () => {
  const file = `${user}/registries.conf.d/docker-credential-icr.conf`;
  withFiles({ [file]: 'credential-helpers = ["icr", "pass"]\n' }, ({ context, client }) => {
    const plan = client.planRemove(context, 'all');
    assert.is(plan.after, plan.before);
    assert.match(plan.notes[0]?.message ?? '', 'has other content and was not deleted');
  });
});

test.run();
