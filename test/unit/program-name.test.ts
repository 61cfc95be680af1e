import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { helperOf, identityInName, identityOfHelper } from '../../src/program-name.ts';

const test = suite('program name');

const bunfs = '/$bunfs/root/docker-credential-icr';

for (const [argv0, script, platform, identity] of [
  ['docker-credential-icr', bunfs, 'linux', undefined],
  ['/usr/bin/docker-credential-icr', bunfs, 'linux', undefined],
  ['docker-credential-icr-prod', bunfs, 'linux', 'prod'],
  ['/usr/bin/docker-credential-icr-prod', bunfs, 'darwin', 'prod'],
  ['./docker-credential-icr-Team.a_1', bunfs, 'linux', 'Team.a_1'],
  ['docker-credential-icr-icr', bunfs, 'linux', 'icr'],
  ['docker-credential-icr-docker-credential-icr-x', bunfs, 'linux', 'docker-credential-icr-x'],
  ['docker-credential-icr-', bunfs, 'linux', ''],
  ['DOCKER-CREDENTIAL-ICR-prod', bunfs, 'darwin', 'prod'],
  ['/a/docker-credential-icr-x/docker-credential-icr', bunfs, 'linux', undefined],
  ['docker-credential-icr-prod.exe', bunfs, 'linux', 'prod.exe'],
  ['docker-credential-icr.old', bunfs, 'linux', undefined],
  ['docker-credential-icrx-prod', bunfs, 'linux', undefined],
  ['icr-prod', bunfs, 'linux', undefined],
  ['', bunfs, 'linux', undefined],
  ['', undefined, 'linux', undefined],
  ['docker-credential-icr', undefined, 'win32', undefined],
  ['docker-credential-icr.exe', 'B:\\~BUN\\root\\docker-credential-icr.exe', 'win32', undefined],
  ['docker-credential-icr-prod', undefined, 'win32', 'prod'],
  ['docker-credential-icr-prod.exe', undefined, 'win32', 'prod'],
  ['C:\\Program Files\\docker-credential-icr-prod.EXE', undefined, 'win32', 'prod'],
  ['C:/bin/docker-credential-icr-prod.exe', undefined, 'win32', 'prod'],
  ['node', '/usr/bin/docker-credential-icr-prod', 'linux', 'prod'],
  ['node', '/usr/bin/docker-credential-icr', 'linux', undefined],
  ['node', '/lib/docker-credential-icr/bin/docker-credential-icr.js', 'linux', undefined],
  ['bun', '/source/src/main.ts', 'linux', undefined],
] as const) {
  test(`identityInName: ${argv0} ${script} on ${platform}`, () => {
    assert.is(identityInName(argv0, script, platform), identity);
  });
}

test('identityOfHelper: is the inverse of helperOf', () => {
  assert.is(helperOf('prod'), 'icr-prod');
  assert.is(identityOfHelper('icr-prod'), 'prod');
  for (const other of ['icr', 'icrx', 'pass', 'osxkeychain', '']) {
    assert.is(identityOfHelper(other), undefined);
  }
});

test.run();
