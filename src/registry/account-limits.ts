import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { unreachable } from '../http/accept.ts';
import { type ApiCall, type Caller, callApi, callForObject, goodAnswer } from '../http/api-call.ts';
import { isObject, type JsonObject } from '../json-object.ts';

/** A limit of the account in one region, in bytes. */
export interface Quota {
  readonly limitBytes: number;
  readonly usedBytes: number;
}

/** Undefined if it is not in the answer. */
type KnownQuota = Quota | 'unlimited' | undefined;

export interface Quotas {
  readonly storage: KnownQuota;
  /** Pull traffic of this month. */
  readonly traffic: KnownQuota;
}

/** Returns the quotas of the caller's account. Throws `refused` or `unreachable`. */
export async function quotasOf(context: Context, caller: Caller, host: string): Promise<Quotas> {
  const call = toCall(caller, host, '/quotas', 'the quotas');
  const { limit, usage } = await callForObject(context, caller, call);
  return {
    storage: quota(limit, usage, 'storage_bytes'),
    traffic: quota(limit, usage, 'traffic_bytes'),
  };
}

/** A limit of -1 means unlimited. */
function quota(limit: unknown, usage: unknown, name: string): KnownQuota {
  const limitBytes = numberIn(limit, name);
  const usedBytes = numberIn(usage, name);
  if (limitBytes !== undefined && limitBytes < 0) return 'unlimited';
  return limitBytes === undefined || usedBytes === undefined
    ? undefined
    : { limitBytes, usedBytes };
}

function numberIn(object: unknown, name: string): number | undefined {
  const value = isObject(object) ? object[name] : undefined;
  return typeof value === 'number' ? value : undefined;
}

/** A namespace as the registry's API shows it. */
export interface NamespaceDetails {
  readonly name: string;
  /** The ID of its resource group; empty without a group, undefined if that is not in the answer. */
  readonly resourceGroup: string | undefined;
}

/**
 * Returns the namespaces in the account and region that the caller may see. Throws `refused` or `unreachable`.
 * Source: https://cloud.ibm.com/apidocs/container-registry, "Detailed namespace list": "authorized namespaces".
 */
export async function namespacesOf(
  context: Context,
  caller: Caller,
  host: string,
): Promise<NamespaceDetails[]> {
  const list = (path: string) =>
    callForList(context, caller, toCall(caller, host, path, 'the list of namespaces'));
  try {
    return (await list('/namespaces/details'))
      .filter(isObject)
      .map(({ name, resource_group: group }) => ({
        name: String(name),
        resourceGroup: typeof group === 'string' ? group : undefined,
      }));
  } catch (error) {
    if (!(error instanceof HelperError) || error.code !== 'refused') throw error;
    const names = (await list('/namespaces')).filter((each) => typeof each === 'string');
    return names.map((name) => ({ name, resourceGroup: undefined }));
  }
}

/**
 * Returns the tagged images of the caller's account in the host's region, such as `us.icr.io/ns/image:1`. Throws `refused` or
 * `unreachable`. Source: https://cloud.ibm.com/apidocs/container-registry, "List images".
 */
export async function imagesOf(context: Context, caller: Caller, host: string): Promise<string[]> {
  const call = toCall(caller, host, '/images', 'the list of images');
  const images = await callForList(context, caller, call);
  const tags = images.flatMap((image) => (isObject(image) ? image.RepoTags : []));
  return tags.filter((each) => typeof each === 'string');
}

async function callForList(context: Context, caller: Caller, call: ApiCall): Promise<unknown[]> {
  const answer = await callApi(context, caller, call);
  const list = listIn(answer.text);
  if (answer.status === 200 && list !== undefined) return list;
  goodAnswer(caller, call, answer);
  throw unreachable(`${call.service} answered without ${call.wanted}`);
}

function listIn(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns true if the account accepts pulls and pushes through private hosts only; undefined if the answer does not tell.
 * Throws `refused` or `unreachable`.
 */
export async function isPrivateOnly(
  context: Context,
  caller: Caller,
  host: string,
): Promise<boolean | undefined> {
  const call = toCall(caller, host, '/auth', 'the authorization options');
  const answer: JsonObject = await callForObject(context, caller, call);
  return typeof answer.private_only === 'boolean' ? answer.private_only : undefined;
}

function toCall({ account }: Caller, host: string, path: string, wanted: string): ApiCall {
  return {
    method: 'GET',
    url: `https://${host}/api/v1${path}`,
    headers: { Account: account },
    service: host,
    wanted,
    hint: '',
  };
}
