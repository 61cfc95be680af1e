import { HelperError } from '../../errors.ts';
import type { MadeApiKey } from '../../iam/api-key-changes.ts';
import type { Lookup } from '../../identity/lookup.ts';
import { isIbmHost } from '../../registry/match.ts';
import { parseServerURL } from '../../registry/parse.ts';
import { mappingKey, requireIbmHost } from '../host-arguments.ts';
import { openKeyFile } from './key-file.ts';
import { planSave, saveNewKey } from './save.ts';

export interface DeliveryArgs {
  readonly name?: string;
  readonly hosts?: readonly string[];
  readonly serviceId?: string;
  readonly save?: boolean;
  readonly identity?: string;
  readonly output?: string;
}

/** Where a new key goes: it is decided, and tried as far as can be, before the key is made. */
export interface Delivery {
  readonly keyName: string;
  /** The identity that records the key before it is made; `undefined` if it is not saved here. */
  readonly identity?: string | undefined;
  readonly deliver: (made: MadeApiKey) => Promise<void>;
  /** Takes back what was prepared. */
  readonly giveUp: () => void;
}

/** Throws `invalid-input` for words that do not go together, and `storage`. */
export function deliveryFor(lookup: Lookup, args: DeliveryArgs): Delivery {
  const { save, identity, output } = args;
  const { name, hosts } = wordsOf(args);
  const keyName = name ?? args.serviceId ?? identity ?? 'docker-credential-icr';
  if (save) {
    if (output !== undefined) throw invalid('--save and --output exclude each other');
    const plan = planSave(lookup.context, identity, hosts.map(toKey), keyName);
    const deliver = (made: MadeApiKey) => saveNewKey(lookup, made, plan);
    return { keyName, identity: plan.places[0]?.[0], deliver, giveUp: () => {} };
  }
  if (identity !== undefined || hosts.length > 0) {
    throw invalid('--identity and hosts say where the key is kept; add --save');
  }
  return { keyName, ...(output === undefined ? onStdout(lookup) : intoFile(lookup, output)) };
}

/** The only line on standard output, so that it can be piped into `login --api-key-stdin`. */
function onStdout({ context }: Lookup): Omit<Delivery, 'keyName'> {
  return {
    deliver: async ({ value }) => context.stdout(`${value}\n`),
    giveUp: () => {},
  };
}

function intoFile({ context }: Lookup, name: string): Omit<Delivery, 'keyName'> {
  const file = openKeyFile(name);
  return {
    deliver: async (made) => {
      file.write(made);
      context.stdout(`its value is in ${name}\n`);
    },
    giveUp: file.discard,
  };
}

/** A host that is the first word is a host: no key needs such a name. */
function wordsOf({ name, hosts = [], save }: DeliveryArgs) {
  const host = save && name !== undefined ? parseServerURL(name) : undefined;
  const isHost = host !== undefined && !('problem' in host) && isIbmHost(host);
  return isHost && name !== undefined ? { hosts: [name, ...hosts] } : { name, hosts };
}

function toKey(host: string): string {
  return mappingKey(requireIbmHost(host));
}

function invalid(message: string): HelperError {
  return new HelperError('invalid-input', message);
}
