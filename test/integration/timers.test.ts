import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { helper } from '../support/helper.ts';
import { inHome } from '../support/home.ts';
import { testUnless } from '../support/skip.ts';

const test = suite('files in docs/timers.md');

const page = fs.readFileSync(
  path.join(import.meta.dirname, '..', '..', 'docs', 'timers.md'),
  'utf8',
);

function blocks(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...page.matchAll(pattern)].map(([, block = '']) => block);
}

function lacks(program: string, ...args: readonly string[]): string | false {
  return spawnSync(program, args).status === 0 ? false : `not installed: ${program}`;
}

const [service = '', timer = '', rotation = ''] = blocks('ini');
const withRotation = service.replace(/^ExecStart=.*\n/m, rotation);
const units: readonly (readonly [name: string, service: string, isValid: boolean])[] = [
  ['the service and the timer', service, true],
  ['the rotation', withRotation, true],
  ['a unit without a command', service.replace(/^ExecStart=.*$/m, ''), false],
];
for (const [name, text, isValid] of units) {
  testUnless(test, lacks('systemd-analyze', '--version'))(
    `systemd-analyze ${isValid ? 'accepts' : 'rejects'} ${name}`,
    () =>
      inHome(({ folder }) => {
        const files = { 'icr-doctor.service': text, 'icr-doctor.timer': timer };
        const names = Object.entries(files).map(([file, contents]) => {
          fs.writeFileSync(path.join(folder, file), contents);
          return path.join(folder, file);
        });
        const env = { ...process.env, XDG_RUNTIME_DIR: folder };
        const verified = spawnSync('systemd-analyze', ['verify', '--user', ...names], {
          encoding: 'utf8',
          env,
        });
        const said = verified.stdout + verified.stderr;
        assert.is(verified.status === 0 && !said.includes('icr-doctor'), isValid, said);
      }),
  );
}

testUnless(test, lacks('python3', '-c', 'import plistlib'))(
  'the launchd agent is a valid plist',
  () => {
    const [plist = ''] = blocks('xml');
    const program =
      'import json, plistlib, sys; print(json.dumps(plistlib.load(sys.stdin.buffer)))';
    const { stdout, stderr } = spawnSync('python3', ['-c', program], {
      input: plist,
      encoding: 'utf8',
    });
    assert.is(stderr, '');
    const { Label, ProgramArguments, StartCalendarInterval } = JSON.parse(stdout);
    assert.is(Label, 'icr-doctor');
    assert.is(ProgramArguments.join(' '), '/usr/bin/env docker-credential-icr doctor --quiet');
    assert.equal(StartCalendarInterval, { Hour: 9, Minute: 0 });
  },
);

test('the commands exist', () =>
  inHome((home) => {
    for (const [, words = ''] of page.matchAll(/^ExecStart=\S+ docker-credential-icr (.*)$/gm)) {
      const { stdout } = helper(home, [...words.split(' '), '--help']);
      for (const option of words.match(/--\S+/g) ?? []) assert.match(stdout, option);
    }
  }));

test.run();
