import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ask } from './ask.ts';
import type { ProcessOptions, ReadyLine } from './main.ts';
import type { Sandbox } from './sandbox.ts';

/** The members of a local object as asynchronous functions that call the other process. */
type Remote<Local> = {
  readonly [Member in keyof Local]: Local[Member] extends (...given: infer Given) => infer Value
    ? (...given: Given) => Promise<Awaited<Value>>
    : () => Promise<Local[Member]>;
};

export interface SandboxProcess extends ReadyLine {
  readonly accounts: Remote<Sandbox['accounts']>;
  readonly faults: Remote<Sandbox['faults']>;
  readonly requests: Remote<Sandbox['requests']>;
  /** Advances the simulator's clock. */
  advanceClock(by: number): Promise<void>;
  /** Sets lifetimes in seconds. */
  setLifetimes(lifetimes: Partial<Sandbox['lifetimes']>): Promise<void>;
  close(): Promise<void>;
}

async function post(url: string, body: unknown): Promise<unknown> {
  const { status, text, value } = await ask(url, { json: body });
  if (status !== 200) throw new Error(`the sandbox answered ${status} to ${url}: ${text}`);
  return value.value;
}

function remote<Local extends object>(url: string): Remote<Local> {
  const asks = (_: object, member: string | symbol) =>
    // An object with a `then` member would be taken for a promise.
    member === 'then'
      ? undefined
      : (...given: unknown[]) => post(`${url}/${String(member)}`, { arguments: given });
  return new Proxy({}, { get: asks }) as Remote<Local>;
}

/** Starts the simulator in a separate process, which exits when this process exits. `runtime` is the path of Bun. */
export async function spawnSandbox(
  options: ProcessOptions,
  runtime = process.execPath,
): Promise<SandboxProcess> {
  const program = fileURLToPath(new URL('main.ts', import.meta.url));
  const config = JSON.stringify({ ...options, endsWithInput: true });
  const child = spawn(runtime, [program, '--json-config', config], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`the sandbox ended with ${code}`)),
    ),
  ]);
  const ready: ReadyLine = JSON.parse(String(line));
  const { adminUrl } = ready;
  return {
    ...ready,
    accounts: remote(`${adminUrl}/accounts`),
    faults: remote(`${adminUrl}/faults`),
    requests: remote(`${adminUrl}/requests`),
    async advanceClock(by) {
      await post(`${adminUrl}/clock`, { advance: by });
    },
    async setLifetimes(lifetimes) {
      await post(`${adminUrl}/lifetimes`, lifetimes);
    },
    async close() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
