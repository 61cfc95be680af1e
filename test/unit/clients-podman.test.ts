import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { podmanClients } from '../../src/clients/podman.ts';
import type { Context } from '../../src/context.ts';
import { contextWith, errorOf, inFolder } from './clients-folder.ts';

const test = suite('podman configuration');

const nowhere = {
  run: '/nonexistent/containers',
  user: '/nonexistent/user',
  temporary: '/nonexistent/tmp',
};

function filesOf(context: Context, folders = nowhere): string[] {
  return podmanClients(context, folders).map(({ file }) => file(context));
}

test('finds the files that podman reads', () => {
  inFolder((run) => {
    const rows: [Context['env'], NodeJS.Platform, string[]][] = [
      [{ HOME: '/h', XDG_RUNTIME_DIR: run }, 'linux', [lasting, `${run}/containers/auth.json`]],
      [
        { HOME: '/h', XDG_CONFIG_HOME: '/c', XDG_RUNTIME_DIR: '/none' },
        'linux',
        ['/c/containers/auth.json'],
      ],
      [{ HOME: '/h', XDG_RUNTIME_DIR: '/nonexistent/run' }, 'linux', [lasting]],
      [{ HOME: '/h', XDG_RUNTIME_DIR: run }, 'darwin', [lasting]],
      [{ REGISTRY_AUTH_FILE: '/a.json', XDG_RUNTIME_DIR: run }, 'linux', ['/a.json']],
      [{ USERPROFILE: 'C:\\u' }, 'win32', ['C:\\u\\.config\\containers\\auth.json']],
    ];
    for (const [env, platform, files] of rows) {
      assert.equal(filesOf(contextWith(env, { platform })), files);
    }
    assert.is(errorOf(() => filesOf(contextWith({}))).code, 'misconfigured');
  });
});

const lasting = '/h/.config/containers/auth.json';

/** Without XDG_RUNTIME_DIR: what exists, and the files in the order of the clients, below a temporary directory. */
const withoutRuntime: readonly [name: string, uid: number, exist: string[], files: string[]][] = [
  ['root', 0, [], ['run/0/auth.json']],
  ['root, whose file exists', 0, ['run/0/auth.json'], ['run/0/auth.json']],
  ['root, with a directory of a user', 0, ['user/0/'], ['run/0/auth.json']],
  ['a user', 1234, [], []],
  ['a user with a runtime directory', 1234, ['user/1234/'], ['user/1234/containers/auth.json']],
  [
    'a user with a directory of podman',
    1234,
    ['tmp/podman-run-1234/'],
    ['tmp/podman-run-1234/containers/auth.json'],
  ],
  [
    'a user with a directory of a later podman',
    1234,
    ['tmp/storage-run-1234/'],
    ['tmp/storage-run-1234/containers/auth.json'],
  ],
  ['a user with a file of skopeo', 1234, ['run/1234/auth.json'], ['run/1234/auth.json']],
  ["another user's directory", 1235, ['user/1234/', 'tmp/podman-run-1234/'], []],
];

const testAsRoot = process.getuid?.() === 0 ? test : test.skip;

for (const [name, uid, exist, files] of withoutRuntime) {
  testAsRoot(`without XDG_RUNTIME_DIR: ${name}`, () => {
    inFolder((folder) => {
      const places = ['run', 'user', 'tmp'].map((each) => path.join(folder, each));
      const [run = '', user = '', temporary = ''] = places;
      for (const each of exist) {
        const place = path.join(folder, each);
        fs.mkdirSync(each.endsWith('/') ? place : path.dirname(place), { recursive: true });
        if (each.endsWith('/')) fs.chownSync(place, uid === 1235 ? 1234 : uid, 1234);
        else fs.writeFileSync(place, '{}');
      }
      const context = contextWith({ HOME: '/h' }, { uid });
      const expected = [lasting, ...files.map((each) => path.join(folder, each))];
      assert.equal(filesOf(context, { run, user, temporary }), expected);
      const notes = podmanClients(context, { run, user, temporary }).flatMap(
        (client) => client.planAdd(context, ['us.icr.io']).notes,
      );
      assert.is(
        notes.some(({ message }) => message.includes('podman login stores')),
        files.length === 0,
      );
    });
  });
}

test('adds, removes, and reports passwords with the podman command that removes them', () => {
  inFolder((folder) => {
    const file = path.join(folder, 'auth.json');
    const context = contextWith({ REGISTRY_AUTH_FILE: file });
    const [client] = podmanClients(context, nowhere);
    assert.ok(client);
    const secret = { auth: 'canary' };
    const auths = { 'us.icr.io/ns': secret, 'https://us.icr.io': secret, 'de.icr.io': secret };
    const before = JSON.stringify({ auths });
    fs.writeFileSync(file, before);
    const plan = client.planAdd(context, ['us.icr.io']);
    assert.is(plan.after, `${before.slice(0, -1)},"credHelpers":{"us.icr.io":"icr"}}`);
    assert.is(plan.notes.length, 2);
    assert.match(plan.notes[0]?.hint ?? '', `run podman logout --authfile ${file} us.icr.io/ns,`);
    assert.match(plan.notes[1]?.hint ?? '', `remove that entry from ${file}`);
    fs.writeFileSync(file, plan.after ?? '');
    assert.equal(client.configuredHosts(context), ['us.icr.io']);
    assert.is(client.planRemove(context, 'all').after, before);
  });
});

test.run();
