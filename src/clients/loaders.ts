import type { Node } from 'jsonc-parser';
import { settingsNamed } from './cred-helpers.ts';
import { propertiesOf } from './json-text.ts';

/**
 * The type of a JSON value: `[type]` is an array, `{ '*': type }` an object whose members all have this type. Other members of
 * an object are not checked, because programs ignore them.
 */
type Type = 'string' | Rule | readonly [Type] | { readonly [member: string]: Type };
type Rule = (node: Node, path: readonly string[]) => Rejected[];

const texts: Type = { '*': 'string' };

/** Source: docker/cli, cli/config/configfile (ConfigFile, ProxyConfig) and cli/config/types (AuthConfig). */
const dockerFile: Type = {
  auths: {
    '*': {
      ...strings('username password email serveraddress identitytoken registrytoken'),
      auth: dockerAuth,
    },
  },
  HttpHeaders: texts,
  ...strings('psFormat imagesFormat networksFormat pluginsFormat volumesFormat statsFormat'),
  ...strings('serviceInspectFormat servicesFormat tasksFormat secretFormat configFormat'),
  ...strings('nodesFormat detachKeys credsStore experimental currentContext'),
  credHelpers: texts,
  pruneFilters: ['string'],
  proxies: { '*': strings('httpProxy httpsProxy noProxy ftpProxy allProxy') },
  cliPluginsExtraDirs: ['string'],
  plugins: { '*': texts },
  aliases: texts,
  features: texts,
};

/** Source: containers/container-libs, image/pkg/docker/config (dockerAuthConfig, dockerConfigFile). */
const containersFile: Type = {
  auths: { '*': strings('auth identitytoken') },
  credHelpers: texts,
};

/** Source: oras-project/oras-go, registry/remote/credentials/internal/config. */
const orasFile: Type = { auths: {}, credHelpers: texts, credsStore: 'string' };

/** Source: docker/docker-py, docker/auth.py (parse_auth, decode_auth). */
const pythonFile: Type = { auths: pythonAuths };

/** Programs that load a file in the same way. */
export interface Loader {
  readonly programs: readonly string[];
  readonly type: Type;
  readonly reads: readonly FileKind[];
  /** Rejected members cause a warning, and the other members are used. Other programs fail for all images. */
  readonly isLenient?: true;
}

/** Docker's `config.json`, or podman's `auth.json`. */
export type FileKind = 'config.json' | 'auth.json';

export const loaders: readonly Loader[] = [
  {
    programs: ['docker', 'docker-compose 2'],
    type: dockerFile,
    reads: ['config.json'],
    isLenient: true,
  },
  // Without an alias of this type, each command of docker fails.
  { programs: ['docker'], type: { aliases: dockerAliases }, reads: ['config.json'] },
  { programs: ['nerdctl', 'crane', 'cosign', 'ko'], type: dockerFile, reads: ['config.json'] },
  { programs: ['oras'], type: orasFile, reads: ['config.json'] },
  {
    programs: ['podman', 'buildah', 'skopeo'],
    type: containersFile,
    reads: ['config.json', 'auth.json'],
  },
  { programs: ['docker-compose 1'], type: pythonFile, reads: ['config.json'] },
];

function strings(names: string): Record<string, Type> {
  return Object.fromEntries(names.split(' ').map((name) => [name, 'string']));
}

interface Rejected {
  readonly path: readonly string[];
  readonly expected: string;
}

/** Returns the members of a value that are not of the type. */
export function rejectedIn(node: Node, type: Type, path: readonly string[]): Rejected[] {
  if (typeof type === 'function') return type(node, path);
  // Go accepts null for any type.
  if (node.type === 'null') return [];
  if (type === 'string') return isString(node) ? [] : [{ path, expected: 'a string' }];
  if (isList(type)) {
    if (node.type !== 'array') return [{ path, expected: 'an array' }];
    return (node.children ?? []).flatMap((each, index) =>
      rejectedIn(each, type[0], [...path, String(index)]),
    );
  }
  if (node.type !== 'object') return [{ path, expected: 'an object' }];
  const every = type['*'];
  if (every !== undefined) {
    return propertiesOf(node).flatMap(({ key, value }) => rejectedIn(value, every, [...path, key]));
  }
  return Object.entries(type).flatMap(([name, inner]) =>
    settingsNamed(node, name).flatMap(({ key, value }) => rejectedIn(value, inner, [...path, key])),
  );
}

function isList(type: Type): type is readonly [Type] {
  return Array.isArray(type);
}

const credential = 'base64 of user:password';

function isString({ type }: Node): boolean {
  return type === 'string';
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Accepts null, an empty text and line ends, and requires padding and a user name. */
function dockerAuth(node: Node, path: readonly string[]): Rejected[] {
  if (node.type === 'null') return [];
  const text = isString(node) ? String(node.value).replace(/[\r\n]/g, '') : '!';
  const isValid =
    text === '' || (base64.test(text) && Buffer.from(text, 'base64').indexOf(':') > 0);
  return isValid ? [] : [{ path, expected: credential }];
}

/** docker fails for an alias that is read as an empty text; its only alias is `builder`. */
function dockerAliases(node: Node, path: readonly string[]): Rejected[] {
  return settingsNamed(node.type === 'object' ? node : undefined, 'builder')
    .filter(({ value }) => !isString(value))
    .map(({ key }) => ({ path: [...path, key], expected: 'a string' }));
}

/** Accepts every value that is false for Python, and decodes `auth` of every entry without an identity token. */
function pythonAuths(node: Node, path: readonly string[]): Rejected[] {
  const isFalse = node.type === 'array' ? node.children?.length === 0 : !node.value;
  if (node.type !== 'object') return isFalse ? [] : [{ path, expected: 'an object' }];
  return propertiesOf(node).flatMap(({ key, value }) => {
    if (value.type !== 'object') return [{ path: [...path, key], expected: 'an object' }];
    const members = new Map(propertiesOf(value).map((member) => [member.key, member.value]));
    const auth = members.get('auth');
    if (auth === undefined || members.has('identitytoken')) return [];
    // Python ignores other characters.
    const text = isString(auth) ? String(auth.value).replace(/[^A-Za-z0-9+/=]/g, '') : '';
    const isValid = base64.test(text) && Buffer.from(text, 'base64').includes(':');
    return isValid ? [] : [{ path: [...path, key, 'auth'], expected: credential }];
  });
}
