import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import type { ApiKeyDetails, ApiKeyFilter } from '../../iam/api-keys.ts';
import { plain } from '../../mask.ts';
import { shellQuoted } from '../../visible.ts';
import { callerOption } from '../caller.ts';
import type { Option } from '../command.ts';

/** The arguments that all commands about existing keys accept. */
export interface KeyArgs {
  readonly identity?: string;
  readonly serviceId?: string;
}

export const keyOptions: Readonly<Record<string, Option>> = {
  identity: callerOption,
  'service-id': {
    type: 'string',
    describe: 'the keys of this service ID (name or ID) instead of your own',
  },
};

/** Selects the keys of the given service ID, otherwise those of the caller. Throws `invalid-input`. */
export async function filterFor(
  context: Context,
  caller: Caller,
  { serviceId }: KeyArgs,
): Promise<ApiKeyFilter> {
  if (serviceId === undefined) return { iam_id: caller.iamId };
  const { findServiceId } = await import('../../iam/service-ids.ts');
  const found = await findServiceId(context, caller, serviceId);
  if (found !== undefined) return { iam_id: found.iamId };
  throw unknownServiceId(serviceId);
}

export function unknownServiceId(idOrName: string): HelperError {
  return new HelperError('invalid-input', `no service ID ${idOrName} in this account`, {
    hint: 'run ibmcloud iam service-ids to list them',
  });
}

/** Finds a key by its ID, or by its name among the selected keys. Throws `invalid-input` if the name is not unique. */
export async function findKey(
  context: Context,
  caller: Caller,
  idOrName: string,
  args: KeyArgs,
): Promise<ApiKeyDetails> {
  const { getApiKey, listApiKeys } = await import('../../iam/api-keys.ts');
  if (idOrName.startsWith('ApiKey-')) return getApiKey(context, caller, idOrName);
  const keys = await listApiKeys(context, caller, await filterFor(context, caller, args));
  const [key, ...more] = keys.filter(({ name }) => name === idOrName);
  if (key === undefined) throw unknown(args);
  if (more.length === 0) return key;
  const ids = [key, ...more].map(({ id }) => id).join(', ');
  throw new HelperError('invalid-input', `several API keys have that name: ${ids}`, {
    hint: 'use the ID of one of them',
  });
}

/** The error does not repeat the argument: it may be the value of a key. */
function unknown({ serviceId }: KeyArgs): HelperError {
  const of = serviceId === undefined ? '' : ` --service-id ${shellQuoted(serviceId)}`;
  return new HelperError('invalid-input', 'no API key has that name', {
    hint: `run docker-credential-icr api-key list${of}`,
  });
}

/** Returns the members for `--json`: the API's fields, with times in ISO 8601. */
export function jsonOf(key: ApiKeyDetails): object {
  return {
    ...key,
    createdAt: isoDate(key.createdAt),
    modifiedAt: isoDate(key.modifiedAt),
    expiresAt: isoDate(key.expiresAt),
  };
}

/** Returns ID and name for messages. The name may be chosen by other users, so control characters are removed. */
export function nameOf({ id, name }: ApiKeyDetails): string {
  return plain(name === '' ? `API key ${id}` : `API key ${id} (${name})`);
}

export function stateOf({ locked, disabled, expiresAt }: ApiKeyDetails, now: number): string {
  const words = [
    ...(expiresAt !== undefined && expiresAt <= now ? ['expired'] : []),
    ...(disabled ? ['disabled'] : []),
    ...(locked ? ['locked'] : []),
  ];
  return words.length === 0 ? 'active' : words.join(', ');
}

export function isoDate(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}
