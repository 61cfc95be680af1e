import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  findProgram,
  hasProgram,
  isExecutable,
  isOnPath,
  pathFolders,
  programPaths,
} from '../../src/files/executables.ts';
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

/** Programs in the directories a and b of PATH, and the first one that can be started. */
for (const [platform, programs, found, isFound] of [
  ['linux', ['b/x'], 'b/x', true],
  ['linux', ['a/x', 'b/x'], 'a/x', true],
  ['linux', ['a/x.exe'], undefined, false],
  ['win32', ['a/x.cmd', 'b/x.exe'], 'b/x.exe', true],
  ['win32', ['a/x.cmd'], undefined, true],
  ['win32', ['a/x'], undefined, false],
] as const) {
  test(`${programs.join(' and ')} on ${platform}: starts ${found ?? 'nothing'}`, () =>
    inHome(({ folder }) => {
      const folders = ['a', 'b'].map((name) => path.join(folder, name));
      for (const each of folders) fs.mkdirSync(each);
      for (const name of programs) fs.writeFileSync(path.join(folder, name), '', { mode: 0o755 });
      const PATH = folders.join(platform === 'win32' ? ';' : ':');
      const context = { env: { PATH }, platform };
      assert.is(findProgram(context, 'x'), found && path.join(folder, found));
      assert.is(isOnPath(context, 'x'), isFound);
      assert.is(hasProgram(context, 'none', 'x'), found !== undefined);
      assert.is(hasProgram(context, 'none'), false);
    }));
}

test.run();
