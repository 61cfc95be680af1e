import { mapHost, unmapHost } from '../identity/identities.ts';
import { everyHost } from '../identity/mapping-key.ts';
import { visible } from '../visible.ts';
import type { Command } from './command.ts';
import { mappingKey, requireIbmHost } from './host-arguments.ts';
import { printLine } from './print-line.ts';

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
    ['map us.icr.io work', 'use identity work for us.icr.io'],
    ['map us.icr.io/team-a prod', 'for one namespace, with clients that ask for namespaces'],
  ],
  run: async (context, { host, identity, present }) => {
    const key = keyOf(host);
    await mapHost(context, key, { identity, ...(present === undefined ? {} : { present }) });
    printLine(
      context,
      `${titleOf(key)} now ${key === everyHost ? 'use' : 'uses'} identity ${visible(identity)}`,
    );
    return 0;
  },
};

export const unmap: Command<{ readonly host: string }> = {
  options: {},
  examples: [['unmap us.icr.io/team-a', 'use the credential of us.icr.io for it again']],
  run: async (context, { host }) => {
    const key = keyOf(host);
    await unmapHost(context, key);
    printLine(context, `removed the mapping of ${titleOf(key)}`);
    return 0;
  },
};

function keyOf(host: string): string {
  return host === everyHost ? everyHost : mappingKey(requireIbmHost(host));
}

function titleOf(key: string): string {
  return key === everyHost ? 'all ICR hosts' : key;
}
