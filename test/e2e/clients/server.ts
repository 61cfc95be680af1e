import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A daemon that a test has started. */
export interface Server {
  close(): Promise<void>;
}

interface ServerOptions {
  readonly env: Readonly<Record<string, string>>;
  /** The file for its output. */
  readonly log: string;
  /** The port or the socket on which the daemon listens. */
  readonly listens: net.NetConnectOpts;
}

const startTimeoutMs = 20_000;
const stopTimeoutMs = 10_000;

/** Starts a daemon and returns when it accepts connections. */
export async function startServer(
  words: readonly string[],
  { env, log, listens }: ServerOptions,
): Promise<Server> {
  const [program = '', ...args] = words;
  const output = fs.openSync(log, 'a');
  const child = spawn(program, args, { env, stdio: ['ignore', output, output] });
  fs.closeSync(output);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
  });
  // After the start, this promise is not awaited, and an exit is not an error.
  failed.catch(() => {});
  try {
    await Promise.race([accepts(listens), failed]);
  } catch (error) {
    await stop(child);
    throw new Error(`${program} did not start:\n${fs.readFileSync(log, 'utf8')}`, { cause: error });
  }
  return { close: () => stop(child) };
}

/** Returns all servers as one. If one does not start, closes the others. */
export async function startAll(starting: readonly Promise<Server>[]): Promise<Server> {
  const settled = await Promise.allSettled(starting);
  const started = settled.filter((result) => result.status === 'fulfilled');
  const close = async () => {
    await Promise.all(started.map(({ value }) => value.close()));
  };
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed === undefined) return { close };
  await close();
  throw failed.reason;
}

async function accepts(listens: net.NetConnectOpts): Promise<void> {
  const end = Date.now() + startTimeoutMs;
  while (!(await connects(listens))) {
    if (Date.now() > end) throw new Error(`nothing listens after ${startTimeoutMs / 1000} s`);
    await wait(25);
  }
}

function connects(listens: net.NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(listens);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
