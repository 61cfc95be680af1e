import { accessLogFolder } from '../config/folders.ts';
import type { Settings } from '../config/settings.ts';
import { type Context, debug } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { join } from '../fast-path.ts';
import type { Found } from '../identity/lookup.ts';
import { formatEntry } from './entry.ts';

// Every `get` runs this code. Bun cannot append to a file, and loading node:fs takes most of the time of a `get`. So each
// process writes its entry to a file of its own, and `collectEntries` appends these to the log.

/** A credential that a client gets. */
export interface HandedOut {
  /** `get`, or the other command that hands it out. */
  readonly command: string;
  /** The registry; `-` if the credential is not for one. */
  readonly host: string;
  readonly credential: Pick<Found, 'username' | 'identity' | 'expiresAt'>;
  /** To read the expiry of a token. It is not logged. */
  readonly secret: string;
}

/** Adds a credential to the access log. It never fails, because the client needs the credential. */
type LogAccess = (handedOut: HandedOut) => Promise<void>;

/** On average, one in this many processes appends the entries of all processes to the log. */
const collectEvery = 128;

/**
 * Returns undefined if the access log is off, or if the settings cannot be read. Otherwise prepares an entry while the
 * credential is looked up.
 */
export function accessLogger(
  context: Context,
  settings: Promise<Pick<Settings, 'accessLog'>>,
  random?: () => number,
): Promise<LogAccess | undefined> {
  return settings.then(
    ({ accessLog }) => (accessLog === true ? openLog(context, random) : undefined),
    () => undefined,
  );
}

function openLog(context: Context, random = Math.random): LogAccess | undefined {
  const folder = accessLogFolder(context);
  if (folder === undefined) return undefined;
  context.files.prefetchDirectory?.(folder);
  const program = context.parentProgram?.().catch(() => undefined);
  const now = context.now();
  const time = new Date(now).toISOString();
  // The name is unique even if several machines or containers share the directory.
  const file = join(folder, `${now}-${context.pid}-${Math.floor(random() * 1e15)}.entry`);
  return async (handedOut) => {
    const line = await lineOf(context, time, handedOut, await program);
    if (line === undefined) return;
    try {
      await context.files.create(context, file, line);
      if (random() < 1 / collectEvery) {
        await (await import('./collect.ts')).collectEntries(context);
      }
    } catch (error) {
      debug(context, `the access log was not written: ${reasonOf(error)}`);
    }
  };
}

/** Adds a credential to the access log, if it is on. */
export async function logAccess(
  context: Context,
  settings: Promise<Pick<Settings, 'accessLog'>>,
  handedOut: HandedOut,
): Promise<void> {
  await (await accessLogger(context, settings))?.(handedOut);
}

async function lineOf(
  { pid }: Context,
  time: string,
  { command, host, credential, secret }: HandedOut,
  program: string | undefined,
): Promise<string | undefined> {
  const { username, identity } = credential;
  const expires = isoOf(await expiryOf(credential, secret));
  return formatEntry({
    time,
    command,
    host,
    ...(identity === undefined ? {} : { identity }),
    ...(isLoggable(username, identity) ? { username } : {}),
    ...(expires === undefined ? {} : { expires }),
    ...(program ? { program } : {}),
    pid,
  });
}

const userNames = ['iamapikey', 'iambearer', 'iamrefresh', 'cp', 'token', '<token>'];

/** Users sometimes type a secret as the user name of `docker login`. */
function isLoggable(username: string, identity: string | undefined): boolean {
  return identity !== undefined || userNames.includes(username);
}

async function expiryOf({ username, expiresAt }: HandedOut['credential'], secret: string) {
  if (username !== 'iambearer' && username !== 'token') return expiresAt;
  const { lifeOf } = await import('../identity/expiry.ts');
  const { exp } = lifeOf(secret);
  return typeof exp === 'number' ? exp * 1000 : expiresAt;
}

function isoOf(timeMs = Number.NaN): string | undefined {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function reasonOf(error: unknown): string {
  return error instanceof HelperError ? inOneLine(error) : String(error);
}
