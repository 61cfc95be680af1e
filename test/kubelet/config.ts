import { parse } from 'yaml';
import { parseGoDuration } from './go-duration.ts';
import { parseSchemeless } from './match.ts';

export interface TokenAttributes {
  readonly serviceAccountTokenAudience: string;
  readonly cacheType?: string;
  readonly requireServiceAccount: boolean;
  readonly requiredServiceAccountAnnotationKeys?: readonly string[];
  readonly optionalServiceAccountAnnotationKeys?: readonly string[];
}

export interface Provider {
  readonly name: string;
  readonly matchImages: readonly string[];
  readonly defaultCacheDuration: string;
  readonly apiVersion: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly tokenAttributes?: TokenAttributes;
}

interface ProviderConfig {
  readonly apiVersion: string;
  readonly kind: string;
  readonly providers: readonly Provider[];
}

const group = 'credentialprovider.kubelet.k8s.io';
const versions = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `${group}/${version}`);

/**
 * The name of each field, whether the published API (kubelet.config.k8s.io/v1) requires it, and a check of its value.
 */
type Schema = Readonly<
  Record<string, readonly [required: boolean, test: (value: unknown) => boolean]>
>;

const isText = (value: unknown) => typeof value === 'string';
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
const isBoolean = (value: unknown) => typeof value === 'boolean';
const listOf = (schema: Schema) => (value: unknown) =>
  Array.isArray(value) && value.every((item) => problems(item, schema).length === 0);

const envVar: Schema = { name: [true, isText], value: [true, isText] };
const tokenAttributes: Schema = {
  serviceAccountTokenAudience: [true, isText],
  cacheType: [true, isText],
  requireServiceAccount: [true, isBoolean],
  requiredServiceAccountAnnotationKeys: [false, isTexts],
  optionalServiceAccountAnnotationKeys: [false, isTexts],
};
const provider: Schema = {
  name: [true, isText],
  matchImages: [true, isTexts],
  defaultCacheDuration: [true, isText],
  apiVersion: [true, isText],
  args: [false, isTexts],
  env: [false, listOf(envVar)],
  tokenAttributes: [false, (value) => problems(value, tokenAttributes).length === 0],
};
const config: Schema = {
  apiVersion: [true, (value) => value === 'kubelet.config.k8s.io/v1'],
  kind: [true, (value) => value === 'CredentialProviderConfig'],
  providers: [true, listOf(provider)],
};

function problems(value: unknown, schema: Schema): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ['no object'];
  const fields = new Map<string, unknown>(Object.entries(value));
  const unknown = [...fields.keys()].filter((name) => !Object.hasOwn(schema, name));
  const wrong = Object.entries(schema).filter(([name, [required, test]]) =>
    fields.has(name) ? !test(fields.get(name)) : required,
  );
  return [...unknown.map((name) => `unknown ${name}`), ...wrong.map(([name]) => `wrong ${name}`)];
}

/**
 * Reads the file for `--image-credential-provider-config` as strictly as the kubelet of 1.34, and throws the errors
 * with which it would not start. Source: readCredentialProviderConfig and validateCredentialProviderConfig in
 * config.go.
 */
export function readProviderConfig(text: string): ProviderConfig {
  const value: unknown = parse(text, { strict: true, uniqueKeys: true });
  const found = problems(value, config);
  if (found.length > 0) throw new Error(`no CredentialProviderConfig: ${found.join(', ')}`);
  const { providers } = value as ProviderConfig;
  const refused = providers.flatMap(refusals);
  if (providers.length === 0) refused.push('at least 1 item in plugins is required');
  if (new Set(providers.map(({ name }) => name)).size < providers.length)
    refused.push('a name twice');
  if (refused.length > 0) throw new Error(`failed to validate: ${refused.join(', ')}`);
  return value as ProviderConfig;
}

function refusals(given: Provider): string[] {
  const { name, apiVersion, matchImages, defaultCacheDuration } = given;
  const duration = parseGoDuration(defaultCacheDuration);
  return [
    /[/ ]/.test(name) || name === '.' || name === '..' ? 'provider name' : '',
    versions.includes(apiVersion) ? '' : 'apiVersion',
    matchImages.length > 0 ? '' : 'at least 1 item in matchImages is required',
    matchImages.every((image) => parseSchemeless(image) !== undefined)
      ? ''
      : 'match image is invalid',
    duration !== undefined && duration >= 0 ? '' : 'defaultCacheDuration',
    ...(given.tokenAttributes === undefined
      ? []
      : tokenRefusals(given.tokenAttributes, apiVersion)),
  ].filter((problem) => problem !== '');
}

function tokenRefusals(attributes: TokenAttributes, apiVersion: string): string[] {
  const required = attributes.requiredServiceAccountAnnotationKeys ?? [];
  const keys = [...required, ...(attributes.optionalServiceAccountAnnotationKeys ?? [])];
  return [
    attributes.serviceAccountTokenAudience === '' ? 'serviceAccountTokenAudience' : '',
    apiVersion === versions[0] ? '' : 'tokenAttributes is only supported for v1',
    !attributes.requireServiceAccount && required.length > 0 ? 'requireServiceAccount' : '',
    new Set(keys).size < keys.length ? 'an annotation key twice' : '',
    keys.every((key) => isQualifiedName(key.toLowerCase())) ? '' : 'annotation key',
    ['ServiceAccount', 'Token'].includes(attributes.cacheType ?? '') ? '' : 'cacheType',
  ];
}

/**
 * Returns true for `name` or `prefix/name` with a DNS subdomain as prefix. Source: IsQualifiedName in apimachinery's
 * validation.
 */
function isQualifiedName(key: string): boolean {
  const [name = '', prefix] = key.split('/').reverse();
  const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
  return (
    /^[a-z0-9](?:[-a-z0-9_.]{0,61}[a-z0-9])?$/.test(name) &&
    (prefix === undefined || new RegExp(`^${label}(?:\\.${label})*$`).test(prefix))
  );
}
