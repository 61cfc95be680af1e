import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { collect, executable, type Outcome } from '../../support/helper.ts';
import { type Home, inHome } from '../../support/home.ts';
import { isCI, isInstalled } from '../clients/programs.ts';

type Env = Readonly<Record<string, string>>;

/** A real keychain that exists for one test, in a home of its own. */
export interface Keychain {
  readonly home: Home;
  /** What leads to it. */
  readonly env: Env;
  /** Runs a program here, to its end. */
  readonly run: (words: readonly string[], input?: string, env?: Env) => Promise<Outcome>;
  /** Runs the executable; it has to succeed without a warning. Its standard output. */
  readonly say: (words: string, input?: string) => Promise<string>;
  readonly call: (words: string, input?: string, env?: Env) => Promise<Outcome>;
  /** What the keychain's own helper lists. */
  readonly listed: () => Promise<Record<string, string>>;
}

export interface KeychainOptions {
  /** After `docker-credential-`. */
  readonly name: string;
  readonly programs: readonly string[];
  /** Brings it up; the function it returns ends it. */
  readonly open: (home: Home) => Promise<{ env: Env; close: () => Promise<void> }>;
}

export type KeychainTest = (name: string, body: (keychain: Keychain) => Promise<void>) => void;

/** Where a program is missing the tests fail in CI, and are skipped by name elsewhere. */
export function keychainSuite(options: KeychainOptions): { test: KeychainTest; run: () => void } {
  const title = `the real ${options.name}`;
  const tests = suite(title);
  const helper = `docker-credential-${options.name}`;
  const missing = [...options.programs, helper].filter((program) => !isInstalled(program));
  return {
    test: (name, body) => {
      if (missing.length > 0 && !isCI()) {
        console.log(`skipped: ${title}: ${name} (not installed: ${missing.join(', ')})`);
        tests.skip(name);
        return;
      }
      tests(name, async () => {
        assert.equal(missing, [], 'not installed');
        await withKeychain(options, body);
      });
    },
    run: tests.run,
  };
}

function withKeychain(
  { name, open }: KeychainOptions,
  body: (keychain: Keychain) => Promise<void>,
): Promise<void> {
  return inHome(async (home) => {
    const { env, close } = await open(home);
    const run: Keychain['run'] = ([program = '', ...words], input = '', more = {}) => {
      const search = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' };
      const options = { cwd: home.folder, env: { ...home.env, ...search, ...env, ...more } };
      const child = spawn(program, words, options);
      child.stdin.on('error', () => {});
      child.stdin.end(input);
      return collect(child);
    };
    const call: Keychain['call'] = (words, input, more) =>
      run([executable, ...words.split(' ')], input, more);
    const say: Keychain['say'] = async (words, input) => {
      const { stdout, stderr, status } = await call(words, input);
      assert.equal({ stderr, status }, { stderr: '', status: 0 }, `${words}: ${stdout}`);
      return stdout;
    };
    const listed = async () =>
      JSON.parse((await run([`docker-credential-${name}`, 'list'])).stdout || '{}') ?? {};
    try {
      await body({ home, env, run, say, call, listed });
    } finally {
      await close();
    }
  });
}

/** Ends what a keychain had to start, and waits for it. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await ended;
  clearTimeout(timer);
}
