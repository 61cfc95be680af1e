import fs from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import * as assert from 'uvu/assert';

/** Matches secrets of tests and tokens in IBM's formats. */
const secret = /canary-[\w-]{3}|OKD[\w-]{20}|eyJ[\w-]{20}/;
const encoded = /[A-Za-z0-9+/_-]{16,}={0,2}/g;

/** Returns a secret in the text, unencoded, in base64 or URL-encoded. */
function secretIn(text: string): string | undefined {
  const words = (text.match(encoded) ?? []).map((word) => Buffer.from(word, 'base64').toString());
  for (const part of [text, ...words, text.replaceAll('%2D', '-')]) {
    const found = secret.exec(part)?.[0];
    if (found !== undefined) return found;
  }
  return undefined;
}

export function expectNoSecret(text: string, where: string): void {
  const found = secretIn(text);
  assert.is(found, undefined, `${where}: ${found}`);
}

/** Locations where secrets may be stored: the configuration directory, the cache and the stand-in keychain. */
const storage = [
  '.config/docker-credential-icr/hosts/',
  '.config/docker-credential-icr/identities/',
  '.cache/docker-credential-icr/',
  'helpers/stand-in/',
];

/**
 * Requires that secrets in a home are only in `storage`, and that only the owner can read them and enter
 * their directories. `allowed` are files that a test created or requested.
 */
export function expectFilesSafe(home: string, allowed: readonly string[], when: string): void {
  for (const entry of fs.readdirSync(home, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(home, file);
    if (!entry.isFile()) continue;
    // A file name must not contain a secret either.
    expectNoSecret(name, `${when}: the name of a file`);
    const holds = secretIn(fs.readFileSync(file, 'latin1'));
    if (holds === undefined) continue;
    const mayHold = allowed.includes(name) || storage.some((place) => name.startsWith(place));
    assert.ok(mayHold, `${when}: ${name} holds ${holds}`);
    if (name.startsWith('helpers/')) continue;
    assert.is(fs.statSync(file).mode & 0o077, 0, `${when}: the mode of ${name}`);
    if (allowed.includes(name)) continue;
    for (let folder = path.dirname(file); folder !== home; folder = path.dirname(folder)) {
      if (!folder.includes('docker-credential-icr')) break;
      assert.is(fs.statSync(folder).mode & 0o077, 0, `${when}: the mode of ${folder}`);
    }
  }
}

/** Repeatedly reads the arguments of every process of that home; posts those that contain a secret. */
const watching = `
const fs = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const seen = new Set();
// Processes that already run are unrelated; reading them repeatedly would keep a processor busy.
const others = new Set(fs.readdirSync('/proc'));
let found = 0;
let stopped = false;
parentPort.on('message', () => { stopped = true; });
function look() {
  const pids = new Set(fs.readdirSync('/proc'));
  for (const pid of others) if (!pids.has(pid)) others.delete(pid);
  for (const pid of pids) {
    if (others.has(pid)) continue;
    let text = '';
    try {
      const env = fs.readFileSync('/proc/' + pid + '/environ', 'latin1');
      if (env.includes('HOME=' + workerData)) {
        text = fs.readFileSync('/proc/' + pid + '/cmdline', 'latin1');
      }
    } catch {}
    if (text !== '') found += 1;
    if (/canary-[A-Za-z0-9_-]{3}|eyJ[A-Za-z0-9_-]{20}/.test(text)) seen.add(text);
  }
  if (stopped) parentPort.postMessage({ seen: [...seen], found });
  else setTimeout(look, 5);
}
look();`;

interface Watched {
  readonly seen: readonly string[];
  /** Number of processes found. */
  readonly found: number;
}

/** Watches the arguments of every process with that `HOME` until `stop` is called. */
export function watchArguments(home: string): { stop: () => Promise<Watched> } {
  const worker = new Worker(watching, { eval: true, workerData: home });
  return {
    stop: () =>
      new Promise((resolve, reject) => {
        worker.once('error', reject);
        worker.once('message', (watched) => {
          resolve(watched);
          worker.terminate();
        });
        worker.postMessage('stop');
      }),
  };
}
