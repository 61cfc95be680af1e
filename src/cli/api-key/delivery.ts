import { invalidInput } from '../../errors.ts';
import type { MadeApiKey } from '../../iam/api-key-changes.ts';
import type { Lookup } from '../../identity/lookup.ts';
import { isIbmHost } from '../../registry/match.ts';
import { parseServerURL } from '../../registry/parse.ts';
import { visible } from '../../visible.ts';
import { mappingKey, requireIbmHost } from '../host-arguments.ts';
import { printLine } from '../output.ts';
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

/** The output of a new key, prepared before the key is created: file, identity, or standard output. */
export interface Delivery {
  readonly keyName: string;
  /** The identity under which the pending key is recorded; undefined if the key is not saved here. */
  readonly identity?: string | undefined;
  readonly deliver: (created: MadeApiKey) => Promise<void>;
  /** Reverts the preparation if no key was created. */
  readonly cancel: () => void;
}

/** Prepares the output. Throws `invalid-input` for options that cannot be used together, and `storage`. */
export function deliveryFor(lookup: Lookup, args: DeliveryArgs): Delivery {
  const { save, identity, output } = args;
  const { name, hosts } = nameAndHosts(args);
  const keyName = name ?? args.serviceId ?? identity ?? 'docker-credential-icr';
  if (save) {
    if (output !== undefined) {
      throw invalidInput('--save and --output cannot be used together', 'use one of them');
    }
    const plan = planSave(lookup.context, identity, hosts.map(toKey), keyName);
    const deliver = (created: MadeApiKey) => saveNewKey(lookup, created, plan);
    return { keyName, identity: plan.newIdentities[0]?.[0], deliver, cancel: () => {} };
  }
  if (identity !== undefined || hosts.length > 0) {
    throw invalidInput('--identity and hosts are only valid with --save', 'add --save');
  }
  return { keyName, ...(output === undefined ? toStdout(lookup) : toFile(lookup, output)) };
}

/** Prints only the key on standard output, so that it can be piped into `login --api-key-stdin`. */
function toStdout({ context }: Lookup): Omit<Delivery, 'keyName'> {
  return {
    deliver: async ({ value }) => context.stdout(`${value}\n`),
    cancel: () => {},
  };
}

function toFile({ context }: Lookup, name: string): Omit<Delivery, 'keyName'> {
  const file = openKeyFile(context, name);
  return {
    deliver: async (created) => {
      file.write(created);
      printLine(context, `API key saved in ${visible(name)} (not encrypted)`);
    },
    cancel: file.discard,
  };
}

/** With `--save`, a first argument that is an ICR host is not the name of the key. */
function nameAndHosts({ name, hosts = [], save }: DeliveryArgs) {
  const host = save && name !== undefined ? parseServerURL(name) : undefined;
  const isHost = host !== undefined && !('problem' in host) && isIbmHost(host);
  return isHost && name !== undefined ? { hosts: [name, ...hosts] } : { name, hosts };
}

function toKey(host: string): string {
  return mappingKey(requireIbmHost(host));
}
