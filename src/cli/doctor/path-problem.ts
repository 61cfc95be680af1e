import fs from 'node:fs';
import path from 'node:path';
import { type HelperError, systemCode } from '../../errors.ts';
import { isAccessible } from '../../files/file-facts.ts';
import { typeOf } from '../../files/storage-error.ts';
import { moveAway, shellQuoted } from '../../visible.ts';
import { type CheckInput, type Finding, failure, problem, skipped } from './check.ts';

type Input = Pick<CheckInput, 'context' | 'machine'>;
type Type = 'file' | 'directory';

interface Problem {
  /** The path that is wrong: the one that was given, or a directory above it. */
  readonly entry: string;
  /** What is wrong, without the path. */
  readonly what: string;
  /** Fixes it. */
  readonly command: string;
}

/** Variables that name a file or directory. Other checks report their values. */
const variables = [
  'DOCKER_CONFIG',
  'REGISTRY_AUTH_FILE',
  'CONTAINERS_REGISTRIES_CONF',
  'DOCKER_CREDENTIAL_ICR_CONFIG_DIR',
  'DOCKER_CREDENTIAL_ICR_CACHE_DIR',
  'BUILDX_CONFIG',
  'XDG_CONFIG_HOME',
  'XDG_CACHE_HOME',
  'XDG_RUNTIME_DIR',
  'HOME',
  'USERPROFILE',
];

/** Clients' files have a few kilobytes; larger files are something else. */
const maxBytes = 16 * 1024 * 1024;
const { R_OK, X_OK } = fs.constants;

/**
 * Finds why a file or directory cannot be read, and a command that fixes it: a type, symlink, size, mode or owner, of the
 * path or of a directory above it. Returns undefined if it can be read or does not exist. `skipped` if the value of a variable
 * is the cause, because the check of that variable reports it.
 */
export function pathProblem(input: Input, file: string, type: Type): Finding | undefined {
  const found = problemOf(input, file, type);
  if (found === undefined) return undefined;
  const { env } = input.context;
  const cause = variables.find((name) => env[name] && isBetween(found.entry, env[name], file));
  return cause === undefined
    ? problem(`${found.entry} ${found.what}`, `run ${found.command}`)
    : skipped(`${cause} cannot be used; see the line about it`);
}

/** Converts an error; if the file store is in use, the state of this file or directory is better than its message. */
export function failureAt(
  input: Input,
  error: HelperError,
  file: string | undefined,
  type: Type,
): Finding {
  const found =
    error.code === 'storage' && file !== undefined ? pathProblem(input, file, type) : undefined;
  return found ?? failure(error);
}

/** The same for the value of a variable: a clause such as `which is a FIFO, not a directory`. */
export function valueProblem(input: Input, value: string, type: Type): string | undefined {
  const found = problemOf(input, value, type);
  if (found === undefined) return undefined;
  return `${found.entry === path.resolve(value) ? 'which' : `and ${found.entry}`} ${found.what}`;
}

export function invalidVariable(name: string, value: string, why: string): Finding {
  return problem(`${name} is ${value}, ${why}`, `run unset ${name}`);
}

function isBetween(above: string, middle: string, below: string): boolean {
  const place = path.resolve(middle);
  return isIn(above, place) && isIn(place, path.resolve(below));
}

function isIn(above: string, below: string): boolean {
  return below === above || below.startsWith(path.join(above, '/'));
}

/** Checks the directories from the top, so that the first one that is wrong is found. */
function problemOf(input: Input, file: string, type: Type): Problem | undefined {
  const last = path.resolve(file);
  for (const entry of [...directoriesAbove(last), last]) {
    const found = entryProblem(input, entry, entry === last ? type : 'above');
    if (found !== undefined) return found;
  }
  return undefined;
}

function directoriesAbove(file: string): string[] {
  const above = path.dirname(file);
  return above === file ? [] : [...directoriesAbove(above), above];
}

function entryProblem(input: Input, entry: string, type: Type | 'above'): Problem | undefined {
  const quoted = shellQuoted(entry);
  const remove = `rm ${quoted}`;
  let stat: fs.Stats;
  try {
    stat = fs.statSync(entry);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ELOOP') return { entry, what: 'is a symlink to itself', command: remove };
    const isLink = isUselessLink(entry, type);
    return isLink ? { entry, what: 'is a dangling symlink', command: remove } : undefined;
  }
  if (type === 'file' ? !stat.isFile() : !stat.isDirectory()) {
    const expected = type === 'file' ? 'a regular file' : 'a directory';
    return { entry, what: `is ${typeOf(stat)}, not ${expected}`, command: moveAway(entry) };
  }
  if (type === 'file' && stat.size > maxBytes) {
    return { entry, what: 'is larger than 16 MiB', command: moveAway(entry) };
  }
  const rights = { file: R_OK, directory: R_OK | X_OK, above: X_OK }[type];
  return isAccessible(entry, rights) ? undefined : withoutAccess(input, entry, stat);
}

/** Clients create the file that a dangling symlink leads to, but not a directory for it. */
function isUselessLink(entry: string, type: Type | 'above'): boolean {
  try {
    const target = path.resolve(path.dirname(entry), fs.readlinkSync(entry));
    return type !== 'file' || !fs.existsSync(path.dirname(target));
  } catch {
    return false;
  }
}

function withoutAccess({ machine: { uid } }: Input, entry: string, stat: fs.Stats): Problem {
  const quoted = shellQuoted(entry);
  if (uid !== undefined && stat.uid !== uid) {
    const what = `cannot be read: user ${stat.uid} owns it, not you (${uid})`;
    return { entry, what, command: `sudo chown ${uid} ${quoted}` };
  }
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
  const command = `chmod ${stat.isDirectory() ? 'u+rwx' : 'u+rw'} ${quoted}`;
  return { entry, what: `cannot be read (mode ${mode})`, command };
}
