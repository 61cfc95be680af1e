import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Bun, bunFiles, readBunStdin } from '../../src/files/file-readers.ts';
import { testContext } from '../support/context.ts';

const test = suite("the fast path's files");

type BunFile = ReturnType<Bun['file']>;
const maxBytes = 1024 * 1024;

function unused(): never {
  throw new Error('not expected');
}

const noFile: BunFile = {
  size: 0,
  exists: unused,
  slice: unused,
  bytes: unused,
  text: unused,
  stat: unused,
};

function bunWith(given: Partial<Bun>): Bun {
  const Glob = class {
    scanSync = unused;
  };
  return {
    stdin: noFile,
    stdout: noFile,
    stderr: noFile,
    file: unused,
    nanoseconds: unused,
    peek: unused,
    write: unused,
    Glob,
    ...given,
  };
}

test('standard input is read up to 1 MiB and a byte', async () => {
  const bytes = new Uint8Array([1]);
  const asked: number[] = [];
  const slice = (start: number, end: number) => {
    asked.push(start, end);
    return { ...noFile, bytes: async () => bytes };
  };
  assert.is(await readBunStdin(bunWith({ stdin: { ...noFile, slice } })), bytes);
  assert.equal(asked, [0, maxBytes + 1]);
});

interface Entry {
  readonly mode: number;
  readonly uid: number;
  readonly ino?: number;
  readonly text?: string;
}

/** Reads /home/dir/file with user 7, and returns the text, or `fallback`, and the paths whose `stat` was read. */
async function readWith(entries: Readonly<Record<string, Entry>>) {
  const stats: string[] = [];
  const file = (path: string): BunFile => {
    const entry = entries[path];
    const size = entry?.text?.length ?? 0;
    return {
      ...noFile,
      size,
      text: async () => entry?.text ?? '',
      stat: async () => {
        stats.push(path);
        if (entry === undefined) throw new Error('ENOENT');
        return { size, dev: 1, ino: 1, ...entry };
      },
    };
  };
  const fallback = {
    read: async () => 'fallback',
    isPresent: async () => true,
    create: async () => {},
  };
  const files = bunFiles(bunWith({ file }), 7, fallback);
  const context = testContext();
  const text = await files.read(context, '/home/dir/file', 'secret');
  await files.read(context, '/home/dir/file', 'secret');
  return { text, stats };
}

const directory: Entry = { mode: 0o040700, uid: 7 };
const tree = {
  '/home': { mode: 0o040755, uid: 0 },
  '/home/dir/..': { mode: 0o040755, uid: 0 },
  '/home/dir': directory,
  '/home/dir/file': { mode: 0o100600, uid: 7, text: 'text' },
};

const rows: readonly (readonly [
  path: keyof typeof tree,
  entry: Partial<Entry>,
  isRead: boolean,
])[] = [
  ['/home/dir/file', {}, true],
  ['/home/dir/file', { uid: 0 }, true],
  ['/home/dir/file', { uid: 1 }, false],
  ['/home/dir/file', { mode: 0o100601 }, false],
  ['/home/dir/file', { mode: 0o100640 }, false],
  ['/home/dir/file', { mode: 0o010600 }, false],
  ['/home/dir/file', { text: 'x' }, true],
  ['/home/dir/file', { text: 'x'.repeat(maxBytes) }, true],
  ['/home/dir/file', { text: 'x'.repeat(maxBytes + 1) }, false],
  ['/home/dir', { uid: 1 }, false],
  ['/home/dir', { mode: 0o040711 }, true],
  ['/home/dir', { mode: 0o040702 }, false],
  ['/home/dir', { mode: 0o040720 }, false],
  ['/home', { uid: 7 }, true],
  ['/home', { uid: 1 }, false],
  ['/home', { mode: 0o040757 }, false],
  ['/home/dir/..', { ino: 2 }, false],
];
for (const [path, entry, isRead] of rows) {
  const shown = JSON.stringify(entry).slice(0, 40);
  test(`${path} with ${shown} is${isRead ? '' : ' not'} read without node:fs`, async () => {
    const entries = { ...tree, [path]: { ...tree[path], ...entry } };
    const expected = isRead ? entries['/home/dir/file'].text : 'fallback';
    assert.is((await readWith(entries)).text, expected);
  });
}

test('the directories are looked at once', async () => {
  const { stats } = await readWith(tree);
  for (const path of ['/home', '/home/dir', '/home/dir/..']) {
    assert.is(stats.filter((each) => each === path).length, 1, path);
  }
});

test.run();
