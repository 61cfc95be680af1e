import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planRestoreStore, planSetStore } from '../../src/clients/creds-store.ts';
import { testContext } from '../support/context.ts';
import { answer, credential, executable } from '../support/helper.ts';
import { multiLineSecrets } from '../support/multi-line-secrets.ts';
import { fails } from '../support/rejects.ts';
import { type Keychains, withKeychains } from './store-keychains.ts';

const test = suite('configure --creds-store');

const hub = 'https://index.docker.io/v1/';

/** Returns Docker's configuration file in that home; writes it first if `text` is given. */
function dockerFile({ home }: Keychains, text?: string): string {
  const file = path.join(home.folder, '.docker', 'config.json');
  if (text !== undefined) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode: 0o600 });
  }
  return fs.readFileSync(file, 'utf8');
}

test('replaces credsStore, and --remove restores it', () =>
  withKeychains((keychains) => {
    const { say, addStandIn, kept } = keychains;
    addStandIn('desktop');
    const before = dockerFile(keychains, '{\n  "credsStore": "desktop",\n  "auths": {}\n}\n');
    const said = say('configure --creds-store');
    assert.match(said, 'Docker now uses this helper for every registry; desktop is used for other');
    assert.match(dockerFile(keychains), '"credsStore": "icr"');
    say('store', credential(hub, 'me'));
    assert.equal(Object.keys(kept('desktop')), [hub]);
    assert.match(
      say('configure --creds-store'),
      /^nothing to change in .*config.json\nnext: docker-credential-icr login\n$/,
    );
    say('erase', hub);
    assert.equal(kept('desktop'), {}, 'the previous store is still used');
    assert.match(say('configure --remove'), "Docker's credsStore is desktop again\n");
    assert.is(dockerFile(keychains), before);
    say('store', credential(hub, 'me'));
    assert.equal(kept('desktop'), {}, 'no longer called');
  }));

test('uses the last previous credsStore, including none', () =>
  withKeychains((keychains) => {
    const { say, call, addStandIn, kept } = keychains;
    addStandIn('desktop');
    dockerFile(keychains, '{"credsStore": "desktop"}');
    say('configure --creds-store');
    const auth = Buffer.from('me:canary-plain').toString('base64');
    dockerFile(keychains, JSON.stringify({ auths: { 'plain.example': { auth } } }));
    call('configure --creds-store');
    assert.is(call('get', 'plain.example').stdout, answer('plain.example', 'me', 'canary-plain'));
    say('store', credential(hub, 'me'));
    assert.equal(kept('desktop'), {});
    say('configure --remove');
    assert.not.ok('credsStore' in JSON.parse(dockerFile(keychains)));
  }));

test("takes over passwords of several lines from Docker's file", () =>
  withKeychains((keychains) => {
    const { call } = keychains;
    const [[, secret] = ['', '']] = multiLineSecrets;
    const auth = Buffer.from(`_json_key:${secret}`).toString('base64');
    dockerFile(keychains, JSON.stringify({ auths: { 'gcr.io': { auth } } }));
    call('configure --creds-store');
    assert.is(call('get', 'gcr.io').stdout, answer('gcr.io', '_json_key', secret));
  }));

const podmanFile = ({ home }: Keychains) => path.join(home.folder, '.config/containers/auth.json');

function helpersOfPodman(keychains: Keychains): Record<string, string> | undefined {
  const file = podmanFile(keychains);
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).credHelpers : undefined;
}

/** The environment of a machine with only this client. */
function onlyClient({ folder }: Keychains, program?: string) {
  if (program !== undefined) {
    fs.writeFileSync(path.join(folder, program), '#!/bin/sh\n', { mode: 0o755 });
  }
  return { PATH: folder };
}

for (const program of ['podman', 'buildah', 'skopeo']) {
  test(`registers the ICR hosts for ${program}, which does not read credsStore`, () =>
    withKeychains((keychains) => {
      const env = onlyClient(keychains, program);
      const run = (words: string) => keychains.call(words, '', env).stdout;
      assert.match(run('configure --creds-store --dry-run'), `+++ ${podmanFile(keychains)}`);
      assert.is(helpersOfPodman(keychains), undefined);
      assert.match(run('configure --creds-store'), podmanFile(keychains));
      assert.is(helpersOfPodman(keychains)?.['us.icr.io'], 'icr');
      assert.equal(JSON.parse(dockerFile(keychains)), { credsStore: 'icr' });
      run('configure --remove');
      assert.is(helpersOfPodman(keychains)?.['us.icr.io'], 'icr');
      run('configure --creds-store us.icr.io');
      run('configure --creds-store --remove');
      assert.is(helpersOfPodman(keychains), undefined);
      assert.not.match(dockerFile(keychains), 'icr');
    }));
}

for (const program of [undefined, 'docker', 'crane', 'oras', 'nerdctl']) {
  test(`writes no file of podman for ${program ?? 'no client'}`, () =>
    withKeychains((keychains) => {
      keychains.call('configure --creds-store', '', onlyClient(keychains, program));
      assert.is(helpersOfPodman(keychains), undefined);
    }));
}

test('writes no auth.json if registries.conf names the helper for podman', () =>
  withKeychains((keychains) => {
    const env = onlyClient(keychains, 'podman');
    keychains.call('configure --client registries.conf', '', env);
    keychains.call('configure --creds-store', '', env);
    assert.is(helpersOfPodman(keychains), undefined);
  }));

test('--remove --host: does not change credsStore', () =>
  withKeychains((keychains) => {
    const { say, addStandIn, kept } = keychains;
    addStandIn('desktop');
    dockerFile(keychains, '{"credsStore": "desktop", "credHelpers": {"us.icr.io": "icr"}}');
    say('configure --creds-store');
    say('configure --remove --host us.icr.io');
    assert.equal(JSON.parse(dockerFile(keychains)), { credsStore: 'icr' });
    say('store', credential(hub, 'me'));
    assert.equal(Object.keys(kept('desktop')), [hub]);
  }));

test('--remove: deletes the recorded store, even if credsStore was changed', () =>
  withKeychains((keychains) => {
    const { say, call, addStandIn } = keychains;
    addStandIn('desktop');
    dockerFile(keychains, '{"credsStore": "desktop"}');
    say('configure --creds-store');
    say('store', credential(hub, 'me'));
    dockerFile(keychains, '{"credsStore": "another"}');
    say('configure --remove');
    assert.equal(JSON.parse(dockerFile(keychains)), { credsStore: 'another' });
    assert.is(call('get', hub).stdout, 'credentials not found in native keychain\n');
  }));

// Helpers that call this program, with and without its environment.
const rings: readonly string[] = [
  `exec '${executable}' "$@"`,
  `exec env -i HOME="$HOME" PATH="$PATH" '${executable}' "$@"`,
];
for (const body of rings) {
  test(`refuses a credential helper loop before any change: ${body.slice(0, 10)}`, () =>
    withKeychains((keychains) => {
      const { call, addScript } = keychains;
      addScript('round', body);
      const before = dockerFile(keychains, '{"credsStore": "round"}');
      const { stderr, status } = call('configure --creds-store');
      assert.match(
        stderr,
        'credential helper loop: docker-credential-round calls docker-credential-icr',
      );
      assert.is(status, 1);
      assert.is(dockerFile(keychains), before);
      assert.not.ok(fs.existsSync(keychains.home.config));
    }));
}

test('replaces a missing helper, with a hint', () =>
  withKeychains((keychains) => {
    const { call, say } = keychains;
    dockerFile(keychains, '{"credsStore": "desktop"}');
    const { stderr, status } = call('configure --creds-store');
    assert.match(
      stderr,
      /docker-credential-desktop is not on the PATH.*\nhint: if you do not use desktop, remove credsStore from .*config\.json and run /,
    );
    assert.is(status, 0);
    dockerFile(keychains, '{}');
    say('configure --creds-store');
    say('store', credential(hub, 'me'));
    assert.is(say('get', hub), answer(hub, 'me'));
  }));

test('without a file or credsStore: adds credsStore and removes it', () =>
  withKeychains((keychains) => {
    const { say, home } = keychains;
    say('configure --creds-store');
    assert.is(JSON.parse(dockerFile(keychains)).credsStore, 'icr');
    say('configure --remove');
    const file = path.join(home.folder, '.docker', 'config.json');
    assert.equal(fs.existsSync(file) ? JSON.parse(dockerFile(keychains)) : {}, {});
  }));

test('--dry-run: shows the change and does not apply it', () =>
  withKeychains((keychains) => {
    const before = dockerFile(
      keychains,
      '{\n\t"auths": {"x.example": {"auth": "Y2FuYXJ5OmNhbmFyeQ=="}},\n\t"credsStore": "desktop"\n}\n',
    );
    const { stdout, stderr } = keychains.call('configure --creds-store --dry-run');
    assert.match(stdout, '-\t"credsStore": "desktop"\n+\t"credsStore": "icr"\n');
    assert.not.match(stdout + stderr, 'Y2FuYXJ5');
    assert.is(dockerFile(keychains), before);
    assert.not.ok(fs.existsSync(keychains.home.config));
  }));

test('imports Docker’s plain text logins, which Docker no longer reads', () =>
  withKeychains((keychains) => {
    const auth = (text: string) => Buffer.from(text).toString('base64');
    const auths = {
      [hub]: { auth: auth('me:canary:with:colons') },
      'token.example': {
        auth: auth('00000000-0000-0000-0000-000000000000:'),
        identitytoken: 'canary-token',
      },
      'kept.example': { auth: auth('me:canary-old') },
      'other.example': { auth: auth('me:canary-other') },
      'empty.example': {},
    };
    const { call } = keychains;
    call('store', credential('kept.example', 'me', 'canary-newer'));
    dockerFile(keychains, JSON.stringify({ auths, credHelpers: { 'other.example': 'gcloud' } }));
    const { stdout, stderr, status } = call('configure --creds-store');
    assert.is(status, 0, stderr);
    assert.match(stdout, `copied the credential for ${hub} from Docker's file\n`);
    assert.match(
      stderr,
      `still has the credential for ${hub} in plain text\nhint: run docker login ${hub} to remove it`,
    );
    assert.not.match(stdout + stderr, /canary|Y2FuYXJ5/);
    for (const [host, user, secret] of [
      [hub, 'me', 'canary:with:colons'],
      ['token.example', '<token>', 'canary-token'],
      ['kept.example', 'me', 'canary-newer'],
    ] as const) {
      assert.is(call('get', host).stdout, answer(host, user, secret));
    }
    for (const host of ['other.example', 'empty.example']) {
      assert.is(call('get', host).status, 1, host);
    }
  }));

test('does not change a file that Docker refuses', () =>
  withKeychains((keychains) => {
    for (const text of ['{"credsStore": "a", "credsstore": "b"}', '{"credsStore"', '[]']) {
      dockerFile(keychains, text);
      const { stderr, status } = keychains.call('configure --creds-store');
      assert.match(stderr, 'config.json is damaged');
      assert.is(status, 1);
      assert.is(dockerFile(keychains), text);
    }
  }));

const name = fc.constantFrom('credsStore', 'CredsStore', 'credsstore');
const others = fc.option(fc.constantFrom('desktop', 'osxkeychain', 'pass'), { nil: undefined });
const rest = fc.dictionary(
  fc.string({ unit: 'grapheme' }).filter((key) => !/^creds?(store|helpers)$/i.test(key)),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 4, noNullPrototype: true },
);

test('replaces and restores credsStore byte for byte in any file', () =>
  withKeychains(({ home }) => {
    const folder = home.folder;
    const context = testContext({ env: { HOME: folder, DOCKER_CONFIG: folder } });
    const file = path.join(folder, 'config.json');
    const property = fc.property(
      rest,
      name,
      others,
      fc.nat(),
      fc.constantFrom('', '\t', '  '),
      fc.constantFrom('\n', '\r\n'),
      (settings, key, store, place, indent, endOfLine) => {
        const entries = Object.entries<unknown>(settings);
        if (store) entries.splice(place % (entries.length + 1), 0, [key, store]);
        const text = JSON.stringify(Object.fromEntries(entries), null, indent);
        const before = text.replaceAll('\n', endOfLine);
        fs.writeFileSync(file, before);
        const taken = planSetStore(context);
        assert.is(taken.previousHelper, store);
        const { [store ? key : 'credsStore']: now, ...kept } = JSON.parse(taken.after ?? '');
        assert.is(now, 'icr');
        const { [key]: _, ...had } = JSON.parse(before);
        assert.is(JSON.stringify(kept), JSON.stringify(had));
        fs.writeFileSync(file, taken.after ?? '');
        assert.is(planSetStore(context).after, taken.after);
        assert.is(planRestoreStore(context, store).after, before);
      },
    );
    fc.assert(property, { numRuns: 300 });
    fs.writeFileSync(file, '{"credsStore": "a", "CREDSSTORE": "b"}');
    fails(() => planSetStore(context), 'damaged', /line 1, column 21: duplicate key credsStore/);
  }));

test.run();
