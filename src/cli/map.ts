import { shellQuoted } from '../clients/notes.ts';
import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { mapHost, unmapHost } from '../identity/identities.ts';
import { everyHost } from '../identity/lookup.ts';
import { helperOf } from '../program-name.ts';
import { visible } from '../visible.ts';
import type { Command } from './command.ts';
import { mappingKey, requireIbmHost } from './host-arguments.ts';
import { minLifetimeOption, parseMinLifetime } from './min-lifetime.ts';
import { printLine } from './output.ts';

interface MapArgs {
  readonly host: string;
  readonly identity: string;
  readonly present?: string;
  readonly minLifetime?: string;
  readonly link?: boolean;
}

export const map: Command<MapArgs> = {
  options: {
    present: { type: 'string', describe: 'the user name that clients get for this host' },
    'min-lifetime': minLifetimeOption,
    link: {
      type: 'boolean',
      describe:
        'also register docker-credential-icr-IDENTITY for the host in the installed clients',
    },
  },
  examples: [
    ['map us.icr.io work', 'use identity work for us.icr.io'],
    ['map us.icr.io prod --link', 'clients then use only identity prod for this host'],
    ['map us.icr.io/team-a prod', 'for one namespace, with clients that ask for namespaces'],
    [
      'map us.icr.io work --present iambearer --min-lifetime 30m',
      'tokens for builds of up to 30 minutes',
    ],
  ],
  run: async (context, { host, identity, present, minLifetime, link = false }) => {
    const key = keyOf(host);
    const minLifetimeMs = minLifetime === undefined ? undefined : parseMinLifetime(minLifetime);
    if (link) requireWholeHost(key);
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
    if (link) requireWholeHost(key);
    const identity = readSettings(context).mappings[key]?.identity;
    await unmapHost(context, key);
    printLine(context, `removed the mapping of ${titleOf(key)}`);
    return link && identity !== undefined ? unregisterLink(context, key, identity) : 0;
  },
};

/** Throws `invalid-input` for a namespace: clients name a helper for a host. */
function requireWholeHost(key: string): void {
  if (!key.includes('/')) return;
  throw new HelperError('invalid-input', '--link cannot be used for a namespace', {
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
