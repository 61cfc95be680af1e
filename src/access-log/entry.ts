import { isText, parseObject } from '../json-object.ts';

/** A credential that was handed out: one line of the access log, in JSON. It contains no secret. */
export interface AccessEntry {
  /** In ISO 8601, UTC. */
  readonly time: string;
  /** `get`, or the other command that handed it out. */
  readonly command: string;
  /** The registry; `-` for `token --identity`. */
  readonly host: string;
  /** Absent for a credential that belongs to no identity, such as one of `docker login`. */
  readonly identity?: string;
  /** The user name that the client got; absent for one that could be a secret. */
  readonly username?: string;
  /** When the credential expires, if known. */
  readonly expires?: string;
  /** The name of the program that called; Linux only. */
  readonly program?: string;
  /** The process ID of this program. */
  readonly pid: number;
}

/** The longest line: a longer name of a host or an identity is not logged. */
const maxLength = 4096;

/** Returns a line with its line feed; undefined if it is too long. */
export function formatEntry(entry: AccessEntry): string | undefined {
  const line = `${JSON.stringify(entry)}\n`;
  return line.length > maxLength ? undefined : line;
}

/** Returns undefined for a line that is not an entry. */
export function parseEntry(line: string): AccessEntry | undefined {
  const value = parseObject(line);
  return value !== undefined && isEntry(value) ? value : undefined;
}

const texts = ['identity', 'username', 'expires', 'program'] as const;

function isEntry(value: object): value is AccessEntry {
  const entry: Partial<Record<keyof AccessEntry, unknown>> = value;
  return (
    isText(entry.time) &&
    !Number.isNaN(Date.parse(entry.time)) &&
    isText(entry.command) &&
    isText(entry.host) &&
    Number.isInteger(entry.pid) &&
    texts.every((name) => entry[name] === undefined || isText(entry[name]))
  );
}
