import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Context } from '../../src/context.ts';
import { usableStore } from '../../src/secrets/choose.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';

const test = suite('keychain detection');

interface Call {
  readonly program: string;
  readonly words: readonly string[];
  readonly options: Parameters<Context['runSync']>[2];
}

/** Detects keychains on a machine with these programs, which succeed without output. */
function choose(home: string, programs: readonly string[], env: Record<string, string>): Call[] {
  for (const name of programs) fs.writeFileSync(path.join(home, name), '', { mode: 0o755 });
  const calls: Call[] = [];
  const runSync: Context['runSync'] = (program, words, options) => {
    calls.push({ program: path.basename(program), words, options });
    return { status: 0, output: '', errors: '' };
  };
  usableStore(testContext({ platform: 'linux', env: { PATH: home, ...env }, runSync }));
  return calls;
}

test('calls the session bus with a timeout of 1 s, without secrets in its environment', () =>
  inHome(({ folder }) => {
    const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/bus', IC_API_KEY: 'canary' };
    const [call] = choose(folder, ['dbus-send'], env);
    assert.is(call?.program, 'dbus-send');
    assert.equal(call?.words, [
      '--session',
      '--dest=org.freedesktop.DBus',
      '--print-reply',
      '/',
      'org.freedesktop.DBus.Peer.Ping',
    ]);
    assert.is(call?.options.input, '');
    assert.is(call?.options.timeoutMs, 1000);
    assert.ok((call?.options.maxBytes ?? 0) > 1000);
    assert.is(call?.options.env.DBUS_SESSION_BUS_ADDRESS, env.DBUS_SESSION_BUS_ADDRESS);
    assert.not.match(JSON.stringify(call?.options.env), 'canary');
  }));

test('finds the session bus only by its socket', () =>
  inHome(({ folder }) => {
    const env = { XDG_RUNTIME_DIR: path.join(folder, 'run') };
    fs.mkdirSync(env.XDG_RUNTIME_DIR);
    assert.is(choose(folder, ['dbus-send'], env).length, 0);
    fs.writeFileSync(path.join(env.XDG_RUNTIME_DIR, 'bus'), '');
    assert.is(choose(folder, ['dbus-send'], env).length, 1);
  }));

test('tries pass only if its store has been initialized', () =>
  inHome(({ folder }) => {
    const store = path.join(folder, 'store');
    const env = { PASSWORD_STORE_DIR: store };
    const tried = () => choose(folder, ['docker-credential-pass'], env).length > 0;
    assert.is(tried(), false);
    fs.mkdirSync(store);
    assert.is(tried(), false);
    fs.writeFileSync(path.join(store, '.gpg-id'), 'canary\n');
    assert.is(tried(), true);
  }));

test('does not report a keychain without its helper', () =>
  inHome(({ folder }) => {
    const env = { HOME: folder, PATH: folder };
    fs.mkdirSync(path.join(folder, '.password-store'));
    fs.writeFileSync(path.join(folder, '.password-store', '.gpg-id'), 'canary\n');
    const context = testContext({ platform: 'linux', env });
    assert.is(usableStore(context), undefined);
    assert.equal(context.warnings, []);
  }));

test('does not catch internal errors', () =>
  inHome(({ folder }) => {
    fs.writeFileSync(path.join(folder, 'docker-credential-osxkeychain'), '', { mode: 0o755 });
    const runSync = () => {
      throw new TypeError('a bug');
    };
    const context = testContext({ platform: 'darwin', env: { PATH: folder }, runSync });
    assert.throws(() => usableStore(context), /a bug/);
  }));

test.run();
