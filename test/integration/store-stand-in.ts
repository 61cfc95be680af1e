/**
 * A keychain's credential helper, for machines that have no such keychain: speaks Docker's protocol as
 * docker/docker-credential-helpers' osxkeychain and wincred do, and misbehaves when told to.
 * Words: its folder, its name, the verb.
 */
import fs from 'node:fs';
import path from 'node:path';

interface Entry {
  readonly Username: string;
  readonly Secret: string;
}

const [folder = '', name = '', verb = ''] = process.argv.slice(2);
const file = path.join(folder, `${name}.json`);
const entries: Record<string, Entry> = readJson(file) ?? {};
/** Which call ends the caller (SIGKILL, as no time limit could), and when: before it is done, or after. */
const kill: { readonly call: number; readonly when: string } | undefined = readJson(
  path.join(folder, 'kill.json'),
);
const notFound = 'credentials not found in native keychain';

function readJson(from: string) {
  return fs.existsSync(from) ? JSON.parse(fs.readFileSync(from, 'utf8')) : undefined;
}

function fail(text: string): never {
  console.log(text);
  process.exit(1);
}

/** macOS takes a URL apart and puts it together again, decoded. */
function keyOf(serverURL: string): string {
  if (name !== 'osxkeychain') return serverURL;
  const { protocol, host, pathname } = new URL(serverURL);
  return `${protocol}//${host}${decodeURIComponent(pathname)}`;
}

function keep(): void {
  // In one rename, so that a keychain is never half written.
  fs.writeFileSync(`${file}.${process.pid}`, JSON.stringify(entries), { mode: 0o600 });
  fs.renameSync(`${file}.${process.pid}`, file);
}

function store(input: string): void {
  const { ServerURL, Username, Secret } = JSON.parse(input);
  if (name === 'wincred' && Buffer.byteLength(Secret) > 2560) fail('The stub received bad data.');
  entries[keyOf(ServerURL)] = { Username, Secret };
  keep();
}

function answer(input: string): void {
  const ServerURL = input.trim();
  const key = keyOf(ServerURL);
  const entry = entries[key];
  if (entry === undefined) fail(notFound);
  if (verb === 'get') {
    console.log(JSON.stringify({ ServerURL, ...entry }));
  } else {
    delete entries[key];
    keep();
  }
}

function list(): void {
  const users = Object.entries(entries).map(([url, { Username }]) => [url, Username]);
  console.log(JSON.stringify(Object.fromEntries(users)));
}

function endCaller(when: string): void {
  if (kill?.when !== when || calls !== kill.call) return;
  process.kill(process.ppid, 'SIGKILL');
}

const log = path.join(folder, 'calls');
fs.appendFileSync(log, `${verb}\n`);
const calls = fs.readFileSync(log, 'utf8').split('\n').length - 1;
endCaller('before');
if (verb === 'list') list();
else if (verb === 'store') store(fs.readFileSync(0, 'utf8'));
else answer(fs.readFileSync(0, 'utf8'));
endCaller('after');
