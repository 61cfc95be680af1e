import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { collect, executable, type Outcome } from '../../support/helper.ts';
import { type Home, inHome } from '../../support/home.ts';
import { isCI, isInstalled } from '../clients/programs.ts';

type Env = Readonly<Record<string, string>>;

/** A real keychain for one test, with its own home directory. */
export interface Keychain {
  readonly home: Home;
  /** Variables with which programs reach the keychain. */
  readonly env: Env;
  /** Runs a program and waits for its exit. */
  readonly run: (words: readonly string[], input?: string, env?: Env) => Promise<Outcome>;
  /** Runs the executable, which must succeed without a warning. Returns its standard output. */
  readonly say: (words: string, input?: string) => Promise<string>;
  readonly call: (words: string, input?: string, env?: Env) => Promise<Outcome>;
  /** Returns the output of the keychain helper's `list`. */
  readonly listed: () => Promise<Record<string, string>>;
}

interface KeychainOptions {
  /** The suffix of `docker-credential-`. */
  readonly name: string;
  readonly programs: readonly string[];
  /** Starts the keychain; the returned function stops it. */
  readonly open: (home: Home) => Promise<{ env: Env; close: () => Promise<void> }>;
}

export type KeychainTest = (name: string, body: (keychain: Keychain) => Promise<void>) => void;

/**
 * Returns a suite of keychain tests. If a program is not installed, the tests fail in CI, and are skipped by name
 * elsewhere.
 */
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
      const own = {
        PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
        // Otherwise, as root, `configure` changes the system's /run/containers.
        XDG_RUNTIME_DIR: home.folder,
      };
      const options = { cwd: home.folder, env: { ...home.env, ...own, ...env, ...more } };
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

/** Returns the command that an error suggests for a locked keychain. */
export function unlockCommand(message: string): string {
  const [, command = ''] = /unlock it if it is locked with (.*), and try again/.exec(message) ?? [];
  assert.is.not(command, '', message);
  return command;
}

/** Stops a process of a keychain and waits for its exit. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await ended;
  clearTimeout(timer);
}
