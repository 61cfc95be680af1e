import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Client } from '../../src/clients/client.ts';
import { applyPlan } from '../../src/clients/edit-file.ts';
import { isListed } from '../../src/clients/helper-lists.ts';
import { registriesConfClients } from '../../src/clients/registries-conf.ts';
import { contextWith, inFolder } from './clients-folder.ts';

const test = suite('registries.conf.d drop-in');

function withFiles(files: Record<string, string>, use: (tools: Tools) => void): void {
  inFolder((folder) => {
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      fs.writeFileSync(path.join(folder, name), text);
    }
    const context = contextWith({ HOME: path.join(folder, 'home') });
    const [client] = registriesConfClients(context, path.join(folder, 'etc'));
    assert.ok(client);
    use({ context, client, folder });
  });
}

interface Tools {
  context: ReturnType<typeof contextWith>;
  client: Client;
  folder: string;
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

for (const place of [user, `${user}/registries.conf.d`, 'etc/registries.conf.d']) {
  test(`${place} is a file: counts as missing`, () => {
    withFiles({ [place]: '' }, ({ context, folder }) => {
      assert.is(isListed(context, path.join(folder, 'etc')), false);
    });
  });
}

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

const list = (...names: string[]) => `credential-helpers = ${JSON.stringify(names)}\n`;
const ownFile = `${user}/registries.conf.d/docker-credential-icr.conf`;

/** Files with lists, the one that counts, and what is to be put there. */
const winners: [files: Record<string, string>, winner: string, setting: string][] = [
  [
    { 'etc/registries.conf': list('a'), 'etc/registries.conf.d/b.conf': list('b', 'c') },
    'etc/registries.conf.d/b.conf',
    'credential-helpers = ["icr", "b", "c"]',
  ],
  [
    { [`${user}/registries.conf.d/a.conf`]: list('a'), 'etc/registries.conf.d/z.conf': list('z') },
    `${user}/registries.conf.d/a.conf`,
    'credential-helpers = ["icr", "a"]',
  ],
  [
    {
      [`${user}/registries.conf.d/z.conf`]: list('z'),
      [ownFile]: list('icr', 'containers-auth.json'),
    },
    `${user}/registries.conf.d/z.conf`,
    'credential-helpers = ["icr", "z"]',
  ],
  [
    {
      [`${user}/registries.conf.d/zz.conf`]: list('containers-auth.json'),
      [`${user}/registries.conf.d/z.conf`]: list('icr'),
      'etc/registries.conf': list('icr'),
    },
    `${user}/registries.conf.d/zz.conf`,
    'credential-helpers = ["icr", "containers-auth.json"]',
  ],
];

test('names the file whose list counts, and with force writes one that is read later', () => {
  for (const [files, winner, setting] of winners) {
    withFiles(files, ({ context, client, folder }) => {
      const place = path.join(folder, winner);
      const plan = client.planAdd(context, []);
      assert.is(plan.after, plan.before);
      assert.equal(plan.hosts, []);
      const message = `${place} sets credential-helpers, so nothing was changed`;
      assert.equal(plan.notes, [{ message, hint: `set ${setting} in ${place}` }]);
      assert.equal(client.configuredHosts(context), []);
      const forced = client.planAdd(context, [], { force: true });
      applyPlan(context, forced);
      assert.equal(client.configuredHosts(context), ['*'], winner);
      assert.equal(applyPlan(context, client.planAdd(context, [])), { changed: false });
      // What the note says has the same result.
      fs.rmSync(forced.file);
      assert.equal(client.configuredHosts(context), []);
      fs.writeFileSync(place, setting);
      assert.equal(client.configuredHosts(context), ['*'], winner);
      assert.is(client.planAdd(context, []).file, place);
    });
  }
});

test('removes the file that was written with force', () => {
  const rival = `${user}/registries.conf.d/z.conf`;
  withFiles({ [rival]: list('pass') }, ({ context, client, folder }) => {
    applyPlan(context, client.planAdd(context, [], { force: true }));
    assert.equal(applyPlan(context, client.planRemove(context, 'all')), { changed: true });
    assert.equal(fs.readdirSync(path.join(folder, path.dirname(rival))), ['z.conf']);
  });
});

test('podman 6 reads registries.conf.d in XDG_CONFIG_HOME, or in APPDATA', () => {
  const rows: [Record<string, string>, NodeJS.Platform, string[]][] = [
    [{ HOME: '/h' }, 'linux', ['/h/.config']],
    [{ HOME: '/h', XDG_CONFIG_HOME: '/h/.config' }, 'linux', ['/h/.config']],
    [{ HOME: '/h', XDG_CONFIG_HOME: '/x' }, 'linux', ['/h/.config', '/x']],
    [{ HOME: '/h', XDG_CONFIG_HOME: 'x' }, 'linux', ['/h/.config']],
    [{ HOME: '/h', XDG_CONFIG_HOME: '/x' }, 'darwin', ['/h/.config', '/x']],
  ];
  for (const [env, platform, folders] of rows) {
    const context = contextWith(env, { platform });
    const files = registriesConfClients(context, '/none').map((client) => client.file(context));
    const expected = folders.map(
      (folder) => `${folder}/containers/registries.conf.d/docker-credential-icr.conf`,
    );
    assert.equal(files, expected);
  }
});

test('CONTAINERS_REGISTRIES_CONF replaces the main file', () => {
  withFiles({ 'main.conf': list('pass'), [`${user}/registries.conf`]: '' }, (tools) => {
    const { client, context, folder } = tools;
    const env = { ...context.env, CONTAINERS_REGISTRIES_CONF: path.join(folder, 'main.conf') };
    assert.match(
      client.planAdd({ ...context, env }, []).notes[0]?.message ?? '',
      'main.conf sets credential',
    );
  });
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
