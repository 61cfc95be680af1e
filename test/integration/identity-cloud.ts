import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { type IdentitySettings, noSettings, type Settings } from '../../src/config/settings.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { notFound, type Outcome, startHelper } from '../support/helper.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A user with a separate home who uses the sandbox as IBM Cloud. */
export interface Person {
  readonly home: Home;
  /** Environment variables that direct the executable to the sandbox. */
  readonly env: Env;
  /** Runs the executable with space-separated arguments and a text on standard input. */
  readonly call: (words: string, input?: string, env?: Env) => Promise<Outcome>;
  /** Like `call`, without waiting for the exit. */
  readonly start: (words: string, input?: string, env?: Env) => ReturnType<typeof startHelper>;
  /** Returns the parsed response of `get`, or the whole outcome if it fails. */
  readonly get: (host: string, env?: Env) => Promise<Answer>;
  /** Like `call`, but requires success without warnings; returns standard output. */
  readonly say: (words: string, input?: string, env?: Env) => Promise<string>;
}

interface Answer {
  readonly username: string | undefined;
  readonly secret: string;
  readonly warnings: string;
}

/** Requires that standard error contains no secret, and standard output only the client's own. */
function requireNoSecret(words: string, { stdout, stderr }: Outcome): void {
  const secret = /canary|OKD[\w-]{20}|eyJ[\w-]{20}/;
  assert.not.match(stderr, secret, `standard error of ${words}`);
  const answers = /^(get|token|exec|list)\b/.test(words);
  if (!answers) assert.not.match(stdout, secret, `standard output of ${words}`);
}

/** Runs `use` with a new user whose home is removed afterwards. */
export function inCloud(
  sandbox: Pick<Sandbox, 'iamUrl' | 'caFile' | 'metadataUrl'>,
  use: (person: Person) => void | Promise<void>,
): Promise<void> {
  return inHome((home) => {
    const env = {
      IBMCLOUD_IAM_API_ENDPOINT: sandbox.iamUrl,
      DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: sandbox.metadataUrl,
      SSL_CERT_FILE: sandbox.caFile,
      // Otherwise each process that sends a request parses the system's certificates.
      SSL_CERT_DIR: '/nonexistent',
    };
    const start: Person['start'] = (words, input = '', more = {}) =>
      startHelper(home, words.split(' '), input, { env: { ...env, ...more } });
    const call: Person['call'] = async (words, input, more) => {
      const outcome = await start(words, input, more).outcome;
      requireNoSecret(words, outcome);
      return outcome;
    };
    const say: Person['say'] = async (words, input, more) => {
      const { stdout, stderr, status } = await call(words, input, more);
      assert.equal({ stderr, status }, { stderr: '', status: 0 }, `${words}: ${stdout}`);
      return stdout;
    };
    const get: Person['get'] = async (host, more) => {
      const { stdout, stderr, status } = await call('get', host, more);
      assert.is(status, 0, stdout + stderr);
      const { ServerURL, Username: username, Secret: secret } = JSON.parse(stdout);
      assert.is(ServerURL, host);
      return { username, secret, warnings: stderr };
    };
    return use({ home, env, call, start, say, get });
  });
}

/** The outcome of a failed interactive command: one line on standard error, and one for the hint. */
export function refusal(line: string, hint?: string): Outcome {
  const second = hint === undefined ? '' : `hint: ${hint}\n`;
  return { stdout: '', stderr: `docker-credential-icr: ${line}\n${second}`, status: 1 };
}

let keys = 0;

/** Returns a new unique key of 44 characters, like IBM's. */
export function newKey(): string {
  keys += 1;
  return `canary-key-${String(keys).padStart(33, '0')}`;
}

/** Stores an identity as `login` with an API key would; returns the key. */
export function addIdentity(
  { home }: Person,
  name: string,
  settings: Partial<IdentitySettings> = {},
  secret = newKey(),
): string {
  changeSettings(home, ({ identities, ...rest }) => ({
    ...rest,
    identities: { ...identities, [name]: { kind: 'api-key', secretSetAt: 1, ...settings } },
  }));
  const credential = { ServerURL: name, Username: 'iamapikey', Secret: secret };
  const contents = `${JSON.stringify(credential)}\n`;
  if (secret !== '') writeConfig(home, `identities/${name}.json`, contents);
  return secret;
}

/** Requires that a source for all hosts yields to a variable, to a mapping and to a sign-out. */
export async function requireLowPrecedence(person: Person): Promise<void> {
  const env = { IC_API_KEY: newKey() };
  assert.is((await person.get('us.icr.io', env)).secret, env.IC_API_KEY);
  const work = addIdentity(person, 'work');
  await person.say('map us.icr.io work');
  assert.is((await person.get('us.icr.io')).secret, work);
  await person.say('erase', 'de.icr.io');
  assert.equal(await person.call('get', 'de.icr.io'), notFound);
}

/** Edits `config.json`; creates it if it does not exist. */
export function changeSettings(home: Home, change: (settings: Settings) => Settings): void {
  writeConfig(home, 'config.json', JSON.stringify(change(settingsOf(home))));
}

export function settingsOf({ config }: Home): Settings {
  const file = path.join(config, 'config.json');
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : noSettings;
}

/** Runs `use` for every row, a few concurrently, because each mostly waits for processes. */
export async function forEach<Row>(
  rows: readonly Row[],
  use: (row: Row) => Promise<void>,
  concurrency = 6,
): Promise<void> {
  const waiting = [...rows];
  const work = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) await use(row);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

/** Registers the helper in Docker's file, so that commands do not offer it. */
export function registerInDocker({ home }: Person): void {
  const file = path.join(home.folder, '.docker/config.json');
  fs.mkdirSync(path.dirname(file));
  fs.writeFileSync(file, '{"credHelpers":{"us.icr.io":"icr"}}');
}
