import type { Node } from 'jsonc-parser';
import { HelperError } from '../errors.ts';
import { type CredHelpersFile, settingsNamed } from './cred-helpers.ts';
import { propertiesOf } from './json-text.ts';
import { printable } from './notes.ts';
import { type Decoder, programsWith } from './readers.ts';

/**
 * The type of a JSON value: `auth` is base64 of `user:password`, `[type]` an array, `{ '*': type }` an object whose
 * members all have this type. Other members of an object are not checked, because clients ignore them.
 */
type Type = 'string' | 'auth' | readonly [Type] | { readonly [member: string]: Type };

const texts: Type = { '*': 'string' };

/** Source: docker/cli, cli/config/configfile (ConfigFile, ProxyConfig) and cli/config/types (AuthConfig). */
const dockerFile: Type = {
  auths: {
    '*': {
      ...strings('username password email serveraddress identitytoken registrytoken'),
      auth: 'auth',
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

const types: Readonly<Record<Decoder, Type>> = {
  'docker/cli': dockerFile,
  containers: containersFile,
};

function strings(names: string): Record<string, Type> {
  return Object.fromEntries(names.split(' ').map((name) => [name, 'string']));
}

/**
 * Returns a `damaged` error for each member whose value these clients reject, although the file is valid JSON. One such
 * member is enough: docker prints a warning and other clients do not load the file. Messages contain no values.
 */
export function rejectedMembers(read: CredHelpersFile, decoder: Decoder): HelperError[] {
  if (read.root === undefined) return [];
  return rejectedIn(read.root, types[decoder], []).map(({ path, expected }) => {
    const member = path.map((key) => `"${printable(key)}"`).join('.');
    const who = `${programsWith(decoder).join(', ')} cannot load the file`;
    return new HelperError('damaged', `${member} in ${read.file} is not ${expected}: ${who}`, {
      hint: `remove ${member} from ${read.file}, or change it to ${expected}`,
    });
  });
}

/** Throws the first of the errors of `rejectedMembers`. */
export function assertLoadable(read: CredHelpersFile, decoder: Decoder): void {
  const [first] = rejectedMembers(read, decoder);
  if (first !== undefined) throw first;
}

interface Rejected {
  readonly path: readonly string[];
  readonly expected: string;
}

function rejectedIn(node: Node, type: Type, path: readonly string[]): Rejected[] {
  // Go accepts null for any type.
  if (node.type === 'null') return [];
  if (type === 'string') return node.type === 'string' ? [] : [{ path, expected: 'a string' }];
  if (type === 'auth') return isAuth(node) ? [] : [{ path, expected: 'base64 of user:password' }];
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

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** As docker/cli does, accepts an empty text and line ends, and requires padding and a user name. */
function isAuth({ type, value }: Node): boolean {
  if (type !== 'string') return false;
  const text = String(value).replace(/[\r\n]/g, '');
  return text === '' || (base64.test(text) && Buffer.from(text, 'base64').indexOf(':') > 0);
}
