import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { podmanClients } from '../../src/clients/podman.ts';
import type { Context } from '../../src/context.ts';
import { contextWith, errorOf, inFolder } from './clients-folder.ts';

const test = suite('podman configuration');

const nowhere = '/nonexistent/containers';

function filesOf(context: Context, runFolder = nowhere): string[] {
  return podmanClients(context, runFolder).map(({ file }) => file(context));
}

test('finds the files that podman reads', () => {
  inFolder((run) => {
    const lasting = '/h/.config/containers/auth.json';
    const rows: [Context['env'], NodeJS.Platform, string[]][] = [
      [{ HOME: '/h', XDG_RUNTIME_DIR: run }, 'linux', [lasting, `${run}/containers/auth.json`]],
      [{ HOME: '/h', XDG_CONFIG_HOME: '/c' }, 'linux', ['/c/containers/auth.json']],
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

test('without XDG_RUNTIME_DIR: edits a file that podman created, and creates none', () => {
  inFolder((folder) => {
    const context = contextWith({ HOME: '/h' });
    const [only] = podmanClients(context, folder);
    assert.match(
      only?.planAdd(context, ['us.icr.io']).notes[0]?.message ?? '',
      /^podman login stores passwords/,
    );
    if (!fs.existsSync('/proc/self')) return;
    const made = path.join(folder, String(process.getuid?.()), 'auth.json');
    fs.mkdirSync(path.dirname(made));
    fs.writeFileSync(made, '{}');
    const both = podmanClients(context, folder);
    assert.equal(filesOf(context, folder), ['/h/.config/containers/auth.json', made]);
    for (const one of both) assert.equal(one.planAdd(context, ['us.icr.io']).notes, []);
  });
});

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
