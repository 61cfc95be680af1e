import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fault } from '../sandbox/faults.ts';
import { inSandbox } from '../sandbox/suite.ts';
import { refused } from '../support/helper.ts';
import { snapshot } from '../support/home.ts';
import {
  addIdentity,
  changeSettings,
  forEach,
  inCloud,
  newKey,
  type Person,
  refusal,
} from './identity-cloud.ts';

const test = suite('IAM failures');

/** Returns the stored settings and secrets; locks are excluded because they count their holders. */
function kept({ home }: Person): [string, string][] {
  return Object.entries(snapshot(home.config)).filter(([name]) => !name.startsWith('config.lock'));
}

/** Does what `map` does. */
function mapHosts({ home }: Person): void {
  changeSettings(home, (settings) => ({
    ...settings,
    mappings: {
      'us.icr.io': { identity: 'work' },
      'de.icr.io': { identity: 'work', present: 'iamapikey' },
    },
  }));
}

/** Runs `get`, `login` and `token` concurrently: each prints one line, exits with 1 and changes no file. */
async function expectEverywhere(person: Person, key: string, line: string, verdict = '') {
  const before = kept(person);
  const again = 'run docker-credential-icr login --identity work';
  const identity = verdict.replace('KEY', 'API key of identity work');
  const outcomes = await Promise.all([
    person.call('get', 'us.icr.io'),
    person.call('token --identity work'),
    person.call('login --identity work --api-key-stdin', key),
    person.call('get', 'de.icr.io'),
  ]);
  const [said, typed] =
    verdict === ''
      ? [line, line]
      : [
          `${identity}; ${again}`,
          `${verdict.replace('KEY', 'API key')}; check it, then ${again} again`,
        ];
  const asTyped = (text: string) => refusal(...(text.split(/; (?=[^;]*$)/) as [string, string]));
  assert.equal(outcomes, [
    refused(`us.icr.io: ${said}`),
    asTyped(said),
    asTyped(typed),
    {
      stdout: `${JSON.stringify({ ServerURL: 'de.icr.io', Username: 'iamapikey', Secret: key })}\n`,
      stderr: '',
      status: 0,
    },
  ]);
  assert.equal(kept(person), before);
}

const faults: readonly [fault: Fault, line: string][] = [
  [{ kind: 'status', status: 429 }, 'answered 429 (SANDBOX: told to answer 429); try again later'],
  [
    { kind: 'status', status: 429, retryAfter: 60 },
    'answered 429 (SANDBOX: told to answer 429) and asks to wait 60 s; try again later',
  ],
  [{ kind: 'status', status: 500 }, 'answered 500 (SANDBOX: told to answer 500); try again later'],
  [
    { kind: 'status', status: 501 },
    'answered 501 (SANDBOX: told to answer 501); check that address',
  ],
  [{ kind: 'status', status: 302 }, 'redirects; secrets are not sent there; check that address'],
  [{ kind: 'drop' }, 'the connection was dropped; try again later'],
  [{ kind: 'cut-off' }, 'its answer was cut off; try again later'],
  [{ kind: 'hang' }, 'did not answer in time; try again later'],
  [{ kind: 'huge' }, 'its answer is longer than 1 MiB; check that address'],
  [
    { kind: 'not-json' },
    'answered 200 with something that is not a JSON object; check that address',
  ],
  [
    { kind: 'half-json' },
    'answered 200 with something that is not a JSON object; check that address',
  ],
  [{ kind: 'empty' }, 'answered 200 with nothing; check that address'],
  [{ kind: 'no-access-token' }, 'answered without an access token'],
  [{ kind: 'expired' }, 'answered with an expired access token; check the clock of this machine'],
];

test('prints one line for each fault', () =>
  // Each starts four commands: with more at once, a busy machine would miss their deadline.
  forEach(
    faults,
    ([fault, line]) =>
      inSandbox((sandbox) =>
        inCloud(sandbox, async (person) => {
          const key = sandbox.accounts.addApiKey({ value: newKey() }).value;
          addIdentity(person, 'work', { present: 'iambearer' }, key);
          mapHosts(person);
          sandbox.faults.add('iam', { ...fault, times: 'forever' });
          const name = `IAM at ${new URL(sandbox.iamUrl).host}`;
          const isAnswer = /^(answered|redirects|did not)/.test(line);
          const all = isAnswer ? `${name} ${line}` : `cannot reach ${name}: ${line}`;
          await expectEverywhere(person, key, all);
        }),
      ),
    3,
  ));

test('prints IAM’s message for a refused API key', () =>
  inSandbox(async (sandbox) => {
    const { accounts } = sandbox;
    const outsider = accounts.addUser({ needsExternalAuthentication: true }).iamId;
    const rows: readonly [key: string, verdict: string][] = [
      [newKey(), 'BXNIM0415E: Provided API key could not be found.'],
      [
        accounts.addApiKey({ value: newKey(), disabled: true }).value,
        'BXNIM0462E: Provided API key is disabled.',
      ],
      [
        accounts.addApiKey({ value: newKey(), owner: outsider }).value,
        'BXNIM0400E: OpenID Connect exception',
      ],
    ];
    for (const [key, reason] of rows) {
      await inCloud(sandbox, async (person) => {
        addIdentity(person, 'work', { present: 'iambearer' }, key);
        mapHosts(person);
        sandbox.requests.reset();
        await expectEverywhere(person, key, '', `IAM refused the KEY (${reason})`);
        const { log } = sandbox.requests;
        assert.ok(log.length <= 3 && log.length > 1, 'a refusal is never tried again');
      });
    }
  }));

test('prints IAM’s message for a refused refresh token', () =>
  inSandbox(async (sandbox) => {
    const { accounts } = sandbox;
    const { iamId } = accounts.addUser();
    const expired = accounts.addRefreshToken({ owner: iamId, value: newKey() });
    accounts.expireRefreshToken(expired);
    const ended = accounts.addRefreshToken({ owner: iamId, value: newKey() });
    accounts.endSession(ended);
    const rows = [
      [newKey(), 'BXNIM0407E: Provided token is invalid.'],
      [expired.value, 'BXNIM0408E: Provided refresh token is expired'],
      [ended.value, 'BXNIM0439E: Session is invalidated due to inactivity.'],
    ] as const;
    for (const [token, reason] of rows) {
      await inCloud(sandbox, async (person) => {
        addIdentity(person, 'work', { kind: 'refresh-token', present: 'iambearer' }, token);
        await person.say('map us.icr.io work');
        const before = kept(person);
        const again = 'run docker-credential-icr login --identity work';
        const line = `IAM refused the refresh token of identity work (${reason})`;
        const typed = `IAM refused the refresh token (${reason})`;
        assert.equal(
          await Promise.all([
            person.call('get', 'us.icr.io'),
            person.call('token --identity work'),
            person.call('login --identity work --refresh-token-stdin', token),
          ]),
          [
            refused(`us.icr.io: ${line}; ${again} --sso`),
            refusal(line, `${again} --sso`),
            refusal(typed, `check it, then ${again} again`),
          ],
        );
        assert.equal(kept(person), before);
      });
    }
  }));

test('retries hide a temporary fault', () =>
  inSandbox((sandbox) =>
    inCloud(sandbox, async ({ say, get }) => {
      const { value } = sandbox.accounts.addApiKey({ value: newKey() });
      await say('login --identity work --present iambearer --no-verify --api-key-stdin', value);
      sandbox.faults.add('iam', { kind: 'drop' });
      sandbox.faults.add('iam', { kind: 'status', status: 429, retryAfter: 1 });
      sandbox.faults.add('iam', { kind: 'status', status: 503 });
      const began = performance.now();
      assert.is((await get('us.icr.io')).warnings, '');
      assert.ok(performance.now() - began > 1000, 'it waits for Retry-After');
      assert.is(sandbox.requests.count(), 4);
    }),
  ));

test('verifies certificates in any environment', () =>
  inSandbox((sandbox) =>
    inCloud(sandbox, async (person) => {
      const { value } = sandbox.accounts.addApiKey({ value: newKey() });
      const env = { SSL_CERT_FILE: undefined, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
      const { status, stdout, stderr } = await person.call('login --api-key-stdin', value, env);
      assert.is(status, 1, stdout);
      assert.match(stderr, /certificate is not trusted .*\nhint: set NODE_EXTRA_CA_CERTS to /);
      const trusting = { SSL_CERT_FILE: undefined, NODE_EXTRA_CA_CERTS: sandbox.caFile };
      await person.say('login --api-key-stdin', value, trusting);
    }),
  ));

test.run();
