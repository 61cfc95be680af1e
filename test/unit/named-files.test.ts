import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('files named in the documentation');

const root = path.resolve(import.meta.dirname, '../..');
const docs = fs.readdirSync(path.join(root, 'docs')).map((name) => path.join('docs', name));
const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'test/sandbox/README.md', ...docs];

for (const page of pages.filter((name) => name.endsWith('.md'))) {
  const text = fs.readFileSync(path.join(root, page), 'utf8');
  const named = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, name = '']) => name);
  // A new file of the reader's has the placeholder NAME.
  const files = named.filter((name) => !name.includes('NAME'));
  if (files.length === 0) continue;
  test(`${page}: ${files.length} files exist`, () => {
    const directories = [root, path.join(root, 'src'), path.join(root, path.dirname(page))];
    const isAbsent = (file: string) =>
      directories.every((directory) => !fs.existsSync(path.join(directory, file)));
    assert.equal(files.filter(isAbsent), []);
  });
}

test.run();
