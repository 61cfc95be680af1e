import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, helper, nothing, startHelper } from '../../support/helper.ts';
import { inHome, snapshot, writeIdentity } from '../../support/home.ts';

const test = suite('parallel calls');

const numbers = Array.from({ length: 64 }, (_, index) => index);
const secret = (index: number) => `canary-${index}-`.repeat(1000);

function namesIn(folder: string): string[] {
  return fs.readdirSync(folder).sort();
}

test('64 store calls for 64 hosts store all credentials', () =>
  inHome(async (home) => {
    const calls = numbers.map((index) =>
      startHelper(home, 'store', credential(`h${index}.icr.io`, 'iamapikey', secret(index))),
    );
    for (const { outcome } of calls) assert.equal(await outcome, nothing);
    assert.is(Object.keys(JSON.parse(helper(home, 'list').stdout)).length, 64);
    for (const index of numbers) {
      const host = `h${index}.icr.io`;
      assert.is(helper(home, 'get', host).stdout, answer(host, 'iamapikey', secret(index)));
    }
  }));

test('64 store calls for one host leave one complete credential', () =>
  inHome(async (home) => {
    const calls = numbers.map((index) =>
      startHelper(home, 'store', credential('us.icr.io', `user-${index}`, secret(index))),
    );
    for (const { outcome } of calls) assert.equal(await outcome, nothing);
    const { Username, Secret } = JSON.parse(helper(home, 'get', 'us.icr.io').stdout);
    assert.is(Secret, secret(Number(Username.slice('user-'.length))));
    assert.equal(namesIn(path.join(home.config, 'hosts')), ['us.icr.io.json']);
  }));

test('get during store and erase returns the old or the new credential, or not found', () =>
  inHome(async (home) => {
    const whole = new Set(numbers.map((index) => answer('us.icr.io', 'iamapikey', secret(index))));
    const none = 'credentials not found in native keychain\n';
    const calls = numbers.map((index) => {
      const verb = ['store', 'get', 'erase', 'get'][index % 4] ?? 'get';
      const text = credential('us.icr.io', 'iamapikey', secret(index));
      return { verb, ...startHelper(home, verb, verb === 'store' ? text : 'us.icr.io') };
    });
    for (const { verb, outcome } of calls) {
      const { stdout, stderr, status } = await outcome;
      assert.is(stderr, '');
      if (verb === 'get') assert.ok(whole.has(stdout) || stdout === none, stdout.slice(0, 200));
      else assert.equal({ stdout, status }, { stdout: '', status: 0 });
    }
  }));

test('64 get calls return the same credential and change nothing', () =>
  inHome(async (home) => {
    writeIdentity(home);
    const before = snapshot(home.folder);
    const calls = numbers.map(() => startHelper(home, 'get', 'us.icr.io'));
    const expected = answer('us.icr.io', 'iamapikey', 'canary-root');
    for (const { outcome } of calls) assert.is((await outcome).stdout, expected);
    assert.equal(snapshot(home.folder), before);
  }));

test('64 erase calls sign out of all hosts', () =>
  inHome(async (home) => {
    writeIdentity(home);
    const calls = numbers.map((index) => startHelper(home, 'erase', `h${index % 8}.icr.io`));
    for (const { outcome } of calls) assert.equal(await outcome, nothing);
    for (const index of numbers.slice(0, 8)) {
      assert.is(helper(home, 'get', `h${index}.icr.io`).status, 1);
    }
  }));

test.run();
