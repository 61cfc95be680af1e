import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  parseImage,
  parseProviderRequest,
  repeatedMember,
} from '../../src/kubernetes/provider-request.ts';
import { fails } from '../support/rejects.ts';

const requests = suite('kubelet request');

const group = 'credentialprovider.kubelet.k8s.io';
const kind = 'CredentialProviderRequest';
const image = 'us.icr.io/ns/image';
const token = 'canary-token';

const good: readonly (readonly [request: object, parsed: object])[] = [
  [
    { kind, apiVersion: `${group}/v1`, image },
    { apiVersion: `${group}/v1`, image },
  ],
  [
    { kind, apiVersion: `${group}/v1beta1`, image },
    { apiVersion: `${group}/v1beta1`, image },
  ],
  [
    { image, kind, apiVersion: `${group}/v1alpha1` },
    { apiVersion: `${group}/v1alpha1`, image },
  ],
  [
    { kind, apiVersion: `${group}/v1`, image, serviceAccountToken: token },
    { apiVersion: `${group}/v1`, image, serviceAccountToken: token },
  ],
  [
    { kind, apiVersion: `${group}/v1`, image, serviceAccountToken: '' },
    { apiVersion: `${group}/v1`, image },
  ],
  // Go reads null as the field's zero value.
  [
    { kind, apiVersion: `${group}/v1`, image, serviceAccountToken: null },
    { apiVersion: `${group}/v1`, image },
  ],
  [
    { kind, apiVersion: `${group}/v1`, image, serviceAccountAnnotations: { a: 'b' } },
    { apiVersion: `${group}/v1`, image, serviceAccountAnnotations: { a: 'b' } },
  ],
];
for (const [request, parsed] of good) {
  requests(`accepts ${JSON.stringify(request)}`, () => {
    const text = `${JSON.stringify(request)}\n`;
    assert.equal(parseProviderRequest(text), { serviceAccountAnnotations: {}, ...parsed });
  });
}

const v1 = `"kind":"${kind}","apiVersion":"${group}/v1"`;
const refused: readonly (readonly [text: string, problem: RegExp])[] = [
  ['', /it is not JSON$/],
  ['canary-token', /it is not JSON$/],
  [`{${v1},"image":"${image}"} {}`, /it is not JSON$/],
  ['[]', /it is not a JSON object$/],
  ['null', /it is not a JSON object$/],
  ['"canary-token"', /it is not a JSON object$/],
  ['{}', /its kind is not CredentialProviderRequest$/],
  [`{"apiVersion":"${group}/v1","image":"${image}"}`, /its kind is not/],
  [
    `{"kind":"CredentialProviderResponse","apiVersion":"${group}/v1","image":"${image}"}`,
    /its kind is not/,
  ],
  [
    `{"kind":"${kind}","image":"${image}"}`,
    /its apiVersion is none of .*v1, .*v1beta1, .*v1alpha1$/,
  ],
  [`{"kind":"${kind}","apiVersion":"${group}/v2","image":"${image}"}`, /its apiVersion is none of/],
  [`{"kind":"${kind}","apiVersion":"v1","image":"${image}"}`, /its apiVersion is none of/],
  [`{"kind":"${kind}","apiVersion":["${group}/v1"],"image":"${image}"}`, /its apiVersion is none/],
  [
    `{"kind":"${kind}","apiVersion":"kubelet.config.k8s.io/v1","image":"${image}"}`,
    /its apiVersion is none of/,
  ],
  [`{"kind":"${kind}","apiVersion":"constructor","image":"${image}"}`, /its apiVersion is none of/],
  [`{${v1}}`, /it names no image$/],
  [`{${v1},"image":""}`, /it names no image$/],
  [`{${v1},"image":["${image}"]}`, /it names no image$/],
  [`{${v1},"image":"${image}","image":"quay.io/a/b"}`, /it has "image" twice$/],
  [`{${v1},"image":"${image}","\\u0069mage":"quay.io/a/b"}`, /it has "image" twice$/],
  [`{${v1},"image":"${image}","serviceAccountAnnotations":{"a":"b","a":"c"}}`, /it has "a" twice$/],
  [`{${v1},"image":"${image}","serviceAccountToken":7}`, /serviceAccountToken is not a text$/],
  [`{${v1},"image":"${image}","serviceAccountAnnotations":[]}`, /is not an object of texts$/],
  [`{${v1},"image":"${image}","serviceAccountAnnotations":{"a":1}}`, /is not an object of texts$/],
  [`{${v1},"Image":"${image}"}`, /it names no image$/],
  [`{${v1},"image":"${image}","new":1,"new":2}`, /it has "new" twice$/],
];
for (const [text, problem] of refused) {
  requests(`refuses ${text}`, () => {
    const error = fails(() => parseProviderRequest(text), 'invalid-input', problem);
    assert.not.match(error.message, 'canary');
  });
}

requests('accepts the same member in two objects, and brackets in a string', () => {
  assert.is(repeatedMember('{"a":{"a":["a",{"a":1}]},"b":"{\\"a\\":","c":"}"}'), undefined);
  assert.is(repeatedMember('{"b":[{"a":1,"c":"\\\\","a":2}]}'), 'a');
  assert.is(repeatedMember('{"a":{"b":1},"b":2}'), undefined);
  assert.is(repeatedMember('{"a":[1,[2]],"a":2}'), 'a');
  assert.is(repeatedMember('{"a":[{"b":1}],"b":2,"a":3}'), 'a');
});

/** Members of a later Kubernetes. */
const unknown: readonly (readonly [version: string, members: string, name: string])[] = [
  ['v1', '"podUid":"canary-token"', '"podUid"'],
  ['v1', '"new":{"serviceAccountToken":"canary-token"}', '"new"'],
  ['v1', '"new":null', '"new"'],
  ['v1', '"new":[{"a":1},{"a":1}]', '"new"'],
  ['v1', '"Image":"quay.io/a/b"', '"Image"'],
  ['v1', '"__proto__":{"serviceAccountToken":"canary-token"}', '"__proto__"'],
  ['v1', '"constructor":7', '"constructor"'],
  ['v1beta1', '"serviceAccountToken":"canary-token"', '"serviceAccountToken"'],
  ['v1alpha1', '"serviceAccountAnnotations":7', '"serviceAccountAnnotations"'],
  ['v1', `"ä${'x'.repeat(60)}":1`, `"?${'x'.repeat(39)}"`],
];
for (const [version, members, name] of unknown) {
  requests(`ignores an unknown member: ${version}, ${members}`, () => {
    const apiVersion = `${group}/${version}`;
    const text = `{"kind":"${kind}","apiVersion":"${apiVersion}","image":"${image}",${members}}`;
    const lines: string[] = [];
    const request = parseProviderRequest(text, (line) => void lines.push(line));
    assert.equal(request, { apiVersion, image, serviceAccountAnnotations: {} });
    assert.equal(lines, [`ignored ${name}, a member that ${apiVersion} does not have`]);
  });
}

requests.run();

const images = suite('kubelet image name');

const ours: readonly (readonly [
  text: string,
  registry: string,
  host: string,
  namespace?: string,
])[] = [
  ['us.icr.io/ns/image', 'us.icr.io', 'us.icr.io', 'ns'],
  ['us.icr.io/ns/a/b/c', 'us.icr.io', 'us.icr.io', 'ns'],
  ['icr.io/ns', 'icr.io', 'icr.io', 'ns'],
  ['private.us.icr.io/ns/image', 'private.us.icr.io', 'private.us.icr.io', 'ns'],
  ['us.icr.io:443/ns/image', 'us.icr.io:443', 'us.icr.io', 'ns'],
  ['us.icr.io:8443/ns/image', 'us.icr.io:8443', 'us.icr.io', 'ns'],
  ['US.icr.io/ns/image', 'US.icr.io', 'us.icr.io', 'ns'],
  ['us.icr.io/ns/image@sha256:00', 'us.icr.io', 'us.icr.io', 'ns'],
  // v2 is the registry API's prefix, but a namespace in an image name.
  ['us.icr.io/v2/ns/image', 'us.icr.io', 'us.icr.io', 'v2'],
  ['registry.ng.bluemix.net/ns/image', 'registry.ng.bluemix.net', 'registry.ng.bluemix.net', 'ns'],
];
for (const [text, registry, name, namespace] of ours) {
  images(`is an IBM image: ${text}`, () => {
    const parsed = parseImage(text);
    assert.is(parsed?.registry, registry);
    assert.is(parsed?.host.name, name);
    assert.is(parsed?.host.namespace, namespace);
  });
}

const others = [
  'docker.io/library/busybox',
  'icr.io.evil.example/ns/image',
  'evil-icr.io/ns/image',
  'us.icr.io@evil.example/ns/image',
  'evil.example@us.icr.io/ns/image',
  'us.icr.io#@evil.example/ns/image',
  'us.icr.io?@evil.example/ns/image',
  'us.icr.io\\@evil.example/ns/image',
  'us.icr.io%2f@evil.example/ns/image',
  'us.icr.io:443@evil.example/ns/image',
  'us.icr.io:/ns/image',
  'us.icr.io:99999/ns/image',
  'https://us.icr.io/ns/image',
  ' us.icr.io/ns/image',
  'us.icr.io/ns/im age',
  'us.icr.io/ns\n/image',
  'us.icr.io\u0000/ns/image',
  'uѕ.icr.io/ns/image',
  'us。icr。io/ns/image',
  '/us.icr.io/ns/image',
  '_us.icr.io/ns/image',
  '-us.icr.io/ns/image',
  '//us.icr.io/ns/image',
  '[::1]/us.icr.io/image',
  '',
];
for (const text of others) {
  images(`is another's: ${JSON.stringify(text)}`, () => assert.is(parseImage(text), undefined));
}

images.run();
