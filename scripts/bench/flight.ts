import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { SandboxProcess } from '../../test/sandbox/spawn.ts';
import { executable } from '../build.ts';
import { bearerHome } from './home.ts';
import { get } from './own.ts';
import type { Program } from './program.ts';
import { summarize } from './rounds.ts';

export const concurrency = 64;
export const iamDelayMs = 300;
const repetitions = 5;

export interface SingleFlight {
  /** From the start of the first process to the end of the last one. */
  readonly min: number;
  readonly median: number;
  /** The maximum number of requests to IAM for one access token. */
  readonly requests: number;
}

/** Measures parallel `get` calls for one identity whose access token is not in the cache (single flight). */
export async function timeSingleFlight(
  folder: string,
  cloud: SandboxProcess,
): Promise<SingleFlight> {
  const times: number[] = [];
  let requests = 0;
  await cloud.faults.add('iam', { kind: 'delay', delayMs: iamDelayMs, times: 'forever' });
  for (let i = 0; i < repetitions; i++) {
    const home = await bearerHome(folder, `flight-${i}`, cloud);
    await cloud.requests.reset();
    times.push(await timeParallel(get(executable, 'get', home)));
    requests = Math.max(requests, await cloud.requests.count({ service: 'iam' }));
  }
  await cloud.faults.clear();
  return { ...summarize(times), requests };
}

async function timeParallel(program: Program): Promise<number> {
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, () => answer(program)));
  return performance.now() - start;
}

async function answer({ file, args, input, env, outputPrefix }: Program): Promise<void> {
  const child = spawn(file, args, { env, cwd: '/', stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stdin.end(input);
  await once(child, 'close');
  if (!output.startsWith(outputPrefix)) throw new Error(`one of ${concurrency} printed: ${output}`);
}
