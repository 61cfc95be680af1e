/** Tests a full disk. scripts/soak.ts runs this file again in a separate mount namespace. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { answer, credential, helper, type Outcome } from '../test/support/helper.ts';
import type { Home } from '../test/support/home.ts';
import { expect, type Part } from './soak-part.ts';

const inside = '--inside';
const sizeBytes = 512 * 1024;
const stepBytes = 2048;

const old = 'canary-old-'.padEnd(44, '0');
const changes: readonly [words: string, input: string][] = [
  ['store', credential('us.icr.io', 'iamapikey', 'canary-new-'.repeat(600))],
  ['store', credential('registry.example', 'me', 'canary-new-'.repeat(600))],
  ['erase', 'us.icr.io'],
  ['erase', 'registry.example'],
  ['login --no-verify --identity work de.icr.io --api-key-stdin', 'canary-other-'.padEnd(44, '0')],
  ['configure', ''],
  ['configure --remove', ''],
  ['logout de.icr.io', ''],
];

/** Parses all files, and returns the output of `get` for each host. */
function state(home: Home): string {
  const docker = path.join(home.folder, '.docker', 'config.json');
  JSON.parse(fs.readFileSync(docker, 'utf8'));
  const settings = path.join(home.config, 'config.json');
  if (fs.existsSync(settings)) JSON.parse(fs.readFileSync(settings, 'utf8'));
  const hosts = ['us.icr.io', 'registry.example', 'de.icr.io'];
  return hosts.map((host) => helper(home, 'get', host).stdout).join('');
}

function prepare(folder: string): Home {
  for (const name of fs.readdirSync(folder))
    fs.rmSync(path.join(folder, name), { recursive: true });
  const config = path.join(folder, '.config', 'docker-credential-icr');
  const home = { folder, config, env: { HOME: folder, PATH: process.env.PATH ?? '' } };
  fs.mkdirSync(path.join(folder, '.docker'));
  fs.writeFileSync(path.join(folder, '.docker', 'config.json'), '{"auths": {}}\n');
  for (const host of ['us.icr.io', 'registry.example']) {
    helper(home, 'store', credential(host, 'iamapikey', old));
  }
  const login = 'login --no-verify --identity work de.icr.io --api-key-stdin';
  expect(helper(home, login.split(' '), old).status === 0, 'the first login');
  return home;
}

/** Fills the disk so that only `freeBytes` bytes are free. */
function fill(folder: string, freeBytes: number): void {
  const file = fs.openSync(path.join(folder, 'filler'), 'w');
  const { bavail, bsize } = fs.statfsSync(folder);
  for (let left = bavail * bsize - freeBytes; left > 0; left -= bsize) {
    try {
      fs.writeSync(file, Buffer.alloc(Math.min(bsize, left)));
    } catch {
      break;
    }
  }
  fs.closeSync(file);
}

function expectSafe(home: Home, words: string, { stdout, stderr, status }: Outcome): void {
  const said = `${words}: ${stdout}${stderr}`;
  expect(status === 0 || status === 1, said);
  expect(!said.includes('internal error'), said);
  if (status === 1) expect(/its disk is full|ENOSPC/.test(said), said);
  const left = state(home)
    .split('\n')
    .filter((line) => line !== '');
  for (const line of left) {
    const isWhole = /"Secret":"(canary-old-0+|(canary-new-){600}|canary-other-0+)"\}$/.test(line);
    expect(isWhole || line.startsWith('credentials not found'), `${words} left ${line}`);
  }
}

/**
 * Runs each command with each amount of free space: it must succeed, or report a full disk and change no credential.
 */
function fillAndTry(folder: string): { tried: number; refused: number } {
  let [tried, refused] = [0, 0];
  for (let freeBytes = 0; freeBytes <= 24 * 1024; freeBytes += stepBytes) {
    for (const [words, input] of changes) {
      const home = prepare(folder);
      if (words === 'configure --remove') helper(home, 'configure');
      const before = state(home);
      fill(folder, freeBytes);
      const outcome = helper(home, words.split(' '), input);
      expectSafe(home, words, outcome);
      if (outcome.status === 1) {
        refused += 1;
        expect(state(home) === before || /erase|logout/.test(words), `${words} changed something`);
      }
      tried += 1;
      fs.rmSync(path.join(folder, 'filler'));
      const again = helper(home, words.split(' '), input);
      expect(again.status === 0, `${words} with space again: ${again.stdout}${again.stderr}`);
    }
  }
  expect(
    helper(prepare(folder), 'get', 'us.icr.io').stdout === answer('us.icr.io', 'iamapikey', old),
    'at the end',
  );
  return { tried, refused };
}

export const fullDisk: Part = {
  name: 'full disk',
  what: 'store, erase, login, configure and logout on a tmpfs with 0 to 24 KiB of free space. Each command succeeds, or fails with "its disk is full" and changes no credential. The same command succeeds when space is available again',
  run: async () => {
    if (process.getuid?.() !== 0) return undefined;
    const words = ['--mount', '--propagation', 'private', process.execPath, import.meta.filename];
    const { stdout, stderr, status } = spawnSync('unshare', [...words, inside], {
      encoding: 'utf8',
    });
    expect(status === 0, stdout + stderr);
    const { tried, refused } = JSON.parse(stdout);
    return `${tried} commands, ${refused} of them failed`;
  },
};

if (process.argv.includes(inside)) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-disk-'));
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder]);
  expect(fs.statfsSync(folder).blocks * fs.statfsSync(folder).bsize === sizeBytes, 'no small disk');
  try {
    console.log(JSON.stringify(fillAndTry(folder)));
  } finally {
    spawnSync('umount', [folder]);
    fs.rmdirSync(folder);
  }
}
