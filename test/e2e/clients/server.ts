import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A daemon of the system's that a test started. */
export interface Server {
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Takes all that it prints. */
  readonly log: string;
  /** The port or the socket on which it will listen. */
  readonly listens: net.NetConnectOpts;
}

// Milliseconds.
const startLimit = 20_000;
const stopLimit = 10_000;

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
  // Nobody waits for it once the server has started, and its end is then no failure.
  failed.catch(() => {});
  try {
    await Promise.race([accepts(listens), failed]);
  } catch (error) {
    await stop(child);
    throw new Error(`${program} did not start:\n${fs.readFileSync(log, 'utf8')}`, { cause: error });
  }
  return { close: () => stop(child) };
}

/** All of them as one; where one does not start, the others are closed again. */
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
  const end = Date.now() + startLimit;
  while (!(await connects(listens))) {
    if (Date.now() > end) throw new Error(`nothing listens after ${startLimit / 1000} s`);
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
    const timer = setTimeout(() => child.kill('SIGKILL'), stopLimit);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
