import { HelperError } from '../errors.ts';
import { isObject } from '../json-object.ts';
import { repeatedMember } from './repeated-member.ts';

/** What the kubelet asks of an image credential provider. */
export interface ProviderRequest {
  readonly apiVersion: string;
  readonly image: string;
  /** The pod's, where `tokenAttributes` are configured (KEP-4412). */
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

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message would quote the input, and with it a token.
    throw invalid('it is not JSON');
  }
  if (!isObject(value)) {
    throw invalid('it is not a JSON object');
  }
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
