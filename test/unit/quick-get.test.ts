import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { identityKinds } from '../../src/config/settings.ts';
import { quickGet } from '../../src/protocol/quick-get.ts';
import type { QuickFiles, Reply } from '../../src/protocol/quick-reply.ts';
import { serve } from '../../src/protocol/serve.ts';
import { noon, testContext } from '../support/context.ts';

const test = suite('the quick way of get');

const files: QuickFiles = {
  read: async (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined),
};

/** What would have to be minted is an error at once. */
const noIam = 'ftp://nowhere';

/** What a home holds, and what it is asked. */
interface Case {
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  /** By their names below the configuration folder. */
  readonly files: Readonly<Record<string, string>>;
}

interface Long extends Reply {
  readonly warnings: readonly string[];
}

/** Both ways, each in a home of its own: the long one may set a damaged file aside. */
async function answers(given: Case): Promise<{ quick: Reply | undefined; long: Long }> {
  const bytes = new TextEncoder().encode(given.input);
  const quick = await inConfig(given, (env) =>
    quickGet(files, { env, platform: 'linux', now: () => noon }, bytes),
  );
  const long = await inConfig(given, async (env) => {
    const context = testContext({ env, platform: 'linux', input: bytes });
    const status = await serve(context, 'get');
    return { status, line: context.output.join(''), warnings: context.warnings };
  });
  return { quick, long };
}

async function inConfig<Value>(
  { env, files }: Case,
  use: (env: Case['env']) => Promise<Value>,
): Promise<Value> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-quick-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(folder, name);
      fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      fs.writeFileSync(file, text, { mode: 0o600 });
    }
    const cache = path.join(folder, 'cache');
    return await use({
      DOCKER_CREDENTIAL_ICR_CONFIG_DIR: folder,
      DOCKER_CREDENTIAL_ICR_CACHE_DIR: cache,
      IBMCLOUD_IAM_API_ENDPOINT: noIam,
      ...env,
    });
  } finally {
    fs.rmSync(folder, { recursive: true });
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

/** One of them, or leaves it out; the first as often as all the others. */
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
              since: fc.constantFrom(5, 5, 6),
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
      others: rarely('pass'),
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

test('says what the long way says, or leaves it to that', async () => {
  const seen = { credential: 0, 'not found': 0, nothing: 0 };
  const property = fc.asyncProperty(given, async (each) => {
    const { quick, long } = await answers(each);
    if (quick !== undefined) assert.equal({ ...quick, warnings: [] }, long);
    seen[quick === undefined ? 'nothing' : quick.status === 0 ? 'credential' : 'not found'] += 1;
  });
  await fc.assert(property, { numRuns: 3000 });
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > 50, `${kind}: ${count}`);
});

const work = { kind: 'api-key', since: 5 };
const rows: readonly [name: string, files: Case['files'], line: string][] = [
  ['what docker login stored', { 'hosts/us.icr.io.json': stored('iamapikey') }, 'canary-stored'],
  ['a root secret', mapped({}), 'canary-stored'],
  [
    'an access token',
    { ...mapped({ present: 'iambearer' }), 'cache/work.json': cached() },
    'canary-token',
  ],
  ['nothing', {}, 'credentials not found in native keychain'],
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
  test(`knows ${name}`, async () => {
    const { quick } = await answers({ input: 'us.icr.io', env: {}, files });
    assert.match(quick?.line ?? 'no answer', line);
  });
}

test.run();
