import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { SandboxProcess } from '../../test/sandbox/spawn.ts';
import { executable } from '../build.ts';
import { bearerHome } from './home.ts';
import { get } from './own.ts';
import type { Program } from './program.ts';
import { summarize } from './rounds.ts';

export const atOnce = 64;
/** Milliseconds that IAM takes. */
export const iamTakes = 300;
const repetitions = 5;

export interface Flight {
  /** Milliseconds from the first start to the last end. */
  readonly min: number;
  readonly median: number;
  /** The most that IAM was ever asked for one access token. */
  readonly requests: number;
}

/** Many `get`s of one identity whose access token is not in the cache yet. */
export async function timeFlight(folder: string, cloud: SandboxProcess): Promise<Flight> {
  const times: number[] = [];
  let requests = 0;
  await cloud.faults.add('iam', { kind: 'delay', delayMs: iamTakes, times: 'forever' });
  for (let i = 0; i < repetitions; i++) {
    const home = await bearerHome(folder, `flight-${i}`, cloud);
    await cloud.requests.reset();
    times.push(await timeAtOnce(get(executable, 'get', home)));
    requests = Math.max(requests, await cloud.requests.count({ service: 'iam' }));
  }
  await cloud.faults.clear();
  return { ...summarize(times), requests };
}

async function timeAtOnce(program: Program): Promise<number> {
  const start = performance.now();
  await Promise.all(Array.from({ length: atOnce }, () => answer(program)));
  return performance.now() - start;
}

async function answer({ file, args, input, env, answers }: Program): Promise<void> {
  const child = spawn(file, args, { env, cwd: '/', stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stdin.end(input);
  await once(child, 'close');
  if (!output.startsWith(answers)) throw new Error(`one of ${atOnce} said: ${output}`);
}
