import { buildxClients } from '../clients/buildx.ts';
import { readCredHelpers, textSetting } from '../clients/cred-helpers.ts';
import { docker } from '../clients/docker.ts';
import {
  createLink,
  isAnyVersion,
  linkName,
  ownLinks,
  removeLinks,
} from '../clients/helper-link.ts';
import { isAnyListed } from '../clients/helper-lists.ts';
import { podmanClients } from '../clients/podman.ts';
import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isOnPath } from '../files/executables.ts';
import { requireIdentityName } from '../identity/identities.ts';
import { requireHostOf } from '../identity/present.ts';
import { endSignOut } from '../identity/signed-out.ts';
import { own } from '../json-object.ts';
import { helperOf, identityOfHelper, program } from '../program-name.ts';
import { findHelper } from '../secrets/helper-program.ts';
import { shellQuoted, visible } from '../visible.ts';
import { printLine } from './output.ts';

/** A helper that uses one identity: `docker-credential-icr-NAME`. */
export interface NamedHelper {
  readonly identity: string;
  /** The program that clients run; undefined if it is not on `PATH`. */
  readonly file: string | undefined;
  /** True if another program has that name. */
  readonly isOther: boolean;
  /** The clients' files that name it, with the hosts; `*` for `credsStore`. */
  readonly uses: readonly { readonly file: string; readonly hosts: readonly string[] }[];
}

/** Returns the helpers of identities that clients' files name, or whose program exists. */
export function namedHelpers(context: Context): NamedHelper[] {
  const uses = clientFiles(context).flatMap((file) => usesIn(file));
  const links = ownLinks(context).map(({ identity }) => identity);
  const identities = [...new Set([...uses.map(({ identity }) => identity), ...links])].sort();
  return identities.map((identity) => {
    const file = findHelper(context, helperOf(identity));
    const isOther = file !== undefined && !isAnyVersion(context, file);
    return {
      identity,
      file,
      isOther,
      uses: uses.flatMap(({ file, hosts, ...use }) =>
        use.identity === identity ? [{ file, hosts }] : [],
      ),
    };
  });
}

function clientFiles(context: Context): string[] {
  try {
    const clients = [docker, ...podmanClients(context), ...buildxClients(context)];
    return [...new Set(clients.map((client) => client.file(context)))];
  } catch (error) {
    // Without a home directory, clients read no files.
    if (error instanceof HelperError) return [];
    throw error;
  }
}

/** Returns no uses for a file that cannot be read: `doctor` reports it. */
function usesIn(file: string) {
  try {
    const read = readCredHelpers(file);
    const named = [
      ...read.entries.map(({ key, value }) => [value.value, key] as const),
      [textSetting(read, 'credsStore'), '*'] as const,
    ].flatMap(([name, host]) => {
      const identity = typeof name === 'string' ? identityOfHelper(name) : undefined;
      return identity === undefined ? [] : [[identity, host] as const];
    });
    const groups = Map.groupBy(named, ([identity]) => identity);
    return [...groups].map(([identity, each]) => ({
      identity,
      file,
      hosts: [...new Set(each.map(([, host]) => host))],
    }));
  } catch (error) {
    if (error instanceof HelperError) return [];
    throw error;
  }
}

/**
 * Creates the program of an identity if it does not exist, and reports it. Removes the sign-out marks of the hosts. Throws
 * `invalid-input` for an invalid name or for a host that does not accept the identity, and `storage`.
 */
export function addNamedHelper(context: Context, identity: string, hosts: readonly string[]): void {
  requireNamed(context, identity, hosts);
  const { file, isNew } = createLink(context, identity);
  printLine(context, `${isNew ? 'created' : 'nothing to change in'} ${visible(file)}`);
  for (const host of hosts) endSignOut({ ...context, identity }, host);
  if (!isOnPath(context, linkName(identity))) {
    const hint = `add its directory to PATH, or clients cannot run ${linkName(identity)}`;
    context.warn(`${file} is not on PATH`, hint);
  }
  if (!isAnyListed(context)) return;
  context.warn(
    `podman uses ${program} for all registries, before ${linkName(identity)}`,
    'run docker-credential-icr configure --client registries.conf --remove',
  );
}

/** Throws `invalid-input` for an invalid name, or for a host that does not accept the identity. */
export function requireNamed(context: Context, identity: string, hosts: readonly string[]): void {
  requireIdentityName(identity);
  const kind = own(readSettings(context).identities, identity)?.kind;
  if (kind !== undefined) for (const host of hosts) requireHostOf({ kind }, host);
}

/** Reports the next step if the identity does not exist. */
export function reportMissing(context: Context, identity: string): void {
  if (own(readSettings(context).identities, identity) !== undefined) return;
  printLine(context, `next: ${program} login --identity ${shellQuoted(identity)}`);
}

/**
 * Removes the program of the identity, without one those of all identities, unless a client's file still names it or cannot
 * be read.
 */
export function removeUnusedLinks(context: Context, identity: string | undefined): void {
  try {
    clientFiles(context).forEach(readCredHelpers);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(error.message, error.hint);
    return;
  }
  const unused = namedHelpers(context)
    .filter(({ uses }) => uses.length === 0)
    .map((helper) => helper.identity);
  const removed = removeLinks(
    context,
    unused.filter((name) => identity === undefined || name === identity),
  );
  for (const file of removed) printLine(context, `removed ${visible(file)}`);
}
