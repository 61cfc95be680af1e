import { hasControlCharacter } from '../visible.ts';

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
const longestLabel = 63;

// Every `get` comes through here. Loops over characters instead of regular expressions and array
// methods: their first use costs 30 to 60 µs each, a hundredth of a whole `get`.

/**
 * Parses a ServerURL: a host with an optional `https://` or `http://` (`docker logout` sends both), port, path and
 * trailing dot, in upper or lower case, with spaces around it. Nothing is decoded or corrected: a text that two parsers
 * could read differently (another scheme, `user@host`, `?`, `#`, `\`, `%`, `/../`, letters outside ASCII) is a problem,
 * not a host.
 */
export function parseServerURL(text: string): RegistryHost | ParseProblem {
  const url = text.trim();
  if (hasControlCharacter(url)) return { problem: 'it has a control character' };
  const start = afterScheme(url);
  if (start < 0) return { problem: 'its scheme is not https or http' };
  const end = endOfAuthority(url, start);
  const authority = url.slice(start, end).toLowerCase();
  if (authority.includes('@')) return { problem: 'it has a user name before the host' };
  const { name, port } = splitPort(authority);
  if (name.length > longestHost) return { problem: 'it is too long' };
  if (!isHostName(name)) return { problem: 'it is not a host' };
  if (port !== undefined && !isPort(port)) return { problem: 'it has no such port' };
  if (!isPath(url, end)) return { problem: 'it has more than a host and a path' };
  const usual = start === 'http://'.length ? '80' : '443';
  return {
    name,
    port: port === undefined || port === usual ? undefined : Number(port),
    namespace: firstNamespace(url, end),
  };
}

/** Returns the index of the host, or -1 if another scheme than `https` and `http` comes before it. */
function afterScheme(url: string): number {
  const colon = url.indexOf('://');
  if (colon < 0 || endOfAuthority(url, 0) < colon) return 0;
  const scheme = url.slice(0, colon).toLowerCase();
  return scheme === 'https' || scheme === 'http' ? colon + 3 : -1;
}

function endOfAuthority(url: string, start: number): number {
  for (let i = start; i < url.length; i++) {
    const character = url[i];
    if (character === '/' || character === '?' || character === '#') return i;
  }
  return url.length;
}

function splitPort(authority: string): { name: string; port: string | undefined } {
  const colon = authority.lastIndexOf(':');
  const hasPort = colon > authority.lastIndexOf(']');
  const name = hasPort ? authority.slice(0, colon) : authority;
  return {
    name: name.endsWith('.') ? name.slice(0, -1) : name,
    port: hasPort ? authority.slice(colon + 1) : undefined,
  };
}

function isHostName(name: string): boolean {
  if (name.startsWith('[')) return /^\[[0-9a-f:.]+\]$/.test(name);
  let length = 0;
  for (let i = 0; i <= name.length; i++) {
    const character = i === name.length ? 0x2e : name.charCodeAt(i);
    if (character === 0x2e) {
      if (length === 0 || length > longestLabel || name[i - 1] === '-') return false;
      length = 0;
    } else {
      const isHyphen = character === 0x2d && length > 0;
      if (!isLetter(character) && !isDigit(character) && !isHyphen && character !== 0x5f) {
        return false;
      }
      length += 1;
    }
  }
  return true;
}

function isPort(port: string): boolean {
  for (let i = 0; i < port.length; i++) if (!isDigit(port.charCodeAt(i))) return false;
  return port.length > 0 && port.length <= 5 && Number(port) > 0 && Number(port) <= 65535;
}

function isLetter(character: number): boolean {
  return (character >= 0x61 && character <= 0x7a) || (character >= 0x41 && character <= 0x5a);
}

function isDigit(character: number): boolean {
  return character >= 0x30 && character <= 0x39;
}

/**
 * Returns true if the rest of the URL is empty or a path of the characters that occur in names of images, tags and
 * digests. `.` and `..` are not parts of it: other parsers resolve them.
 */
function isPath(url: string, start: number): boolean {
  if (start < url.length && url[start] !== '/') return false;
  for (let i = start, partStart = i; i <= url.length; i++) {
    const character = i === url.length ? '/' : (url[i] ?? '');
    if (character === '/') {
      const part = i - partStart;
      if (url[i - 1] === '.' && (part === 1 || (part === 2 && url[i - 2] === '.'))) return false;
      partStart = i + 1;
    } else if (!isPathCharacter(character)) {
      return false;
    }
  }
  return true;
}

function isPathCharacter(character: string): boolean {
  const code = character.charCodeAt(0);
  return isLetter(code) || isDigit(code) || '-._~:@+'.includes(character);
}

/** `/v2/` and `/v1/` are the registry API's own prefix, not somebody's namespace. */
function firstNamespace(url: string, start: number): string | undefined {
  let from = start;
  while (url[from] === '/') {
    let to = from + 1;
    while (to < url.length && url[to] !== '/') to += 1;
    const part = url.slice(from + 1, to);
    if (part !== '' && part !== 'v1' && part !== 'v2') return part;
    from = to;
  }
  return undefined;
}
