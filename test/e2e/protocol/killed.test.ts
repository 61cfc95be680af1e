import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, helper, nothing, startHelper } from '../../support/helper.ts';
import { inHome } from '../../support/home.ts';

const test = suite('killed while it stores');

const older = credential('us.icr.io', 'iamapikey', 'canary-old-'.repeat(40_000));
const newer = credential('us.icr.io', 'iamapikey', 'canary-new-'.repeat(40_000));

test('the old credential is left, or the new one', () =>
  inHome(async (home) => {
    assert.equal(helper(home, 'store', older), nothing);
    let killed = 0;
    for (let delay = 0; delay < 12; delay += 0.25) {
      const { child, outcome } = startHelper(home, 'store', newer);
      const timer = setTimeout(() => child.kill('SIGKILL'), delay);
      if ((await outcome).status === null) killed += 1;
      clearTimeout(timer);
      const { stdout, stderr, status } = helper(home, 'get', 'us.icr.io');
      assert.equal({ stderr, status }, { stderr: '', status: 0 });
      assert.ok([`${older}\n`, `${newer}\n`].includes(stdout), stdout.slice(0, 200));
      helper(home, 'store', older);
    }
    assert.ok(killed > 0, 'none was killed in time');
  }));

test('what a killed one left is swept away when it is old, and only then', () =>
  inHome((home) => {
    helper(home, 'store', credential('us.icr.io'));
    const aside = path.join(home.config, 'hosts', '.aside');
    const minutesAgo = new Date(Date.now() - 10 * 60_000);
    fs.writeFileSync(path.join(aside, 'abandoned'), 'canary');
    fs.utimesSync(path.join(aside, 'abandoned'), minutesAgo, minutesAgo);
    fs.writeFileSync(path.join(aside, 'being-written'), 'canary');
    helper(home, 'store', credential('de.icr.io'));
    assert.equal(fs.readdirSync(aside), ['being-written']);
    assert.is(helper(home, 'list').stdout, '{"de.icr.io":"iamapikey","us.icr.io":"iamapikey"}\n');
    assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io'));
  }));

test.run();
