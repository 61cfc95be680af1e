import type { Sandbox } from '../sandbox/sandbox.ts';
import { claimsOf } from '../support/jwt.ts';
import { type ApiServer, createApiServer, createPod, type Pod } from './api-server.ts';
import { annotation } from './node.ts';

/** A cluster that is registered with the simulated IAM. Trusted profiles have links to its service accounts. */
interface Cluster {
  readonly apiServer: ApiServer;
  /** Adds a trusted profile with links to these service accounts (`namespace:name`); returns its ID. */
  addProfile(...trusted: readonly string[]): string;
  /** Adds a trusted profile in the given account instead of the default account. */
  addProfileIn(accountId: string | undefined, ...trusted: readonly string[]): string;
  /** Adds a pod of a new service account, which is annotated with `profile` if it is given. */
  addPod(account: string, profile?: string): Pod;
}

export function createCluster({ accounts }: Pick<Sandbox, 'accounts'>, clock = Date.now): Cluster {
  const links: { readonly trusted: readonly string[]; readonly tokens: string[] }[] = [];
  const apiServer = createApiServer(clock, (token, { namespace, name }) => {
    for (const { trusted, tokens } of links) {
      if (trusted.includes(`${namespace}:${name}`)) tokens.push(token);
    }
  });
  const addProfileIn: Cluster['addProfileIn'] = (accountId, ...trusted) => {
    // The simulator keeps a reference to this list, so tokens that are added later are accepted.
    const tokens: string[] = [];
    links.push({ trusted, tokens });
    const account = accountId === undefined ? {} : { accountId };
    const name = `of ${trusted.join(' and ')} (${accounts.trustedProfiles().length})`;
    return accounts.addTrustedProfile({ name, computeTokens: tokens, ...account }).sub;
  };
  return {
    apiServer,
    addProfile: (...trusted) => addProfileIn(undefined, ...trusted),
    addProfileIn,
    addPod(account, profile) {
      const [namespace = '', name = ''] = account.split(':');
      const annotations: Record<string, string> =
        profile === undefined ? {} : { [annotation]: profile };
      return createPod(apiServer.addServiceAccount(namespace, name, annotations));
    },
  };
}

/** Returns the ID of the trusted profile that owns the access token. */
export function profileOf(accessToken: string | undefined): unknown {
  return claimsOf(accessToken).sub;
}
