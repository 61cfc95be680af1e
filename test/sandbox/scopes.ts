import { regionOf } from '../../src/registry/regions.ts';
import type { Accounts } from './accounts.ts';
import type { Place } from './policies.ts';
import type { Principal } from './registry-credentials.ts';
import type { Subject } from './subjects.ts';

/** An entry of the `access` claim of a registry token (distribution's token specification). */
export interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/**
 * Parses scopes such as `repository:NS/IMG:pull,push`. A name may contain colons, because of a port. One parameter may
 * contain several scopes.
 */
export function parseScopes(texts: readonly string[]): readonly Access[] {
  return texts
    .flatMap((text) => text.split(' '))
    .flatMap((text) => {
      const [, type, name, actions] = /^([^:]+):(.+):([^:]*)$/.exec(text) ?? [];
      if (type === undefined || name === undefined || actions === undefined) return [];
      return [{ type, name, actions: actions.split(',') }];
    });
}

function regionOfServer(server: string): string | undefined {
  return regionOf(server.replace(/:\d+$/, ''));
}

/** Returns true if the caller may see the namespace: if it may pull from it. */
export function isVisible(
  namespace: string,
  subject: Subject,
  host: string,
  accounts: Accounts,
): boolean {
  const place = { namespace, region: regionOfServer(host) };
  return !subject.ruledByPolicies || accounts.isAllowed(subject.iamId, 'pull', place);
}

/** Returns true if the caller's permissions allow the action. Public namespaces are handled separately. */
function isPermitted(
  action: string,
  place: Place,
  principal: Principal,
  accounts: Accounts,
): boolean {
  const { subject, readOnly } = principal;
  if (readOnly && action !== 'pull') return false;
  if (subject === undefined) return true;
  const owner = accounts.namespace(place.namespace)?.accountId ?? subject.accountId;
  if (owner !== subject.accountId) return false;
  return !subject.ruledByPolicies || accounts.isAllowed(subject.iamId, action, place);
}

/** Returns the granted part of the scope. Without a principal, only pulls from public namespaces are granted. */
export function grantAccess(
  wanted: readonly Access[],
  principal: Principal | undefined,
  host: string,
  accounts: Accounts,
): readonly Access[] {
  return wanted.map(({ type, name, actions }) => {
    const place = { namespace: name.split('/')[0] ?? '', region: regionOfServer(host) };
    const isPublic = accounts.namespace(place.namespace)?.public === true;
    const isAllowed = (action: string) =>
      type === 'repository' &&
      ((isPublic && action === 'pull') ||
        (principal !== undefined && isPermitted(action, place, principal, accounts)));
    return { type, name, actions: actions.filter(isAllowed) };
  });
}
