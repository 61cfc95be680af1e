import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { helper, type Outcome, startHelper } from '../support/helper.ts';
import { type Home, inHome } from '../support/home.ts';

const standIn = path.join(import.meta.dirname, 'store-stand-in.sh');

interface Entry {
  readonly Username: string;
  readonly Secret: string;
}

/** A home with a folder of its own on the PATH, in which keychains' helpers are put. */
export interface Keychains {
  readonly home: Home;
  readonly folder: string;
  /** Calls the executable where these helpers are found. */
  readonly call: (
    words: string,
    input?: string,
    env?: Readonly<Record<string, string | undefined>>,
  ) => Outcome;
  /** The same without waiting. */
  readonly start: (words: string, input?: string) => Promise<Outcome>;
  /** `call` that has to succeed without a warning; its standard output. */
  readonly say: (words: string, input?: string) => string;
  /** Puts the stand-in there under that name. */
  readonly addStandIn: (name: string) => void;
  /** Puts a shell script there. */
  readonly addScript: (name: string, body: string) => void;
  /** What the stand-in of that name keeps. */
  readonly kept: (name: string) => Record<string, Entry>;
  /** The verbs that helpers were called with since the last time this was asked. */
  readonly calls: () => string[];
}

export function withKeychains(use: (keychains: Keychains) => void | Promise<void>): Promise<void> {
  return inHome((home) => {
    const folder = path.join(home.folder, 'helpers');
    fs.mkdirSync(folder);
    // No session bus and no `pass` of the person who runs the tests.
    const search = `${folder}:/usr/bin:/bin`;
    const call: Keychains['call'] = (words, input = '', env = {}) =>
      helper(home, words.split(' '), input, { env: { PATH: search, ...env } });
    const addScript: Keychains['addScript'] = (name, body) =>
      fs.writeFileSync(path.join(folder, `docker-credential-${name}`), `#!/bin/sh\n${body}\n`, {
        mode: 0o755,
      });
    const log = path.join(folder, 'calls');
    return use({
      home,
      folder,
      call,
      start: (words, input = '') =>
        startHelper(home, words.split(' '), input, { env: { PATH: search } }).outcome,
      say: (words, input) => {
        const { stdout, stderr, status } = call(words, input);
        assert.equal({ stderr, status }, { stderr: '', status: 0 }, `${words}: ${stdout}`);
        return stdout;
      },
      addScript,
      addStandIn: (name) => addScript(name, `exec '${standIn}' '${folder}' ${name} "$@"`),
      kept: (name) => keptIn(path.join(folder, name)),
      calls: () => {
        const text = fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : '';
        fs.rmSync(log, { force: true });
        return text.split('\n').filter((verb) => verb !== '');
      },
    });
  });
}

/** The stand-in keeps one file an entry, named by its ServerURL. */
function keptIn(folder: string): Record<string, Entry> {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  const entries = names.map((name) => {
    const entry = fs.readFileSync(path.join(folder, name), 'utf8');
    return [name.replaceAll('!', '/'), JSON.parse(`{${entry}`)];
  });
  return Object.fromEntries(entries);
}

/** 44 characters, as IBM's keys have. */
export function keyNamed(word: string): string {
  return `canary-${word}-`.padEnd(44, '0');
}

/** Where a keychain has an identity's secret, or a host's. */
export function entryOf(of: 'identity' | 'host', name: string): string {
  return `https://docker-credential-icr/${of}/${name}`;
}

/** Every file below the configuration folder that holds this text. */
export function filesWith(home: Home, text: string): string[] {
  if (!fs.existsSync(home.config)) return [];
  return fs
    .readdirSync(home.config, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(path.join(home.config, name)).isFile())
    .filter((name) => fs.readFileSync(path.join(home.config, name), 'utf8').includes(text))
    .sort();
}
