import { spawn } from 'node:child_process';
import type { Context } from '../../context.ts';
import { systemCode } from '../../errors.ts';
import { ambientVariables } from '../../identity/variables.ts';

/** Milliseconds: a person waits for such a program at every pull. */
const limit = 2000;

export type Ending =
  | { readonly status: number | null; readonly stdout: string }
  | { readonly problem: string };

/** Runs another credential helper for `limit` at most, with the environment that clients hand on, API keys excepted. */
export function runProgram(
  context: Context,
  file: string,
  verb: string,
  input: string,
): Promise<Ending> {
  const keys = ['DOCKER_CREDENTIAL_ICR_API_KEY', ...ambientVariables];
  const env = Object.fromEntries(
    Object.entries(context.env).filter(([name]) => !keys.includes(name)),
  );
  return new Promise((resolve) => {
    const child = spawn(file, [verb], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    let stdout = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve({ problem: `gave no answer within ${limit / 1000} s` });
    }, limit);
    const end = (ending: Ending) => {
      clearTimeout(timer);
      resolve(ending);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.once('error', (error) => end({ problem: `cannot be run (${systemCode(error)})` }));
    child.once('close', (status) => end({ status, stdout }));
    // One that reads nothing has closed its end.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
