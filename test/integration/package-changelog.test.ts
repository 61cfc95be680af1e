import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { notesOf } from '../../scripts/package/changelog.ts';
import { root } from '../../scripts/package/stamp.ts';

const test = suite('release notes and workflows');

const changelog = `# Changelog

## [Unreleased]

## [1.2.0] - 2027-01-02

### Added

- A thing.

## [1.1.0] - 2027-01-01

- Another.
`;

test('returns the changelog section of a release as its notes', () => {
  assert.is(notesOf(changelog, '1.2.0'), '### Added\n\n- A thing.\n');
  assert.is(notesOf(changelog, '1.1.0'), '- Another.\n');
});

for (const version of ['1.3.0', '1.2', 'Unreleased', '1x2.0']) {
  test(`of ${version} it says nothing: no release`, () => {
    assert.throws(() => notesOf(changelog, version), `has no notes for ${version}`);
  });
}

/** Valid Git tags; the last one is a usual tag. */
const tags = ['v0;id>caught', 'v0$(id>caught)', 'v0`id>caught`', 'v0$(shell touch caught)'];
const withMake = spawnSync('make', ['--version']).status === 0 ? test : test.skip;

for (const tag of tags) {
  withMake(`make release-notes does not evaluate the tag ${tag}`, () => {
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'tag-'));
    try {
      for (const name of ['Makefile', 'package.json', 'package-lock.json'])
        fs.copyFileSync(path.join(root, name), path.join(scratch, name));
      // Replaces Bun.
      const bin = path.join(scratch, 'node_modules', '.bin');
      fs.mkdirSync(bin, { recursive: true });
      fs.writeFileSync(path.join(bin, 'bun'), '#!/bin/sh\nprintf %s "$TAG"\n', { mode: 0o755 });
      fs.writeFileSync(path.join(scratch, 'node_modules', '.installed'), '');
      const env = { PATH: '/usr/bin:/bin' };
      for (const [words, given] of [
        [[`TAG=${tag}`], env],
        [[], { ...env, TAG: tag }],
      ] as const) {
        const { stdout } = spawnSync('make', ['release-notes', ...words], {
          cwd: scratch,
          env: given,
          encoding: 'utf8',
        });
        assert.is(stdout, tag);
        assert.not.ok(fs.existsSync(path.join(scratch, 'caught')));
      }
    } finally {
      fs.rmSync(scratch, { recursive: true });
    }
  });
}

const folder = path.join(root, '.github', 'workflows');
for (const name of fs.readdirSync(folder)) {
  const text = fs.readFileSync(path.join(folder, name), 'utf8');

  test(`${name}: pins every action to a commit with its version in a comment`, () => {
    const uses = text.match(/uses: .*$/gm) ?? [];
    assert.ok(uses.length > 0);
    for (const line of uses) assert.match(line, /^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test(`${name}: declares permissions, and does not persist credentials in the checkout`, () => {
    assert.match(text, /^permissions:/m);
    assert.not.match(text, /write-all|pull_request_target/);
    const checkouts = text.match(/uses: actions\/checkout@/g)?.length ?? 0;
    assert.is(text.match(/persist-credentials: false/g)?.length ?? 0, checkouts);
  });

  test(`${name}: calls only documented make targets`, () => {
    const makefile = fs.readFileSync(path.join(root, 'Makefile'), 'utf8');
    for (const [, words = ''] of text.matchAll(/run: make ([a-z -]+)/g)) {
      for (const target of words.trim().split(' ')) assert.match(makefile, `\n${target}: `);
    }
  });
}

test.run();
