import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { docker } from '../../src/clients/docker.ts';
import { applyPlan } from '../../src/clients/edit-file.ts';
import { HelperError } from '../../src/errors.ts';
import { contextWith, errorOf, inFolder } from './clients-folder.ts';

const test = suite('client file edits');

const isRoot = process.getuid?.() === 0;
const before = '{"auths":{}}';
const after = '{"auths":{},"credHelpers":{"us.icr.io":"icr"}}';

function configure(folder: string, now = Date.now) {
  const context = contextWith({ DOCKER_CONFIG: folder }, { now });
  return applyPlan(context, docker.planAdd(context, ['us.icr.io']));
}

function modeOf(file: string): number {
  return fs.statSync(file).mode & 0o7777;
}

test('creates a file that only its owner can read', () => {
  inFolder((folder) => {
    const inner = path.join(folder, 'a', '.docker');
    assert.equal(configure(inner), { changed: true });
    assert.is(modeOf(path.join(inner, 'config.json')), 0o600);
    assert.is(modeOf(inner), 0o700);
    assert.is(modeOf(path.dirname(inner)), 0o700);
    assert.equal(fs.readdirSync(inner), ['config.json']);
  });
});

test('preserves the mode, and saves the previous content in one backup', () => {
  inFolder((folder) => {
    const file = path.join(folder, 'config.json');
    const backup = `${file}.icr-backup`;
    fs.writeFileSync(file, before);
    fs.chmodSync(file, 0o644);
    fs.writeFileSync(backup, 'older');
    fs.chmodSync(backup, 0o644);
    assert.equal(configure(folder), { changed: true, backup });
    assert.is(fs.readFileSync(file, 'utf8'), after);
    assert.is(modeOf(file), 0o644);
    assert.is(fs.readFileSync(backup, 'utf8'), before);
    // The backup can contain passwords, and only this program needs it.
    assert.is(modeOf(backup), 0o600);
    assert.equal(fs.readdirSync(folder).sort(), ['config.json', 'config.json.icr-backup']);
  });
});

const secrets = [
  '{"auths":{"us.icr.io":{"auth":"YTpjYW5hcnk="}}}',
  '{"auths":{"us.icr.io":{"identitytoken" : "canary"}}}',
  '{"HttpHeaders":{"Authorization":"Bearer canary"}}',
  '{"proxies":{"default":{"httpProxy":"http://user:canary@proxy:3128"}}}',
  '{"proxies":{"default":{"httpProxy":"user:canary@proxy:3128"}}}',
  '{"proxies":{"default":{"httpProxy":"http:\\/\\/user:canary@proxy:3128"}}}',
  '{"proxies":{"default":{"httpProxy":"user:can:ary:@proxy:3128"}}}',
];

test('leaves no backup that contains a password', () => {
  for (const text of secrets) {
    inFolder((folder) => {
      const file = path.join(folder, 'config.json');
      fs.writeFileSync(file, text);
      fs.writeFileSync(`${file}.icr-backup`, 'older');
      assert.equal(configure(folder), { changed: true });
      assert.equal(fs.readdirSync(folder), ['config.json']);
    });
  }
});

// Quadratic time would take hours, so the time limit of a test file is a sufficient check.
for (const word of ['y', 'y:']) {
  test(`finds no password in 8 MiB of ${word}`, () => {
    inFolder((folder) => {
      const file = path.join(folder, 'config.json');
      const text = JSON.stringify({ x: word.repeat((8 * 1024 ** 2) / word.length) });
      fs.writeFileSync(file, text);
      configure(folder);
      assert.ok(fs.readFileSync(`${file}.icr-backup`, 'utf8') === text);
    });
  });
}

test('removes the backup when the change is undone', () => {
  inFolder((folder) => {
    const file = path.join(folder, 'config.json');
    fs.writeFileSync(file, before);
    configure(folder);
    const context = contextWith({ DOCKER_CONFIG: folder });
    assert.equal(applyPlan(context, docker.planRemove(context, 'all')), { changed: true });
    assert.is(fs.readFileSync(file, 'utf8'), before);
    assert.equal(fs.readdirSync(folder), ['config.json']);
  });
});

test('writes nothing when run again', () => {
  inFolder((folder) => {
    fs.writeFileSync(path.join(folder, 'config.json'), before);
    configure(folder);
    const { ino, mtimeMs } = fs.statSync(path.join(folder, 'config.json'));
    assert.equal(configure(folder), { changed: false });
    const stat = fs.statSync(path.join(folder, 'config.json'));
    assert.equal([stat.ino, stat.mtimeMs], [ino, mtimeMs]);
    assert.is(fs.readFileSync(path.join(folder, 'config.json.icr-backup'), 'utf8'), before);
  });
});

test('follows a symlink and preserves it', () => {
  for (const content of [before, undefined]) {
    inFolder((folder) => {
      const target = path.join(folder, 'dotfiles', 'docker.json');
      const file = path.join(folder, 'config.json');
      fs.mkdirSync(path.dirname(target));
      if (content !== undefined) fs.writeFileSync(target, content);
      fs.symlinkSync('dotfiles/docker.json', file);
      configure(folder);
      assert.ok(fs.lstatSync(file).isSymbolicLink());
      assert.match(fs.readFileSync(target, 'utf8'), '"us.icr.io"');
      assert.equal(fs.readdirSync(path.dirname(target)), ['docker.json']);
    });
  }
});

test('refuses a symlink to a missing directory, a symlink to itself, a directory and a device', () => {
  const rows: [string, (file: string) => void][] = [
    [
      'the directory of /nonexistent/volume/x.json does not exist',
      (file) => fs.symlinkSync('/nonexistent/volume/x.json', file),
    ],
    ['ELOOP', (file) => fs.symlinkSync('config.json', file)],
    ['is a directory, not a regular file', (file) => fs.mkdirSync(file)],
    ['is a device, not a regular file', (file) => fs.symlinkSync('/dev/null', file)],
  ];
  for (const [message, make] of rows) {
    inFolder((folder) => {
      make(path.join(folder, 'config.json'));
      const error = errorOf(() => configure(folder));
      assert.is(error.code, 'storage');
      assert.match(error.message, message);
      assert.equal(fs.readdirSync(folder), ['config.json']);
    });
  }
});

test('refuses a file that another program changed after it was read', () => {
  inFolder((folder) => {
    const file = path.join(folder, 'config.json');
    fs.writeFileSync(file, before);
    const context = contextWith({ DOCKER_CONFIG: folder });
    const plan = docker.planAdd(context, ['us.icr.io']);
    fs.writeFileSync(file, '{"auths":{"x":{}}}');
    const error = errorOf(() => applyPlan(context, plan));
    assert.is(error.code, 'storage');
    assert.match(error.message, 'another program changed');
    assert.is(fs.readFileSync(file, 'utf8'), '{"auths":{"x":{}}}');
    fs.rmSync(file);
    assert.is(errorOf(() => applyPlan(context, plan)).code, 'storage');
    assert.equal(fs.readdirSync(folder), []);
  });
});

test('fails if another process holds the lock, and ignores the lock of a killed process', () => {
  inFolder((folder) => {
    const file = path.join(folder, 'config.json');
    const aside = `${file}.icr-new`;
    fs.writeFileSync(file, before);
    fs.writeFileSync(aside, '');
    assert.match(errorOf(() => configure(folder)).message, 'another command is changing the file');
    // The clock of the file server differs.
    for (const skewMs of [300_000, -300_000]) {
      assert.is(errorOf(() => configure(folder, () => Date.now() + skewMs)).code, 'storage');
    }
    assert.equal(fs.readdirSync(folder).sort(), ['config.json', 'config.json.icr-new']);
    fs.utimesSync(aside, 1, 1);
    assert.is(configure(folder).changed, true);
    assert.not(fs.existsSync(aside));
  });
});

test('leaves no temporary file if the backup cannot be written', () => {
  inFolder((folder) => {
    const file = path.join(folder, 'config.json');
    fs.writeFileSync(file, before);
    fs.mkdirSync(`${file}.icr-backup`);
    assert.is(errorOf(() => configure(folder)).code, 'storage');
    assert.is(fs.readFileSync(file, 'utf8'), before);
    assert.not(fs.existsSync(`${file}.icr-new`));
  });
});

test('keeps the entries of all concurrent edits', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'clients-'));
  try {
    const hosts = Array.from({ length: 8 }, (_, number) => `h${number}.icr.io`);
    await Promise.all(hosts.map((host) => configureElsewhere(folder, host)));
    const { credHelpers } = JSON.parse(fs.readFileSync(path.join(folder, 'config.json'), 'utf8'));
    assert.equal(Object.keys(credHelpers).sort(), hosts);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

/** Runs one edit in its own process. */
function configureElsewhere(folder: string, host: string): Promise<void> {
  const source = new URL('../../src/clients/', import.meta.url).href;
  const script = `
    const { docker } = await import('${source}docker.ts');
    const { planAndApply } = await import('${source}edit-file.ts');
    const context = { env: { DOCKER_CONFIG: ${JSON.stringify(folder)} }, platform: 'linux', now: Date.now };
    planAndApply(context, () => docker.planAdd(context, ['${host}']));`;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['-e', script], (error) => (error ? reject(error) : resolve()));
  });
}

if (isRoot) {
  test('as root: preserves the owner, and gives a new file to the owner of the directory', () => {
    inFolder((folder) => {
      const file = path.join(folder, 'config.json');
      fs.writeFileSync(file, before);
      fs.chownSync(file, 1234, 4321);
      configure(folder);
      for (const one of [file, `${file}.icr-backup`]) {
        const { uid, gid } = fs.statSync(one);
        assert.equal([uid, gid], [1234, 4321]);
      }
    });
    inFolder((folder) => {
      fs.chownSync(folder, 1234, 4321);
      configure(path.join(folder, '.docker'));
      for (const one of ['.docker', '.docker/config.json']) {
        const { uid, gid } = fs.statSync(path.join(folder, one));
        assert.equal([uid, gid], [1234, 4321]);
      }
    });
    assert.equal([process.geteuid?.(), process.getegid?.()], [0, 0]);
  });

  test("as root: a directory of root in a user's directory is that user's", () => {
    inFolder((folder) => {
      fs.chmodSync(folder, 0o755);
      const [home, docker] = [path.join(folder, 'home'), path.join(folder, 'home/.docker')];
      fs.mkdirSync(docker, { recursive: true });
      fs.chownSync(home, 1234, 4321);
      assert.match(
        errorOf(() => configure(docker)).message,
        /config\.json is not writable.*\(EACCES\)/,
      );
      assert.equal(fs.readdirSync(docker), []);
    });
  });

  for (const [what, link, target] of [
    ['the file', 'config.json', 'root/config.json'],
    ['the file, whose target does not exist', 'config.json', 'root/new.json'],
    ['the directory', 'home/.docker', 'root'],
    ['the temporary file', 'config.json.icr-new', 'root/config.json'],
    ['the backup', 'config.json.icr-backup', 'root/config.json'],
  ] as const) {
    test(`as root: nothing is changed behind another user's symlink in place of ${what}`, () => {
      inFolder((folder) => {
        const [root, home] = [path.join(folder, 'root'), path.join(folder, 'home')];
        fs.chmodSync(folder, 0o755);
        for (const each of [root, home]) fs.mkdirSync(each);
        fs.writeFileSync(path.join(root, 'config.json'), before);
        const isDirectory = link.startsWith('home');
        const docker = path.join(home, '.docker');
        if (!isDirectory) fs.mkdirSync(docker);
        const file = path.join(docker, 'config.json');
        if (/icr-/.test(link)) fs.writeFileSync(file, before);
        const place = isDirectory ? docker : path.join(docker, link);
        fs.symlinkSync(path.join(folder, target), place);
        for (const each of isDirectory ? [home] : [home, docker]) fs.chownSync(each, 1234, 4321);
        if (fs.existsSync(file) && /icr-/.test(link)) fs.chownSync(file, 1234, 4321);
        fs.lchownSync(place, 1234, 4321);
        try {
          configure(docker);
        } catch (error) {
          if (!(error instanceof HelperError)) throw error;
          assert.is(error.code, 'storage');
        }
        assert.equal(fs.readdirSync(root), ['config.json']);
        assert.is(fs.readFileSync(path.join(root, 'config.json'), 'utf8'), before);
        assert.is(fs.statSync(path.join(root, 'config.json')).uid, 0);
        assert.is(process.geteuid?.(), 0);
      });
    });
  }
}

test.run();
