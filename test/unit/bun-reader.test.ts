import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Context } from '../../src/context.ts';
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
  /** The error of `stat`. */
  readonly code?: string;
}

/** The files of user 7, the paths whose `stat` was read, and the calls of the fallback. */
function filesOf(entries: Readonly<Record<string, Entry>>, given: Partial<Bun> = {}) {
  const stats: string[] = [];
  const fallen: string[] = [];
  const file = (path: string): BunFile => {
    const entry = entries[path];
    const size = entry?.text?.length ?? 0;
    return {
      ...noFile,
      size,
      text: async () => entry?.text ?? '',
      stat: async () => {
        stats.push(path);
        if (entry === undefined) throw Object.assign(new Error('none'), { code: 'ENOENT' });
        if (entry.code !== undefined) throw Object.assign(new Error('no'), { code: entry.code });
        return { size, dev: 1, ino: 1, ...entry };
      },
    };
  };
  const fallback = {
    read: async () => 'fallback',
    isPresent: async (_context: Context, path: string) => fallen.push(path) > 0,
    create: async (_context: Context, path: string) => void fallen.push(path),
  };
  return { files: bunFiles(bunWith({ file, ...given }), 7, fallback), stats, fallen };
}

/** Reads /home/dir/file twice, and returns the text, or `fallback`, and the paths whose `stat` was read. */
async function readWith(entries: Readonly<Record<string, Entry>>) {
  const { files, stats } = filesOf(entries);
  const context = testContext();
  const text = await files.read(context, '/home/dir/file', 'secret');
  await files.read(context, '/home/dir/file', 'secret');
  return { text, stats };
}

const directory: Entry = { mode: 0o040700, uid: 7 };
const denied: Entry = { mode: 0, uid: 0, code: 'EACCES' };
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
  ['/home/dir/file', { text: '' }, false],
  ['/home/dir/file', { text: 'x\ufffd' }, false],
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
    const { text } = await readWith(entries);
    // The difference of texts of 1 MiB would take long to show.
    assert.ok(text === expected, `is ${text?.slice(0, 10)}`);
  });
}

test('the directories are looked at once', async () => {
  const { stats } = await readWith(tree);
  for (const path of ['/home', '/home/dir', '/home/dir/..']) {
    assert.is(stats.filter((each) => each === path).length, 1, path);
  }
});

test('a missing file does not exist, unless its directory cannot be examined', async () => {
  const { '/home/dir/file': _, ...empty } = tree;
  assert.is((await readWith(empty)).text, undefined);
  assert.is((await readWith({})).text, undefined);
  assert.is((await readWith({ '/home': tree['/home'] })).text, undefined);
  assert.is((await readWith({ ...tree, '/home/dir/file': denied })).text, 'fallback');
  assert.is((await readWith({ ...empty, '/home/dir': denied })).text, 'fallback');
  assert.is(
    (await readWith({ ...empty, '/home/dir': { mode: 0o040777, uid: 7 } })).text,
    'fallback',
  );
});

test('a directory that is created later is seen', async () => {
  const entries: Record<string, Entry> = {};
  const { files } = filesOf(entries);
  const read = () => files.read(testContext(), '/home/dir/file', 'secret');
  assert.is(await read(), undefined);
  Object.assign(entries, tree);
  assert.is(await read(), 'text');
});

test('a new file is created with the umask 077, which is then restored', async () => {
  const masks: number[] = [];
  const written: string[] = [];
  const umask = (mask: number) => {
    masks.push(mask);
    return 0o022;
  };
  const write = async (_file: BunFile, text: string) => {
    written.push(`${text} ${masks.length}`);
    return 0;
  };
  const { files, fallen } = filesOf(tree, { write });
  await files.create(testContext({ umask }), '/home/dir/new', 'canary');
  assert.equal([masks, written, fallen], [[0o077, 0o022], ['canary 1'], []]);
  const failing = filesOf(tree, { write: () => Promise.reject(new Error('full')) });
  const created = failing.files.create(testContext(), '/home/dir/new', 'canary');
  assert.is(await created.catch(String), 'Error: full');
});

for (const [what, entry] of [
  ['does not exist', undefined],
  ['is open to others', { mode: 0o040777, uid: 7 }],
  ['belongs to another user', { mode: 0o040700, uid: 8 }],
] as const) {
  test(`a new file in a directory that ${what} is left to node:fs`, async () => {
    const { '/home/dir': _, ...others } = tree;
    const { files, fallen } = filesOf(
      entry === undefined ? others : { ...tree, '/home/dir': entry },
    );
    await files.create(testContext(), '/home/dir/new', 'canary');
    assert.equal(fallen, ['/home/dir/new']);
  });
}

const asked: unknown[] = [];
const listing = (names: readonly string[] | undefined) => ({
  Glob: class {
    constructor(pattern: string) {
      asked.push(pattern);
    }
    scanSync(options: object) {
      asked.push(options);
      return names ?? unused();
    }
  },
});

const open = { '/home/dir': { mode: 0o040777, uid: 7 } };
for (const [what, path, entries, names, expected, isAsked] of [
  ['in a missing directory', '/none/file', {}, undefined, false, false],
  ['missing', '/home/dir/new', {}, ['other'], false, false],
  ['a dangling symlink', '/home/dir/new', {}, ['other', 'new'], true, true],
  ['in a directory that cannot be listed', '/home/dir/new', {}, undefined, true, true],
  ['in a directory that is open to others', '/home/dir/new', open, [], true, true],
  ['a file', '/home/dir/file', {}, [], true, true],
] as const) {
  test(`${what}: ${expected ? 'present' : 'not present'}`, async () => {
    const { files, fallen } = filesOf({ ...tree, ...entries }, listing(names));
    assert.is(await files.isPresent(testContext(), path), expected);
    assert.equal(fallen, isAsked ? [path] : []);
  });
}

test('a directory is listed with everything in it but hidden names', async () => {
  asked.length = 0;
  await filesOf(tree, listing([])).files.isPresent(testContext(), '/home/dir/new');
  assert.equal(asked, ['*', { cwd: '/home/dir', onlyFiles: false }]);
});

test('a prefetched file is read once, and a later read sees later changes', async () => {
  const entries: Record<string, Entry> = { ...tree };
  const { files } = filesOf(entries);
  assert.is(files.prefetch?.('/home/dir/none'), false);
  assert.is(files.prefetch?.('/home/dir/file'), true);
  entries['/home/dir/file'] = { mode: 0o100600, uid: 7, text: 'later' };
  entries['/home/dir/short'] = { mode: 0o100600, uid: 7, text: 'x' };
  assert.is(files.prefetch?.('/home/dir/short'), true);
  const read = () => files.read(testContext(), '/home/dir/file', 'secret');
  assert.equal([await read(), await read()], ['text', 'later']);
});

test('a prefetched directory is not looked at again', async () => {
  const { files, stats } = filesOf(tree);
  files.prefetchDirectory?.('/home/dir');
  assert.equal([...stats].sort(), ['/home', '/home/dir', '/home/dir/..']);
  await files.read(testContext(), '/home/dir/file', 'secret');
  assert.equal(stats.slice(3), ['/home/dir/file']);
});

test.run();
