import type { Context } from '../../context.ts';
import { hostKey, isIbmHost } from '../../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../../registry/parse.ts';
import type { Command } from '../command.ts';
import { mappingKey, notStored, requireHost } from '../host-arguments.ts';
import { showJson } from './status-json.ts';
import { rowsOf } from './status-rows.ts';
import { showText } from './status-text.ts';

interface StatusArgs {
  readonly hosts?: readonly string[];
  readonly json?: boolean;
  readonly history?: boolean;
}

export const status: Command<StatusArgs> = {
  options: {
    json: { type: 'boolean', describe: 'print JSON' },
    history: {
      type: 'boolean',
      describe: 'show who used these identities or hosts, from the access log',
    },
  },
  examples: [
    ['status', 'one line for each host'],
    ['status us.icr.io', 'for one host'],
    ['status --history work', 'the uses of identity work'],
  ],
  run: async (context, { hosts = [], json, history }) => {
    if (history) {
      const { showHistory } = await import('./status-history.ts');
      return showHistory(context, hosts, json === true);
    }
    const named = hosts.map((host) => keyOf(requireHost(host)));
    const rows = await rowsOf(context, named);
    if (json) showJson(context, rows);
    else showText(context, rows, named.length > 0);
    const shown = new Set(rows.map(({ host }) => keyIn(host)));
    const unknown = named.filter((name) => !shown.has(name));
    for (const name of unknown) reportUnknown(context, requireHost(name));
    return unknown.length > 0 || rows.some(({ state }) => state === 'failing') ? 1 : 0;
  },
};

function keyOf(host: RegistryHost): string {
  return isIbmHost(host) ? mappingKey(host) : hostKey(host);
}

/** Like `keyOf`, for a stored host, which may have another spelling than the typed one. */
function keyIn(text: string): string {
  const host = parseServerURL(text);
  return 'problem' in host ? text : keyOf(host);
}

/** Throws `invalid-input` if it is not an ICR host. */
function reportUnknown(context: Context, host: RegistryHost): void {
  if (!isIbmHost(host)) throw notStored(host);
  const name = mappingKey(host);
  context.warn(`${name}: not logged in`, `run docker-credential-icr login ${name}`);
}
