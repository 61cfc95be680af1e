import fs from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createServerCertificate } from '../sandbox/ca.ts';
import type { Fault } from '../sandbox/faults.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { inSandbox } from '../sandbox/suite.ts';
import { startProxy } from '../support/connect-proxy.ts';
import { credential, startHelper } from '../support/helper.ts';
import { type Home, inHome } from '../support/home.ts';
import { newKey } from './identity-cloud.ts';
import { expectFilesSafe, expectNoSecret, watchArguments } from './leak-watch.ts';
import { type Keychains, withKeychains } from './store-keychains.ts';

const test = suite('secret leaks');

type Env = Readonly<Record<string, string>>;

/** Environments with increasing debug output. */
const levels: readonly Env[] = [
  {},
  {
    DOCKER_CREDENTIAL_ICR_DEBUG: '1',
    NODE_DEBUG: 'http,https,tls,net,fs,child_process,stream',
    NODE_DEBUG_NATIVE: 'HTTP',
    BUN_CONFIG_VERBOSE_FETCH: 'curl',
    BUN_DEBUG_ALL: '1',
    DEBUG: '*',
  },
];

interface Step {
  readonly words: string;
  readonly input?: string;
  readonly env?: Env;
  /** Standard output may contain a secret: a response to a client, or a requested token. */
  readonly prints?: boolean;
}

/** Steps of a user and clients from the first login to the last logout, including mistakes. */
function life(sandbox: Sandbox, home: Home): Step[] {
  const { accounts } = sandbox;
  const owner = accounts.addUser({}).iamId;
  const key = () => accounts.addApiKey({ value: newKey(), owner, name: 'mine' }).value;
  const first = key();
  fs.writeFileSync(path.join(home.folder, 'key.json'), JSON.stringify({ apikey: first }), {
    mode: 0o600,
  });
  fs.writeFileSync(path.join(home.folder, 'bad.json'), `{"apikey": "${first}`, { mode: 0o600 });
  const refresh = accounts.addRefreshToken({ owner }).value;
  return [
    { words: 'login --api-key-stdin', input: '{"apikey": "canary-half' },
    { words: 'login --api-key-stdin', input: 'canary-with a-space' },
    { words: 'login --api-key-stdin', input: '{canary-placeholder}' },
    { words: 'login --api-key-file bad.json' },
    { words: `login --api-key-file ${first}` },
    { words: `login ${first}` },
    { words: 'settings access-log on' },
    { words: 'login --api-key-stdin', input: newKey() },
    { words: 'login --api-key-file key.json' },
    { words: 'login --identity short --present iambearer us.icr.io --api-key-stdin', input: key() },
    { words: 'login --identity session de.icr.io --refresh-token-stdin', input: refresh },
    { words: 'login --entitlement-key-stdin --no-verify', input: 'canary-entitlement' },
    { words: 'login --entitlement-key-stdin', input: 'canary-wrong' },
    { words: 'login', env: { IBMCLOUD_API_KEY: first } },
    ...['us.icr.io', 'de.icr.io', 'cp.icr.io', 'icr.io', 'jp.icr.io'].map((input) => ({
      words: 'get',
      input,
      prints: true,
    })),
    { words: 'get', input: 'canary-user:canary-password@us.icr.io' },
    {
      words: 'get',
      input: 'https://registry.example/path',
      env: { IBMCLOUD_API_KEY: first },
    },
    { words: 'store', input: credential('uk.icr.io', 'iamapikey', 'canary-typed') },
    { words: 'store', input: credential('registry.example', 'me', 'canary-other') },
    { words: 'store', input: '{"ServerURL":"us.icr.io","Secret":"canary-half' },
    { words: 'store', input: '{"ServerURL":"us.icr.io","Username":5,"Secret":"canary-number"}' },
    { words: 'store', input: '["canary-list"]' },
    { words: 'store', input: 'canary-nonsense' },
    { words: 'erase', input: 'canary-host' },
    { words: 'list' },
    { words: 'version' },
    { words: 'status' },
    { words: 'status --json' },
    { words: 'settings' },
    { words: 'settings iam-endpoint https://canary-user:canary-password@iam.example' },
    { words: 'map br.icr.io short' },
    { words: 'unmap br.icr.io' },
    { words: 'configure --client all --dry-run' },
    { words: 'configure --client all' },
    { words: 'configure --creds-store' },
    { words: 'configure --remove' },
    { words: 'token', prints: true },
    { words: 'token --identity session --refresh', prints: true },
    { words: 'exec us.icr.io -- true' },
    { words: 'exec us.icr.io -- no-such-program' },
    { words: 'api-key list' },
    { words: 'api-key list --json' },
    { words: 'api-key create laptop', prints: true },
    { words: 'api-key create other --output made.json' },
    { words: 'api-key create saved --save --identity saved' },
    { words: 'api-key show laptop --json' },
    { words: 'api-key lock laptop' },
    { words: 'api-key unlock laptop' },
    { words: 'api-key rotate default' },
    { words: 'api-key delete laptop --yes' },
    { words: 'registry-token add', prints: true },
    { words: 'registry-token list' },
    { words: 'doctor us.icr.io' },
    { words: 'doctor --json --registry us.icr.io' },
    { words: 'explain us.icr.io/demo/hello:1' },
    { words: 'explain us.icr.io/demo/hello --push --json' },
    { words: 'explain us.icr.io' },
    { words: 'status --history' },
    { words: 'status --history --json' },
    { words: 'kubelet', input: imageRequest('us.icr.io/ns/img'), prints: true },
    { words: 'kubelet', input: '{"canary-broken' },
    { words: 'completion bash' },
    { words: 'no-such-command word' },
    { words: 'store move no-such-store' },
    { words: 'store move vault', env: { IBMCLOUD_API_KEY: first } },
    { words: 'get', input: 'us.icr.io', prints: true },
    { words: 'store', input: credential('uk.icr.io', '<token>', 'canary-identity-token') },
    { words: 'list', env: { IBMCLOUD_API_KEY: first } },
    { words: 'doctor', env: { IBMCLOUD_API_KEY: first } },
    { words: 'store move file' },
    { words: 'logout uk.icr.io' },
    { words: 'logout', env: { IBMCLOUD_API_KEY: first } },
    { words: 'get', input: 'us.icr.io', prints: true },
  ];
}

function imageRequest(image: string): string {
  const apiVersion = 'credentialprovider.kubelet.k8s.io/v1';
  return JSON.stringify({ apiVersion, kind: 'CredentialProviderRequest', image });
}

/** Files that the test creates or requests. */
const known = ['key.json', 'bad.json', 'made.json', '.docker/config.json'];

/** A keychain that records its arguments, environment and input. */
const vault = `{ echo "$@"; cat "/proc/$$/environ" "/proc/$PPID/cmdline"; } >>"\${0%/*}/seen"
exec "\${0%/*}/docker-credential-stand-in" "$@"`;

/** Prepares a home whose Docker configuration contains passwords of other registries. */
function prepare({ home, addStandIn, addScript }: Keychains): void {
  addStandIn('stand-in');
  addScript('vault', vault);
  const auth = Buffer.from('me:canary-password').toString('base64');
  const config = {
    auths: { 'other.example': { auth } },
    HttpHeaders: { 'X-Key': 'canary-header' },
  };
  fs.mkdirSync(path.join(home.folder, '.docker'));
  fs.writeFileSync(
    path.join(home.folder, '.docker', 'config.json'),
    JSON.stringify(config, null, 2),
    { mode: 0o600 },
  );
  fs.mkdirSync(path.join(home.folder, 'tmp'));
}

/** Steps that send requests to IAM. */
const asking =
  /^(login --(api-key-file key|identity|entitl)|get us|token|api-key (list|create|rot)|registry|doctor|explain us)/;

async function live(
  sandbox: Sandbox,
  { home, folder }: Keychains,
  more: Env,
  only = /./,
): Promise<void> {
  // The proxy connects IBM's registries to the sandbox and requires a password.
  const proxy = await startProxy(Number(new URL(sandbox.registryUrl).port));
  const env = {
    PATH: `${folder}:/usr/bin:/bin`,
    HTTPS_PROXY: proxy.url.replace('//', '//me:canary@'),
    NO_PROXY: 'localhost,127.0.0.1',
    TMPDIR: path.join(home.folder, 'tmp'),
    // Otherwise, as root, `configure` changes the system's /run/containers.
    XDG_RUNTIME_DIR: path.join(home.folder, 'run'),
    IBMCLOUD_IAM_API_ENDPOINT: sandbox.iamUrl,
    DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: sandbox.metadataUrl,
    SSL_CERT_FILE: sandbox.caFile,
    // Otherwise each process that sends a request parses the system's certificates.
    SSL_CERT_DIR: '/nonexistent',
    ...more,
  };
  try {
    const steps = life(sandbox, home).filter(({ words, input }) => only.test(`${words} ${input}`));
    for (const { words, input = '', env: own = {}, prints = false } of steps) {
      const { outcome } = startHelper(home, words.split(' '), input, { env: { ...env, ...own } });
      const { stdout, stderr, status } = await outcome;
      const shown = words.replace(/canary-key\S*/, 'KEY');
      expectNoSecret(stderr, `standard error of ${shown}`);
      assert.not.match(
        stdout + stderr,
        /me:canary@|bWU6Y2FuYXJ5/,
        `the proxy's password: ${shown}`,
      );
      if (!prints || status !== 0) expectNoSecret(stdout, `standard output of ${shown}`);
      assert.not.match(stderr, 'internal error', shown);
      expectFilesSafe(home.folder, known, shown);
    }
  } finally {
    proxy.close();
  }
}

/** Runs `use` without a umask, so that files get the modes that the program requests. */
function withoutUmask(use: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  return inSandbox(async (sandbox) => {
    const umask = process.umask(0);
    try {
      await use(sandbox);
    } finally {
      process.umask(umask);
    }
  });
}

for (const level of levels) {
  test(`no step from login to logout leaks a secret: ${JSON.stringify(level)}`, () =>
    withoutUmask((sandbox) =>
      withKeychains(async (keychains) => {
        const { home } = keychains;
        prepare(keychains);
        const watch = watchArguments(home.folder);
        await live(sandbox, keychains, level);
        const { seen, found } = await watch.stop();
        // Secrets that this test passes as arguments, to simulate mistakes.
        const typed = /login\0(--api-key-file\0)?canary-key|exec\0|canary-user:canary-password@iam/;
        assert.equal(
          seen.filter((words) => !typed.test(words)),
          [],
        );
        assert.ok(found > 20, `${found} processes seen`);
      }),
    ));
}

const troubles: readonly Fault[] = [
  { kind: 'status', status: 400 },
  { kind: 'half-json' },
  { kind: 'cut-off' },
  { kind: 'no-access-token' },
];
for (const fault of troubles) {
  test(`no leak if every third IAM response is ${fault.kind} ${fault.status ?? ''}`, () =>
    withoutUmask((sandbox) =>
      withKeychains(async (keychains) => {
        prepare(keychains);
        for (let i = 0; i < 40; i++) {
          sandbox.faults.add('iam', { kind: 'delay', delayMs: 0, times: 2 });
          sandbox.faults.add('iam', fault);
        }
        await live(sandbox, keychains, { DOCKER_CREDENTIAL_ICR_DEBUG: '1' }, asking);
      }),
    ));
}

/** Starts a server that refuses every request and repeats its content. */
async function startEcho(folder: string, status: number) {
  const { caPem, certificatePem: cert, keyPem: key } = await createServerCertificate(['localhost']);
  const caFile = path.join(folder, 'echo-ca.pem');
  fs.writeFileSync(caFile, caPem);
  const server = https.createServer({ cert, key }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const said = `${request.url} ${JSON.stringify(request.headers)} ${decodeURIComponent(body)}`;
      const location = `https://${encodeURIComponent(body).slice(0, 200)}.example/`;
      response.writeHead(status, {
        'Content-Type': 'application/json',
        'X-Said': 'canary',
        Location: location,
      });
      const error = { code: said, message: said, errorCode: said, errorMessage: said };
      response.end(JSON.stringify({ ...error, errorDetails: said, errors: [error] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `https://localhost:${port}`, caFile, close: () => server.close() };
}

// No 500, because it would be retried.
for (const status of [400, 403, 302, 501]) {
  test(`no leak if IAM repeats the request in a ${status} response`, () =>
    withoutUmask((sandbox) =>
      inHome(async (home) => {
        const echo = await startEcho(home.folder, status);
        const { accounts } = sandbox;
        const { value } = accounts.addApiKey({ value: newKey() });
        const refresh = accounts.addRefreshToken({ owner: accounts.addUser({}).iamId }).value;
        const env = {
          IBMCLOUD_IAM_API_ENDPOINT: echo.url,
          SSL_CERT_FILE: echo.caFile,
          SSL_CERT_DIR: '/nonexistent',
          DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: sandbox.metadataUrl,
          DOCKER_CREDENTIAL_ICR_DEBUG: '1',
        };
        const steps: readonly [words: string, input: string][] = [
          ['login --api-key-stdin', value],
          ['login --no-verify --present iambearer --api-key-stdin', value],
          ['get', 'us.icr.io'],
          ['token', ''],
          ['api-key list', ''],
          ['api-key create x', ''],
          ['doctor us.icr.io', ''],
          ['login --no-verify --identity s de.icr.io --refresh-token-stdin', refresh],
          ['get', 'de.icr.io'],
          ['token --identity s', ''],
        ];
        try {
          for (const [words, input] of steps) {
            const { outcome } = startHelper(home, words.split(' '), input, { env });
            const { stdout, stderr, status: ended } = await outcome;
            if (!words.startsWith('get') || ended !== 0) expectNoSecret(stdout, words);
            expectNoSecret(stderr, words);
          }
        } finally {
          echo.close();
        }
      }),
    ));
}

test.run();
