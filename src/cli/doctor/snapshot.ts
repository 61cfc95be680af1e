import { configFolder } from '../../config/folders.ts';
import { loadSettings, noSettings, type Settings } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { nodeFiles } from '../../files/file-readers.ts';
import { attempt } from '../../files/storage-error.ts';
import { answeredHosts, type HostAnswer } from '../../identity/hosts.ts';
import { signedOutHosts } from '../../identity/signed-out.ts';
import { readableStore } from '../../secrets/secret-store.ts';
import type { SecretKey, SecretStore } from '../../secrets/store-types.ts';

/** Limits how long a locked keychain delays the checks. */
const lookupLimitMs = 5000;

/** Settings and credentials, read once for all checks with the code of `get`. */
export interface Snapshot {
  /** The directory of settings and secrets; undefined without a home directory. */
  readonly directory: string | undefined;
  /** No settings if they cannot be read; then `settingsError` is set. */
  readonly settings: Settings;
  readonly settingsError: HelperError | undefined;
  readonly store: Pick<SecretStore, 'read'>;
  /** The names of all secrets in the store; empty if it does not work. */
  readonly names: { readonly [Of in SecretKey['of']]: readonly string[] };
  readonly signedOut: ReadonlySet<string>;
  /** Every host and `host/namespace` with its credential or error, sorted by name. */
  readonly answers: readonly HostAnswer[];
  /** The error if hosts and credentials cannot be listed. */
  readonly error: HelperError | undefined;
}

/** Returns a context in which lookups change no file and print no warning. */
export function readOnlyContext(context: Context): Context {
  return { ...context, files: nodeFiles, readOnly: true, warn: () => {} };
}

export async function takeSnapshot(rawContext: Context): Promise<Snapshot> {
  const context = { ...rawContext, deadline: rawContext.now() + lookupLimitMs };
  const directory = await attempt(() => configFolder(context));
  const settings = await attempt(() => loadSettings(context));
  const signedOut = await attempt(() => signedOutHosts(context));
  const answers = await attempt(() => answeredHosts(context, { namespaces: true }));
  const store = await attempt(() => readableStore(context));
  const names = await attempt(() => namesIn(store));
  const errors = [store, signedOut, answers].filter((each) => each instanceof HelperError);
  return {
    directory: directory instanceof HelperError ? undefined : directory,
    settings: settings instanceof HelperError ? noSettings : settings,
    settingsError: settings instanceof HelperError ? settings : undefined,
    store: store instanceof HelperError ? { read: () => undefined } : store,
    names: names instanceof HelperError ? { identity: [], host: [] } : names,
    signedOut: signedOut instanceof HelperError ? new Set() : signedOut,
    answers: answers instanceof HelperError ? [] : answers,
    error: errors[0],
  };
}

/** Throws the error of the store. */
function namesIn(store: SecretStore | HelperError): Snapshot['names'] {
  if (store instanceof HelperError) throw store;
  return { identity: store.names('identity'), host: store.names('host') };
}
