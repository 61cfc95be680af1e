import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import type { ApiKeyDetails, ApiKeyFilter } from '../../iam/api-keys.ts';
import { plain } from '../../plain-text.ts';
import { actingOption } from '../caller.ts';
import type { Option } from '../command.ts';

/** What every command about keys takes. */
export interface KeyArgs {
  readonly identity?: string;
  readonly serviceId?: string;
}

export const keyOptions: Readonly<Record<string, Option>> = {
  identity: actingOption,
  'service-id': { type: 'string', describe: 'of this service ID, by its name or its ID' },
};

/** Whose keys are meant: the service ID's that was named, else the caller's own. */
export async function filterFor(
  context: Context,
  caller: Caller,
  { serviceId }: KeyArgs,
): Promise<ApiKeyFilter> {
  if (serviceId === undefined) return { iam_id: caller.iamId };
  const { findServiceId } = await import('../../iam/service-ids.ts');
  const found = await findServiceId(context, caller, serviceId);
  if (found !== undefined) return { iam_id: found.iamId };
  throw new HelperError('invalid-input', `there is no service ID ${serviceId} in this account`);
}

/** By its ID, or by its name among the keys that are meant. Throws `invalid-input` where that is no one key. */
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

/** What was typed is not repeated: it may be a key in the wrong place. */
function unknown({ serviceId }: KeyArgs): HelperError {
  const of = serviceId === undefined ? '' : ` --service-id ${serviceId}`;
  return new HelperError('invalid-input', 'no API key has that name', {
    hint: `run docker-credential-icr api-key list${of}`,
  });
}

/** As JSON shows a key: the API's fields, times in ISO 8601. */
export function shownKey(key: ApiKeyDetails): object {
  return {
    ...key,
    createdAt: isoDate(key.createdAt),
    modifiedAt: isoDate(key.modifiedAt),
    expiresAt: isoDate(key.expiresAt),
  };
}

/** For messages. Names are other people's text. */
export function nameOf({ id, name }: ApiKeyDetails): string {
  return name === '' ? `API key ${id}` : `API key ${id} (${plain(name)})`;
}

export function stateOf({ locked, disabled }: ApiKeyDetails): string {
  const words = [...(disabled ? ['disabled'] : []), ...(locked ? ['locked'] : [])];
  return words.length === 0 ? 'active' : words.join(', ');
}

export function isoDate(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}
