import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Context } from '../../src/context.ts';
import { environmentFor, findHelper, requireHelper } from '../../src/secrets/helper-program.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';
import { fails } from '../support/rejects.ts';

const test = suite('keychain program');

/** Makes `docker-credential-vault` in each of these directories. */
function addPrograms(home: string, directories: readonly string[], mode = 0o755): string[] {
  return directories.map((name) => {
    const file = path.join(home, name, 'docker-credential-vault');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, '', { mode });
    return file;
  });
}

function withPath(directories: readonly string[], more: Partial<Context> = {}): Context {
  return testContext({ env: { PATH: directories.join(path.delimiter) }, ...more });
}

test('is the first one on the PATH that is an executable file', () =>
  inHome(({ folder }) => {
    const [, second] = addPrograms(folder, ['b', 'c']);
    addPrograms(folder, ['a'], 0o644);
    fs.mkdirSync(path.join(folder, 'd', 'docker-credential-vault'), { recursive: true });
    const at = (names: string) => names.split('').map((name) => path.join(folder, name));
    assert.is(findHelper(withPath(at('adcb')), 'vault'), second);
    assert.is(findHelper(withPath(at('ad')), 'vault'), undefined);
    assert.is(findHelper(withPath([]), 'vault'), undefined);
    assert.is(findHelper(testContext(), 'vault'), undefined);
  }));

test('is never in a relative directory', () =>
  inHome(({ folder }) => {
    addPrograms(folder, ['bin']);
    const relative = path.relative(process.cwd(), path.join(folder, 'bin'));
    for (const directories of [[relative], ['', relative], ['.', relative]]) {
      assert.is(findHelper(withPath(directories), 'vault'), undefined);
    }
    const [file] = addPrograms(folder, ['usr']);
    assert.is(findHelper(withPath([relative, path.join(folder, 'usr')]), 'vault'), file);
  }));

test('ends with .exe on Windows', () =>
  inHome(({ folder }) => {
    const [file = ''] = addPrograms(folder, ['bin']);
    const context = withPath([path.dirname(file)], { platform: 'win32' });
    assert.is(findHelper(context, 'vault'), undefined);
    fs.renameSync(file, `${file}.exe`);
    assert.is(findHelper(context, 'vault'), `${file}.exe`);
  }));

for (const [what, script, isLoop] of [
  ['the script that runs', 'script', true],
  ['another file than the script that runs', 'other', false],
  ['a file, if no script runs', undefined, false],
] as const) {
  test(`a symlink to ${what} is ${isLoop ? 'this program' : 'another one'}`, () =>
    inHome(({ folder }) => {
      for (const name of ['script', 'other']) {
        fs.writeFileSync(path.join(folder, name), '', { mode: 0o755 });
      }
      const program = path.join(folder, 'docker-credential-vault');
      fs.symlinkSync('script', program);
      const executable = () => process.execPath;
      const running = script && path.join(folder, script);
      const context = withPath([folder], { executable, script: running });
      if (isLoop) fails(() => requireHelper(context, 'vault'), 'misconfigured', /loop/);
      else assert.is(requireHelper(context, 'vault'), program);
    }));
}

// Windows has no symlinks for other names of this program, but copies, which cannot be recognized by their path.
for (const [platform, name, isLoop] of [
  ['win32', 'icr', true],
  ['win32', 'icr-work', true],
  ['win32', 'vault', false],
  ['linux', 'icr', false],
] as const) {
  test(`docker-credential-${name} on ${platform} is ${isLoop ? 'this program' : 'another one'}`, () =>
    inHome(({ folder }) => {
      const file = path.join(folder, `docker-credential-${name}`);
      const program = platform === 'win32' ? `${file}.exe` : file;
      fs.writeFileSync(program, '', { mode: 0o755 });
      const context = withPath([folder], { platform });
      if (isLoop) fails(() => requireHelper(context, name), 'misconfigured', /loop/);
      else assert.is(requireHelper(context, name), program);
    }));
}

for (const name of [
  '',
  '../vault',
  'a/b',
  '-vault',
  '.vault',
  'va ult',
  'vault;x',
  'vault\n',
  'x=',
]) {
  test(`has no name like ${JSON.stringify(name)}`, () =>
    inHome(({ folder }) => {
      addPrograms(folder, ['bin']);
      const context = withPath([path.join(folder, 'bin')]);
      fails(() => requireHelper(context, name), 'misconfigured', /has a name like|name.* pass /);
    }));
}

test('may have capitals, digits, dots and dashes in its name', () =>
  inHome(({ folder }) => {
    const file = path.join(folder, 'docker-credential-My-2.x_y');
    fs.writeFileSync(file, '', { mode: 0o755 });
    assert.is(requireHelper(withPath([folder]), 'My-2.x_y'), file);
  }));

test('must be on the PATH', () =>
  void fails(
    () => requireHelper(withPath(['/nowhere']), 'vault'),
    'misconfigured',
    /^docker-credential-vault is not on the PATH;/,
  ));

test('may be another program', () =>
  inHome(({ folder }) => {
    const [file = '', own] = addPrograms(folder, ['a', 'b']);
    for (const executable of [own, undefined, path.join(folder, 'gone')]) {
      const context = withPath(
        [path.dirname(file)],
        executable === undefined ? {} : { executable: () => executable },
      );
      assert.is(requireHelper(context, 'vault'), file);
    }
  }));

test('must not be this program under another name', () =>
  inHome(({ folder }) => {
    const executable = path.join(folder, 'docker-credential-icr');
    fs.writeFileSync(executable, '', { mode: 0o755 });
    fs.symlinkSync(executable, path.join(folder, 'docker-credential-vault'));
    for (const given of [executable, path.join(folder, 'docker-credential-vault')]) {
      const context = withPath([folder], { executable: () => given });
      fails(() => requireHelper(context, 'vault'), 'misconfigured', /docker-credential-icr/);
    }
  }));

test('must not be called by a helper that this program calls', () =>
  inHome(({ folder }) => {
    const [file = ''] = addPrograms(folder, ['bin']);
    const called = withPath([path.dirname(file)]);
    const env = environmentFor(called, 'other');
    fails(() => requireHelper({ ...called, env }, 'vault'), 'misconfigured');
  }));

test('gets the environment without secrets', () => {
  const secrets = Object.fromEntries(
    [
      'DOCKER_CREDENTIAL_ICR_API_KEY',
      'IBMCLOUD_API_KEY',
      'BLUEMIX_API_KEY',
      'IC_API_KEY',
      'DOCKER_AUTH_CONFIG',
      'ICR_PASSWORD',
      'CF_DOCKER_PASSWORD',
    ].map((name) => [name, 'canary']),
  );
  const context = testContext({
    env: { ...secrets, HOME: '/home/me', EMPTY: '', GONE: undefined },
  });
  const { HOME, EMPTY, ...others } = environmentFor(context, 'vault');
  assert.equal([HOME, EMPTY], ['/home/me', '']);
  // Marks a call by this helper.
  assert.equal(Object.values(others), ['vault']);
});

test.run();
