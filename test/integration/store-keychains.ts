import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { helper, type Outcome, startHelper } from '../support/helper.ts';
import { type Home, inHome } from '../support/home.ts';

const standIn = path.join(import.meta.dirname, 'store-stand-in.sh');
const bash = spawnSync('sh', ['-c', 'command -v bash'], { encoding: 'utf8' }).stdout.trim();

interface Entry {
  readonly Username: string;
  readonly Secret: string;
}

/** A home with a separate directory on PATH for keychain helpers. */
export interface Keychains {
  readonly home: Home;
  readonly folder: string;
  /** Runs the executable with these helpers on PATH. */
  readonly call: (
    words: string,
    input?: string,
    env?: Readonly<Record<string, string | undefined>>,
  ) => Outcome;
  /** Like `call`, without waiting for the exit. */
  readonly start: (words: string, input?: string) => Promise<Outcome>;
  /** Like `call`, but requires success without warnings; returns standard output. */
  readonly say: (words: string, input?: string) => string;
  /** Adds the stand-in helper with that name. */
  readonly addStandIn: (name: string) => void;
  /** Adds a script as a helper. The default shell is `/bin/sh`. */
  readonly addScript: (name: string, body: string, shell?: string) => void;
  /** Returns the entries of the stand-in with that name. */
  readonly kept: (name: string) => Record<string, Entry>;
  /** Returns the verbs of all helper calls since the last `calls()`. */
  readonly calls: () => string[];
}

export function withKeychains(use: (keychains: Keychains) => void | Promise<void>): Promise<void> {
  return inHome((home) => {
    const folder = path.join(home.folder, 'helpers');
    fs.mkdirSync(folder);
    // Without the session bus and the `pass` of the user who runs the tests.
    const search = `${folder}:/usr/bin:/bin`;
    // Otherwise podman's file would be in /run.
    const runtime = path.join(home.folder, 'run');
    fs.mkdirSync(runtime);
    const isolated = { PATH: search, XDG_RUNTIME_DIR: runtime };
    const call: Keychains['call'] = (words, input = '', env = {}) =>
      helper(home, words.split(' '), input, { env: { ...isolated, ...env } });
    const addScript: Keychains['addScript'] = (name, body, shell = '/bin/sh') =>
      fs.writeFileSync(path.join(folder, `docker-credential-${name}`), `#!${shell}\n${body}\n`, {
        mode: 0o755,
      });
    const log = path.join(folder, 'calls');
    return use({
      home,
      folder,
      call,
      start: (words, input = '') =>
        startHelper(home, words.split(' '), input, { env: isolated }).outcome,
      say: (words, input) => {
        const { stdout, stderr, status } = call(words, input);
        assert.equal({ stderr, status }, { stderr: '', status: 0 }, `${words}: ${stdout}`);
        return stdout;
      },
      addScript,
      // In the same process: the tests call it thousands of times.
      addStandIn: (name) =>
        addScript(name, `set -- '${folder}' ${name} "$@"\n. '${standIn}'`, bash),
      kept: (name) => keptIn(path.join(folder, name)),
      calls: () => {
        const text = fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : '';
        fs.rmSync(log, { force: true });
        return text.split('\n').filter((verb) => verb !== '');
      },
    });
  });
}

/** The stand-in stores one file per entry, named by its ServerURL. */
function keptIn(folder: string): Record<string, Entry> {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  const entries = names.map((name) => {
    const entry = fs.readFileSync(path.join(folder, name), 'utf8');
    return [name.replaceAll('!', '/'), JSON.parse(`{${entry}`)];
  });
  return Object.fromEntries(entries);
}

/** Has 44 characters, like IBM's API keys. */
export function keyNamed(word: string): string {
  return `canary-${word}-`.padEnd(44, '0');
}

/** Returns the ServerURL of an identity's or a host's secret in a keychain. */
export function entryOf(of: 'identity' | 'host', name: string): string {
  return `https://docker-credential-icr/${of}/${name}`;
}

/** Returns the files below the configuration directory that contain this text. */
export function filesWith(home: Home, text: string): string[] {
  if (!fs.existsSync(home.config)) return [];
  return fs
    .readdirSync(home.config, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(path.join(home.config, name)).isFile())
    .filter((name) => fs.readFileSync(path.join(home.config, name), 'utf8').includes(text))
    .sort();
}
