import type { Accounts } from './accounts.ts';
import type { Principal } from './registry-credentials.ts';

/** One entry of a registry JWT's `access` claim (distribution's token specification). */
export interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** `repository:NS/IMG:pull,push`; a name may hold colons, in a port. Several may share one parameter. */
export function parseScopes(texts: readonly string[]): readonly Access[] {
  return texts
    .flatMap((text) => text.split(' '))
    .flatMap((text) => {
      const [, type, name, actions] = /^([^:]+):(.+):([^:]*)$/.exec(text) ?? [];
      if (type === undefined || name === undefined || actions === undefined) return [];
      return [{ type, name, actions: actions.split(',') }];
    });
}

/** What of the scope this principal gets; a stranger (`undefined`) may pull what is public. */
export function grantAccess(
  wanted: readonly Access[],
  principal: Principal | undefined,
  accounts: Accounts,
): readonly Access[] {
  return wanted.map(({ type, name, actions }) => {
    const namespace = accounts.namespace(name.split('/')[0] ?? '');
    const isTheirs =
      principal !== undefined &&
      type === 'repository' &&
      (namespace === undefined ||
        principal.subject === undefined ||
        namespace.accountId === principal.subject.accountId);
    const isAllowed = (action: string) =>
      isTheirs || (namespace?.public === true && action === 'pull');
    return { type, name, actions: actions.filter(isAllowed) };
  });
}
