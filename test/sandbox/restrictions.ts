interface Quota {
  /** In bytes; -1 for no limit. */
  readonly limit: number;
  readonly used: number;
  readonly isEnforced?: false;
}

/** What forbids pulls and pushes in an account, apart from policies. */
export interface Restrictions {
  readonly storage?: Quota;
  readonly traffic?: Quota;
  readonly privateOnly?: boolean;
  /** The addresses that may pull and push. The default is all. */
  readonly allowedAddresses?: readonly string[];
  /** If set, a context-based restriction refuses all requests. */
  readonly contextBased?: boolean;
  /** If set, only namespaces that were added exist. */
  readonly onlyKnownNamespaces?: boolean;
}

/** Creates the restrictions of all accounts; the default is none. */
export function createRestrictions() {
  let current: Restrictions = {};
  return {
    setRestrictions(restrictions: Restrictions): Restrictions {
      current = restrictions;
      return current;
    },
    restrictions: (): Restrictions => current,
  };
}

/** The address of every client of the simulator. */
const clientAddress = '127.0.0.1';

/**
 * Returns IBM's error text if the account's restrictions forbid the action on this host. Sources: the topics "Why am I getting errors
 * about my quota?" and "… using a private network?" of the registry's documentation.
 */
export function restrictionText(
  { storage, traffic, privateOnly, allowedAddresses, contextBased }: Restrictions,
  action: string,
  host: string,
): string | undefined {
  if (privateOnly && !host.startsWith('private.')) {
    return 'Private-only access is enabled on this account, but this request was over the public network. You must access this account over the private network';
  }
  if (allowedAddresses !== undefined && !allowedAddresses.includes(clientAddress)) {
    return `Access from IP address ${clientAddress} is not allowed.`;
  }
  // IBM's documentation: the text for a context-based restriction is that for a missing policy.
  if (contextBased) return 'insufficient scope';
  const isOver = (quota?: Quota) =>
    quota !== undefined &&
    quota.isEnforced !== false &&
    quota.limit >= 0 &&
    quota.used >= quota.limit;
  if (action === 'push' && isOver(storage))
    return 'Your account has exceeded its image storage quota for the current month.';
  if (action === 'pull' && isOver(traffic))
    return 'Your account has exceeded its pull traffic quota for the current month.';
  return undefined;
}
