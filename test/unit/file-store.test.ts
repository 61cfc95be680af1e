import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eraseTemporaries, fileStore } from '../../src/secrets/file-store.ts';
import type { SecretKey } from '../../src/secrets/store-types.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome, snapshot, writeConfig } from '../support/home.ts';
import { fails } from '../support/rejects.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const test = suite('file store');

const credential = { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: 'canary' };

const names = [
  'us.icr.io',
  'registry.example:5000',
  '[::1]:5000',
  'index.docker.io/access-token',
  'registry.example/..',
  'constructor',
  'work',
  'a/b',
  'Über uns',
];

for (const of of ['host', 'identity'] as const) {
  for (const name of names) {
    test(`a credential of ${of} ${name}`, () =>
      inHome((home) => {
        const store = fileStore(testContext(home));
        assert.is(store.read({ of, name }), undefined);
        store.write({ of, name }, credential);
        assert.equal(store.read({ of, name }), credential);
        assert.equal(store.names(of), [name]);
        assert.equal(store.names(of === 'host' ? 'identity' : 'host'), []);
        assert.equal(fs.readdirSync(home.folder).length, 1);
        store.erase({ of, name });
        store.erase({ of, name });
        assert.is(store.read({ of, name }), undefined);
        assert.equal(store.names(of), []);
      }));
  }
}

test('separates hosts from identities with the same name', () =>
  inHome((home) => {
    const store = fileStore(testContext(home));
    store.write({ of: 'host', name: 'x' }, { ...credential, Secret: 'canary-host' });
    store.write({ of: 'identity', name: 'x' }, { ...credential, Secret: 'canary-identity' });
    assert.is(store.read({ of: 'host', name: 'x' })?.Secret, 'canary-host');
    assert.is(store.read({ of: 'identity', name: 'x' })?.Secret, 'canary-identity');
  }));

test('without a home directory: reads nothing and refuses to write', () => {
  const store = fileStore(testContext());
  assert.is(store.read({ of: 'host', name: 'x' }), undefined);
  assert.equal(store.names('host'), []);
  store.erase({ of: 'host', name: 'x' });
  fails(() => store.write({ of: 'host', name: 'x' }, credential), 'misconfigured', /set HOME/);
});

test('moves a damaged credential aside once, and continues to report it', () =>
  inHome((home) => {
    const file = writeConfig(home, 'hosts/us.icr.io.json', '{');
    const context = testContext(home);
    const store = fileStore(context);
    for (const _ of ['first', 'again']) {
      const read = () => store.read({ of: 'host', name: 'us.icr.io' });
      fails(read, 'damaged', /; run docker-credential-icr login us\.icr\.io$/);
    }
    assert.is(context.warnings.length, 1);
    assert.equal(store.names('host'), ['us.icr.io']);
    assert.is(fs.readFileSync(`${file}.damaged`, 'utf8'), '{');
    store.write({ of: 'host', name: 'us.icr.io' }, credential);
    assert.equal(store.read({ of: 'host', name: 'us.icr.io' }), credential);
    assert.equal(store.names('host'), ['us.icr.io']);
    store.erase({ of: 'host', name: 'us.icr.io' });
    assert.equal(store.names('host'), []);
  }));

/** Runs `action` once, just before a file is renamed. */
function beforeRename(file: string, act: () => void, use: () => void): void {
  const rename = fs.renameSync;
  fs.renameSync = (from, to) => {
    if (from === file) {
      fs.renameSync = rename;
      act();
    }
    rename(from, to);
  };
  try {
    use();
  } finally {
    fs.renameSync = rename;
  }
}

test('race: a login after the damaged file was read is not moved aside', () =>
  inHome((home) => {
    const file = writeConfig(home, 'hosts/us.icr.io.json', '{');
    const context = testContext(home);
    const store = fileStore(context);
    const key = { of: 'host', name: 'us.icr.io' } as const;
    const logIn = () => store.write(key, credential);
    beforeRename(file, logIn, () => assert.equal(store.read(key), credential));
    assert.equal(store.read(key), credential);
    assert.equal(context.warnings, []);
  }));

test('race: two processes move the same damaged file aside once', () =>
  inHome((home) => {
    const file = writeConfig(home, 'hosts/us.icr.io.json', '{');
    const context = testContext(home);
    const key = { of: 'host', name: 'us.icr.io' } as const;
    const read = () => fails(() => fileStore(context).read(key), 'damaged', /json\.damaged\); run/);
    beforeRename(file, read, read);
    assert.is(context.warnings.length, 1);
  }));

test('race: an erase before the move leaves no file', () =>
  inHome((home) => {
    const file = writeConfig(home, 'hosts/us.icr.io.json', '{');
    const store = fileStore(testContext(home));
    const key = { of: 'host', name: 'us.icr.io' } as const;
    const logOut = () => store.erase(key);
    beforeRename(file, logOut, () => assert.is(store.read(key), undefined));
  }));

test('a failed write preserves the old credential and leaves no temporary file', () =>
  inHome((home) => {
    const context = testContext(home);
    const store = fileStore(context);
    const key = { of: 'host', name: 'us.icr.io' } as const;
    store.write(key, credential);
    const before = snapshot(home.folder);
    const target = path.join(home.config, 'hosts', 'de.icr.io.json');
    fs.mkdirSync(path.join(target, 'full'), { recursive: true });
    fails(
      () => store.write({ of: 'host', name: 'de.icr.io' }, credential),
      'storage',
      /cannot write/,
    );
    fs.rmSync(target, { recursive: true });
    assert.equal(snapshot(home.folder), before);
    assert.equal(store.read(key), credential);
  }));

test('creates files with owner-only modes under any umask', () =>
  inHome((home) => {
    const umask = process.umask(0);
    try {
      fileStore(testContext(home)).write({ of: 'identity', name: 'work' }, credential);
    } finally {
      process.umask(umask);
    }
    const mode = (name: string) => fs.statSync(path.join(home.config, name)).mode & 0o777;
    assert.is(mode('identities/work.json'), 0o600);
    for (const folder of ['.', 'identities']) assert.is(mode(folder), 0o700);
  }));

const hostKey = { of: 'host', name: 'us.icr.io' } as const;

/** Kills a store between writing and renaming; returns the remaining files. */
function killedStore(home: Home, key: SecretKey = hostKey): string[] {
  const { renameSync, unlinkSync } = fs;
  const isKilled = () => {
    throw new Error('killed');
  };
  Object.assign(fs, { renameSync: isKilled, unlinkSync: isKilled });
  try {
    fails(() => fileStore(testContext(home)).write(key, credential), 'storage');
  } finally {
    Object.assign(fs, { renameSync, unlinkSync });
  }
  return temporariesIn(home);
}

function temporariesIn(home: Home): string[] {
  const names = fs.readdirSync(home.config, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.tmp'));
}

test('erase: removes temporary files that a killed store left for the same host only', () =>
  inHome((home) => {
    assert.is(killedStore(home).length, 1);
    assert.is(killedStore(home, { of: 'host', name: 'de.icr.io' }).length, 2);
    const store = fileStore(testContext(home));
    store.erase(hostKey);
    assert.is(temporariesIn(home).length, 1);
    store.erase({ of: 'host', name: 'de.icr.io' });
    assert.equal(temporariesIn(home), []);
  }));

for (const ahead of [-3_600_000, 3_600_000]) {
  test(`a local clock ${ahead} ms from the file server's removes no file in use`, () =>
    inHome((home) => {
      killedStore(home);
      const context = testContext({ ...home, now: () => Date.now() + ahead });
      fileStore(context).write({ of: 'host', name: 'de.icr.io' }, credential);
      const [left] = temporariesIn(home);
      assert.ok(left);
      // One minute older than the next file.
      const old = new Date(Date.now() - 61_000);
      fs.utimesSync(path.join(home.config, left), old, old);
      fileStore(context).write({ of: 'host', name: 'de.icr.io' }, credential);
      assert.equal(temporariesIn(home), []);
    }));
}

test('store: retries if a concurrent erase removes its temporary file', () =>
  inHome((home) => {
    const { renameSync } = fs;
    fs.renameSync = (from, to) => {
      fs.renameSync = renameSync;
      fileStore(testContext(home)).erase(hostKey);
      renameSync(from, to);
    };
    fileStore(testContext(home)).write(hostKey, credential);
    assert.equal(fileStore(testContext(home)).read(hostKey), credential);
    assert.equal(temporariesIn(home), []);
  }));

test('a write that fails after the lock was lost reports the lost lock', () =>
  inHome((home) => {
    const lost = () => {
      throw new TypeError('lost');
    };
    let calls = 0;
    const lostAfterRename = () => {
      calls += 1;
      if (calls > 1) lost();
    };
    const store = fileStore(testContext(home));
    withFs({ renameSync: () => systemError('EIO') }, () => {
      assert.throws(() => store.write(hostKey, credential, lost), /lost/);
      assert.throws(() => store.write(hostKey, credential, lostAfterRename), /lost/);
      fails(() => store.write(hostKey, credential), 'storage', /EIO/);
    });
    assert.is(store.read(hostKey), undefined);
  }));

test('temporary files of hosts and identities are removed together', () =>
  inHome((home) => {
    killedStore(home);
    killedStore(home, { of: 'identity', name: 'work' });
    assert.is(temporariesIn(home).length, 2);
    eraseTemporaries(testContext(home));
    assert.equal(temporariesIn(home), []);
    eraseTemporaries(testContext());
  }));

for (const [what, replaced, warning] of [
  ['cannot be renamed', { renameSync: () => systemError('EACCES') }, /cannot rename .*EACCES/],
  ['cannot be read any more', unreadableAside(), /cannot read .*EIO/],
] as const) {
  test(`a damaged credential that ${what}: reported as damaged, with a warning`, () =>
    inHome((home) => {
      writeConfig(home, 'hosts/us.icr.io.json', '{');
      const context = testContext(home);
      withFs(replaced, () => fails(() => fileStore(context).read(hostKey), 'damaged'));
      assert.is(context.warnings.length, 1);
      assert.match(context.warnings.join(), warning);
    }));
}

function unreadableAside() {
  const { openSync } = fs;
  return {
    openSync: (file: string, flags: number) =>
      file.endsWith('.damaged') ? systemError('EIO') : openSync(file, flags),
  };
}

test.run();
