import { hasControlCharacter } from '../visible.ts';

/** A parsed ServerURL: the registry that a client asks about. */
export interface RegistryHost {
  /** Lower case, without a trailing dot; an IPv6 address keeps its brackets. */
  readonly name: string;
  /** Undefined for the default port: 443, or 80 after `http://`. */
  readonly port: number | undefined;
  /** The first segment of the image's path: go-containerregistry sends `us.icr.io/ns/image`. */
  readonly namespace: string | undefined;
}

/** The reason why a text is not a registry host. For messages; it does not contain the text. */
export interface ParseProblem {
  readonly problem: string;
}

// RFC 1035, 2.3.4.
const maxHostLength = 253;
const maxLabelLength = 63;

// Every `get` runs this code. It loops over characters because the first use of a regular expression or array method
// takes 30 to 60 µs, 1% of a `get`.

/**
 * Parses a ServerURL: a host with an optional `https://` or `http://` (`docker logout` sends both), port, path and
 * trailing dot, in upper or lower case, surrounded by spaces or not. Returns a problem for a text that another parser
 * could read as another host: another scheme, `user@host`, `?`, `#`, `\`, `%`, `/../`, letters outside ASCII.
 */
export function parseServerURL(text: string): RegistryHost | ParseProblem {
  const url = text.trim();
  if (hasControlCharacter(url)) return { problem: 'it has a control character' };
  const start = afterScheme(url);
  if (start < 0) return { problem: 'its scheme is not https or http' };
  const end = endOfPart(url, start);
  const authority = url.slice(start, end).toLowerCase();
  if (authority.includes('@')) return { problem: 'it has a user name before the host' };
  const { name, port } = splitPort(authority);
  if (name.length > maxHostLength) return { problem: 'it is too long' };
  if (!isHostName(name)) return { problem: 'it is not a host name' };
  if (port !== undefined && !isPort(port)) return { problem: 'its port is not valid' };
  if (!isPath(url, end)) return { problem: 'it has more than a host and a path' };
  const defaultPort = start === 'http://'.length ? '80' : '443';
  return {
    name,
    port: port === undefined || port === defaultPort ? undefined : Number(port),
    namespace: firstNamespace(url, end),
  };
}

/** Returns the index at which the host starts, or -1 if the scheme is not `https` or `http`. */
function afterScheme(url: string): number {
  const colon = url.indexOf('://');
  if (colon < 0 || endOfPart(url, 0) < colon) return 0;
  const scheme = url.slice(0, colon).toLowerCase();
  return scheme === 'https' || scheme === 'http' ? colon + 3 : -1;
}

/** Returns the index of the next `/`, `?` or `#`, or the length of the URL. */
function endOfPart(url: string, start: number): number {
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
      if (length === 0 || length > maxLabelLength || name[i - 1] === '-') return false;
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
  return port.length <= 5 && Number(port) > 0 && Number(port) <= 65535;
}

function isLetter(character: number): boolean {
  return (character >= 0x61 && character <= 0x7a) || (character >= 0x41 && character <= 0x5a);
}

function isDigit(character: number): boolean {
  return character >= 0x30 && character <= 0x39;
}

/**
 * Returns true if the rest of the URL is empty, or a path with only the characters of image names, tags and digests and
 * no `.` or `..` segment, which other parsers resolve.
 */
function isPath(url: string, start: number): boolean {
  for (let i = start, partStart = i; i <= url.length; i++) {
    const character = i === url.length ? '/' : url.charAt(i);
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

/** Skips `/v2/` and `/v1/`: they are prefixes of the registry API, not namespaces. */
function firstNamespace(url: string, start: number): string | undefined {
  let from = start;
  while (url[from] === '/') {
    const to = endOfPart(url, from + 1);
    const part = url.slice(from + 1, to);
    if (part !== '' && part !== 'v1' && part !== 'v2') return part;
    from = to;
  }
  return undefined;
}
