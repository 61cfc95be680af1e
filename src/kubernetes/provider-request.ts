import { HelperError } from '../errors.ts';
import { isObject, type JsonObject, objectOrProblem } from '../json-object.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';

/** A request of the kubelet to an image credential provider. */
export interface ProviderRequest {
  readonly apiVersion: string;
  readonly image: string;
  /** That of the pod, if `tokenAttributes` are configured (KEP-4412). */
  readonly serviceAccountToken?: string;
  readonly serviceAccountAnnotations: Readonly<Record<string, string>>;
}

const group = 'credentialprovider.kubelet.k8s.io';
const kind = 'CredentialProviderRequest';
const oldFields = ['apiVersion', 'kind', 'image'];
// Source: k8s.io/kubelet/pkg/apis/credentialprovider, each version's types.go.
const fields: ReadonlyMap<unknown, readonly string[]> = new Map([
  [`${group}/v1`, [...oldFields, 'serviceAccountToken', 'serviceAccountAnnotations']],
  [`${group}/v1beta1`, oldFields],
  [`${group}/v1alpha1`, oldFields],
]);

/**
 * Reads a request. Unknown members are ignored, because Kubernetes adds members within a version: a refusal would stop
 * every pull after an upgrade of the cluster. Throws `invalid-input` for any other kind or version, and for a member that
 * occurs twice. Errors and debug output contain nothing of the request but a member's name: it contains a token.
 */
export function parseProviderRequest(
  text: string,
  debug: (line: string) => void = () => {},
): ProviderRequest {
  const request = parseObject(text);
  const { apiVersion, image } = request;
  if (request.kind !== kind) throw invalid(`its kind is not ${kind}`);
  const known = fields.get(apiVersion);
  if (typeof apiVersion !== 'string' || known === undefined) {
    throw invalid(`its apiVersion is none of ${[...fields.keys()].join(', ')}`);
  }
  for (const name of Object.keys(request)) {
    if (!known.includes(name))
      debug(`ignored ${shown(name)}, a member that ${apiVersion} does not have`);
  }
  if (typeof image !== 'string' || image === '') throw invalid('it names no image');
  const value = (name: string) => (known.includes(name) ? request[name] : undefined);
  const token = value('serviceAccountToken') ?? '';
  if (typeof token !== 'string') throw invalid('serviceAccountToken is not a text');
  const annotations = value('serviceAccountAnnotations') ?? {};
  if (!isTexts(annotations)) throw invalid('serviceAccountAnnotations is not an object of texts');
  return {
    apiVersion,
    image,
    ...(token === '' ? {} : { serviceAccountToken: token }),
    serviceAccountAnnotations: annotations,
  };
}

function parseObject(text: string): JsonObject {
  const value = objectOrProblem(text);
  if (typeof value === 'string') throw invalid(`it is ${value}`);
  const repeated = repeatedMember(text);
  if (repeated !== undefined) throw invalid(`it has ${shown(repeated)} twice`);
  return value;
}

function isTexts(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

function shown(name: string): string {
  return JSON.stringify(name.replace(/[^\x20-\x7e]/g, '?').slice(0, 40));
}

function invalid(problem: string): HelperError {
  return new HelperError('invalid-input', `the kubelet's request cannot be used: ${problem}`);
}

/** An image of ICR, as in the kubelet's request: without tag and digest. */
export interface Image {
  /** For the credential lookup. The namespace is the first part of the path. */
  readonly host: RegistryHost;
  /** The host and an optional port, spelled as in the request: the kubelet compares it byte by byte. */
  readonly registry: string;
}

/** A host and port in the reference grammar of distribution/reference. Every user who can create pods controls it. */
const isRegistry = /^[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9]+)?$/;
const isVisible = /^[\x21-\x7e]*$/;

/** Returns undefined for an image of another registry and for an invalid name. */
export function parseImage(text: string): Image | undefined {
  const [registry = '', namespace] = text.split('/');
  if (!isRegistry.test(registry) || !isVisible.test(text)) return undefined;
  const host = parseServerURL(registry);
  if ('problem' in host || !isIbmHost(host)) return undefined;
  return { host: { ...host, namespace: namespace || undefined }, registry };
}

/** Strings and punctuation; numbers and literals do not matter here. */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/**
 * Returns the name of a duplicate member of an object in valid JSON, at any depth, or undefined.
 * `JSON.parse` silently uses the last one, and another program may use the first one.
 */
export function repeatedMember(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let last = '';
  for (const [token] of json.matchAll(tokens)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const names = open.at(-1);
      const name: string = JSON.parse(last);
      if (names?.has(name)) return name;
      names?.add(name);
    }
    last = token;
  }
  return undefined;
}
