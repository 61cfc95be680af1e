import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type Test } from 'uvu';
import { type AskOptions, ask, type Reply } from './ask.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';

export interface SandboxContext {
  readonly sandbox: Sandbox;
  /** Sends `POST /identity/token` with this form. */
  readonly askIam: (form: Record<string, string>, options?: AskOptions) => Promise<Reply>;
  /** Sends a request to any path of the registry. */
  readonly askRegistry: (path: string, options?: AskOptions) => Promise<Reply>;
}

/** Returns a uvu suite with a simulator. Faults and logged requests are cleared before each test. */
export function sandboxSuite(
  name: string,
  options: Omit<SandboxOptions, 'folder'> = {},
): Test<SandboxContext> {
  const test = suite<SandboxContext>(name);
  let folder: string;
  test.before(async (context) => {
    folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
    const sandbox = await startSandbox({ folder, ...options });
    const { caFile, iamUrl, registryUrl } = sandbox;
    Object.assign(context, {
      sandbox,
      askIam: (form, more) => ask(`${iamUrl}/identity/token`, { caFile, form, ...more }),
      askRegistry: (path, more) => ask(`${registryUrl}${path}`, { caFile, ...more }),
    } satisfies SandboxContext);
  });
  test.before.each(({ sandbox }) => {
    sandbox.faults.clear();
    sandbox.requests.reset();
  });
  test.after(async ({ sandbox }) => {
    await sandbox.close();
    await rm(folder, { recursive: true });
  });
  return test;
}

/** Calls `use` with a separate simulator, so that tests do not share faults. */
export async function inSandbox(use: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  const sandbox = await startSandbox({ folder });
  try {
    await use(sandbox);
  } finally {
    await sandbox.close();
    await rm(folder, { recursive: true });
  }
}
