import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bundle } from '../support/bundle.ts';
import { inFolder } from './clients-folder.ts';

const test = suite('client files on mounts and in directories that are not writable');

const before = '{"auths":{}}';
const withPassword = '{"auths":{"quay.io":{"auth":"Y2FuYXJ5OmNhbmFyeQ=="}}}';
const program = path.join(import.meta.dirname, 'clients-mounts-edit.ts');

/** Edits the file in a mount namespace that `prepare`, a shell script, sets up. `$1` is the directory. */
function edit(folder: string, prepare: string, uid = 0) {
  const shell = `${prepare}\nexec setpriv --reuid ${uid} --clear-groups --bounding-set -all "$0" "$2" "$1" "$3"`;
  const client = fs.existsSync(path.join(folder, 'auth.json')) ? 'podman' : 'docker';
  const args = ['-m', 'sh', '-ec', shell, process.execPath, folder, bundle(program), client];
  const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  assert.ok(stdout, stderr);
  const names = fs.readdirSync(folder).sort();
  return { ...JSON.parse(stdout), names };
}

const canUnshare =
  process.platform === 'linux' && spawnSync('unshare', ['-m', 'true']).status === 0;
const testInNamespace = canUnshare ? test : test.skip;

const bindFile = 'mount --bind "$1/config.json" "$1/config.json"';

for (const [text, mode] of [
  [before, 0o644],
  [withPassword, 0o600],
  [`${before.slice(0, -1)},"x":"${'y'.repeat(100_000)}"}`, 0o600],
] as const) {
  testInNamespace(`overwrites a mounted file of ${text.length} bytes in its place`, () =>
    inFolder((folder) => {
      const file = path.join(folder, 'config.json');
      fs.writeFileSync(file, text, { mode });
      const { ino } = fs.statSync(file);
      const { changed, backup, names } = edit(folder, bindFile);
      assert.is(changed, true);
      assert.equal(JSON.parse(fs.readFileSync(file, 'utf8')), {
        ...JSON.parse(text),
        credHelpers: { 'us.icr.io': 'icr' },
      });
      const stat = fs.statSync(file);
      assert.equal([stat.ino, stat.mode & 0o777], [ino, mode]);
      const hasBackup = text !== withPassword;
      assert.is(backup, hasBackup ? `${file}.icr-backup` : undefined);
      assert.equal(names, hasBackup ? ['config.json', 'config.json.icr-backup'] : ['config.json']);
      if (hasBackup) assert.is(fs.readFileSync(`${file}.icr-backup`, 'utf8'), text);
    }),
  );
}

const dockerHint = /^set DOCKER_CONFIG to a writable directory with a copy of this file, or mount /;
const podmanHint = /^set REGISTRY_AUTH_FILE to a writable copy of this file, or mount /;

const rows: readonly {
  readonly name: string;
  readonly prepare: string;
  readonly uid?: number;
  readonly file?: string;
  readonly problem: RegExp;
}[] = [
  {
    name: 'a file on a read-only mount',
    prepare: `${bindFile}\nmount -o remount,bind,ro "$1/config.json"`,
    problem: /config\.json is on a read-only file system or mount \(EROFS\)$/,
  },
  {
    name: 'a directory on a read-only mount',
    prepare: 'mount --bind "$1" "$1"\nmount -o remount,bind,ro "$1"',
    problem: /config\.json is on a read-only file system or mount \(EROFS\)$/,
  },
  {
    name: "podman's file on a read-only mount",
    prepare: 'mount --bind "$1" "$1"\nmount -o remount,bind,ro "$1"',
    file: 'auth.json',
    problem: /auth\.json is on a read-only file system or mount \(EROFS\)$/,
  },
  {
    name: 'a directory that is not writable',
    prepare: 'chown 1234 "$1/config.json"; chmod 755 "$1"',
    uid: 1234,
    problem: / is not writable, so config\.json in it cannot be replaced \(EACCES\)$/,
  },
  {
    name: 'a mounted file in a directory that is not writable',
    prepare: `chown 1234 "$1/config.json"; chmod 755 "$1"; ${bindFile}`,
    uid: 1234,
    problem: / is not writable, so config\.json in it cannot be replaced \(EACCES\)$/,
  },
  {
    name: 'a mounted file of another user',
    prepare: `chown 1234 "$1"; chmod 666 "$1/config.json"; ${bindFile}`,
    uid: 1234,
    problem: /another user or group owns .*config\.json \(0:0\)$/,
  },
];

for (const { name, prepare, uid, file = 'config.json', problem } of rows) {
  for (const older of [undefined, 'older']) {
    testInNamespace(`${name}: an error with a way out, and no new backup; ${older ?? 'none'}`, () =>
      inFolder((folder) => {
        const [place, backup] = [path.join(folder, file), path.join(folder, `${file}.icr-backup`)];
        fs.writeFileSync(place, before);
        if (older !== undefined) fs.writeFileSync(backup, older);
        const { code, message, hint, names } = edit(folder, prepare, uid);
        assert.is(code, 'storage');
        assert.match(message, problem);
        const expected = file === 'auth.json' ? podmanHint : dockerHint;
        if (!/another user/.test(message)) assert.match(hint, expected);
        assert.is(fs.readFileSync(place, 'utf8'), before);
        assert.equal(names, older === undefined ? [file] : [file, `${file}.icr-backup`]);
        if (older !== undefined) assert.is(fs.readFileSync(backup, 'utf8'), older);
      }),
    );
  }
}

testInNamespace('a full file system: the mounted file is as before', () =>
  inFolder((folder) => {
    const text = `{"x":"${'y'.repeat(4080)}"}`;
    fs.writeFileSync(path.join(folder, 'config.json'), text);
    // The file is on a file system of one page, its directory is not.
    const prepare = `
      mkdir "$1/full"; mount -t tmpfs -o size=4k none "$1/full"
      cp "$1/config.json" "$1/full"; mount --bind "$1/full/config.json" "$1/config.json"`;
    const { message, content, names } = edit(folder, prepare);
    assert.match(message, /ENOSPC/);
    assert.is(content, text);
    assert.equal(names, ['config.json', 'full']);
  }),
);

test.run();
