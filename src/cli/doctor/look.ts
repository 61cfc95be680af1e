import { configFolder } from '../../config/folders.ts';
import { loadSettings } from '../../config/load-settings.ts';
import { noSettings, type Settings } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { nodeFiles } from '../../files/file-reader.ts';
import { answeredHosts, type HostAnswer } from '../../identity/hosts.ts';
import { signedOutHosts } from '../../identity/signed-out.ts';
import { readableStore } from '../../secrets/secret-store.ts';
import type { SecretStore } from '../../secrets/store-types.ts';
import { attempt } from './attempt.ts';

/** A locked keychain must not delay all checks, which ask it one after the other. */
const lookupLimitMs = 5000;

/** Stored data, read by the same code as for `get`. */
export interface Look {
  /** The directory of settings and secrets; undefined if the environment names none. */
  readonly folder: string | undefined;
  /** Empty if they cannot be read; `settingsError` is the reason then. */
  readonly settings: Settings;
  readonly settingsError: HelperError | undefined;
  readonly store: Pick<SecretStore, 'read' | 'names'>;
  readonly signedOut: ReadonlySet<string>;
  /** Every host with its credential or error, `host/namespace` included, sorted by name. */
  readonly answers: readonly HostAnswer[];
  /** Why hosts and credentials cannot be listed. */
  readonly error: HelperError | undefined;
}

/** A context in which reading changes nothing, and checks report what would be a warning. */
export function readOnlyContext(context: Context): Context {
  return { ...context, files: nodeFiles, readOnly: true, warn: () => {} };
}

export async function lookAt(given: Context): Promise<Look> {
  const context = { ...given, deadline: given.now() + lookupLimitMs };
  const folder = await attempt(() => configFolder(context));
  const settings = await attempt(() => loadSettings(context));
  const signedOut = await attempt(() => signedOutHosts(context));
  const answers = await attempt(() => answeredHosts(context, { namespaces: true }));
  const store = await attempt(() => readableStore(context));
  const errors = [store, signedOut, answers].filter((each) => each instanceof HelperError);
  return {
    folder: folder instanceof HelperError ? undefined : folder,
    settings: settings instanceof HelperError ? noSettings : settings,
    settingsError: settings instanceof HelperError ? settings : undefined,
    store: store instanceof HelperError ? noStore : store,
    signedOut: signedOut instanceof HelperError ? new Set() : signedOut,
    answers: answers instanceof HelperError ? [] : answers,
    error: errors[0],
  };
}

const noStore = { read: () => undefined, names: () => [] };
