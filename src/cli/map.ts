import { mapHost, unmapHost } from '../identity/identities.ts';
import { everyHost } from '../identity/mapping-key.ts';
import { visible } from '../visible.ts';
import type { Command } from './command.ts';
import { mappingKey, requireIbmHost } from './host-arguments.ts';

interface MapArgs {
  readonly host: string;
  readonly identity: string;
  readonly present?: string;
}

export const map: Command<MapArgs> = {
  options: {
    present: { type: 'string', describe: 'the user name that clients get for this host' },
  },
  examples: [
    ['map us.icr.io work', 'identity work answers for us.icr.io'],
    ['map us.icr.io/team-a prod', 'for one namespace, where the client asks for it'],
  ],
  run: async (context, { host, identity, present }) => {
    const key = keyOf(host);
    await mapHost(context, key, { identity, ...(present === undefined ? {} : { present }) });
    context.stdout(
      `${name(key)} now ${key === everyHost ? 'use' : 'uses'} identity ${visible(identity)}\n`,
    );
    return 0;
  },
};

export const unmap: Command<{ readonly host: string }> = {
  options: {},
  examples: [['unmap us.icr.io/team-a', 'from now on us.icr.io decides']],
  run: async (context, { host }) => {
    const key = keyOf(host);
    await unmapHost(context, key);
    context.stdout(`removed the mapping of ${name(key)}\n`);
    return 0;
  },
};

function keyOf(host: string): string {
  return host === everyHost ? everyHost : mappingKey(requireIbmHost(host));
}

function name(key: string): string {
  return key === everyHost ? 'all ICR hosts' : key;
}
