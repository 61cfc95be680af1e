import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseServerURL } from '../../src/registry/parse.ts';

const test = suite('the bounds of a host, a port and a namespace');

/** A name of so many characters, in labels of 63 at most. */
function nameOf(length: number): string {
  return `${'a'.repeat(63)}.`.repeat(4).slice(0, length);
}

const hosts: readonly [
  text: string,
  name: string,
  port?: number | undefined,
  namespace?: string,
][] = [
  [nameOf(253), nameOf(253)],
  ['az09.example', 'az09.example'],
  ['us.icr.io:1', 'us.icr.io', 1],
  ['us.icr.io:65535', 'us.icr.io', 65_535],
  ['us.icr.io:00080', 'us.icr.io', 80],
  ['us.icr.io/AZaz09', 'us.icr.io', undefined, 'AZaz09'],
  ['https://us.icr.io/a://b', 'us.icr.io', undefined, 'a:'],
  ['us.icr.io/abc/d', 'us.icr.io', undefined, 'abc'],
  ['https://us.icr.io/x', 'us.icr.io', undefined, 'x'],
  ['HTTP://us.icr.io:80/x', 'us.icr.io', undefined, 'x'],
];
for (const [text, name, port, namespace] of hosts) {
  test(`${text} is a host`, () => assert.equal(parseServerURL(text), { name, port, namespace }));
}

for (const text of [
  nameOf(254),
  `${'a'.repeat(64)}.example`,
  '[a[::1]',
  '[::1]]:5',
  '[::1]:5]:6',
  '[::1]]',
  'a`.example',
  'a{.example',
  'a/.example:x'.replace('/', ':'),
  'us.icr.io:1x',
  'us.icr.io:x1',
  'us.icr.io:/',
  'us.icr.io:::',
  'us.icr.io/abcd#e',
  'us.icr.io/a?e',
]) {
  test(`${text} is not a host`, () => assert.ok('problem' in parseServerURL(text)));
}

test.run();
