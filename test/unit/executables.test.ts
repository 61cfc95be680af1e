import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isExecutable, isOnPath, pathFolders, programPaths } from '../../src/files/executables.ts';
import { inHome } from '../support/home.ts';

const test = suite('executables on the PATH');

test('the absolute directories of PATH, each once', () => {
  const on = (platform: NodeJS.Platform, env: Record<string, string>) =>
    pathFolders({ platform, env });
  assert.equal(on('linux', { PATH: '/a:b::/c:.:/a' }), ['/a', '/c']);
  assert.equal(on('win32', { Path: '/a;b;/c:/d' }), ['/a', '/c:/d']);
  assert.equal(on('linux', { PATH: '/a', Path: '/b' }), ['/a']);
  assert.equal(on('linux', {}), []);
});

test('Windows has two endings', () => {
  const env = { PATH: '/a' };
  assert.equal(programPaths({ env, platform: 'linux' }, 'x'), ['/a/x']);
  assert.equal(programPaths({ env, platform: 'win32' }, 'x'), ['/a/x.exe', '/a/x.cmd']);
});

test('only a regular file that may be executed is an executable', () =>
  inHome(({ folder }) => {
    const file = path.join(folder, 'x');
    const context = { env: { PATH: `/nowhere:${folder}` }, platform: 'linux' } as const;
    const check = (expected: boolean) => {
      assert.is(isExecutable(file), expected);
      assert.is(isOnPath(context, 'x'), expected);
    };
    check(false);
    fs.writeFileSync(file, '', { mode: 0o644 });
    check(false);
    fs.chmodSync(file, 0o755);
    check(true);
    fs.rmSync(file);
    fs.mkdirSync(file);
    check(false);
  }));

test.run();
