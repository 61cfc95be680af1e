import type { Accounts } from './accounts.ts';
import type { Signer } from './jwt.ts';

/** The lifetimes of issued tokens, in seconds. Tests can shorten them. */
export interface Lifetimes {
  accessToken: number;
  registryToken: number;
}

/** The state that all services use. */
export interface Cloud {
  readonly accounts: Accounts;
  readonly signer: Signer;
  readonly lifetimes: Lifetimes;
}
