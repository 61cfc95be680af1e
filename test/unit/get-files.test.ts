import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { identityKinds } from '../../src/config/settings.ts';
import type { Files } from '../../src/context.ts';
import { type Bun as BunRuntime, bunFiles, nodeFiles } from '../../src/files/file-readers.ts';
import { get } from '../../src/protocol/get.ts';
import { serve } from '../../src/protocol/serve.ts';
import { countingFiles, noon, testContext } from '../support/context.ts';

declare const Bun: BunRuntime;

const test = suite('get with both file readers');

/** Requests to IAM fail immediately. */
const noIam = 'ftp://nowhere';

/** The files of a home, and the request. */
interface Case {
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  /** Contents by path below the configuration directory. */
  readonly files: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly output: string;
  readonly warnings: readonly string[];
}

/** Runs both readers, each in its own home, because a damaged file is moved aside. */
async function answers(given: Case): Promise<{ fast: Answer; slow: Answer; fallbacks: number }> {
  const fallback = countingFiles();
  const uid = process.geteuid?.() ?? 0;
  const fast = await answerWith(bunFiles(Bun, uid, fallback.files), given);
  const slow = await answerWith(nodeFiles, given);
  return { fast, slow, fallbacks: fallback.calls() };
}

function answerWith(files: Files, given: Case): Promise<Answer> {
  return inConfig(given, async (env, folder) => {
    const readInput = async () => new TextEncoder().encode(given.input);
    const context = testContext({ env, platform: 'linux', readInput, files });
    const status = await serve(context, { answer: get, errorsOn: 'stdout' });
    const plain = (text: string) => text.replaceAll(folder, '');
    const output = plain(context.output.join(''));
    return { status, output, warnings: context.warnings.map(plain) };
  });
}

async function inConfig<Value>(
  { env, files }: Case,
  use: (env: Case['env'], folder: string) => Promise<Value>,
): Promise<Value> {
  const above = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-get-'));
  const folder = path.join(above, 'config');
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(folder, name);
      fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      fs.writeFileSync(file, text, { mode: 0o600 });
    }
    const cache = path.join(folder, 'cache');
    const ours = {
      DOCKER_CREDENTIAL_ICR_CONFIG_DIR: folder,
      DOCKER_CREDENTIAL_ICR_CACHE_DIR: cache,
      IBMCLOUD_IAM_API_ENDPOINT: noIam,
      // Refused without a request, whose error would depend on the network and on the load.
      DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: noIam,
    };
    return await use({ ...ours, ...env }, folder);
  } finally {
    fs.rmSync(above, { recursive: true });
  }
}

const hour = 3600_000;
const stored = (Username: string, Secret = 'canary-stored') =>
  JSON.stringify({ ServerURL: 'us.icr.io', Username, Secret });
const cached = (more: object = {}) =>
  JSON.stringify({
    name: 'work',
    token: 'canary-token',
    since: 5,
    endpoint: noIam,
    issuedAt: noon - hour / 4,
    expiresAt: noon + (hour * 3) / 4,
    ...more,
  });
const damaged = '{"Username":"iam';

/** One of the values or none; the first is as frequent as all others together. */
const maybe = <Value>(usual: Value, ...others: readonly Value[]) =>
  fc.option(fc.oneof(fc.constant(usual), fc.constantFrom(usual, ...others)), {
    nil: undefined,
    freq: 2,
  });

const rarely = <Value>(...odd: readonly Value[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );

const settings = fc
  .record(
    {
      identities: fc.record(
        {
          work: fc.record(
            {
              kind: fc.constantFrom(...identityKinds),
              secretSetAt: fc.constantFrom(5, 5, 6),
              present: maybe('iambearer', 'iamrefresh', 'iamapikey', 'cp', 'token', 'other'),
              profile: rarely('Profile-1'),
            },
            { noNullPrototype: true },
          ),
        },
        { noNullPrototype: true, requiredKeys: [] },
      ),
      mappings: fc.dictionary(
        fc.constantFrom('us.icr.io', '*', 'us.icr.io/team', 'de.icr.io'),
        fc.record(
          {
            identity: fc.constantFrom('work', 'work', 'work', 'gone', 'constructor', undefined),
            present: maybe('iambearer', 'iamapikey'),
          },
          { noNullPrototype: true },
        ),
        { noNullPrototype: true },
      ),
      store: rarely('file', 'pass', ''),
      fallbackHelper: rarely('pass'),
      ibmcloudSession: rarely(false, true),
      computeProfile: rarely('Profile-2'),
      iamEndpoint: rarely('https://iam.example'),
    },
    { noNullPrototype: true },
  )
  .map((value) => JSON.stringify(value));

const given: fc.Arbitrary<Case> = fc
  .record({
    input: fc.oneof(
      { weight: 6, arbitrary: fc.constant('us.icr.io') },
      fc.constantFrom(
        'icr.io',
        'us.icr.io\n',
        'us.icr.io\r\n',
        ' us.icr.io',
        'US.icr.io',
        'us.icr.io.',
        '-.icr.io',
        '',
        '..icr.io',
      ),
      fc.constantFrom('https://us.icr.io', 'us.icr.io/team', 'us.icr.io:443', 'other.example'),
    ),
    env: fc.record({
      DOCKER_CREDENTIAL_ICR_API_KEY: rarely('', ' ', 'canary-own'),
      DOCKER_CREDENTIAL_ICR_DEBUG: rarely('', '0', '1'),
      IBMCLOUD_API_KEY: rarely('', ' ', 'canary-ambient'),
      IC_API_KEY: rarely('canary-ambient'),
    }),
    files: fc.record({
      'config.json': fc.oneof(fc.constant(undefined), settings, settings, fc.constant(damaged)),
      'signed-out/us.icr.io': rarely(''),
      'hosts/us.icr.io.json': maybe(
        stored('iamapikey'),
        stored('<token>'),
        stored(''),
        damaged,
        '',
      ),
      'hosts/us.icr.io.json.damaged': rarely(damaged),
      'identities/work.json': maybe(stored('iamapikey'), stored('iamapikey', ''), damaged),
      'cache/work.json': maybe(
        cached(),
        cached({ since: 6 }),
        cached({ name: 'Work' }),
        cached({ endpoint: undefined }),
        cached({ expiresAt: noon }),
        cached({ issuedAt: noon + hour, expiresAt: noon + 2 * hour }),
        cached({ failure: { at: noon - 5000, why: 'IAM is away' }, issuedAt: noon - hour }),
        damaged,
      ),
      'cache/work%20iamrefresh.json': maybe(cached({ name: 'work iamrefresh' }), cached()),
    }),
  })
  .map(({ input, env, files }) => ({ input, env: present(env), files: present(files) }));

/** Without the members that are `undefined`. */
function present(table: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(table).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}

test('get: both readers return the same response, status and warnings', async () => {
  const seen = { credential: 0, error: 0 };
  const property = fc.asyncProperty(given, async (each) => {
    const { fast, slow } = await answers(each);
    assert.equal(fast, slow);
    seen[fast.status === 0 ? 'credential' : 'error'] += 1;
  });
  await fc.assert(property, { numRuns: 1500 });
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > 50, `${kind}: ${count}`);
});

const work = { kind: 'api-key', secretSetAt: 5 };
const rows: readonly [name: string, files: Case['files'], line: string][] = [
  ['a docker login', { 'hosts/us.icr.io.json': stored('iamapikey') }, 'canary-stored'],
  ['a root secret', mapped({}), 'canary-stored'],
  [
    'an access token',
    { ...mapped({ present: 'iambearer' }), 'cache/work.json': cached() },
    'canary-token',
  ],
  ['no credential', {}, 'credentials not found in native keychain'],
];

function mapped(more: object): Case['files'] {
  const identities = { work: { ...work, ...more } };
  const mappings = { '*': { identity: 'work' } };
  return {
    'config.json': JSON.stringify({ identities, mappings }),
    'identities/work.json': stored('iamapikey'),
  };
}

for (const [name, files, line] of rows) {
  test(`get ${name}: does not load node:fs`, async () => {
    const { fast, fallbacks } = await answers({ input: 'us.icr.io', env: {}, files });
    assert.match(fast.output, line);
    assert.is(fallbacks, 0);
  });
}

test("reads the settings while it waits for its input, and the host's credential before the mapping", () =>
  inConfig({ input: 'us.icr.io', env: {}, files: {} }, async (env, folder) => {
    const calls: string[] = [];
    const name = (file: string) => path.relative(folder, file);
    const files: Files = {
      ...nodeFiles,
      read: async (_, file) => void calls.push(`read ${name(file)}`),
      prefetch: (file) => calls.push(`prefetch ${name(file)}`) > 0,
    };
    const readInput = async () => {
      await null;
      calls.push('input');
      return new TextEncoder().encode('us.icr.io');
    };
    await serve(testContext({ env, platform: 'linux', readInput, files }), {
      answer: get,
      errorsOn: 'stdout',
    });
    const host = path.join('hosts', 'us.icr.io.json');
    assert.equal(calls.slice(0, 4), [
      'read config.json',
      'input',
      `prefetch ${host}`,
      `read ${host}`,
    ]);
  }));

test.run();
