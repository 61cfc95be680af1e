import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { requireWritable } from '../../src/secrets/replace-secret.ts';
import { snapshot } from '../support/home.ts';
import { inWorld } from '../support/keychains.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('a store is tried before a token is spent');

const settings = { identities: {}, mappings: {} };

for (const store of [undefined, 'file']) {
  test(`${store}: writes and erases a file, and calls no keychain`, () =>
    inWorld(settings, async ({ context, calls, home }) => {
      const sizes: number[] = [];
      const { renameSync } = fs;
      fs.renameSync = (from, to) => {
        if (String(to).includes('identities')) sizes.push(fs.statSync(from).size);
        renameSync(from, to);
      };
      try {
        await requireWritable(context, store);
      } finally {
        fs.renameSync = renameSync;
      }
      assert.equal(calls, []);
      assert.ok((sizes[0] ?? 0) > 8192, 'as large as a refresh token');
      const left = Object.keys(snapshot(home.config)).filter((name) => /identities./.test(name));
      assert.equal(left, []);
    }));
}

test('a keychain: stores, reads and erases an entry', () =>
  inWorld(settings, async ({ context, calls, kept }) => {
    await requireWritable(context, 'vault');
    assert.ok(calls.includes('store'));
    assert.is(kept.size, 0);
  }));

test('a keychain that refuses throws', () =>
  inWorld(settings, async ({ context, answers }) => {
    answers.store = () => [1, 'locked'];
    await rejects(requireWritable(context, 'vault'), 'storage', /locked/);
  }));

test('a directory that cannot be written throws', () =>
  inWorld(settings, async ({ context, home }) => {
    fs.writeFileSync(path.join(home.config, 'identities'), '');
    await rejects(requireWritable(context, undefined), 'storage', /identities/);
  }));

test.run();
