import http from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError, inOneLine } from '../../src/errors.ts';
import { apiKeyDetails } from '../../src/iam/api-keys.ts';
import { type Grant, requestToken, type TokenOptions } from '../../src/iam/token-request.ts';
import { processContext } from '../../src/process-context.ts';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly form: Record<string, string>;
}
type Reply = (response: http.ServerResponse) => void;

let asked: Asked[] = [];
/** The next responses in order; the last one is repeated. */
let replies: Reply[] = [];
const server = http.createServer((request, response) => {
  let text = '';
  request.on('data', (chunk) => {
    text += chunk;
  });
  request.on('end', () => {
    const { method, url, headers } = request;
    asked.push({ method, url, headers, form: Object.fromEntries(new URLSearchParams(text)) });
    const [reply] = replies.length > 1 ? replies.splice(0, 1) : replies;
    reply?.(response);
  });
});

const tokens = suite('IAM token requests');
let port = 0;
tokens.before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
tokens.after(() => {
  server.closeAllConnections();
  server.close();
});
tokens.before.each(() => {
  asked = [];
});

const key: Grant = { kind: 'api-key', apiKey: 'canary-key-0123456789' };
const now = Date.parse('2026-01-01T00:00:00Z');

function json(status: number, body: unknown, headers: http.OutgoingHttpHeaders = {}): Reply {
  return raw(status, JSON.stringify(body), headers);
}

function raw(status: number, text: string, headers: http.OutgoingHttpHeaders = {}): Reply {
  return (response) => {
    response.writeHead(status, headers);
    response.end(text);
  };
}

const drop: Reply = (response) => {
  response.socket?.destroy();
};
/** A response that is not HTTP. */
function speak(text: string): Reply {
  return (response) => response.socket?.end(text);
}

const hang: Reply = () => {};

function granted(fields: Record<string, unknown> = {}): Reply {
  return json(200, {
    access_token: 'canary-access',
    refresh_token: 'not_supported',
    token_type: 'Bearer',
    expires_in: 3600,
    expiration: now / 1000 + 3600,
    scope: 'ibm openid',
    ...fields,
  });
}

/** Requests a token with a clock that only waiting advances. */
async function ask(steps: readonly Reply[], grant: Grant = key, more: Partial<TokenOptions> = {}) {
  replies = [...steps];
  let clock = now;
  const waits: number[] = [];
  const context = { ...processContext(), env: {}, warn: () => {}, now: () => clock };
  const outcome = await requestToken(context, grant, {
    endpoint: `http://127.0.0.1:${port}`,
    owner: 'the API key of identity work',
    hint: 'run docker-credential-icr login --identity work',
    pause: (milliseconds) => {
      waits.push(milliseconds);
      clock += milliseconds;
      return Promise.resolve();
    },
    ...more,
  }).catch((error: unknown) => error);
  return { outcome, waits };
}

function messageOf(outcome: unknown, code: string): string {
  if (!(outcome instanceof HelperError)) throw new Error(`no HelperError: ${String(outcome)}`);
  assert.is(outcome.code, code);
  assert.not.match(outcome.message, /canary|[\r\n]/);
  assert.not.match(JSON.stringify([outcome, outcome.cause, outcome.stack]), /canary/);
  return inOneLine(outcome).replaceAll(`127.0.0.1:${port}`, 'HOST');
}

const type = (name: string) => `urn:ibm:params:oauth:grant-type:${name}`;
const grants: readonly (readonly [Grant, Record<string, string>, string | undefined])[] = [
  [key, { grant_type: type('apikey'), apikey: key.apiKey, response_type: 'cloud_iam' }, undefined],
  [
    { kind: 'refresh-token', refreshToken: 'canary+/=&' },
    { grant_type: 'refresh_token', refresh_token: 'canary+/=&', response_type: 'cloud_iam' },
    'Basic Yng6Yng=',
  ],
  [
    { kind: 'compute-resource', crToken: 'canary-cr', profile: { id: 'Profile-1' } },
    { grant_type: type('cr-token'), cr_token: 'canary-cr', profile_id: 'Profile-1' },
    undefined,
  ],
  [
    { kind: 'compute-resource', crToken: 'canary-cr', profile: { name: 'ci' } },
    { grant_type: type('cr-token'), cr_token: 'canary-cr', profile_name: 'ci' },
    undefined,
  ],
  [
    { kind: 'assume', accessToken: 'canary-at', profile: { crn: 'crn:v1:x' } },
    { grant_type: type('assume'), access_token: 'canary-at', profile_crn: 'crn:v1:x' },
    undefined,
  ],
  [
    { kind: 'assume', accessToken: 'canary-at', profile: { name: 'ci', account: 'a1' } },
    {
      grant_type: type('assume'),
      access_token: 'canary-at',
      profile_name: 'ci',
      account: 'a1',
    },
    undefined,
  ],
  [
    { kind: 'passcode', passcode: 'canary-pass' },
    { grant_type: type('passcode'), passcode: 'canary-pass' },
    undefined,
  ],
];
for (const [grant, form, authorization] of grants) {
  tokens(`sends ${JSON.stringify(form)}`, async () => {
    const { outcome } = await ask([granted()], grant);
    assert.equal(outcome, { token: 'canary-access', issuedAt: now, expiresAt: now + 3_600_000 });
    const [request] = asked;
    assert.is(`${request?.method} ${request?.url}`, 'POST /identity/token');
    assert.equal(request?.form, form);
    assert.is(request?.headers.authorization, authorization);
    assert.is(request?.headers.accept, 'application/json');
    assert.is(request?.headers['content-type'], 'application/x-www-form-urlencoded');
    assert.match(request?.headers['user-agent'] ?? '', /^docker-credential-icr\//);
  });
}

tokens('sends bx:bx to get a refresh token, and returns it', async () => {
  const steps = [granted({ refresh_token: 'canary-refresh' })];
  const { outcome } = await ask(steps, key, { wantRefreshToken: true });
  assert.is((outcome as { refreshToken?: string }).refreshToken, 'canary-refresh');
  assert.is(asked[0]?.headers.authorization, 'Basic Yng6Yng=');
});

const lives = [
  [{ expires_in: undefined }, 3_600_000],
  [{ expiration: undefined }, 3_600_000],
  [{ expires_in: 60 }, 60_000],
] as const;
for (const [fields, life] of lives) {
  tokens(`calculates the token's expiry from ${Object.keys(fields)}`, async () => {
    const { outcome } = await ask([granted(fields)]);
    assert.equal(outcome, { token: 'canary-access', issuedAt: now, expiresAt: now + life });
  });
}

const ibmError = {
  errorCode: 'BXNIM0415E',
  errorMessage: 'Provided API key could not be found.',
  errorDetails: 'no key canary-key-0123456789',
  context: { requestId: 'r' },
};
const refusals = [
  [json(400, ibmError), 'BXNIM0415E: Provided API key could not be found.'],
  [
    json(401, { ...ibmError, errorCode: 'BXNIM0462E' }),
    'BXNIM0462E: Provided API key could not be found.',
  ],
  [
    json(403, { errors: [{ code: 'no', message: 'not\u001b[31m\r\nyours' }] }),
    'no: not [31m yours',
  ],
  [json(400, { ...ibmError, errorMessage: `bad ${key.apiKey}` }), 'BXNIM0415E: bad ***'],
  [json(400, { errorCode: 'E', errorMessage: 'x'.repeat(5000) }), `E: ${'x'.repeat(297)}…`],
  [json(400, {}), '400'],
] as const;
for (const [reply, reason] of refusals) {
  tokens(`reports "${reason.slice(0, 60)}" without a retry`, async () => {
    const { outcome } = await ask([reply]);
    assert.is(
      messageOf(outcome, 'refused'),
      `IAM refused the API key of identity work (${reason}); run docker-credential-icr login --identity work`,
    );
    assert.is(asked.length, 1);
  });
}

const nonsense = [
  [raw(200, ''), 'IAM at HOST answered 200 with nothing'],
  [raw(200, '<html>canary'), 'IAM at HOST answered 200 with something that is not a JSON object'],
  [raw(200, '{"access_token":"canary'), 'IAM at HOST answered 200 with something that is not'],
  [raw(200, '["canary"]'), 'IAM at HOST answered 200 with something that is not a JSON object'],
  [raw(200, 'x'.repeat(10 << 20)), 'cannot reach IAM at HOST: its answer is longer than 1 MiB'],
  [raw(400, 'Bad Request'), 'IAM at HOST answered 400 without a reason'],
  [granted({ access_token: undefined }), 'IAM at HOST answered without an access token'],
  [granted({ access_token: '' }), 'IAM at HOST answered without an access token'],
  [granted({ access_token: 7 }), 'IAM at HOST answered without an access token'],
  [granted({ access_token: 'canary\nx' }), 'IAM at HOST answered with an invalid access token'],
  [granted({ expiration: 1473188353 }), 'IAM at HOST answered with an expired access token'],
  [granted({ expires_in: 0, expiration: 'soon' }), 'IAM at HOST answered without a valid expiry'],
  [granted({ expires_in: 1e308 }), 'IAM at HOST answered without a valid expiry'],
  [
    granted({ expires_in: undefined, expiration: 1e300 }),
    'IAM at HOST answered without a valid expiry',
  ],
  [
    granted({ expires_in: -1, expiration: undefined }),
    'IAM at HOST answered without a valid expiry',
  ],
  [
    raw(302, '', { location: 'https://other.example/canary' }),
    'IAM at HOST redirects to other.example; secrets are not sent there',
  ],
  [speak('nonsense\r\n\r\n'), 'cannot reach IAM at HOST: it does not speak HTTP'],
  [speak('\u0016\u0003\u0001\u0000'), 'cannot reach IAM at HOST: it does not speak HTTP'],
  [raw(501, ''), 'IAM at HOST answered 501 without a reason'],
] as const;
for (const [reply, start] of nonsense) {
  tokens(`reports "${start}" without a retry`, async () => {
    const { outcome } = await ask([reply]);
    const message = messageOf(outcome, 'unreachable');
    assert.ok(message.startsWith(start), `${message}`);
    assert.is(asked.length, 1);
  });
}

const passing = [
  raw(429, ''),
  raw(500, ''),
  raw(502, '<html>'),
  raw(503, '', { 'retry-after': '0' }),
  raw(599, ''),
  drop,
  (response: http.ServerResponse) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"access_token":"can', () => response.socket?.destroy());
  },
];
for (const [index, reply] of passing.entries()) {
  tokens(`retries after failure ${index} with increasing delays`, async () => {
    const { outcome, waits } = await ask([reply, reply, reply, granted()]);
    assert.is((outcome as { token: string }).token, 'canary-access');
    for (const [attempt, most] of [300, 600, 1200].entries()) {
      const wait = waits[attempt] ?? 0;
      assert.ok(wait >= most / 2 && wait <= most, `${wait} of ${most}`);
    }
  });
}

const ends = [
  [raw(503, ''), 'IAM at HOST answered 503; try again later'],
  [
    json(500, { ...ibmError, errorMessage: 'Oops' }),
    'IAM at HOST answered 500 (BXNIM0415E: Oops); try again later',
  ],
  [drop, 'cannot reach IAM at HOST: the connection was dropped; try again later'],
] as const;
for (const [reply, expected] of ends) {
  tokens(`gives up after five attempts: ${expected}`, async () => {
    const { outcome } = await ask([reply]);
    assert.is(messageOf(outcome, 'unreachable'), expected);
    assert.is(asked.length, 5);
  });
}

const patience = [
  ['2', [2000]],
  ['Thu, 01 Jan 2026 00:00:03 GMT', [3000]],
] as const;
for (const [value, expected] of patience) {
  tokens(`retries after the time in Retry-After: ${value}`, async () => {
    const { waits } = await ask([raw(429, '', { 'retry-after': value }), granted()]);
    assert.equal(waits, expected);
  });
}

for (const value of ['10', '3600', 'Thu, 01 Jan 2026 01:00:00 GMT']) {
  tokens(`fails immediately if Retry-After: ${value} is past the deadline`, async () => {
    const { outcome, waits } = await ask([raw(429, '', { 'retry-after': value }), granted()]);
    assert.match(messageOf(outcome, 'unreachable'), /answered 429 and asks to wait \d+ s; try/);
    assert.equal(waits, []);
  });
}

tokens('fails at the deadline if IAM does not respond', async () => {
  const { outcome } = await ask([hang], key, { deadline: now + 50 });
  assert.is(
    messageOf(outcome, 'unreachable'),
    'IAM at HOST did not answer in time; try again later',
  );
});

tokens('retries a refused connection', async () => {
  const { outcome, waits } = await ask([granted()], key, { endpoint: 'http://127.0.0.1:1' });
  assert.match(
    messageOf(outcome, 'unreachable'),
    /^cannot reach IAM at 127.0.0.1:1: the connection was refused; /,
  );
  assert.is(waits.length, 4);
});

const encoded: readonly [name: string, text: string][] = [
  ['truncated', key.apiKey.slice(3, 17)],
  [
    'percent-encoded',
    key.apiKey.replace(/./g, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
  ],
  ['base64', Buffer.from(`user:${key.apiKey}`).toString('base64')],
  ['hexadecimal', Buffer.from(key.apiKey).toString('hex')],
];
for (const [name, text] of encoded) {
  for (const status of [400, 500]) {
    tokens(`masks a key in a ${status} response: ${name}`, async () => {
      const { outcome } = await ask([json(status, { errorMessage: `no ${text}` })]);
      const code = status === 400 ? 'refused' : 'unreachable';
      const message = messageOf(outcome, code);
      assert.match(message, /\(no \S*\*\*\*\S{0,3}\)/);
      assert.not.ok(message.includes(text.slice(-12)), message);
    });
  }
  tokens(`masks a key in a redirect: ${name}`, async () => {
    const { outcome } = await ask([
      json(302, {}, { Location: `https://x.${text.replaceAll('=', '')}.example/` }),
    ]);
    const message = messageOf(outcome, 'unreachable');
    assert.match(message, /redirects( to \S*\*\*\*\S*)?; secrets are not sent there/);
  });
}

tokens('masks the key and the access token in errors about API key details', async () => {
  replies = [json(400, { errorMessage: `${key.apiKey} canary-access-token` })];
  const options = { owner: 'x', hint: 'y', endpoint: `http://127.0.0.1:${port}` };
  const context = { ...processContext(), env: {} };
  const asking = apiKeyDetails(context, key.apiKey, 'canary-access-token', options);
  messageOf(await asking.catch((error: unknown) => error), 'refused');
});

tokens.run();
