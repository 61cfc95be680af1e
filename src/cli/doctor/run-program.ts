import { spawn } from 'node:child_process';
import { systemCode } from '../../errors.ts';

/** A person waits this long for such a program at every pull. */
const timeoutMs = 2000;
/** The longest list of a credential helper is far shorter. */
const maxOutputBytes = 1024 * 1024;

export type Ending =
  | { readonly status: number | null; readonly stdout: string }
  | { readonly problem: string };

/**
 * Runs a credential helper by its absolute path, with this environment. Kills it if it takes too long or prints too
 * much.
 */
export function runProgram(
  env: Readonly<Record<string, string>>,
  file: string,
  verb: string,
  input: string,
): Promise<Ending> {
  return new Promise((resolve) => {
    const child = spawn(file, [verb], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (ending: Ending) => {
      clearTimeout(timer);
      resolve(ending);
    };
    const stop = (problem: string) => {
      child.kill('SIGKILL');
      // A child of its own may still hold the other end, and write.
      child.stdout.destroy();
      end({ problem });
    };
    const timer = setTimeout(() => stop(`gave no answer within ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxOutputBytes) stop('prints more than 1 MiB');
      else chunks.push(chunk);
    });
    child.once('error', (error) => end({ problem: `cannot be run (${systemCode(error)})` }));
    child.once('close', (status) =>
      end({ status, stdout: Buffer.concat(chunks).toString('utf8') }),
    );
    // One that reads nothing has closed its end.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
