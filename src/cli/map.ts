import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { mapHost, unmapHost } from '../identity/identities.ts';
import { everyHost } from '../identity/lookup.ts';
import { helperOf } from '../program-name.ts';
import { shellQuoted, visible } from '../visible.ts';
import type { Command } from './command.ts';
import { mappingKey, requireIbmHost } from './host-arguments.ts';
import { printLine } from './output.ts';
import { minLifetimeOption, parseMinLifetime } from './presentation-options.ts';

interface MapArgs {
  readonly host: string;
  /** The identity. */
  readonly name?: string;
  /** The same, and `link`. */
  readonly identity?: string;
  readonly present?: string;
  readonly minLifetime?: string;
  readonly link?: boolean;
  readonly remove?: boolean;
}

export const map: Command<MapArgs> = {
  options: {
    present: { type: 'string', describe: 'the user name that clients get for this host' },
    'min-lifetime': minLifetimeOption,
    identity: {
      type: 'string',
      describe:
        'also register docker-credential-icr-IDENTITY for the host in the installed clients',
    },
    link: { type: 'boolean', describe: 'the same for NAME' },
    remove: { type: 'boolean', describe: 'undo map HOST --identity IDENTITY' },
  },
  examples: [
    ['map us.icr.io work', 'use identity work for us.icr.io'],
    ['map us.icr.io --identity prod', 'clients then use only identity prod for this host'],
    [
      'map us.icr.io --identity prod --remove',
      'remove both: the mapping, and the helper of the identity',
    ],
    ['map us.icr.io/team-a prod', 'for one namespace, with clients that ask for namespaces'],
    [
      'map us.icr.io work --present iambearer --min-lifetime 30m',
      'tokens for builds of up to 30 minutes',
    ],
  ],
  run: async (context, args) => {
    const { host, present, minLifetime, remove = false } = args;
    const key = keyOf(host);
    const identity = identityIn(args);
    const link = args.link ?? args.identity !== undefined;
    if (remove) {
      if (args.link || present !== undefined || minLifetime !== undefined) throw otherOptions();
      return removeMapping(context, key, identity);
    }
    const minLifetimeMs = minLifetime === undefined ? undefined : parseMinLifetime(minLifetime);
    if (link && key.includes('/')) throw onlyWholeHost(args.link ? '--link' : '--identity');
    await mapHost(context, key, {
      identity,
      ...(present === undefined ? {} : { present }),
      ...(minLifetimeMs === undefined ? {} : { minLifetimeMs }),
    });
    printLine(
      context,
      `${titleOf(key)} now ${key === everyHost ? 'use' : 'uses'} identity ${visible(identity)}`,
    );
    if (link) return (await registerLink(context, key, identity)) ? 0 : 1;
    await warnOfOtherHelpers(context, key, identity);
    return 0;
  },
};

function identityIn({ name, identity = name }: MapArgs): string {
  if (identity !== undefined && (name ?? identity) === identity) return identity;
  const what = identity === undefined ? 'map needs an identity' : 'map needs one identity';
  throw new HelperError('invalid-input', what, {
    hint: 'run docker-credential-icr map HOST NAME, or map HOST --identity NAME',
  });
}

function otherOptions(): HelperError {
  return new HelperError('invalid-input', '--remove cannot be used together with other options', {
    hint: 'use --remove alone',
  });
}

/** Removes the mapping, if it is one of this identity, and the identity's helper from the clients' files for the host. */
async function removeMapping(context: Context, key: string, identity: string): Promise<number> {
  if (key.includes('/')) throw onlyWholeHost('--remove');
  if (readSettings(context).mappings[key]?.identity === identity) await removeKey(context, key);
  return unregisterLink(context, key, identity);
}

async function removeKey(context: Context, key: string): Promise<void> {
  await unmapHost(context, key);
  printLine(context, `removed the mapping of ${titleOf(key)}`);
}

interface UnmapArgs {
  readonly host: string;
  readonly link?: boolean;
}

export const unmap: Command<UnmapArgs> = {
  options: {
    link: {
      type: 'boolean',
      describe: "also remove docker-credential-icr-IDENTITY for the host from clients' files",
    },
  },
  examples: [
    ['unmap us.icr.io/team-a', 'use the credential of us.icr.io for this namespace again'],
    ['unmap us.icr.io --link', 'undo map us.icr.io IDENTITY --link'],
  ],
  run: async (context, { host, link = false }) => {
    const key = keyOf(host);
    if (link && key.includes('/')) throw onlyWholeHost('--link');
    const identity = readSettings(context).mappings[key]?.identity;
    await removeKey(context, key);
    return link && identity !== undefined ? unregisterLink(context, key, identity) : 0;
  },
};

/** Clients name a helper for a host, not for a namespace. */
function onlyWholeHost(option: string): HelperError {
  return new HelperError('invalid-input', `${option} cannot be used for a namespace`, {
    hint: 'use the host, without a namespace',
  });
}

/** Returns false if a client's file was not changed. */
async function registerLink(context: Context, key: string, identity: string): Promise<boolean> {
  const { addNamedHelper } = await import('./named-helper.ts');
  const { defaultHosts } = await import('./configure.ts');
  const { registerClients } = await import('./register-clients.ts');
  const hosts = key === everyHost ? await defaultHosts({ ...context, identity }) : [key];
  addNamedHelper(context, identity, hosts);
  return registerClients(context, hosts, { yes: true, identity });
}

/** A client that names the helper of another identity for the host does not use the mapping. */
async function warnOfOtherHelpers(context: Context, key: string, identity: string): Promise<void> {
  const { namedHelpers } = await import('./named-helper.ts');
  const host = key.replace(/\/.*/, '');
  for (const helper of namedHelpers(context)) {
    if (helper.identity === identity) continue;
    for (const { file, hosts } of helper.uses) {
      if (host !== everyHost && !hosts.includes(host) && !hosts.includes(everyHost)) continue;
      const name = helperOf(helper.identity);
      context.warn(
        `${file} names ${name} for ${hosts.join(', ')}, which does not use mappings`,
        `run docker-credential-icr map ${shellQuoted(host)} ${shellQuoted(identity)} --link`,
      );
    }
  }
}

/** Removes what `registerLink` added. Returns the exit status. */
async function unregisterLink(context: Context, key: string, identity: string): Promise<number> {
  const { configure } = await import('./configure.ts');
  const hosts = key === everyHost ? [] : [key];
  return configure.run(context, { hosts, client: 'all', identity, remove: true });
}

function keyOf(host: string): string {
  return host === everyHost ? everyHost : mappingKey(requireIbmHost(host));
}

function titleOf(key: string): string {
  return key === everyHost ? 'all ICR hosts' : key;
}
