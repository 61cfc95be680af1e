import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { actAsOwner } from '../../src/files/act-as-owner.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';
import { fails } from '../support/rejects.ts';
import { withFs } from '../support/replaced-fs.ts';

const test = suite('root acts as the owner of a path');

const user = { uid: 1234, gid: 5678 };
const other = { uid: 4321, gid: 8765 };
const root = { uid: 0, gid: 0 };

type Owner = typeof user;
/** The owner of each path, relative to a directory; root owns all others. */
type Owners = Readonly<Record<string, Owner>>;

/** Pretends that these users own the files below `folder`. */
function withOwners<T>(folder: string, owners: Owners, use: () => T): T {
  const { lstatSync, statSync } = fs;
  const ownerOf = (file: string) => owners[path.relative(folder, file) || '.'] ?? owners[file];
  const owned = (stat: fs.Stats | undefined, file: string) =>
    stat && Object.assign(stat, ownerOf(file) ?? root);
  const replaced = {
    lstatSync: (file: string, options?: object) => owned(lstatSync(file, options), file),
    statSync: (file: string) => owned(statSync(file), fs.realpathSync(file)),
  };
  return withFs(replaced, use);
}

/** Creates `dir/file`, `link` to `dir`, `dangling`, and `user/dir/file`. */
function plant(folder: string): void {
  for (const name of ['dir', 'user/dir']) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
    fs.writeFileSync(path.join(folder, name, 'file'), '');
  }
  fs.symlinkSync('dir', path.join(folder, 'link'));
  fs.symlinkSync('none', path.join(folder, 'dangling'));
}

const rows: readonly [what: string, file: string, owners: Owners, expected: Owner | undefined][] = [
  ['a path of root', 'dir/file', {}, undefined],
  ['a file in a directory of a user', 'dir/file', { dir: user }, user],
  ['a file that does not exist in a directory of a user', 'dir/none/x', { dir: user }, user],
  ['a file of a user in a directory of root', 'dir/file', { 'dir/file': user }, undefined],
  ['a directory of root in one of a user', 'user/dir/file', { user }, user],
  ['directories of two users', 'user/dir/file', { user, 'user/dir': other }, other],
  ['a symlink of a user to a directory of root', 'link/file', { link: user }, user],
  ['a symlink of a user to nothing', 'dangling', { dangling: user }, user],
  ['a symlink of root to a directory of a user', 'link/file', { dir: user }, user],
  ['a symlink of root to nothing', 'dangling', {}, undefined],
  [
    'a user namespace, in which nobody owns the root directory',
    'dir/file',
    { '/': other },
    undefined,
  ],
  ['nobody’s directory in a user namespace', 'dir/file', { '/': other, dir: other }, undefined],
  ['nobody’s symlink in a user namespace', 'link/file', { '/': other, link: other }, undefined],
];

for (const [what, file, owners, expected] of rows) {
  test(`${what}: ${expected === undefined ? 'root stays root' : `as user ${expected.uid}`}`, () =>
    inHome(({ folder }) => {
      plant(folder);
      const events: unknown[] = [];
      const actAs = ({ uid, gid }: Owner) => {
        events.push({ uid, gid });
        return () => void events.push('restored');
      };
      withOwners(fs.realpathSync(folder), owners, () => {
        const given = testContext({ uid: 0, actAs });
        const target = path.join(fs.realpathSync(folder), file);
        const action = () => {
          events.push('done');
          return 'result';
        };
        assert.is(actAsOwner(given, target, action), 'result');
        const done = expected === undefined ? ['done'] : [expected, 'done', 'restored'];
        assert.equal(events, done);
        // Only root can switch.
        actAsOwner(testContext({ uid: user.uid, actAs }), target, () => {});
        assert.equal(events, done);
      });
    }));
}

test('the rights are restored after an error, which is thrown', () =>
  inHome(({ folder }) => {
    plant(folder);
    let isRestored = false;
    const restore = () => {
      isRestored = true;
    };
    const context = testContext({ uid: 0, actAs: () => restore });
    withOwners(folder, { dir: user }, () => {
      const bug = () => {
        throw new TypeError('a bug');
      };
      assert.throws(() => actAsOwner(context, path.join(folder, 'dir/file'), bug), /a bug/);
    });
    assert.ok(isRestored);
  }));

test('root that cannot switch changes nothing, and the error names the user', () =>
  inHome(({ folder }) => {
    plant(folder);
    const actAs = () => {
      throw new Error('EPERM');
    };
    const file = path.join(folder, 'dir/file');
    withOwners(folder, { dir: user }, () => {
      const changed = () => actAsOwner(testContext({ uid: 0, actAs }), file, assert.unreachable);
      const message = `^root cannot act as user 1234, who owns the path of ${file}; run this as user 1234$`;
      fails(changed, 'storage', new RegExp(message));
    });
  }));

test.run();
