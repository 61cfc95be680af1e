import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, helper, nothing, startHelper } from '../../support/helper.ts';
import { inHome, writeConfig } from '../../support/home.ts';

const test = suite('killed during store');

const older = credential('us.icr.io', 'iamapikey', 'canary-old-'.repeat(40_000));
const newer = credential('us.icr.io', 'iamapikey', 'canary-new-'.repeat(40_000));

test('leaves the old or the new credential', () =>
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
    assert.ok(killed > 0, 'no process was killed in time');
  }));

test('store removes the temporary files of killed commands, and nothing else', () =>
  inHome((home) => {
    helper(home, 'store', credential('us.icr.io'));
    const hosts = path.join(home.config, 'hosts');
    const minutesAgo = new Date(Date.now() - 10 * 60_000);
    const write = (name: string, isStale: boolean) => {
      writeConfig(home, `hosts/${name}`, 'canary');
      if (isStale) fs.utimesSync(path.join(hosts, name), minutesAgo, minutesAgo);
    };
    const kept = ['.aside', '.notes.tmp', 'us.icr.io.json'];
    write('.01234567-12-abc-2-def.tmp', true);
    write('.01234567-12-abc-1-def.tmp', false);
    write('.notes.tmp', true);
    write('.aside/12-abc-1-def', true);
    write('.aside/notes', true);
    write('.aside/12-abc-2-def', false);
    helper(home, 'store', credential('de.icr.io'));
    assert.equal(fs.readdirSync(hosts).sort(), [...kept, 'de.icr.io.json'].sort());
    assert.equal(fs.readdirSync(path.join(hosts, '.aside')).sort(), ['notes']);
    assert.is(helper(home, 'list').stdout, '{"de.icr.io":"iamapikey","us.icr.io":"iamapikey"}\n');
    assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io'));
  }));

test.run();
