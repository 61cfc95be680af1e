import { configFolder } from '../../config/folders.ts';
import { noSettings, parseSettings, type Settings, settingsFile } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { readPrivate } from '../../files/private-read.ts';
import { findCredential } from '../../identity/find.ts';
import type { HostAnswer } from '../../identity/hosts.ts';
import type { Lookup } from '../../identity/lookup.ts';
import { everyHost } from '../../identity/mapping-key.ts';
import { signedOutHosts } from '../../identity/signed-out.ts';
import { parseServerURL } from '../../registry/parse.ts';
import { publicHosts } from '../../registry/regions.ts';
import { fileStoreName } from '../../secrets/store.ts';
import { once } from './once.ts';
import { type Secrets, secretsIn } from './secrets.ts';

/**
 * What is kept here, read and left exactly as it is: where `get` narrows a file's mode, moves a damaged
 * one aside and keeps the tokens that it was given, this does not.
 */
export interface Look {
  /** The configuration folder; `undefined` where there is no place for one. */
  readonly folder: string | undefined;
  /** Throws `damaged` or `storage`. */
  readonly settings: () => Settings;
  /** None where they cannot be read; `settings` says so. */
  readonly readableSettings: () => Settings;
  readonly areSettingsReadable: () => boolean;
  readonly secrets: () => Secrets;
  readonly lookup: Lookup;
  /** Every host with what answers for it, `host/namespace` included, in the order of names. */
  readonly answers: () => readonly HostAnswer[];
}

export async function lookAt(context: Context): Promise<Look> {
  const folder = configFolder(context);
  const settings = once(() => readSettings(context, folder));
  const readableSettings = () => readable(settings) ?? noSettings;
  const secrets = once(() => secretsIn(context, folder, readableSettings().store));
  const lookup: Lookup = {
    context: withoutCache(context),
    settings: async () => settings(),
    store: async () => readableSettings().store ?? fileStoreName,
    stored: async (key) => secrets().read(key),
    isSignedOut: async (hostKey) => signedOutHosts(context).has(hostKey),
  };
  const all = await answersIn(lookup, readableSettings(), secrets());
  const answers = () => all;
  const areSettingsReadable = () => readable(settings) !== undefined;
  return { folder, settings, readableSettings, areSettingsReadable, secrets, lookup, answers };
}

function readable(settings: () => Settings): Settings | undefined {
  try {
    return settings();
  } catch (error) {
    if (error instanceof HelperError) return undefined;
    throw error;
  }
}

/** A context in which nothing is warned of twice and no token finds a cache folder to be kept in. */
function withoutCache(context: Context): Context {
  const { env } = context;
  const home = context.platform === 'win32' ? env.USERPROFILE : env.HOME;
  const noCache = {
    HOME: undefined,
    XDG_CACHE_HOME: undefined,
    LOCALAPPDATA: undefined,
    DOCKER_CREDENTIAL_ICR_CACHE_DIR: undefined,
    // Where the session of the ibmcloud CLI is found without HOME.
    IBMCLOUD_HOME: env.IBMCLOUD_HOME || env.BLUEMIX_HOME || home,
  };
  return { ...context, warn: () => {}, env: { ...env, ...noCache } };
}

function readSettings(context: Context, folder: string | undefined): Settings {
  const file = folder === undefined ? undefined : settingsFile(folder);
  const text = file === undefined ? undefined : readPrivate(context, file, { tighten: false });
  if (text === undefined) return noSettings;
  const settings = parseSettings(text);
  if (settings !== undefined) return settings;
  throw new HelperError('damaged', `the settings in ${file} are damaged`);
}

async function answersIn(
  lookup: Lookup,
  { mappings }: Settings,
  secrets: Secrets,
): Promise<HostAnswer[]> {
  const mapped = Object.keys(mappings).filter((key) => key !== everyHost);
  const names = new Set([...keptHosts(secrets), ...mapped, ...publicHosts]);
  const answers: HostAnswer[] = [];
  for (const name of [...names].sort()) {
    const answer = await answerOf(lookup, name);
    if (answer !== undefined) answers.push(answer);
  }
  return answers;
}

/** A store that does not answer has a check of its own. */
function keptHosts({ names }: Secrets): string[] {
  try {
    return names('host');
  } catch (error) {
    if (error instanceof HelperError) return [];
    throw error;
  }
}

async function answerOf(lookup: Lookup, serverURL: string): Promise<HostAnswer | undefined> {
  const host = parseServerURL(serverURL);
  if ('problem' in host) return undefined;
  try {
    const found = await findCredential(lookup, host);
    return found && { host, serverURL, found };
  } catch (error) {
    if (error instanceof HelperError) return { host, serverURL, found: error };
    throw error;
  }
}
