import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCredHelpers } from '../../src/clients/cred-helpers.ts';
import { planSetStore } from '../../src/clients/creds-store.ts';
import { docker, nerdctl } from '../../src/clients/docker.ts';
import { podmanClients } from '../../src/clients/podman.ts';
import { rejectedMembers } from '../../src/clients/rejected-members.ts';
import { contextWith, errorOf, inFolder } from './clients-folder.ts';

const test = suite('members that clients reject');

const auth = (value: unknown) => ({ auths: { 'us.icr.io': { auth: value } } });

type Row = readonly [content: object, member?: string, effect?: string, inAuthFile?: string];

const containers = 'podman, buildah and skopeo fail';
const others = 'nerdctl, crane, cosign and ko fail';
const warnings = 'docker and docker-compose 2 print a warning';
const onlyWarned = `${warnings}; ${others}`;
const python = `${warnings}; nerdctl, crane, cosign, ko and docker-compose 1 fail`;
const all = `${warnings}; nerdctl, crane, cosign, ko, oras, podman, buildah and skopeo fail`;
const everyone = all.replace(' and skopeo', ', skopeo and docker-compose 1');
const entry = `${warnings}; nerdctl, crane, cosign, ko, podman, buildah, skopeo and docker-compose 1 fail`;
const token = `${warnings}; nerdctl, crane, cosign, ko, podman, buildah and skopeo fail`;

/**
 * The rejected member, and what programs do in `config.json` and `auth.json`: seen with docker 28, docker-compose 1.29,
 * podman 4.3 and 5.8, skopeo 1.9 and 1.22, buildah 1.28 and 1.43, crane 0.20 and oras 1.3; the others by their source.
 */
const rows: readonly Row[] = [
  [{}],
  [{ experimental: true }, '"experimental"', onlyWarned],
  [{ Experimental: 1 }, '"Experimental"', onlyWarned],
  [{ experimental: 'enabled', unknown: 3, kubernetes: 3, stackOrchestrator: 3, psFormat: null }],
  [{ auths: [] }, '"auths"', all, containers],
  [{ auths: 'canary' }, '"auths"', everyone, containers],
  [{ auths: true }, '"auths"', everyone, containers],
  [{ auths: null }],
  [{ auths: { 'quay.io': [] } }, '"auths"."quay.io"', entry, containers],
  [{ auths: { 'quay.io': 'canary' } }, '"auths"."quay.io"', entry, containers],
  [{ auths: { 'quay.io': null } }, '"auths"."quay.io"', 'docker-compose 1 fails'],
  [auth(5), '"auths"."us.icr.io"."auth"', entry, containers],
  [auth('!canary'), '"auths"."us.icr.io"."auth"', python],
  [auth(btoa('canary')), '"auths"."us.icr.io"."auth"', python],
  [auth(btoa('u:pp').replace(/=+$/, '')), '"auths"."us.icr.io"."auth"', python],
  [auth('-_-_'), '"auths"."us.icr.io"."auth"', python],
  [auth(btoa(':canary')), '"auths"."us.icr.io"."auth"', onlyWarned],
  [auth('YT pi'), '"auths"."us.icr.io"."auth"', onlyWarned],
  [auth('YTo=')],
  [auth('YTpi\n')],
  [auth(''), '"auths"."us.icr.io"."auth"', 'docker-compose 1 fails'],
  [auth(null), '"auths"."us.icr.io"."auth"', 'docker-compose 1 fails'],
  [{ auths: { a: { auth: '', identitytoken: 'canary' } } }],
  [{ auths: { a: { email: 5 } } }, '"auths"."a"."email"', onlyWarned],
  [{ auths: { a: { username: 5 } } }, '"auths"."a"."username"', onlyWarned],
  [{ auths: { a: { registrytoken: 5 } } }, '"auths"."a"."registrytoken"', onlyWarned],
  [{ auths: { a: { identitytoken: 5 } } }, '"auths"."a"."identitytoken"', token, containers],
  [{ auths: { a: { unknown: 5 } } }],
  [{ credHelpers: { 'quay.io': 5 } }, '"credHelpers"."quay.io"', all, containers],
  [{ credHelpers: { 'quay.io': {} } }, '"credHelpers"."quay.io"', all, containers],
  [{ credHelpers: { 'quay.io': null } }],
  [{ credHelpers: null }],
  [{ credsStore: 5 }, '"credsStore"', `${warnings}; nerdctl, crane, cosign, ko and oras fail`],
  [{ HttpHeaders: { A: 5 } }, '"HttpHeaders"."A"', onlyWarned],
  [{ HttpHeaders: [] }, '"HttpHeaders"', onlyWarned],
  [{ plugins: { a: { b: true } } }, '"plugins"."a"."b"', onlyWarned],
  [{ proxies: { default: { httpProxy: 5 } } }, '"proxies"."default"."httpProxy"', onlyWarned],
  [{ cliPluginsExtraDirs: 'x' }, '"cliPluginsExtraDirs"', onlyWarned],
  [{ pruneFilters: [1] }, '"pruneFilters"."0"', onlyWarned],
  [{ features: { buildkit: true } }, '"features"."buildkit"', onlyWarned],
  [{ aliases: 5 }, '"aliases"', onlyWarned],
  [
    { aliases: { builder: 5 } },
    '"aliases"."builder"',
    'docker-compose 2 prints a warning; docker, nerdctl, crane, cosign and ko fail',
  ],
  [{ aliases: { builder: null } }, '"aliases"."builder"', 'docker fails'],
];

for (const [content, member, effect, inAuthFile] of rows) {
  test(`are named: ${JSON.stringify(content)}`, () =>
    inFolder((folder) => {
      const file = path.join(folder, 'config.json');
      fs.writeFileSync(file, JSON.stringify(content));
      for (const [kind, expected] of [
        ['config.json', effect],
        ['auth.json', inAuthFile],
      ] as const) {
        const found = rejectedMembers(readCredHelpers(file), kind);
        assert.equal(
          found.map(({ message }) => message.replace(/ in \S+ is not .*?: /, ': ')),
          expected === undefined ? [] : [`${member}: ${expected}`],
        );
        assert.not.match(JSON.stringify(found), /canary/);
      }
    }));
}

test('stop configure of a client that fails, and not its removal', () =>
  inFolder((folder) => {
    const file = path.join(folder, 'config.json');
    fs.writeFileSync(file, '{"auths": []}');
    const context = contextWith({ DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: file });
    for (const client of [nerdctl, ...podmanClients(context)]) {
      assert.is(errorOf(() => client.planAdd(context, ['us.icr.io'])).code, 'damaged');
      assert.is(client.planRemove(context, 'all').after, '{"auths": []}');
    }
    fs.writeFileSync(file, '{"aliases": {"builder": 5}}');
    assert.is(errorOf(() => docker.planAdd(context, ['us.icr.io'])).code, 'damaged');
    assert.is(errorOf(() => planSetStore(context)).code, 'damaged');
  }));

test('are notes of configure if docker only prints a warning, and stay in the file', () =>
  inFolder((folder) => {
    const file = path.join(folder, 'config.json');
    for (const text of [
      '{"auths": {"quay.io": {"auth": "!canary"}}}',
      '{"credHelpers": {"quay.io": 5}}',
      '{"experimental": true}',
    ]) {
      fs.writeFileSync(file, text);
      const context = contextWith({ DOCKER_CONFIG: folder });
      for (const plan of [docker.planAdd(context, ['us.icr.io']), planSetStore(context)]) {
        const [note, ...more] = plan.notes;
        assert.equal(more, []);
        assert.match(note?.message ?? '', /: docker and docker-compose 2 print a warning; nerdctl/);
        assert.match(note?.hint ?? '', /; docker login deletes values that it cannot load$/);
        const { credHelpers: _, credsStore: __, ...after } = JSON.parse(plan.after ?? '');
        const { credHelpers: ___, ...before } = JSON.parse(text);
        assert.equal(after, before);
      }
    }
  }));

test.run();
