import { createAccounts } from '../sandbox/accounts.ts';
import { answering } from '../sandbox/answering.ts';
import { createFaults, type Faults } from '../sandbox/faults.ts';
import { createIam } from '../sandbox/iam.ts';
import { createSigner } from '../sandbox/jwt.ts';
import { listen } from '../sandbox/listen.ts';
import { createRequests, type Requests } from '../sandbox/requests.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** The simulated IAM in this process, without TLS, and with a clock that only the test advances. */
export interface FleetCloud {
  readonly iamUrl: string;
  readonly accounts: Sandbox['accounts'];
  readonly faults: Faults;
  readonly requests: Requests;
  close(): Promise<void>;
}

export async function startFleetCloud(clock: () => number): Promise<FleetCloud> {
  const signer = await createSigner(clock);
  const lifetimes = { accessToken: 3600, registryToken: 300 };
  const cloud = { accounts: createAccounts(signer), signer, lifetimes };
  const shared = { faults: createFaults(), requests: createRequests(), clock };
  const iam = answering('iam', createIam(cloud), shared);
  const { port, close } = await listen(iam, { address: '127.0.0.1', port: 0 });
  return {
    iamUrl: `http://127.0.0.1:${port}`,
    accounts: cloud.accounts,
    faults: shared.faults,
    requests: shared.requests,
    close,
  };
}
