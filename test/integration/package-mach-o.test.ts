import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { signMachO } from '../../scripts/package/mach-o-signature.ts';
import { findSignatureFault } from '../package/code-signature.ts';

const test = suite('Mach-O code signature');

const linkEdit = 0x3000;
/** Not a multiple of the page size, so the last hash covers a partial page. */
const signatureAt = 0x3210;

function segment(name: string, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(72);
  bytes.writeUInt32LE(0x19, 0);
  bytes.writeUInt32LE(bytes.length, 4);
  bytes.write(name, 8);
  bytes.writeBigUInt64LE(BigInt(offset), 40);
  bytes.writeBigUInt64LE(BigInt(size), 48);
  return bytes;
}

/** An executable like Bun's output, which ends with a signature of other content. */
function machO(names: readonly string[] = ['__TEXT', '__LINKEDIT', 'signature']): Buffer {
  const all: Record<string, Buffer> = {
    __TEXT: segment('__TEXT', 0, linkEdit),
    __LINKEDIT: segment('__LINKEDIT', linkEdit, 0x1000),
    signature: Buffer.alloc(16),
  };
  all.signature?.writeUInt32LE(0x1d, 0);
  all.signature?.writeUInt32LE(16, 4);
  all.signature?.writeUInt32LE(signatureAt, 8);
  const commands = names.map((name) => all[name] ?? Buffer.alloc(0));
  const header = Buffer.alloc(32);
  header.writeUInt32LE(0xfeedfacf, 0);
  header.writeUInt32LE(commands.length, 16);
  const bytes = Buffer.alloc(0x4000, 0xa5);
  Buffer.concat([header, ...commands]).copy(bytes);
  return bytes;
}

test('replaces an invalid signature with a valid one', () => {
  const executable = machO();
  assert.is(findSignatureFault(executable), 'has a signature of another kind');
  const signed = signMachO(executable);
  assert.is(findSignatureFault(signed), undefined);
  const end = 32 + 72 + 72;
  assert.is(signed.readUInt32LE(end + 8) + signed.readUInt32LE(end + 12), signed.length);
  assert.is(Number(signed.readBigUInt64LE(32 + 72 + 48)), signed.length - linkEdit);
});

test('is idempotent', () => {
  const once = signMachO(machO());
  assert.equal(signMachO(once), once);
});

for (const at of [4, 0x1fff, signatureAt - 1]) {
  test(`detects a later change of byte ${at}`, () => {
    const signed = signMachO(machO());
    signed.writeUInt8(signed.readUInt8(at) ^ 1, at);
    assert.match(String(findSignatureFault(signed)), /was changed|is not signed/);
  });
}

test('throws if the executable has no place for a signature', () => {
  assert.throws(() => signMachO(machO(['__TEXT', '__LINKEDIT'])), 'no place for a signature');
  assert.throws(() => signMachO(machO(['__TEXT', 'signature'])), 'no segment __LINKEDIT');
});

test.run();
