import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Files } from '../../src/context.ts';
import { HelperError } from '../../src/errors.ts';
import { type Bun as BunRuntime, bunFiles, nodeFiles } from '../../src/files/file-readers.ts';
import { countingFiles, testContext } from '../support/context.ts';

declare const Bun: BunRuntime;

const test = suite('file readers');

const uid = process.geteuid?.() ?? 0;

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-readers-'));
  try {
    await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Text, warnings and error, without the directory's name. */
async function outcome(files: Files, folder: string) {
  const context = testContext();
  const text = await files
    .read(context, path.join(folder, 'own', 'file'), 'secret')
    .catch((error) => {
      if (!(error instanceof HelperError)) throw error;
      return { code: error.code, message: error.message, hint: error.hint };
    });
  return JSON.parse(JSON.stringify([text ?? null, context.warnings]).replaceAll(folder, ''));
}

type Make = (file: string) => void;
const write =
  (mode: number, text: string | Uint8Array = 'text'): Make =>
  (file) => {
    fs.writeFileSync(file, text);
    fs.chmodSync(file, mode);
  };
/** A symlink to a file beside the directory. */
const link =
  (make: Make): Make =>
  (file) => {
    make(`${path.dirname(file)}-target`);
    fs.symlinkSync('../own-target', file);
  };
const ownedBy =
  (owner: number, make: Make): Make =>
  (file) => {
    make(file);
    if (uid === 0) fs.chownSync(file, owner, owner);
  };

/** Every kind of file, and whether the fast path may read it without node:fs. */
const kinds: Readonly<Record<string, readonly [make: Make, isUsual?: boolean]>> = {
  'a private file': [write(0o600), true],
  'a private file that is read-only': [write(0o400), true],
  'a file that does not exist': [() => {}, true],
  'an empty file': [write(0o600, '')],
  'a group-accessible file': [write(0o640)],
  'a world-accessible file': [write(0o606)],
  'a file with non-ASCII text': [write(0o600, 'schlüssel')],
  'a file with an invalid byte': [write(0o600, Buffer.from('key\xff', 'latin1'))],
  'a file with a byte order mark': [write(0o600, '\ufeffkey')],
  'a file in UTF-16': [write(0o600, Buffer.from('\ufeffkey', 'utf16le'))],
  'a large file': [write(0o600, 'a'.repeat(2 ** 20 + 1))],
  'a directory': [(file) => fs.mkdirSync(file)],
  'a FIFO': [(file) => execFileSync('mkfifo', ['-m', '600', file])],
  'a device': [(file) => fs.symlinkSync('/dev/zero', file)],
  'a symlink loop': [(file) => fs.symlinkSync('file', file)],
  'a dangling symlink': [(file) => fs.symlinkSync('nowhere', file), true],
  'a symlink to a path below a file': [(file) => fs.symlinkSync('/dev/null/file', file)],
  'a symlink to a world-readable file': [link(write(0o644))],
  "another user's file": [ownedBy(4242, write(0o600))],
  'a directory that another user owns': [
    (file) => {
      write(0o600)(file);
      ownedBy(4242, () => {})(path.dirname(file));
    },
  ],
  'a world-writable directory': [
    (file) => {
      write(0o600)(file);
      fs.chmodSync(path.dirname(file), 0o777);
    },
  ],
  'a missing file in a directory that another user owns': [
    (file) => ownedBy(4242, () => {})(path.dirname(file)),
  ],
  'a directory that is a symlink': [
    (file) => {
      const folder = path.dirname(file);
      fs.rmdirSync(folder);
      fs.mkdirSync(`${folder}-target/inner`, { recursive: true, mode: 0o700 });
      fs.symlinkSync('own-target/inner', folder);
      write(0o600)(file);
    },
  ],
};

function make(folder: string, kind: Make): void {
  fs.mkdirSync(path.join(folder, 'own'), { mode: 0o700 });
  kind(path.join(folder, 'own', 'file'));
}

for (const [name, [kind, isUsual = false]] of Object.entries(kinds)) {
  test(`${name}: both readers return the same text, warnings and error`, async () => {
    const outcomes: unknown[] = [];
    const fallback = countingFiles();
    for (const files of [nodeFiles, bunFiles(Bun, uid, fallback.files)]) {
      await inFolder(async (folder) => {
        make(folder, kind);
        outcomes.push(await outcome(files, folder));
      });
    }
    assert.equal(outcomes[1], outcomes[0]);
    assert.is(fallback.calls(), isUsual ? 0 : 1);
  });
}

for (const [name, [kind]] of Object.entries(kinds)) {
  test(`${name}: both readers say whether it is present, or the same error`, async () => {
    const outcomes: unknown[] = [];
    const fallback = countingFiles();
    for (const files of [nodeFiles, bunFiles(Bun, uid, fallback.files)]) {
      await inFolder(async (folder) => {
        make(folder, kind);
        const file = path.join(folder, 'own', 'file');
        const present = await files.isPresent(testContext(), file).catch((error) => {
          if (!(error instanceof HelperError)) throw error;
          return error.message.replaceAll(folder, '');
        });
        outcomes.push(present);
      });
    }
    assert.is(outcomes[1], outcomes[0]);
    const isMissing = name.includes('missing') || name.includes('does not exist');
    assert.is(outcomes[0] === false, isMissing);
    if (name === 'a file that does not exist') assert.is(fallback.calls(), 0);
  });
}

for (const [name, make] of [
  ['a missing directory', () => {}],
  ['a directory that is a dangling symlink', (file) => fs.symlinkSync('nowhere', file)],
] as const satisfies readonly (readonly [string, Make])[]) {
  test(`nothing is present in ${name}, without node:fs`, () =>
    inFolder(async (folder) => {
      make(path.join(folder, 'own'));
      const files = bunFiles(Bun, uid, { ...nodeFiles, isPresent: () => Promise.reject('used') });
      assert.is(await files.isPresent(testContext(), path.join(folder, 'own', 'file')), false);
    }));
}

test('any text and mode: both readers return the same text, warnings and error', async () => {
  const property = fc.asyncProperty(
    fc.string({
      unit: fc.oneof(
        fc.constant('a'),
        fc.nat(300).map((code) => String.fromCharCode(code)),
        fc.constantFrom('\ufeff', '\ufffd'),
      ),
    }),
    fc.constantFrom(0o600, 0o600, 0o400, 0o644, 0o660, 0o604, 0o700),
    async (text, mode) => {
      const outcomes: unknown[] = [];
      for (const files of [nodeFiles, bunFiles(Bun, uid, nodeFiles)]) {
        await inFolder(async (folder) => {
          make(folder, write(mode, text));
          outcomes.push(await outcome(files, folder));
        });
      }
      assert.equal(outcomes[1], outcomes[0]);
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

test('reads a file that is being written with node:fs', () =>
  inFolder(async (folder) => {
    make(folder, write(0o600, 'half'));
    const stat = async () => ({ mode: 0o100600, size: 8, uid, dev: 1, ino: 1 });
    const file = (name: string) =>
      name.endsWith('file') ? Object.assign(Bun.file(name), { stat }) : Bun.file(name);
    let fallbacks = 0;
    const fallback: Files = {
      ...nodeFiles,
      read: async () => {
        fallbacks += 1;
        return 'whole';
      },
    };
    const files = bunFiles({ ...Bun, file }, uid, fallback);
    assert.equal(await outcome(files, folder), ['whole', []]);
    assert.is(fallbacks, 1);
  }));

for (const [name, [kind, isUsual = false]] of Object.entries(kinds)) {
  test(`${name}: the result is the same after a prefetch`, () =>
    inFolder(async (folder) => {
      make(folder, kind);
      const file = path.join(folder, 'own', 'file');
      let fallbacks = 0;
      const fallback: Files = {
        ...nodeFiles,
        read: async () => {
          fallbacks += 1;
          return 'fallback';
        },
        isPresent: nodeFiles.isPresent,
      };
      const files = bunFiles(Bun, uid, fallback);
      const direct = await outcome(bunFiles(Bun, uid, fallback), folder);
      files.prefetch?.(file);
      assert.equal(await outcome(files, folder), direct);
      assert.is(fallbacks, isUsual ? 0 : 2);
    }));
}

test('a read after that of a prefetched file sees later changes', () =>
  inFolder(async (folder) => {
    make(folder, write(0o600, 'first'));
    const file = path.join(folder, 'own', 'file');
    const files = bunFiles(Bun, uid, nodeFiles);
    files.prefetch?.(file);
    assert.equal(await outcome(files, folder), ['first', []]);
    fs.writeFileSync(file, 'later');
    assert.equal(await outcome(files, folder), ['later', []]);
  }));

test('a directory and a file that are created later are seen', () =>
  inFolder(async (folder) => {
    const files = bunFiles(Bun, uid, nodeFiles);
    const file = path.join(folder, 'own', 'file');
    assert.equal(await outcome(files, folder), [null, []]);
    assert.is(await files.isPresent(testContext(), file), false);
    make(folder, write(0o600));
    assert.equal(await outcome(files, folder), ['text', []]);
    assert.is(await files.isPresent(testContext(), file), true);
  }));

test.run();
