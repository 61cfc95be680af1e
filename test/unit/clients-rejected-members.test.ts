import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCredHelpers } from '../../src/clients/cred-helpers.ts';
import { planSetStore } from '../../src/clients/creds-store.ts';
import { docker } from '../../src/clients/docker.ts';
import { podmanClients } from '../../src/clients/podman.ts';
import { rejectedMembers } from '../../src/clients/rejected-members.ts';
import { contextWith, errorOf, inFolder } from './clients-folder.ts';

const test = suite('members that clients reject');

const auth = (value: unknown) => ({ auths: { 'us.icr.io': { auth: value } } });

/** The rejected member, or undefined if docker or podman accepts the file, as the real programs do. */
const rows: readonly (readonly [content: object, byDocker?: string, byPodman?: string])[] = [
  [{}],
  [{ experimental: true }, '"experimental"'],
  [{ Experimental: 1 }, '"Experimental"'],
  [{ experimental: 'enabled', unknown: 3, kubernetes: 3, stackOrchestrator: 3, psFormat: null }],
  [{ auths: [] }, '"auths"', '"auths"'],
  [{ auths: null }],
  [{ auths: { 'quay.io': [] } }, '"auths"."quay.io"', '"auths"."quay.io"'],
  [auth(5), '"auths"."us.icr.io"."auth"', '"auths"."us.icr.io"."auth"'],
  [auth('!canary'), '"auths"."us.icr.io"."auth"'],
  [auth(btoa('canary')), '"auths"."us.icr.io"."auth"'],
  [auth(btoa(':canary')), '"auths"."us.icr.io"."auth"'],
  [auth('YTpi\n')],
  [auth('')],
  [{ auths: { a: { email: 5 } } }, '"auths"."a"."email"'],
  [{ auths: { a: { identitytoken: 5 } } }, '"auths"."a"."identitytoken"', '"auths"."a"."ident'],
  [{ credsStore: 5 }, '"credsStore"'],
  [{ HttpHeaders: { A: 5 } }, '"HttpHeaders"."A"'],
  [{ plugins: { a: { b: true } } }, '"plugins"."a"."b"'],
  [{ proxies: { default: { httpProxy: 5 } } }, '"proxies"."default"."httpProxy"'],
  [{ cliPluginsExtraDirs: 'x' }, '"cliPluginsExtraDirs"'],
  [{ pruneFilters: [1] }, '"pruneFilters"."0"'],
  [{ features: { buildkit: true } }, '"features"."buildkit"'],
];

for (const [content, byDocker, byPodman] of rows) {
  test(`are named: ${JSON.stringify(content)}`, () =>
    inFolder((folder) => {
      const file = path.join(folder, 'config.json');
      fs.writeFileSync(file, JSON.stringify(content));
      for (const [decoder, member] of [
        ['docker/cli', byDocker],
        ['containers', byPodman],
      ] as const) {
        const [error, ...more] = rejectedMembers(readCredHelpers(file), decoder);
        assert.is(more.length, 0);
        assert.is(error?.message.startsWith(member ?? ''), member && true);
        assert.not.match(`${error?.message} ${error?.hint}`, /canary/);
      }
    }));
}

test('stop configure, and not its removal', () =>
  inFolder((folder) => {
    const file = path.join(folder, 'config.json');
    fs.writeFileSync(file, '{"auths": []}');
    const context = contextWith({ DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: file });
    for (const client of [docker, ...podmanClients(context)]) {
      assert.is(errorOf(() => client.planAdd(context, ['us.icr.io'])).code, 'damaged');
      assert.is(client.planRemove(context, 'all').after, '{"auths": []}');
    }
    assert.is(errorOf(() => planSetStore(context)).code, 'damaged');
  }));

test.run();
