import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseServerURL } from '../../src/registry/parse.ts';

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
  ['a:+1', /port/],
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

test.run();
