import type { Accounts } from './accounts.ts';
import type { Signer } from './jwt.ts';

/** How long what is handed out lives, in seconds; tests shorten it. */
export interface Lifetimes {
  accessToken: number;
  registryToken: number;
}

/** What every service of the sandbox works on. */
export interface Cloud {
  readonly accounts: Accounts;
  readonly signer: Signer;
  readonly lifetimes: Lifetimes;
}
