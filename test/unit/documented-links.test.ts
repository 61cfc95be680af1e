import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('links in the documentation');

const root = path.resolve(import.meta.dirname, '../..');
const pages = ['.', 'docs', 'test/sandbox'].flatMap((directory) =>
  fs
    .readdirSync(path.join(root, directory))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(directory, name)),
);

function textOf(page: string): string {
  return fs.readFileSync(path.join(root, page), 'utf8');
}

/** Returns the anchors of the headings, as GitHub forms them. */
function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

for (const page of pages) {
  test(`${page}: every link leads to a file and a heading`, () => {
    const targets = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to);
    const broken = targets.filter((target) => {
      if (/^https?:/.test(target)) return false;
      const [file = '', anchor] = target.split('#');
      const other = file === '' ? page : path.join(path.dirname(page), file);
      if (!fs.existsSync(path.join(root, other))) return true;
      return anchor !== undefined && !anchorsOf(other).includes(anchor);
    });
    assert.equal(broken, []);
  });
}

test.run();
