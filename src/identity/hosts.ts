import type { Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';
import { publicHosts } from '../registry/regions.ts';
import { readableStore } from '../secrets/secret-store.ts';
import type { SecretStore } from '../secrets/store-types.ts';
import { findCredential } from './find.ts';
import { type Found, type Lookup, lookupIn } from './lookup.ts';
import { acceptingHosts } from './present.ts';
import { signedOutHosts } from './signed-out.ts';

/** A host with its credential, or with the error of the lookup. */
export interface HostAnswer {
  readonly host: RegistryHost;
  /** The ServerURL that the client stored: clients compare it literally. */
  readonly serverURL: string;
  readonly found: Found | HelperError;
}

/**
 * Looks up the stored and mapped hosts and IBM's public hosts, and returns those with a credential or an error, sorted by
 * name. With `namespaces`, also looks up each mapped `host/namespace`; with `names`, only these hosts. The context should
 * contain `nodeFiles`: for many files, they take half the time of Bun's file API, which waits for a thread for each read.
 */
export async function answeredHosts(
  context: Context,
  {
    namespaces = false,
    names: named,
  }: { readonly namespaces?: boolean; readonly names?: readonly string[] } = {},
): Promise<HostAnswer[]> {
  const secrets = readableStore(context);
  const signedOut = signedOutHosts(context);
  const lookup = {
    ...lookupIn(context, secrets),
    isSignedOut: async (name: string) => signedOut.has(name),
  };
  const settings = await readableSettings(lookup);
  // `*` is not a host, so `answerOf` leaves it out.
  const keys = Object.keys(settings?.mappings ?? {});
  const mapped = keys.filter((key) => namespaces || !key.includes('/'));
  const all = [...storedHosts(context, secrets), ...mapped, ...publicHosts];
  const names = new Set(
    named ?? acceptingHosts(settings?.identities ?? {}, context.identity ?? '', all),
  );
  const answers: HostAnswer[] = [];
  for (const name of [...names].sort()) {
    const answer = await answerOf(lookup, name);
    if (answer !== undefined) answers.push(answer);
  }
  return answers;
}

/** A locked keychain is only a warning, because other sources may have credentials. */
function storedHosts(context: Context, secrets: SecretStore): string[] {
  try {
    return secrets.names('host');
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(error.message, error.hint);
    return [];
  }
}

/** Returns undefined for an error of the settings, because each lookup reports it. */
async function readableSettings({ settings }: Lookup): Promise<Settings | undefined> {
  try {
    return await settings();
  } catch (error) {
    if (error instanceof HelperError) return undefined;
    throw error;
  }
}

async function answerOf(lookup: Lookup, name: string): Promise<HostAnswer | undefined> {
  const host = parseServerURL(name);
  if ('problem' in host) return undefined;
  try {
    const found = await findCredential(lookup, host);
    return found && { host, serverURL: await spelling(lookup, host, name), found };
  } catch (error) {
    if (error instanceof HelperError) return { host, serverURL: name, found: error };
    throw error;
  }
}

async function spelling({ stored }: Lookup, host: RegistryHost, name: string): Promise<string> {
  if (isIbmHost(host)) return name;
  const serverURL = (await stored({ of: 'host', name }))?.ServerURL ?? name;
  const parsed = parseServerURL(serverURL);
  // A file that was copied by hand contains the ServerURL of another host.
  return 'problem' in parsed || hostKey(parsed) !== name ? name : serverURL;
}
