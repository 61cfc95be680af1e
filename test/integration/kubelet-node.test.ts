import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { IdentitySettings } from '../../src/config/settings.ts';
import { type Node, onNode, v1 } from '../kubelet/node.ts';
import { decodeResponse } from '../kubelet/response.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { snapshot } from '../support/home.ts';
import { forEach, newKey } from './identity-cloud.ts';

const test = sandboxSuite('kubelet plugin with the identity of the node');

const image = 'us.icr.io/ns/image';

/** Returns the plugin's response; the kubelet must have called it once. */
async function answerTo(node: Node, asked: string, args: readonly string[] = []) {
  const kubelet = node.start({ args, matchImages: [asked.split('/')[0] ?? ''] });
  const credentials = await kubelet.credentials(asked);
  assert.equal(kubelet.log, []);
  assert.is(kubelet.answers.length, 1);
  const [answer] = kubelet.answers;
  if (answer === undefined) throw new Error('the plugin was not asked');
  return { ...answer, keys: Object.keys(answer.auth), credentials };
}

test('responds in the API version of the request', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    const key = newKey();
    node.addIdentity('work', key);
    node.map('*', 'work');
    for (const version of ['v1', 'v1beta1', 'v1alpha1']) {
      const kubelet = node.start({ apiVersion: v1.replace(/v1$/, version) });
      const expected = [{ username: 'iamapikey', password: key }];
      assert.equal(await kubelet.credentials(image), expected, version);
    }
  }));

const answered: readonly (readonly [image: string, mapped: readonly string[], key: string])[] = [
  [image, ['*'], 'us.icr.io'],
  [image, ['us.icr.io'], 'us.icr.io'],
  [image, ['*', 'de.icr.io/ns'], 'us.icr.io'],
  ['private.us.icr.io/ns/image', ['*', 'us.icr.io/ns'], 'private.us.icr.io'],
  ['icr.io/ns/image', ['*'], 'icr.io'],
  [image, ['us.icr.io/ns'], 'us.icr.io/ns/'],
  [image, ['*', 'us.icr.io/ns'], 'us.icr.io/ns/'],
  [image, ['us.icr.io', 'us.icr.io/other'], 'us.icr.io'],
  ['us.icr.io:443/ns/image', ['us.icr.io'], 'us.icr.io:443'],
  ['us.icr.io:443/ns/image', ['us.icr.io/ns'], 'us.icr.io:443/ns/'],
  ['US.icr.io/ns/image', ['us.icr.io'], 'US.icr.io'],
];

test('returns the host, or host and namespace, of the mapping', ({ sandbox }) =>
  forEach(answered, ([asked, mapped, key]) =>
    onNode(sandbox, async (node) => {
      const secret = newKey();
      node.addIdentity('work', secret);
      for (const each of mapped) node.map(each, 'work');
      const answer = await answerTo(node, asked);
      assert.equal(answer.keys, [key], asked);
      assert.is(answer.cacheKeyType, 'Image', asked);
      assert.is(answer.credentials[0]?.password, secret, 'it fits the image');
    }),
  ));

test('does not use the credential of one namespace for another', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    const keys = new Map(['host', 'a', 'ab'].map((name) => [name, newKey()]));
    for (const [name, key] of keys) node.addIdentity(name, key);
    node.map('us.icr.io', 'host');
    node.map('us.icr.io/team-a', 'a');
    node.map('us.icr.io/team-ab', 'ab');
    const kubelet = node.start();
    const rows = ['team-a a', 'team-ab ab', 'team-b host', 'team host', 'team-a a', 'v2 host'];
    for (const [namespace = '', name = ''] of rows.map((row) => row.split(' '))) {
      const found = await kubelet.credentials(`us.icr.io/${namespace}/image`);
      assert.equal(found, [{ username: 'iamapikey', password: keys.get(name) }], namespace);
    }
    assert.is(kubelet.answers.length, 5, 'the second pull of team-a was in its cache');
  }));

test('uses a new mapping of a namespace for the next image', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    const [host, team] = [newKey(), newKey()];
    node.addIdentity('host', host);
    node.addIdentity('team', team);
    node.map('*', 'host');
    const kubelet = node.start();
    const passwordFor = async (name: string) => (await kubelet.credentials(name))[0]?.password;
    assert.is(await passwordFor('us.icr.io/other/image'), host);
    node.map('us.icr.io/team', 'team');
    assert.is(await passwordFor('us.icr.io/team/image'), team);
  }));

test('uses a rotated API key after five minutes, or after a restart of the kubelet', ({
  sandbox,
}) =>
  onNode(sandbox, async (node) => {
    let now = Date.now();
    const [old, rotated] = [newKey(), newKey()];
    node.addIdentity('work', old);
    node.map('*', 'work');
    const kubelet = node.start({ clock: () => now });
    const password = async () => (await kubelet.credentials(image))[0]?.password;
    assert.is(await password(), old);
    node.addIdentity('work', rotated);
    assert.is(await password(), old);
    assert.is((await node.start().credentials(image))[0]?.password, rotated);
    now += 5 * 60_000 + 1;
    assert.is(await password(), rotated);
  }));

test('returns only an entitlement key for cp.icr.io, and for no other host', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    const [work, entitlement] = [newKey(), newKey()];
    node.addIdentity('work', work);
    node.addIdentity('entitlement', entitlement, { kind: 'entitlement-key' });
    node.map('*', 'work');
    const asked = 'cp.icr.io/cp/image';
    for (const args of [[], ['--identity', 'work'], ['--node-profile', 'Profile-1']]) {
      assert.equal((await answerTo(node, asked, args)).credentials, [], args.join());
    }
    assert.equal((await answerTo(node, image, ['--identity', 'entitlement'])).credentials, []);
    node.map('cp.icr.io', 'entitlement');
    const expected = [{ username: 'cp', password: entitlement }];
    assert.equal((await answerTo(node, asked)).credentials, expected);
    assert.is(sandbox.requests.count({ service: 'iam' }), 0);
  }));

const unknown = [
  'quay.io/ns/image',
  'us.icr.io.evil.example/ns/image',
  'us.icr.io@evil.example/ns/image',
  'evil.example@us.icr.io/ns/image',
  'https://us.icr.io/ns/image',
  'us.icr.io\\@evil.example/ns/image',
];

test('returns no credential and no error for an image of another registry', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    node.addIdentity('work', newKey());
    node.map('*', 'work');
    await forEach(unknown, async (asked) => {
      for (const args of [[], ['--identity', 'work']]) {
        const { stdout, stderr, status } = await node.ask({ image: asked }, args);
        assert.equal({ stderr, status }, { stderr: '', status: 0 }, asked);
        const { auth, cacheDuration } = decodeResponse(stdout, v1);
        assert.equal({ auth, cacheDuration }, { auth: {}, cacheDuration: 0 }, asked);
      }
    });
  }));

test('returns no credential if none is configured, and creates no directory', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    const { auth, cacheDuration } = await answerTo(node, image);
    assert.equal({ auth, cacheDuration }, { auth: {}, cacheDuration: 0 });
    assert.equal(snapshot(node.folder), {});
  }));

const reasons: readonly (readonly [asked: string, line: RegExp, login: string])[] = [
  [image, /no identity is configured on this node for us\.icr\.io$/m, '--identity node'],
  ['icr.io/ns/public', /no identity is configured on this node for icr\.io$/m, '--identity node'],
  ['private.de.icr.io/ns/image:1', /for private\.de\.icr\.io$/m, '--identity node'],
  [
    'cp.icr.io/cp/image',
    /no entitlement key is .* cp\.icr\.io$/m,
    '--entitlement-key-stdin cp.icr.io',
  ],
  ['jp.icr.io/ns/image', /jp\.icr\.io is signed out on this node$/m, 'jp.icr.io'],
];

test('says on standard error why a response is empty, and what to run', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    const config = path.join(node.folder, 'etc');
    fs.mkdirSync(path.join(config, 'signed-out'), { recursive: true, mode: 0o700 });
    fs.writeFileSync(path.join(config, 'signed-out/jp.icr.io'), '', { mode: 0o600 });
    await forEach(reasons, async ([asked, line, login]) => {
      const { stdout, stderr, status } = await node.ask({ image: asked });
      assert.is(status, 0, asked);
      assert.equal(decodeResponse(stdout, v1).auth, {}, asked);
      assert.match(stderr, line);
      const hint = `hint: run sudo env DOCKER_CREDENTIAL_ICR_CONFIG_DIR=${config} docker-credential-icr login ${login}\n`;
      assert.ok(stderr.endsWith(hint), stderr);
    });
  }));

const soon = () => Date.now() + 120_000;
const kinds: readonly (readonly [
  what: string,
  settings: () => Partial<IdentitySettings>,
  secret: (now: number) => string,
  seconds: readonly [least: number, most: number],
])[] = [
  ['an API key', () => ({}), newKey, [300, 300]],
  ['an API key that expires in two minutes', () => ({ expiresAt: soon() }), newKey, [50, 60]],
  ['an expired API key', () => ({ expiresAt: 1 }), newKey, [0, 0]],
  [
    'a registry token',
    () => ({ kind: 'registry-token' }),
    (now) => `canary.${Buffer.from(`{"exp":${now / 1000 + 7200}}`).toString('base64url')}.x`,
    [3590, 3600],
  ],
  ['an invalid registry token', () => ({ kind: 'registry-token' }), newKey, [0, 0]],
  ['a refresh token', () => ({ kind: 'refresh-token' }), newKey, [0, 0]],
];

test('sets the cache duration by the kind of credential', ({ sandbox }) =>
  forEach(kinds, ([what, settings, secret, [least, most]]) =>
    onNode(sandbox, async (node) => {
      node.addIdentity('work', secret(Date.now()), settings());
      node.map('*', 'work');
      const { cacheDuration = -1 } = await answerTo(node, image);
      assert.ok(cacheDuration / 1000 >= least && cacheDuration / 1000 <= most, what);
    }),
  ));

test('sets the cache duration of an access token to half of its remaining time', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    node.addIdentity('work', value, { present: 'iambearer' });
    node.map('*', 'work');
    const first = await answerTo(node, image);
    assert.is(first.credentials[0]?.username, 'iambearer');
    const half = (first.cacheDuration ?? 0) / 1000;
    assert.ok(half > 1790 && half <= 1800, `${half} s`);
    const second = await answerTo(node, image);
    assert.equal(second.credentials, first.credentials);
    assert.is(sandbox.requests.count({ service: 'iam' }), 1, 'it came from the cache on disk');
    const written = Object.keys(snapshot(node.folder)).filter((name) => !name.startsWith('etc'));
    assert.ok(
      written.every((name) => /^run(\/|$)/.test(name)),
      written.join(),
    );
    assert.is(fs.statSync(node.cache).mode & 0o777, 0o700);
  }));

test('presents the mapped identity with the user name in the arguments', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    node.addIdentity('work', value);
    node.map('us.icr.io/ns', 'work');
    const { credentials, keys } = await answerTo(node, image, ['--present', 'iambearer']);
    assert.equal(keys, ['us.icr.io/ns/']);
    assert.is(credentials[0]?.username, 'iambearer');
    assert.match(credentials[0]?.password ?? '', /^eyJ/);
  }));

test('uses the identity in the arguments for any mapping', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    const [work, other] = [newKey(), newKey()];
    node.addIdentity('work', work);
    node.addIdentity('other', other);
    node.map('us.icr.io/ns', 'work');
    const answer = await answerTo(node, image, ['--identity', 'other']);
    assert.equal(answer.auth, { 'us.icr.io': { username: 'iamapikey', password: other } });
    assert.is(answer.cacheKeyType, 'Registry');
  }));

test('uses the trusted profile of the machine', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    const { sub: profile } = sandbox.accounts.addTrustedProfile({ ofInstance: true });
    node.addIdentity('node', '', { kind: 'trusted-profile', profile });
    node.map('*', 'node');
    const { credentials } = await answerTo(node, image);
    assert.is(credentials[0]?.username, 'iambearer');
    assert.match(credentials[0]?.password ?? '', /^eyJ/);
  }));

const refusals: readonly (readonly [args: readonly string[], line: RegExp])[] = [
  [
    ['--identity', 'nobody'],
    /identity nobody does not exist\nhint: run .* login --identity nobody$/,
  ],
  [
    ['--identity', 'work', '--present', 'cp'],
    /cannot be presented as cp\nhint: use --present iamapikey or/,
  ],
  [
    ['--present', 'cp'],
    /identity work cannot be presented as cp\nhint: use --present iamapikey or/,
  ],
];

test('prints errors on standard error, and nothing on standard output', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    node.addIdentity('work', newKey());
    node.map('*', 'work');
    for (const [args, line] of refusals) {
      const { stdout, stderr, status } = await node.ask({}, args);
      assert.equal({ stdout, status }, { stdout: '', status: 1 });
      assert.match(stderr.trimEnd(), line);
    }
    for (const text of ['', '{}', '{"kind":"CredentialProviderRequest","apiVersion":"v2"}']) {
      const { stdout, stderr, status } = await node.run(text);
      assert.equal({ stdout, status }, { stdout: '', status: 1 });
      assert.match(
        stderr,
        /^docker-credential-icr: the kubelet's request cannot be used: [^\n]*\n$/,
      );
    }
  }));

test('reports an IAM timeout before the kubelet’s own timeout', ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    sandbox.faults.add('iam', { kind: 'hang', times: 'forever' });
    node.addIdentity('work', newKey(), { present: 'iambearer' });
    node.map('*', 'work');
    const began = performance.now();
    const kubelet = node.start();
    assert.equal(await kubelet.credentials(image), []);
    const took = performance.now() - began;
    assert.match(kubelet.log[0] ?? '', /exit status 1: .*IAM at .* did not answer in time/);
    // The plugin's timeout is 10 s; starting it takes extra time on a busy machine.
    assert.ok(took < 25_000, `${took} ms`);
  }));

test("uses the machine's directories without a home", ({ sandbox }) =>
  onNode(sandbox, async (node) => {
    const { withNodeFolders, nodeFolders } = await import('../../src/kubernetes/kubelet.ts');
    const { testContext } = await import('../support/context.ts');
    const folders = (env: Record<string, string>) => {
      const { env: made } = withNodeFolders(testContext({ env, platform: 'linux' }));
      return made;
    };
    assert.equal(folders({}), { ...nodeFolders });
    assert.equal(folders({ HOME: node.folder }), { HOME: node.folder });
    const own = { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(node.folder, 'etc') };
    assert.equal(folders(own), { ...nodeFolders, ...own });
  }));

test.run();
