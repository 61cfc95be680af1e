import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError, inOneLine } from '../../src/errors.ts';
import { isPresent, namesIn, readPrivate, strictly } from '../../src/files/private-read.ts';
import { removePrivate, writePrivate } from '../../src/files/private-write.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';

const test = suite('checks of this program’s files and directories');

const isRoot = process.geteuid?.() === 0;
/** The simulated effective user; root can give files to any user. */
const me = isRoot ? 4242 : (process.geteuid?.() ?? 0);
const other = 1717;

interface Place {
  /** The configuration directory. */
  readonly config: string;
  /** A sibling directory, such as a dotfiles repository. */
  readonly dotfiles: string;
  /** The path to check: a file or a directory. */
  readonly entry: string;
  /** Creates the target of a symlink. */
  readonly make: (at: string) => void;
}

/** The content of a file, and of the only file in a directory. */
const text = 'canary';

function give(file: string, uid: number, gid = uid): void {
  if (isRoot) fs.lchownSync(file, uid, gid);
}

function link({ entry }: Place, target: string, uid = me): void {
  fs.symlinkSync(target, entry);
  give(entry, uid);
}

/** Creates a symlink to a file or directory of this program in the dotfiles directory. */
function linked(place: Place): string {
  const target = path.join(place.dotfiles, 'target');
  place.make(target);
  link(place, target);
  return target;
}

type Row = readonly [what: string, arrange: (place: Place) => void, refusal?: RegExp];

// Owners and modes of a symlink, its target and the path between: followed, or refused with this message.
const links: readonly Row[] = [
  ['a symlink into a dotfiles repository', linked],
  [
    'a relative symlink',
    (place) => {
      place.make(path.join(place.dotfiles, 'target'));
      link(place, path.relative(path.dirname(place.entry), path.join(place.dotfiles, 'target')));
    },
  ],
  [
    'a symlink to a symlink',
    (place) => {
      const second = path.join(place.dotfiles, 'second');
      fs.symlinkSync(linked({ ...place, entry: second }), `${second}x`);
      give(`${second}x`, me);
      link(place, `${second}x`);
    },
  ],
  [
    'a target in a sticky directory',
    (place) => [linked(place), fs.chmodSync(place.dotfiles, 0o1777)],
  ],
  [
    'a target in a world-writable directory',
    (place) => [linked(place), fs.chmodSync(place.dotfiles, 0o777)],
    /other users can write to \S+dotfiles; run chmod go-w/,
  ],
  [
    'a world-writable target',
    (place) => fs.chmodSync(linked(place), 0o722),
    /other users can write to \S+target; run chmod go-w/,
  ],
  [
    'a symlink in a world-writable directory',
    (place) => [linked(place), fs.chmodSync(path.dirname(place.entry), 0o777)],
    /other users can write to /,
  ],
  [
    'a symlink in a sticky directory',
    (place) => [linked(place), fs.chmodSync(path.dirname(place.entry), 0o1777)],
  ],
  [
    'a symlink to itself',
    (place) => link(place, path.basename(place.entry)),
    /leads to itself; remove /,
  ],
];

/** Cases with owners that only root can set. */
const owners: readonly Row[] = [
  [
    'a symlink of another user',
    (place) => [linked(place), give(place.entry, other)],
    /owned by user 1717, not by user 4242; run this as user 1717, or set /,
  ],
  ['a symlink of root', (place) => [linked(place), give(place.entry, 0)]],
  ['a target of another user', (place) => give(linked(place), other), /owned by user 1717/],
  ['a target of root', (place) => give(linked(place), 0)],
  [
    "a target in another user's directory",
    (place) => [linked(place), give(place.dotfiles, other)],
    /dotfiles is owned by user 1717/,
  ],
  [
    'a group-writable target of another group',
    (place) => {
      const target = linked(place);
      give(target, me, 100);
      fs.chmodSync(target, 0o770);
    },
    /other users can write to \S+target/,
  ],
  ['a group-writable target of the private group', (place) => fs.chmodSync(linked(place), 0o770)],
  [
    "a symlink in another user's sticky directory",
    (place) => {
      const shared = path.join(place.dotfiles, 'shared');
      fs.mkdirSync(shared);
      fs.chmodSync(shared, 0o1777);
      give(shared, other);
      place.make(path.join(place.dotfiles, 'target'));
      link({ ...place, entry: path.join(shared, 'second') }, path.join(place.dotfiles, 'target'));
      link(place, path.join(shared, 'second'));
    },
    /shared is owned by user 1717/,
  ],
];

const dead: readonly Row[] = [
  ['a FIFO', ({ entry }) => execFileSync('mkfifo', [entry]), / is a FIFO, not a /],
  ['a device', (place) => link(place, '/dev/zero'), / is a device, not a /],
  ['a socket', ({ entry }) => listenAt(entry), / is a socket, not a /],
];

/** Leaves a socket file, which remains after the listening process exits. */
function listenAt(file: string): void {
  const server = net.createServer().listen(file);
  servers.push(server);
}
const servers: net.Server[] = [];
test.after.each(() => {
  for (const server of servers.splice(0)) server.close();
});

function makeFile(at: string): void {
  fs.writeFileSync(at, text, { mode: 0o600 });
  give(at, me);
}

function makeDirectory(at: string): void {
  fs.mkdirSync(at, { recursive: true, mode: 0o700 });
  give(at, me);
  makeFile(path.join(at, 'one'));
}

/** Runs `use` in a temporary home in which the simulated user owns every directory. */
async function inPlace(
  make: Place['make'],
  name: string,
  use: (place: Place) => void | Promise<void>,
): Promise<void> {
  await inHome(async ({ folder, config }) => {
    const dotfiles = path.join(folder, 'dotfiles');
    for (const each of [config, dotfiles]) fs.mkdirSync(each, { recursive: true, mode: 0o700 });
    for (const each of [folder, path.dirname(config), config, dotfiles]) give(each, me);
    const entry = path.join(config, name);
    if (name !== '.') return use({ config, dotfiles, entry, make });
    fs.rmdirSync(config);
    return use({ config, dotfiles, entry: config, make });
  });
}

const context = () => testContext({ uid: me });

/** Returns the value of an action, or its error message. */
function outcome<Value>(action: () => Value): Value | string {
  try {
    return action();
  } catch (error) {
    if (error instanceof HelperError && error.code === 'storage') return inOneLine(error);
    throw error;
  }
}

function check(actual: unknown, expected: unknown, refusal: RegExp | undefined): void {
  if (refusal === undefined) assert.equal(actual, expected);
  else assert.match(String(actual), refusal);
}

const rows = [...links, ...(isRoot ? owners : []), ...dead];
const needRoot = isRoot ? test : test.skip;
if (!isRoot) for (const [what] of owners) needRoot(`${what} (needs root)`, () => {});

for (const [what, arrange, refusal] of rows) {
  test(`a file that is ${what}`, () =>
    inPlace(makeFile, 'config.json', async (place) => {
      arrange(place);
      await new Promise((resolve) => setImmediate(resolve));
      check(
        outcome(() => readPrivate(context(), place.entry)),
        text,
        refusal,
      );
      // A file that only this program writes is never a symlink.
      const strict = outcome(() => readPrivate(context(), place.entry, strictly));
      assert.match(
        String(strict),
        / is a (symlink|FIFO|socket), not a regular file; move it away$/,
      );
      assert.ok(isPresent(context(), place.entry));
    }));

  for (const name of ['hosts', 'identities', 'signed-out', '.']) {
    test(`${what} instead of the directory ${name}`, () =>
      inPlace(makeDirectory, name, async (place) => {
        arrange(place);
        await new Promise((resolve) => setImmediate(resolve));
        const one = path.join(place.entry, 'one');
        check(
          outcome(() => namesIn(context(), place.entry)),
          ['one'],
          refusal,
        );
        check(
          outcome(() => isPresent(context(), one)),
          true,
          refusal,
        );
        check(
          outcome(() => readPrivate(context(), one)),
          text,
          refusal,
        );
        check(
          outcome(() => writePrivate(context(), one, text)),
          undefined,
          refusal,
        );
        check(
          outcome(() => removePrivate(context(), one)),
          true,
          refusal,
        );
      }));
  }
}

test('a write and a removal replace a symlink and preserve its target', () =>
  inPlace(makeFile, 'x.json', (place) => {
    const target = linked(place);
    assert.is(removePrivate(context(), place.entry), true);
    link(place, target);
    writePrivate(context(), place.entry, 'canary-new');
    assert.ok(fs.lstatSync(place.entry).isFile());
    assert.is(fs.readFileSync(target, 'utf8'), text);
  }));

for (const suffix of ['/', '//', '/.', '/./']) {
  test(`checks a directory with the suffix ${suffix} like the directory itself`, () =>
    inPlace(makeDirectory, '.', (place) => {
      fs.chmodSync(linked(place), 0o777);
      const names = outcome(() => namesIn(context(), place.entry + suffix));
      assert.match(String(names), /other users can write to /);
    }));
}

needRoot("refuses another user's directory and file, and reads root's (needs root)", () =>
  inPlace(makeDirectory, 'hosts', (place) => {
    place.make(place.entry);
    const one = path.join(place.entry, 'one');
    const read = () => outcome(() => readPrivate(context(), one));
    give(one, other);
    assert.match(
      String(read()),
      /one is owned by user 1717, not by user 4242; run this as user 1717/,
    );
    give(one, 0);
    assert.is(read(), text);
    for (const directory of [place.entry, place.config]) {
      give(directory, other);
      assert.match(
        String(read()),
        /is owned by user 1717, not by user 4242; run this as user 1717/,
      );
      assert.match(String(outcome(() => writePrivate(context(), one, ''))), /owned by user 1717/);
      give(directory, 0);
      assert.is(read(), text);
      give(directory, me);
    }
  }),
);

needRoot("root reads a user's files, and writes and changes nothing (needs root)", () =>
  inPlace(makeDirectory, 'hosts', (place) => {
    place.make(place.entry);
    const root = testContext({ uid: 0 });
    const one = path.join(place.entry, 'one');
    fs.chmodSync(one, 0o644);
    assert.is(readPrivate(root, one), text);
    assert.match(root.warnings.join(), /other users can read \S+one\nhint: run chmod 600/);
    assert.is(fs.statSync(one).mode & 0o777, 0o644);
    const refusal = /root does not write to \S+ of user 4242; run this as user 4242, or set /;
    assert.match(String(outcome(() => writePrivate(root, one, ''))), refusal);
    assert.match(String(outcome(() => removePrivate(root, one))), refusal);
    assert.match(String(outcome(() => readPrivate(root, one, strictly))), refusal);
    const missing = path.join(path.dirname(place.config), 'none', 'config.json');
    assert.match(String(outcome(() => writePrivate(root, missing, ''))), refusal);
    assert.not.ok(fs.existsSync(path.dirname(missing)));
    give(one, other);
    assert.match(String(outcome(() => readPrivate(root, one))), /one is owned by user 1717/);
    fs.rmSync(one);
    link({ ...place, entry: one }, '/etc/hostname');
    assert.match(String(outcome(() => readPrivate(root, one))), /is owned by user 4242/);
  }),
);

needRoot('does not change the mode of a file that another user owns (needs root)', () =>
  inPlace(makeFile, 'config.json', (place) => {
    place.make(place.entry);
    fs.chmodSync(place.entry, 0o644);
    give(place.entry, 0);
    const mine = context();
    assert.is(readPrivate(mine, place.entry), text);
    assert.equal(mine.warnings, [
      `other users can read ${place.entry}\nhint: run chmod 600 ${place.entry}`,
    ]);
    assert.is(fs.statSync(place.entry).mode & 0o777, 0o644);
  }),
);

test('reads a dangling symlink as a missing file', () =>
  inPlace(makeFile, 'config.json', (place) => {
    link(place, 'nowhere');
    assert.is(readPrivate(context(), place.entry), undefined);
  }));

test('reads a dangling directory symlink as a missing directory, and does not write through it', () =>
  inPlace(makeFile, 'hosts', (place) => {
    link(place, 'nowhere');
    const file = path.join(place.entry, 'us.icr.io.json');
    assert.is(readPrivate(context(), file), undefined);
    assert.equal(namesIn(context(), place.entry), []);
    const refusal =
      /cannot follow the symlink \S+: its target does not exist; create nowhere, or remove /;
    assert.match(String(outcome(() => writePrivate(context(), file, text))), refusal);
  }));

test.run();
