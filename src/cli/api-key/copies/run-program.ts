import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { requireConfigFolder } from '../../../config/folders.ts';
import type { Context } from '../../../context.ts';
import { HelperError, systemCode } from '../../../errors.ts';
import { unnamedFile } from '../../../files/unnamed-file.ts';
import { plain, type Secrets } from '../../../mask.ts';
import { folderOf } from '../../../secrets/credential-file.ts';
import { withoutSecrets } from '../../../secrets/helper-program.ts';

interface ProgramOptions {
  readonly input?: string;
  /** Secrets that the program may repeat on standard error; they are masked in errors. */
  readonly secrets: Secrets;
  readonly timeoutMs: number;
  /** What it does, for messages: `kubectl for Secret build/icr`. */
  readonly what: string;
  /** The hint if it fails. */
  readonly hint: string;
}

/** Limits the memory for the output of a program that does not end. */
const maxOutputLength = 8 * 1024 * 1024;

/**
 * Runs a program without a shell and returns its standard output. The heartbeat of the rotation's lock goes on meanwhile.
 * If this process is killed, the program still gets all of its input: an empty input could replace a key by an empty
 * one. Its environment contains no secret of this program. Throws `storage` if it cannot be run, fails, or is too slow; the
 * error does not contain its standard output, which may be a Secret.
 */
export async function runProgram(
  context: Context,
  program: string,
  args: readonly string[],
  { input, secrets, timeoutMs, what, hint }: ProgramOptions,
): Promise<string> {
  const failure = (reason: string) =>
    new HelperError('storage', `${what} failed (${reason})`, { hint });
  const stdin = input === undefined ? 'ignore' : openInput(context, input);
  try {
    const child = spawn(program, args, {
      stdio: [stdin, 'pipe', 'pipe'],
      env: withoutSecrets(context),
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      windowsHide: true,
    });
    if (stdin === 'pipe') child.stdin?.on('error', () => {}).end(input);
    const [output, errors] = [collected(child.stdout), collected(child.stderr)];
    const [status, signal] = await new Promise<[number | null, string | null]>(
      (resolve, reject) => {
        child.once('error', reject).once('close', (...end) => resolve(end));
      },
    );
    if (status === 0) return output();
    const reason = signal === null ? `exit status ${status}` : `ended by ${signal}`;
    const said = plain(errors(), secrets);
    throw failure(said === '' ? reason : `${reason}: ${said}`);
  } catch (error) {
    if (error instanceof HelperError) throw error;
    throw failure(systemCode(error) ?? String(error));
  } finally {
    if (typeof stdin === 'number') fs.closeSync(stdin);
  }
}

/** Windows does not remove the name of an open file. */
function openInput(context: Context, text: string): number | 'pipe' {
  if (context.platform === 'win32') return 'pipe';
  return unnamedFile(context, folderOf(requireConfigFolder(context), 'identity'), text);
}

function collected(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk) => {
    if (text.length < maxOutputLength) text += chunk;
  });
  return () => text;
}
