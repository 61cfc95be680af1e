import type { Sandbox } from '../sandbox/sandbox.ts';
import { claimsOf } from '../support/jwt.ts';
import { type ApiServer, createApiServer, createPod, type Pod } from './api-server.ts';
import { annotation } from './node.ts';

/** A cluster that IAM knows: a trusted profile's links say which of its service accounts may act as it. */
export interface Cluster {
  readonly apiServer: ApiServer;
  /** A profile that trusts these service accounts (`namespace:name`); returns its ID. */
  addProfile(...trusted: readonly string[]): string;
  /** The same, in an account that is not the usual one. */
  addProfileIn(accountId: string | undefined, ...trusted: readonly string[]): string;
  /** A pod of a new service account; annotated, where a profile is given. */
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
    // The sandbox looks into the very list that it was given.
    const tokens: string[] = [];
    links.push({ trusted, tokens });
    const account = accountId === undefined ? {} : { accountId };
    return accounts.addTrustedProfile({ computeTokens: tokens, ...account }).sub;
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

/** Whose access token it is: the trusted profile's ID. */
export function profileOf(accessToken: string | undefined): unknown {
  return claimsOf(accessToken).sub;
}
