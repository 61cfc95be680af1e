import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { Caller } from '../http/api-call.ts';
import { isText, type JsonObject } from '../json-object.ts';
import { callIam } from './iam-api.ts';
import { objectsIn } from './policies.ts';

type Action = 'pull' | 'push';

/** A role in an access policy. */
export interface GrantedRole {
  /** Its CRN, such as `crn:v1:bluemix:public:iam::::serviceRole:Reader`. */
  readonly id: string;
  /** For messages: `Reader`, `Administrator`, `custom role NAME`. */
  readonly name: string;
  /** What it allows in the container registry; undefined if that is not known. */
  readonly actions: readonly Action[] | undefined;
}

/** Source: "Access roles for using Container Registry", https://cloud.ibm.com/docs/Registry?topic=Registry-iam. */
const serviceRoles: Readonly<Record<string, readonly Action[]>> = {
  Reader: ['pull'],
  Writer: ['pull', 'push'],
  Manager: ['pull', 'push'],
};

/** Platform roles, such as Administrator, allow neither pull nor push. A custom role can have the name of another role. */
export function roleOf({ role_id: id }: JsonObject): GrantedRole {
  const crn = String(id);
  const [, service, kind, last] = /^crn:v1:[^:]*:[^:]*:([^:]*):.*:(\w+):([^:]*)$/.exec(crn) ?? [];
  const name = last ?? crn.replace(/.*:/s, '');
  if (kind === 'customRole') return { id: crn, name: `custom role ${name}`, actions: undefined };
  if (name === 'UnsupportedVersion') {
    return { id: crn, name: 'roles of a policy of version 2', actions: undefined };
  }
  const isOurs = service === 'iam' || service === 'container-registry';
  return {
    id: crn,
    name: isOurs ? name : `${name} of ${service ?? 'an unknown service'}`,
    actions: (isOurs && kind === 'serviceRole' && serviceRoles[name]) || [],
  };
}

/** Returns the actions of the account's custom roles by CRN; an empty map if the caller may not list them. */
export async function customRoles(
  context: Context,
  caller: Caller,
): Promise<ReadonlyMap<string, readonly Action[]>> {
  try {
    const answer = await callIam(context, caller, {
      method: 'GET',
      path: '/v2/roles',
      query: { account_id: caller.account, service_name: 'container-registry' },
      wanted: 'the list of custom roles',
    });
    return new Map(objectsIn(answer.custom_roles).map(readRole));
  } catch (error) {
    if (error instanceof HelperError) return new Map();
    throw error;
  }
}

function readRole({ crn, actions }: JsonObject): readonly [crn: string, actions: Action[]] {
  const names = (Array.isArray(actions) ? actions : []).filter(isText);
  const all = ['pull', 'push'] as const;
  return [String(crn), all.filter((each) => names.includes(`container-registry.image.${each}`))];
}
