import { HelperError } from '../errors.ts';

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
const oldFields = new Set(['apiVersion', 'kind', 'image']);
// Source: k8s.io/kubelet/pkg/apis/credentialprovider, each version's types.go.
const fields: Readonly<Record<string, ReadonlySet<string>>> = {
  [`${group}/v1`]: new Set([...oldFields, 'serviceAccountToken', 'serviceAccountAnnotations']),
  [`${group}/v1beta1`]: oldFields,
  [`${group}/v1alpha1`]: oldFields,
};

/** Reads a request strictly, as the kubelet reads our answer. Throws `invalid-input`; no token is repeated. */
export function parseProviderRequest(text: string): ProviderRequest {
  const request = parseObject(text);
  const { apiVersion, image, serviceAccountToken, serviceAccountAnnotations = {} } = request;
  if (request.kind !== kind) throw invalid(`its kind is not ${kind}`);
  if (typeof apiVersion !== 'string' || !Object.hasOwn(fields, apiVersion)) {
    throw invalid(`its apiVersion is none of ${Object.keys(fields).join(', ')}`);
  }
  const unknown = Object.keys(request).find((name) => !fields[apiVersion]?.has(name));
  if (unknown !== undefined) throw invalid(`${apiVersion} has no field ${JSON.stringify(unknown)}`);
  if (typeof image !== 'string' || image === '') throw invalid('it names no image');
  if (serviceAccountToken !== undefined && typeof serviceAccountToken !== 'string') {
    throw invalid('serviceAccountToken is not a text');
  }
  if (!isTexts(serviceAccountAnnotations)) {
    throw invalid('serviceAccountAnnotations is not an object of texts');
  }
  return {
    apiVersion,
    image,
    ...(serviceAccountToken ? { serviceAccountToken } : {}),
    serviceAccountAnnotations,
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
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw invalid('it is not a JSON object');
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

function invalid(problem: string): HelperError {
  return new HelperError('invalid-input', `the kubelet's request cannot be used: ${problem}`);
}
