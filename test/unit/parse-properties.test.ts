import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isIbmHost } from '../../src/registry/match.ts';
import { parseServerURL, type RegistryHost } from '../../src/registry/parse.ts';

const test = suite('parseServerURL of any text');

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
