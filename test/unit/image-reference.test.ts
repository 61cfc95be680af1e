import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseImageReference } from '../../src/registry/image-reference.ts';

const test = suite('image references');
const digest = `sha256:${'a'.repeat(64)}`;

const images = [
  ['us.icr.io/ns/img', 'us.icr.io', 'ns/img', 'latest'],
  ['us.icr.io/ns/img:1.2', 'us.icr.io', 'ns/img', '1.2'],
  [`us.icr.io/ns/img@${digest}`, 'us.icr.io', 'ns/img', digest],
  [`us.icr.io/ns/img:1@${digest}`, 'us.icr.io', 'ns/img', digest],
  ['us.icr.io/ns/a/b-c__d/e:1', 'us.icr.io', 'ns/a/b-c__d/e', '1'],
  ['US.icr.IO/ns/img', 'us.icr.io', 'ns/img', 'latest'],
  ['us.icr.io:443/ns/img:1', 'us.icr.io:443', 'ns/img', '1'],
  [' docker://us.icr.io/ns/img:1// ', 'us.icr.io', 'ns/img', '1'],
  ['https://private.us.icr.io/ns/img', 'private.us.icr.io', 'ns/img', 'latest'],
  ['oci://us.icr.io/ns/img', 'us.icr.io', 'ns/img', 'latest'],
  ['docker-image://us.icr.io/ns/img:V1.RC', 'us.icr.io', 'ns/img', 'V1.RC'],
  ['containers-storage:us.icr.io/ns/img:1', 'us.icr.io', 'ns/img', '1'],
  ['Docker-Daemon:us.icr.io:443/ns/img:1', 'us.icr.io:443', 'ns/img', '1'],
  ['registry.ng.bluemix.net/ns/img', 'registry.ng.bluemix.net', 'ns/img', 'latest'],
] as const;
for (const [text, registry, repository, reference] of images) {
  test(`parses ${text}`, () => {
    const image = parseImageReference(text);
    if ('problem' in image) throw new Error(image.problem);
    assert.equal(
      [image.registry, image.repository, image.reference, image.host.namespace],
      [registry, repository, reference, 'ns'],
    );
  });
}

const invalid = [
  '',
  '/',
  'us.icr.io',
  'us.icr.io/ns',
  'us.icr.io/ns/',
  'us.icr.io//img',
  'us.icr.io/ns/img:',
  'us.icr.io/ns/img:a b',
  'us.icr.io/ns/img@sha256:1',
  `us.icr.io/ns/img@${digest}@${digest}`,
  'us.icr.io/ns/../img',
  'us.icr.io/ns/Img',
  'us.icr.io/ns/img?x=1',
  'us.icr.io/ns/img#x',
  'us.icr.io/ns/i\u0000mg',
  'user@us.icr.io/ns/img',
  'us.icr.io.evil.example/ns/img',
  'evil.example/us.icr.io/img',
  'ftp://us.icr.io/ns/img',
  'oci:us.icr.io/ns/img',
  'oci:/tmp/layout:us.icr.io/ns/img',
  'docker://oci://us.icr.io/ns/img',
  `us.icr.io/ns/${'a'.repeat(1000)}`,
];
for (const text of invalid) {
  test(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
    assert.ok('problem' in parseImageReference(text));
  });
}

test('a parsed image has only characters that are safe in a URL', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, tag) => {
      const image = parseImageReference(`us.icr.io/ns/${name}:${tag}`);
      if ('problem' in image) return true;
      const { repository, reference } = image;
      return /^ns(\/[a-z0-9._-]+)+$/.test(repository) && /^[\w.:+-]+$/.test(reference);
    }),
  );
});

test.run();
