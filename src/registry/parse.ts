/** Where a client wants to go: the ServerURL of the protocol, taken apart. */
export interface RegistryHost {
  /** Lower case, without a trailing dot; an IPv6 address keeps its brackets. */
  readonly name: string;
  /** Absent where it is the one that HTTPS (or, after `http://`, HTTP) uses anyway. */
  readonly port: number | undefined;
  /** The first part of the path that names an image: go-containerregistry asks for `us.icr.io/ns/image`. */
  readonly namespace: string | undefined;
}

/** What is wrong with a text that is no registry host; fit to be shown, it never repeats the text. */
export interface ParseProblem {
  readonly problem: string;
}

// RFC 1035, 2.3.4: 253 characters as written, 63 a label.
const longestHost = 253;
const scheme = /^([a-z][a-z0-9+.-]*):\/\//i;
const hostAndPort = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::(\d{1,5}))?$/i;
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point.
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

/** CR, LF, NUL, ESC and their kind: they forge lines in logs and in other programs' protocols. */
export function hasControlCharacter(text: string): boolean {
  return controlCharacter.test(text);
}

/**
 * Reads a ServerURL: a host with or without a scheme, a port, a path, a trailing dot, capitals,
 * spaces around it. Nothing is decoded or mended beyond that: what two parsers could read in two
 * ways (`\`, `%`, letters outside ASCII, `user@host`) is a problem, not a host.
 */
export function parseServerURL(text: string): RegistryHost | ParseProblem {
  const trimmed = text.trim();
  if (hasControlCharacter(trimmed)) return { problem: 'it has a control character' };
  const found = scheme.exec(trimmed);
  const rest = trimmed.slice(found?.[0].length ?? 0);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  if (authority.includes('@')) return { problem: 'it has a user name before the host' };
  if (authority.length > longestHost + ':65535'.length) return { problem: 'it is too long' };
  const parts = hostAndPort.exec(authority);
  const name = parts?.[1]?.toLowerCase();
  if (name === undefined) return { problem: 'it is not a host' };
  if (name.length > longestHost) return { problem: 'it is too long' };
  if (!name.startsWith('[') && !name.split('.').every((part) => label.test(part))) {
    return { problem: 'it is not a host' };
  }
  const port = parts?.[2] === undefined ? undefined : Number(parts[2]);
  if (port !== undefined && (port === 0 || port > 65535)) return { problem: 'it has no such port' };
  const usual = found?.[1]?.toLowerCase() === 'http' ? 80 : 443;
  return {
    name,
    port: port === usual ? undefined : port,
    namespace: end < 0 ? undefined : firstNamespace(rest.slice(end)),
  };
}

/** `/v2/` and `/v1/` are the registry API's own prefix, not somebody's namespace. */
function firstNamespace(path: string): string | undefined {
  const [first] = path
    .replace(/[?#].*$/, '')
    .split('/')
    .filter((part) => part !== '' && part !== 'v1' && part !== 'v2');
  return first;
}
