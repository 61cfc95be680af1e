/**
 * Writes dist/release-notes.md: the section of CHANGELOG.md for the version in package.json. TAG in the environment is
 * the tag to release. Fails if the tag does not match the version.
 */
import fs from 'node:fs';
import path from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { notesOf } from './package/changelog.ts';
import { root } from './package/stamp.ts';

const tag = process.env.TAG || `v${manifest.version}`;
if (tag !== `v${manifest.version}`) {
  throw new Error(`the tag is ${tag}, but the version in package.json is ${manifest.version}`);
}
const notes = notesOf(fs.readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8'), manifest.version);
const file = path.join(root, 'dist', 'release-notes.md');
fs.mkdirSync(path.dirname(file), { recursive: true });
fs.writeFileSync(file, notes);
console.log(notes);
