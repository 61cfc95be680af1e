import fs from 'node:fs';
import path from 'node:path';
import { configFolder } from '../../config/folders.ts';
import { noSettings, parseSettings, type Settings, settingsFile } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError, systemCode } from '../../errors.ts';
import { cannot } from '../../files.ts';
import { findCredential } from '../../identity/find.ts';
import type { HostAnswer } from '../../identity/hosts.ts';
import type { Lookup } from '../../identity/lookup.ts';
import { everyHost } from '../../identity/mapping.ts';
import { isSignedOut } from '../../identity/signed-out.ts';
import { parseServerURL } from '../../registry/parse.ts';
import { publicHosts } from '../../registry/regions.ts';
import { fileOf, fileStore, parseCredential, setAsideEnding } from '../../secrets/file-store.ts';
import { helperStore } from '../../secrets/helper-store.ts';
import { fileStoreName } from '../../secrets/secret-store.ts';
import type { Credential, SecretKey, SecretStore } from '../../secrets/store.ts';

type Secrets = Pick<SecretStore, 'read' | 'names'>;

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

export function lookAt(context: Context): Look {
  const folder = configFolder(context);
  const settings = once(() => readSettings(folder));
  const readableSettings = () => readable(settings) ?? noSettings;
  const secrets = once(() => secretsIn(context, folder, readableSettings().store));
  const lookup: Lookup = {
    context: withoutCache(context),
    settings,
    stored: (key) => secrets().read(key),
    isSignedOut: (hostKey) => isSignedOut(context, hostKey),
  };
  const answers = once(() => answersIn(lookup, readableSettings(), secrets()));
  const areSettingsReadable = () => readable(settings) !== undefined;
  return { folder, settings, readableSettings, areSettingsReadable, secrets, lookup, answers };
}

/** Keeps what was found, or thrown: a keychain that is slow is asked once. */
function once<Value>(find: () => Value): () => Value {
  let result: { readonly value: Value } | { readonly error: unknown } | undefined;
  return () => {
    result ??= attempt(find);
    if ('error' in result) throw result.error;
    return result.value;
  };
}

function attempt<Value>(find: () => Value) {
  try {
    return { value: find() };
  } catch (error) {
    return { error };
  }
}

function readable(settings: () => Settings): Settings | undefined {
  try {
    return settings();
  } catch (error) {
    if (error instanceof HelperError) return undefined;
    throw error;
  }
}

function secretsIn(
  context: Context,
  folder: string | undefined,
  store: string = fileStoreName,
): Secrets {
  if (store === fileStoreName) {
    const { names } = fileStore(context);
    return { names, read: (key) => (folder === undefined ? undefined : readStored(folder, key)) };
  }
  return patient(helperStore(context, store));
}

/** A keychain that is locked lets everybody wait for seconds: it is asked for each thing once, and after a failure for none. */
function patient({ names, read }: SecretStore): Secrets {
  const kept = new Map<string, () => Credential | undefined>();
  let failure: HelperError | undefined;
  const ask = <Value>(find: () => Value): Value => {
    if (failure !== undefined) throw failure;
    try {
      return find();
    } catch (error) {
      if (error instanceof HelperError) failure = error;
      throw error;
    }
  };
  return {
    names: (of) => ask(() => names(of)),
    read: (key) => {
      const name = `${key.of} ${key.name}`;
      const get = kept.get(name) ?? once(() => ask(() => read(key)));
      kept.set(name, get);
      return get();
    },
  };
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

/** The text of a file; `undefined` where there is none. A named pipe is not waited for. */
export function readText(file: string): string | undefined {
  try {
    const stat = fs.statSync(file);
    if (!stat.isFile()) throw new HelperError('storage', `${file} is not a file`);
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof HelperError) throw error;
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
    throw cannot('read', file, error);
  }
}

function readSettings(folder: string | undefined): Settings {
  const file = folder === undefined ? undefined : settingsFile(folder);
  const text = file === undefined ? undefined : readText(file);
  if (text === undefined) return noSettings;
  const settings = parseSettings(text);
  if (settings !== undefined) return settings;
  throw new HelperError('damaged', `the settings in ${file} are damaged`);
}

function readStored(folder: string, key: SecretKey): Credential | undefined {
  const file = fileOf(folder, key);
  const text = readText(file);
  if (text === undefined && fs.existsSync(file + setAsideEnding)) {
    throw damagedSecret(file + setAsideEnding, key);
  }
  const credential = text === undefined ? undefined : parseCredential(text);
  if (text !== undefined && credential === undefined) throw damagedSecret(file, key);
  return credential;
}

function damagedSecret(file: string, { name }: SecretKey): HelperError {
  return new HelperError('damaged', `the stored secret of ${name} is damaged (${file})`);
}

function answersIn(lookup: Lookup, { mappings }: Settings, secrets: Secrets): HostAnswer[] {
  const mapped = Object.keys(mappings).filter((key) => key !== everyHost);
  const names = new Set([...keptHosts(secrets), ...mapped, ...publicHosts]);
  return [...names].sort().flatMap((name) => answerOf(lookup, name) ?? []);
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

function answerOf(lookup: Lookup, serverURL: string): HostAnswer | undefined {
  const host = parseServerURL(serverURL);
  if ('problem' in host) return undefined;
  try {
    const found = findCredential(lookup, host);
    return found && { host, serverURL, found };
  } catch (error) {
    if (error instanceof HelperError) return { host, serverURL, found: error };
    throw error;
  }
}

/** Every file and folder below `folder` and itself; none where there is none. */
export function everythingIn(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return [folder, ...names.map((name) => path.join(folder, name))];
}
