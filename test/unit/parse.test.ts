import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isIbmHost } from '../../src/registry/match.ts';
import { parseServerURL, type RegistryHost } from '../../src/registry/parse.ts';
import { hasControlCharacter } from '../../src/visible.ts';

const test = suite('parseServerURL');

type Parsed = [name: string, port?: number | undefined, namespace?: string];

const hosts: readonly [text: string, ...Parsed][] = [
  ['us.icr.io', 'us.icr.io'],
  ['US.Icr.IO', 'us.icr.io'],
  ['us.icr.io.', 'us.icr.io'],
  ['  us.icr.io\n', 'us.icr.io'],
  ['https://us.icr.io', 'us.icr.io'],
  ['HTTPS://us.icr.io/', 'us.icr.io'],
  ['hTtP://us.icr.io', 'us.icr.io'],
  ['us.icr.io:443', 'us.icr.io'],
  ['us.icr.io:0443', 'us.icr.io', 443],
  ['http://us.icr.io:80', 'us.icr.io'],
  ['http://us.icr.io:443', 'us.icr.io', 443],
  ['https://us.icr.io:80', 'us.icr.io', 80],
  ['us.icr.io:80', 'us.icr.io', 80],
  ['us.icr.io.:5000', 'us.icr.io', 5000],
  ['localhost:65535', 'localhost', 65535],
  ['us.icr.io/ns', 'us.icr.io', undefined, 'ns'],
  ['us.icr.io/ns/image:1', 'us.icr.io', undefined, 'ns'],
  ['us.icr.io//ns', 'us.icr.io', undefined, 'ns'],
  ['us.icr.io/v2/', 'us.icr.io'],
  ['us.icr.io/v2', 'us.icr.io'],
  ['us.icr.io/v2/ns/image', 'us.icr.io', undefined, 'ns'],
  ['us.icr.io/v1/ns', 'us.icr.io', undefined, 'ns'],
  ['us.icr.io/ns/image@sha256:0123', 'us.icr.io', undefined, 'ns'],
  ['us.icr.io/.ns', 'us.icr.io', undefined, '.ns'],
  ['us.icr.io./ns', 'us.icr.io', undefined, 'ns'],
  ['us.icr.io/...', 'us.icr.io', undefined, '...'],
  ['evil.example/us.icr.io', 'evil.example', undefined, 'us.icr.io'],
  ['evil.example/a@b', 'evil.example', undefined, 'a@b'],
  ['my_host', 'my_host'],
  ['127.0.0.1:5000', '127.0.0.1', 5000],
  ['[::1]', '[::1]'],
  ['[FE80::1]:5000', '[fe80::1]', 5000],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  [`${'a.'.repeat(126)}a.`, `${'a.'.repeat(126)}a`],
];

for (const [text, name, port, namespace] of hosts) {
  test(text, () => assert.equal(parseServerURL(text), { name, port, namespace }));
}

const problems: readonly [text: string, problem: RegExp][] = [
  ['', /not a host/],
  ['.', /not a host/],
  ['..', /not a host/],
  ['/', /not a host/],
  ['/a://us.icr.io', /not a host/],
  ['https://', /not a host/],
  [':443', /not a host/],
  ['a..b', /not a host/],
  ['.a', /not a host/],
  ['-a.b', /not a host/],
  ['a-.b', /not a host/],
  ['a.b-', /not a host/],
  ['a b', /not a host/],
  ['a%2eb', /not a host/],
  ['a\\b', /not a host/],
  ['ａ.example', /not a host/],
  ['a:b:1', /not a host/],
  ['::1', /not a host/],
  ['[::1', /not a host/],
  ['[::1]x', /not a host/],
  ['[]', /not a host/],
  ['[fe80::1%eth0]', /not a host/],
  ['[us.icr.io]', /not a host/],
  [`${'a'.repeat(64)}.example`, /not a host/],
  [`${'a.'.repeat(127)}a`, /too long/],
  ['a@b', /user name/],
  ['a:b@c', /user name/],
  ['https://@a', /user name/],
  ['a:', /port/],
  ['a:0', /port/],
  ['a:65536', /port/],
  ['a:1e3', /port/],
  ['a:-1', /port/],
  ['a:000443', /port/],
  ['://a', /scheme/],
  ['1a://b', /scheme/],
  ['a_b://c', /scheme/],
  ['file://us.icr.io', /scheme/],
  ['ftp://us.icr.io', /scheme/],
  ['oci://us.icr.io', /scheme/],
  ['oci+https://us.icr.io', /scheme/],
  ['docker://us.icr.io', /scheme/],
  ['javascript://us.icr.io', /scheme/],
  ['httpss://us.icr.io', /scheme/],
  ['https://https://us.icr.io', /port/],
  ['http://', /not a host/],
  ['http:///us.icr.io', /not a host/],
  ['file:///us.icr.io', /scheme/],
  ['us.icr.io?', /path/],
  ['us.icr.io#', /path/],
  ['us.icr.io?x=/ns', /path/],
  ['us.icr.io?@evil.example', /path/],
  ['us.icr.io#@evil.example', /path/],
  ['us.icr.io#/ns', /path/],
  ['us.icr.io/?ns', /path/],
  ['us.icr.io/ns?x/y', /path/],
  ['us.icr.io/ns#x', /path/],
  ['us.icr.io/a\\b', /path/],
  ['us.icr.io/%2e%2e', /path/],
  ['us.icr.io/a b', /path/],
  ['us.icr.io/$(touch x)', /path/],
  ['us.icr.io/`x`', /path/],
  ["us.icr.io/'", /path/],
  ['us.icr.io/*', /path/],
  ['us.icr.io/ü', /path/],
  ['us.icr.io/.', /path/],
  ['us.icr.io/..', /path/],
  ['us.icr.io/ns/../other', /path/],
  ['us.icr.io/./ns', /path/],
  ['evil.example?u://us.icr.io', /path/],
  ['a\nb', /control/],
  ['a\0', /control/],
  ['a/\x1b', /control/],
  ['a\x7f', /control/],
  ['a\x9f', /control/],
];

for (const [text, problem] of problems) {
  test(`rejects ${JSON.stringify(text.slice(0, 80))}`, () => {
    const parsed = parseServerURL(text);
    assert.ok('problem' in parsed, JSON.stringify(parsed));
    assert.match(parsed.problem, problem);
  });
}

test('detects control characters only', () => {
  for (const text of ['\0', 'a\tb', '\x1f', '\x7f', '\x80', '\x9f']) {
    assert.ok(hasControlCharacter(text), JSON.stringify(text));
  }
  for (const text of ['', ' ', '~', '\xa0', 'ü', '🐳']) assert.not.ok(hasControlCharacter(text));
});

/** Texts of characters that are valid and invalid in hosts. */
const nearHosts = fc
  .array(
    fc.oneof(
      fc.constantFrom('icr.io', '.icr.io', 'us', 'evil', '.example', 'https://', 'http://', '://'),
      fc.constantFrom('.', '/', ':', '@', '\\', '?', '#', '%2e', '%00', '-', '_', ' ', '\t', '443'),
      fc.constantFrom('registry.', '.bluemix.net', '[', ']', '。', 'ı', 'ſ', 'K', '\u00ad', 'xn--'),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

/** Half of the prefixes and half of the suffixes are common ones, so that many hosts are IBM's. */
const nearIbmHosts = fc
  .tuple(
    fc.oneof(fc.constantFrom('', 'us.', 'https://'), nearHosts),
    fc.oneof(fc.constantFrom('', '/', ':443', '/v2/'), nearHosts),
  )
  .map(([before, after]) => `${before}icr.io${after}`);

function parsedOf(text: string): RegistryHost | undefined {
  const parsed = parseServerURL(text);
  return 'problem' in parsed ? undefined : parsed;
}

test('never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      parseServerURL(text);
    }),
  );
  fc.assert(
    fc.property(nearHosts, (text) => {
      parseServerURL(text);
    }),
  );
});

test('a parsed name is lower case, has valid characters, and parses to itself', () => {
  fc.assert(
    fc.property(nearHosts, (text) => {
      const host = parsedOf(text);
      if (host === undefined) return;
      const { name, port } = host;
      assert.match(name, /^([a-z0-9_][a-z0-9_.-]*|\[[0-9a-f:.]+\])$/);
      assert.equal(parsedOf(name), { name, port: undefined, namespace: undefined });
      const again = parsedOf(port === undefined ? name : `${name}:${port}`);
      assert.equal(again, { name, port, namespace: undefined });
    }),
  );
});

test('accepts only http or https, a host and a plain path', () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(nearIbmHosts, nearHosts), (text) => {
      if (parsedOf(text) === undefined) return;
      accepted += 1;
      assert.match(
        text.trim(),
        /^(https?:\/\/)?([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(\/[a-z0-9._~:@+-]*)*$/i,
      );
      assert.not.match(text.trim(), /\/\.{1,2}(\/|$)/);
    }),
    { numRuns: 3000 },
  );
  assert.ok(accepted > 200, `${accepted} were accepted`);
});

test('a problem does not repeat the input', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]{6}$/), nearHosts, (canary, text) => {
      const parsed = parseServerURL(`${canary}@${text}`);
      if ('problem' in parsed) assert.not.match(parsed.problem, canary);
    }),
  );
});

/** Parses the host like browsers and Node; returns `undefined` if they refuse. */
function hostOfURL(text: string): string | undefined {
  const url = text.trim();
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(url)
    ? url.replace(/^[^:]*/, 'https')
    : `https://${url}`;
  return URL.canParse(withScheme) ? new URL(withScheme).hostname.replace(/\.$/, '') : undefined;
}

function isIbmName(name: string): boolean {
  return isIbmHost({ name, port: undefined, namespace: undefined });
}

test('a URL parser reads the same host for every accepted IBM host', () => {
  let ours = 0;
  fc.assert(
    fc.property(nearIbmHosts, (text) => {
      const host = parsedOf(text);
      if (host === undefined || !isIbmHost(host)) return;
      ours += 1;
      const name = hostOfURL(text);
      // Ignores names that the URL parser refuses, such as a label that is not valid Punycode.
      if (name !== undefined) assert.is(name, host.name, JSON.stringify(text));
    }),
    { numRuns: 2000 },
  );
  assert.ok(ours > 200, `${ours} were IBM’s`);
});

test('a host that a URL parser reads as another host is not IBM’s', () => {
  fc.assert(
    fc.property(nearIbmHosts, (text) => {
      const name = hostOfURL(text);
      const host = parsedOf(text);
      if (name === undefined || host === undefined) return;
      assert.is(isIbmHost(host), isIbmName(name), JSON.stringify(text));
    }),
    { numRuns: 2000 },
  );
});

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const names = fc.oneof(
  fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
  fc.array(label, { maxLength: 3 }).map((labels) => [...labels, 'icr', 'io'].join('.')),
  label.map((last) => `icr.io.${last}`),
);

test('both parsers agree on usual hosts in every spelling', () => {
  const spellings = fc.constantFrom(
    (name: string) => name,
    (name: string) => `https://${name}/`,
    (name: string) => `${name.toUpperCase()}.:443/v2/`,
    (name: string) => `http://${name}:80/ns/image`,
  );
  fc.assert(
    fc.property(names, spellings, (name, spell) => {
      const url = hostOfURL(name);
      // The URL parser reads names that end in a number as IPv4 addresses.
      fc.pre(url === name);
      assert.is(parsedOf(spell(name))?.name, name);
      assert.is(isIbmName(name), name === 'icr.io' || name.endsWith('.icr.io'));
    }),
  );
});

test.run();
